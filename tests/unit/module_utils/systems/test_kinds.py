# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one container is: images of all registries, images that were built locally, tools that carry a server's name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import PROJECT_LABEL
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import (
    GATEWAY,
    GITEA,
    MEMCACHED,
    NAMED,
    OPENPROJECT,
    OTHER,
    POSTGRESQL,
    REDIS,
    SURE,
    WEAK,
    Kind,
    is_image_of,
    kind_of,
)
from ansible_collections.maxops.ops.tests.unit.stacks import container

ENTRYPOINT = "docker-entrypoint.sh"


def kind(
    service: str = "x",
    image: str = "",
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = (),
    project: str = "stack",
) -> Kind:
    made = container(service, environment=environment, labels={PROJECT_LABEL: project} if project else {})
    changes: dict[str, Any] = {"image": image or f"{project}-{service}", "command": tuple(command)}
    return kind_of(replace(made, **changes))


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("openproject/openproject:14-slim", OPENPROJECT),
        ("openproject/community:12", OPENPROJECT),
        ("openproject/hocuspocus:17.0.0", OPENPROJECT),
        ("openproject/proxy:17", GATEWAY),
        ("registry.example.com:5000/mirror/openproject@sha256:" + "0" * 64, OPENPROJECT),
        ("gitea/gitea:1.22.6-rootless", GITEA),
        ("docker.gitea.com/gitea:1.23.1", GITEA),
        ("codeberg.org/forgejo/forgejo:9-rootless", GITEA),
        ("maxops-lab/gitea:1.22.6", GITEA),
        ("gitea/act_runner:0.2.11", OTHER),
        ("code.forgejo.org/forgejo/runner:6", OTHER),
        ("gitea/gitea-mcp-server", OTHER),
        ("postgres:17", POSTGRESQL),
        ("docker.io/library/postgres:17-alpine", POSTGRESQL),
        ("localhost:5000/postgres", POSTGRESQL),
        ("bitnami/postgresql:16", POSTGRESQL),
        ("registry.redhat.io/rhel9/postgresql-16", POSTGRESQL),
        ("pgvector/pgvector:pg17", POSTGRESQL),
        ("timescale/timescaledb-ha:pg16", POSTGRESQL),
        ("postgis/postgis:16-3.4", POSTGRESQL),
        ("prometheuscommunity/postgres-exporter:v0.15.0", OTHER),
        ("maxops-lab/postgres-exporter:0", OTHER),
        ("prodrigestivill/postgres-backup-local:16", OTHER),
        ("dpage/pgadmin4:8", OTHER),
        ("edoburu/pgbouncer", OTHER),
        ("tianon/postgres-upgrade:13-to-17", OTHER),
        ("redis:7-alpine", REDIS),
        ("redis/redis-stack-server", REDIS),
        ("valkey/valkey:8", REDIS),
        ("eqalpha/keydb", REDIS),
        ("docker.dragonflydb.io/dragonflydb/dragonfly", REDIS),
        ("rediscommander/redis-commander", OTHER),
        ("oliver006/redis_exporter", OTHER),
        ("redis/redisinsight", OTHER),
        ("bitnami/redis-sentinel:7", OTHER),
        ("memcached", MEMCACHED),
        ("memcached:1.6-alpine", MEMCACHED),
        ("prom/memcached-exporter", OTHER),
        ("nginx:1.27", GATEWAY),
        ("caddy:2", GATEWAY),
        ("traefik:v3.1", GATEWAY),
        ("haproxytech/haproxy-alpine:3.0", GATEWAY),
        ("httpd:2.4", GATEWAY),
        ("nginx/nginx-prometheus-exporter:1", OTHER),
        ("tecnativa/docker-socket-proxy", OTHER),
        ("company/docker-postgres:17", POSTGRESQL),
        ("company/openproject-docker:15", OPENPROJECT),
        ("company/gitea-docker", GITEA),
        ("pgautoupgrade/pgautoupgrade:17-alpine", POSTGRESQL),
        ("couchdb:3", OTHER),
        ("arangodb:3.12", OTHER),
        ("willfarrell/autoheal:1.2.0", OTHER),
        ("mysql:8", OTHER),
        ("mariadb:11", OTHER),
    ],
)
def test_image_name_in_any_registry_says_what_a_container_is(image: str, name: str) -> None:
    # The service's name says something else.
    assert kind("odd", image) == Kind(name, SURE)
    assert kind("cache" if name == POSTGRESQL else "db", image).name == name
    assert is_image_of(name, image)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"OPENPROJECT_HTTPS": "false"}, Kind(OPENPROJECT, SURE)),
        ({"DATABASE_URL": "postgres://u:p@db/openproject", "SECRET_KEY_BASE": "x"}, Kind(OPENPROJECT, WEAK)),
        ({"DATABASE_URL": "postgres://u:p@db/openproject"}, Kind()),
        ({"GITEA__database__HOST": "db"}, Kind(GITEA, SURE)),
        ({"FORGEJO__server__DOMAIN": "x"}, Kind(GITEA, SURE)),
        ({"GITEA_APP_INI": "/etc/gitea/app.ini"}, Kind(GITEA, SURE)),
        ({"GITEA_CUSTOM": "/data/gitea"}, Kind(GITEA, SURE)),
        ({"GITEA_INSTANCE_URL": "http://server", "GITEA_RUNNER_REGISTRATION_TOKEN": "x"}, Kind(OTHER, SURE)),
        ({"PG_MAJOR": "17", "PGDATA": "/var/lib/postgresql/data"}, Kind(POSTGRESQL, SURE)),
        ({"POSTGRES_PASSWORD": "x"}, Kind(POSTGRESQL, WEAK)),
        ({"POSTGRES_USER": "x"}, Kind(POSTGRESQL, WEAK)),
        ({"PGDATA": "/data"}, Kind(POSTGRESQL, WEAK)),
        ({"POSTGRES_PASSWORD": "x", "PGHOST": "/var/run/postgresql"}, Kind(POSTGRESQL, WEAK)),
        ({"POSTGRES_PASSWORD": "x", "POSTGRES_HOST": "db"}, Kind()),
        ({"POSTGRES_PASSWORD": "x", "MY_URL": "postgresql://u:p@db/x"}, Kind()),
        ({"MYSQL_ROOT_PASSWORD": "x"}, Kind(OTHER, WEAK)),
        ({"CADDY_VERSION": "v2.8.4", "OPENPROJECT_HTTPS": "true"}, Kind(GATEWAY, SURE)),
        ({"REDIS_VERSION": "7.4.1"}, Kind(REDIS, SURE)),
        ({"PATH": "/bin"}, Kind()),
    ],
)
def test_image_that_was_built_locally_is_known_by_its_variables(environment: Mapping[str, str], expected: Kind) -> None:
    assert kind("odd", environment=environment) == expected
    assert kind("odd", "stack-odd:latest", environment, project="") == expected


