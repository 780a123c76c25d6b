# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one container is, seen alone: OpenProject, Gitea, PostgreSQL, Redis, memcached, a gateway, or something else.

The names of services are the operator's own, so the image, the environment and the command come first.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import PROJECT_LABEL, Container

OPENPROJECT, GITEA = "openproject", "gitea"
POSTGRESQL, REDIS, MEMCACHED = "postgresql", "redis", "memcached"
SERVERS = (POSTGRESQL, REDIS, MEMCACHED)
GATEWAY = "gateway"
OTHER = "other"
"""Known to be none of these: an exporter, a runner, a backup program, a server of another kind."""

SURE, WEAK, NAMED = 3, 2, 1
"""How good the evidence is: the image or its command, variables that clients have too, only the service's name."""


@dataclass(frozen=True)
class Kind:
    """What a container is, empty where nothing says so, and how good the evidence is."""

    name: str = ""
    evidence: int = 0


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words of the last part of an image's name. A tool for a server often carries the server's name: it comes first.
_TOOLS = _words_of(
    "exporter runner act backup backups dump pgadmin pgadminer adminer commander insight redisinsight pgbouncer "
    "bouncer pgpool pgcat upgrade upgrader sentinel mcp autoheal watchtower companion socket pgbackrest barman "
    "operator cli ui gui admin phpredisadmin monitor metrics bot sync mirror tea jump renovate prometheus"
)
_TOOL_SERVICES = _words_of("exporter runner backup backups dump commander sentinel pgbouncer bouncer upgrade")
_IMAGES = (
    (GATEWAY, _words_of("nginx caddy traefik haproxy httpd apache openresty envoy proxy")),
    (OPENPROJECT, frozenset(("openproject",))),
    (GITEA, frozenset(("gitea", "forgejo"))),
    (
        POSTGRESQL,
        _words_of("postgres postgresql pgvector timescaledb postgis citus spilo pgvecto paradedb pgautoupgrade"),
    ),
    (REDIS, _words_of("redis valkey keydb dragonfly dragonflydb kvrocks")),
    (MEMCACHED, frozenset(("memcached",))),
    (
        OTHER,
        _words_of(
            "mysql mariadb percona mongo mongodb mssql clickhouse elasticsearch opensearch minio varnish rabbitmq "
            "couchdb influxdb arangodb cockroach cockroachdb neo4j cassandra scylla surrealdb rethinkdb questdb "
            "postgrest"
        ),
    ),
)

# Variables that the image itself sets: an image that was built from it has them too, under any name.
_OF_IMAGE = {
    "NGINX_VERSION": GATEWAY,
    "CADDY_VERSION": GATEWAY,
    "HAPROXY_VERSION": GATEWAY,
    "HTTPD_VERSION": GATEWAY,
    "PG_MAJOR": POSTGRESQL,
    "REDIS_VERSION": REDIS,
    "REDIS_DOWNLOAD_URL": REDIS,
    "VALKEY_VERSION": REDIS,
    "MEMCACHED_VERSION": MEMCACHED,
    "MYSQL_MAJOR": OTHER,
    "MARIADB_VERSION": OTHER,
}
_OF_GITEA = re.compile(
    r"(?:GITEA|FORGEJO)__.+|(?:GITEA|FORGEJO)_(?:APP_INI|CUSTOM|WORK_DIR|WORK_PATH|TEMP|I_AM_BEING_UNSAFE_RUNNING_AS_ROOT)"
)
_OF_RUNNER = re.compile(r"(?:GITEA|FORGEJO)_(?:RUNNER_.*|INSTANCE_URL)")
_OF_POSTGRESQL = (
    "POSTGRES_PASSWORD",
    "POSTGRES_PASSWORD_FILE",
    "POSTGRES_USER",
    "POSTGRES_HOST_AUTH_METHOD",
    "POSTGRESQL_PASSWORD",
    "POSTGRESQL_PASSWORD_FILE",
)
_CLIENT_HOSTS = ("PGHOST", "POSTGRES_HOST", "POSTGRES_SERVER", "POSTGRESQL_HOST", "DB_HOST", "DATABASE_HOST")
LOCAL = ("", "localhost", "127.0.0.1", "::1")
_URL = re.compile(r"\b(?:postgres|postgresql|postgis)://")

_PROGRAMS = {
    "postgres": POSTGRESQL,
    "postmaster": POSTGRESQL,
    "patroni": POSTGRESQL,
    "redis-server": REDIS,
    "valkey-server": REDIS,
    "keydb-server": REDIS,
    "dragonfly": REDIS,
    "memcached": MEMCACHED,
    "gitea": GITEA,
    "forgejo": GITEA,
    "caddy": GATEWAY,
    "nginx": GATEWAY,
    "traefik": GATEWAY,
    "haproxy": GATEWAY,
    "redis-sentinel": OTHER,
    "valkey-sentinel": OTHER,
    "act_runner": OTHER,
    "forgejo-runner": OTHER,
    "mysqld": OTHER,
    "mariadbd": OTHER,
}
_WRAPPERS = re.compile(
    r".*entrypoint(?:\.sh)?|tini|tini-static|dumb-init|catatonit|init|--|sh|bash|ash|dash|-c|-[a-z]*c|exec|su-exec"
    r"|gosu|nice|ionice"
)
_AS_USER = ("gosu", "su-exec")
"""Wrappers whose first word is a user, often one with the name of the server."""
_BETWEEN = re.compile(r"[;&|()\n]+|\b(?:exec|do|then|else)\s")
# Programs that one runs in an image of a server without running the server.
_CLIENT_PROGRAM = re.compile(
    r"(?:^|[\s/;&|(])(?:pg_dump|pg_dumpall|pg_restore|psql|pg_basebackup|pg_receivewal|pg_isready|redis-cli|valkey-cli"
    r"|crond?|sleep|tail|while|until"
    r"|\S*backup\S*)(?:$|[\s;&|)])"
)
_ON_FILES = ("chown", "chmod", "mkdir", "cp", "mv", "rm")

_SERVICES = {
    "openproject": OPENPROJECT,
    "gitea": GITEA,
    "forgejo": GITEA,
    **dict.fromkeys(("postgres", "postgresql", "db", "database", "pg"), POSTGRESQL),
    **dict.fromkeys(("redis", "valkey", "cache"), REDIS),
    "memcached": MEMCACHED,
    **dict.fromkeys(("nginx", "gateway", "proxy", "traefik", "caddy", "haproxy", "httpd"), GATEWAY),
}


def kind_of(container: Container) -> Kind:
    """What a container is: as declared, by its image, its environment, its command, and last its service's name."""
    if container.application:
        return Kind(container.application, SURE)
    kind = _by_image(container)
    if not kind.name:
        kind = _by_environment(container) or _by_program(container) or _by_clients_variables(container)
    if kind.name in SERVERS and not _runs_server(container):
        # An image of a server that runs something else, with the server's programs: a dump, a migration, a test.
        other = _of_application(container.environment)
        kind = Kind(other, SURE) if other else _by_name(container)
        return Kind(OTHER, WEAK) if kind.name in ("", *SERVERS) else kind
    return kind if kind.name else _by_name(container)


def _by_name(container: Container) -> Kind:
    return Kind(_SERVICES[container.service], NAMED) if container.service in _SERVICES else Kind()


def image_words(image: str) -> set[str]:
    """The words of an image's name without registry, namespace, tag and digest, and without numbers at their end."""
    last = image.partition("@")[0].rpartition("/")[2].partition(":")[0].lower()
    return {word.rstrip("0123456789") for word in re.split(r"[-_.]+", last)} - {""}


def is_built_here(container: Container) -> bool:
    """True for an image with the name that Compose gives to one that it builds: project and service."""
    project = container.labels.get(PROJECT_LABEL, "")
    last = container.image.partition(":")[0]
    if container.image.startswith("sha256:"):
        return True
    names = {f"{project}{mark}{container.service}" for mark in "-_"} if project else set()
    # Without the label, any short name that ends with that of the service.
    return last in names or (not project and bool(re.fullmatch(rf"[^/]+[-_]{re.escape(container.service)}", last)))