def test_another_rails_application_from_a_registry_is_not_openproject() -> None:
    environment = {"DATABASE_URL": "postgres://u:p@db/x", "SECRET_KEY_BASE": "x"}
    assert kind("web", "ghcr.io/mastodon/mastodon:v4.3", environment) == Kind()


@pytest.mark.parametrize(
    ("command", "name"),
    [
        (["postgres", "-c", "fsync=off"], POSTGRESQL),
        (["/usr/local/bin/entrypoint.sh", "/usr/lib/postgresql/17/bin/postgres"], POSTGRESQL),
        (["sh", "-c", "exec redis-server - <<CONFIG\nrequirepass x\nCONFIG"], REDIS),
        (["sh", "-c", "sysctl vm.overcommit_memory=1; redis-server /etc/redis.conf"], REDIS),
        (["tini", "--", "valkey-server"], REDIS),
        (["memcached", "-m", "64"], MEMCACHED),
        (["caddy", "run"], GATEWAY),
        (["sleep", "infinity"], ""),
    ],
)
def test_command_says_what_an_unknown_image_runs(command: Sequence[str], name: str) -> None:
    assert kind("odd", "company/own:1", command=command).name == name


@pytest.mark.parametrize(
    ("service", "environment", "command"),
    [
        ("backup", {"PGHOST": "db"}, (ENTRYPOINT, "/backup.sh")),
        ("nightly", {"PGPASSWORD": "x"}, (ENTRYPOINT, "sh", "-c", "while sleep 86400; do pg_dump -h db x; done")),
        ("late", {"PGHOST": "postgres"}, ("sh", "-c", 'psql -c "TABLE marker" && exec sleep infinity')),
        ("migrate", {}, (ENTRYPOINT, "psql", "-f", "/x.sql")),
        ("odd", {}, ("sleep", "infinity")),
        ("db-backup", {}, ()),
        ("wal", {}, (ENTRYPOINT, "pg_receivewal", "-D", "/wal")),
        ("owner", {}, (ENTRYPOINT, "chown", "-R", "999", "/data")),
        ("dumps", {}, (ENTRYPOINT, "bash", "-c", "while true; do /dump.sh; done")),
        ("once", {}, ("gosu", "postgres", "pg_dump")),
    ],
)
def test_image_of_postgresql_that_runs_something_else_is_no_server(
    service: str, environment: Mapping[str, str], command: Sequence[str]
) -> None:
    assert kind(service, "postgres:17", environment, command).name == OTHER


@pytest.mark.parametrize(
    "command",
    [
        (),
        (ENTRYPOINT, "postgres"),
        (ENTRYPOINT, "-c", "shared_buffers=1GB"),
        ("/launch.sh", "init"),
        ("sh", "-c", "sleep 5; exec docker-entrypoint.sh postgres -c fsync=off"),
        ("sh", "-c", "until [ -f /ready ]; do sleep 1; done; gosu postgres postgres"),
        ("sh", "-c", "chown -R postgres /data && /start.sh"),
    ],
)
def test_image_of_postgresql_runs_its_server(command: Sequence[str]) -> None:
    assert kind("odd", "postgres:17", {"PGUSER": "maxops"}, command) == Kind(POSTGRESQL, SURE)


def test_backup_command_in_the_servers_own_settings_changes_nothing() -> None:
    command = (ENTRYPOINT, "postgres", "-c", "archive_command=pgbackrest archive-push backup %p")
    assert kind("odd", "postgres:17", command=command).name == POSTGRESQL
    assert kind("odd", "redis:7", command=("redis-server", "--sentinel", "/x.conf")).name == OTHER


def test_last_is_the_name_of_the_service() -> None:
    assert kind("db", "company/own:1") == Kind(POSTGRESQL, NAMED)
    assert kind("cache", "company/own:1") == Kind(REDIS, NAMED)
    assert kind("gitea", "postgres:17", command=("sleep", "1")) == Kind(GITEA, NAMED)
    assert kind("web", "company/own:1") == Kind()