def is_image_of(kind: str, image: str) -> bool:
    """Whether the name of an image says that it is of a kind."""
    return _of_image_name(image) == kind


def _by_image(container: Container) -> Kind:
    name = "" if is_built_here(container) else _of_image_name(container.image)
    return Kind(name, SURE) if name else Kind()


def _of_image_name(image: str) -> str:
    words = image_words(image)
    if words & _TOOLS:
        return OTHER
    for name, known in _IMAGES:
        if words & known:
            return name
    # openproject/community and openproject/hocuspocus
    namespace = image.partition("@")[0].rpartition("/")[0].rpartition("/")[2].lower()
    return OPENPROJECT if namespace == OPENPROJECT else ""


def _by_environment(container: Container) -> Kind | None:
    environment = container.environment
    for name, kind in _OF_IMAGE.items():
        if name in environment:
            return Kind(kind, SURE)
    application = _of_application(environment)
    return Kind(application, SURE) if application else None


def _of_application(environment: Mapping[str, str]) -> str:
    """The application whose own variables these are; a runner has an address of Gitea, and is none."""
    if any(_OF_RUNNER.fullmatch(name) for name in environment):
        return OTHER
    if any(_OF_GITEA.fullmatch(name) for name in environment):
        return GITEA
    return OPENPROJECT if any(name.startswith("OPENPROJECT_") for name in environment) else ""


def _by_clients_variables(container: Container) -> Kind:
    """By variables that other programs may have as well: one file of variables often serves all services."""
    environment = container.environment
    if {"DATABASE_URL", "SECRET_KEY_BASE"} <= set(environment) and is_built_here(container):
        return Kind(OPENPROJECT, WEAK)
    if any(name.startswith(("MYSQL_", "MARIADB_", "MSSQL_")) for name in environment):
        return Kind(OTHER, WEAK)
    if _is_client(environment):
        return Kind()
    if "PGDATA" in environment or any(name in environment for name in _OF_POSTGRESQL):
        return Kind(POSTGRESQL, WEAK)
    return Kind()


def _is_client(environment: Mapping[str, str]) -> bool:
    """True for variables that lead to a PostgreSQL server elsewhere."""
    hosts = [environment.get(name, "") for name in _CLIENT_HOSTS]
    return any(host not in LOCAL and not host.startswith("/") for host in hosts) or any(
        _URL.search(value) for value in environment.values()
    )


def _by_program(container: Container) -> Kind | None:
    known = _PROGRAMS.get(program_of(container))
    if known is None and {"redis-server", "valkey-server"} & {posixpath.basename(word) for word in _words(container)}:
        known = REDIS  # at the end of a shell's command
    return Kind(known, SURE) if known else None


def program_of(container: Container) -> str:
    """The name of the program that a container runs, behind the image's own start script; empty where it has none."""
    return _program(_words(container))


def _program(words: Iterable[str]) -> str:
    is_user = False
    for word in words:
        name = posixpath.basename(word)
        if is_user:
            is_user = False
        elif not _WRAPPERS.fullmatch(name):
            return "" if name.startswith("-") else name
        else:
            is_user = name in _AS_USER
    return ""


def _starts_server(container: Container) -> bool:
    """True for a shell's command with a server among its steps, such as ``sleep 5; exec postgres``."""
    steps = _BETWEEN.split(" ".join(container.command))
    return any(_PROGRAMS.get(_program(step.split())) in SERVERS for step in steps)


def _words(container: Container) -> list[str]:
    return [word for part in container.command for word in part.split()]


def _runs_server(container: Container) -> bool:
    """False where an image of a server runs something else: a dump on a schedule, a client, an exporter."""
    if _TOOL_SERVICES & set(re.split(r"[-_.]+", container.service.lower())):
        return False
    program = program_of(container)
    if program in _PROGRAMS:
        return _PROGRAMS[program] != OTHER and "--sentinel" not in container.command
    if "--sentinel" not in container.command and _starts_server(container):
        return True
    text = " ".join(container.command)
    if _CLIENT_PROGRAM.search(text) or (program in _ON_FILES and not _BETWEEN.search(text)):
        return False
    return not (program and _is_client(container.environment))
