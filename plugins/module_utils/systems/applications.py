# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads how applications log in to their databases and caches, from every source that the images accept.

The sources are the container's variables, the files that ``…_FILE`` variables name, and Gitea's app.ini. Files are read
through the container's mounts, or through its own file system while it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container, mount_of, on_host
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea import configuration
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.ini import IniError
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import GITEA, MEMCACHED, REDIS, kind_of

__all__ = ["MEMCACHED", "REDIS"]

SECRET_BYTES = 64 * 1024
"""At most this much of a secret file is read; real secrets are shorter."""

_POSTGRES_URL = re.compile(r"(?:postgres|postgresql|postgis)://\S+")
_REDIS_URL = re.compile(r"(?:redis|rediss|redis\+cluster|redis\+sentinel)://\S+")
_PORTS = {REDIS: 6379, MEMCACHED: 11211}

# OpenProject accepts each configuration key as OPENPROJECT_ and the names of its levels, separated by two underscores.
_OPENPROJECT = "OPENPROJECT_DATABASE__"
_OPENPROJECT_KEYS = {
    "HOST": ("HOST",),
    "PORT": ("PORT",),
    "NAME": ("DATABASE", "NAME"),
    "USER": ("USERNAME", "USER"),
}
_MEMCACHED_VARIABLES = ("OPENPROJECT_CACHE__MEMCACHE__SERVER", "MEMCACHE_SERVERS")
_CACHE_ENTRIES = (("cache", "HOST"), ("session", "PROVIDER_CONFIG"), ("queue", "CONN_STR"))


@dataclass(frozen=True)
class DatabaseLogin:
    """How one service logs in to a PostgreSQL database; ``source`` is the variable or file that says so.

    ``password`` is None where it is unknown: it is not set, or its file cannot be read.
    """

    service: str
    source: str
    host: str
    port: int
    user: str
    password: str | None = field(repr=False)
    database: str


@dataclass(frozen=True)
class CacheLogin:
    """How one service logs in to a cache: ``kind`` is redis or memcached, ``database`` is for Redis."""

    service: str
    source: str
    kind: str
    host: str
    port: int
    password: str = field(repr=False)
    database: int = 0


def database_logins(container: Container, root: str = "") -> list[DatabaseLogin]:
    """All logins to PostgreSQL databases that a container has, each source once, variables first.

    ``root`` is the container's file system on this host while it runs, or empty.
    """
    return list(dict.fromkeys(_database_logins(container, Files(container, root))))


def cache_logins(container: Container, root: str = "") -> list[CacheLogin]:
    """All logins to caches that a container has; those with the same host and password once."""
    logins: dict[tuple[str, str, int, str], CacheLogin] = {}
    for login in _cache_logins(container, Files(container, root)):
        logins.setdefault((login.kind, login.host, login.port, login.password), login)
    return list(logins.values())


def uses_database(
    containers: Iterable[Container], database: str, root: Callable[[Container], str] = lambda _container: ""
) -> bool:
    """True when one of the containers names the database: in a login, as a value, or at the end of a URL.

    ``root`` gives a container's file system on this host while it runs, or empty.
    """
    return any(
        any(database in {value, value.partition("?")[0].rpartition("/")[2]} for value in container.environment.values())
        or any(login.database == database for login in database_logins(container, root(container)))
        for container in containers
    )


def gitea_settings(container: Container, root: str = "") -> dict[tuple[str, str], str]:
    """Gitea's settings by section, in lower case, and key, in upper case: app.ini, and the variables over it.

    The image writes the variables into app.ini at each start, also when another app.ini was restored.
    """
    files = Files(container, root)
    settings: dict[tuple[str, str], str] = {}
    for source in (files.ini(), configuration.entries(container.environment)):
        # The exact spelling is the one that Gitea reads: it comes last.
        for (section, key), value in sorted(source.items(), key=lambda item: item[0][1].isupper()):
            name = key.upper()
            in_file = name.endswith("__FILE")
            settings[section, name[: -len("__FILE")] if in_file else name] = (
                (files.secret(value) or "") if in_file else value
            )
    return settings


class Files:
    """Reads files of a container, where this host can read them."""

    def __init__(self, container: Container, root: str = "") -> None:
        self._container = container
        self._root = root

    def path(self, inside: str) -> str:
        """The path of a container's file on this host; empty where this host cannot reach it."""
        if mount_of(inside, self._container.mounts):
            return on_host(inside, self._container.mounts)
        return f"{self._root}{inside}" if self._root else ""

    def ini_path(self) -> tuple[str, str]:
        """Gitea's configuration: its path inside the container, and on this host where it can be read."""
        candidates = configuration.configuration_paths(self._container.environment)
        paths = [(inside, self.path(inside)) for inside in candidates]
        return next(((inside, path) for inside, path in paths if path), (candidates[0], ""))

    def ini(self) -> dict[tuple[str, str], str]:
        """Gitea's configuration by section and key; empty where the file is missing or cannot be read."""
        _inside, path = self.ini_path()
        with suppress(OSError, IniError):
            sections = configuration.read_ini(path) if path else {}
            return {(name.lower(), key): value for name, values in sections.items() for key, value in values.items()}
        return {}

    def secret(self, inside: str) -> str | None:
        """Content of a file that holds one secret, without the line's end; None where it cannot be read."""
        path = self.path(inside)
        with suppress(OSError, UnicodeDecodeError):
            if path:
                with open(path, encoding="utf-8", newline="") as stream:
                    return stream.read(SECRET_BYTES).rstrip("\n")
        return None

    def value(self, values: Mapping[str, str], name: str) -> str | None:
        """A variable's value, or the content of the file in ``NAME_FILE`` or ``NAME__FILE``; None without them."""
        if values.get(name):
            return values[name]
        inside = values.get(f"{name}__FILE") or values.get(f"{name}_FILE")
        return self.secret(inside) if inside else None


# -- databases ------------------------------------------------------------------------------------------------------


def _database_logins(container: Container, files: Files) -> Iterator[DatabaseLogin]:
    environment = container.environment
    for name, value in _urls(environment, files, ("DATABASE_URL", "OPENPROJECT_DATABASE_URL"), _POSTGRES_URL):
        parts = _split(value)
        if parts and parts.hostname and parts.username:
            yield DatabaseLogin(
                container.service,
                name,
                parts.hostname,
                parts.port or 5432,
                unquote(parts.username),
                unquote(parts.password or ""),
                unquote(parts.path.lstrip("/")),
            )
    if environment.get("PGHOST"):
        section = {"HOST": environment["PGHOST"], "PORT": environment.get("PGPORT", "")}
        section.update(USER=environment.get("PGUSER", "postgres"), NAME=environment.get("PGDATABASE", "postgres"))
        yield from _of_section(container, "PGPASSWORD", section, files.value(environment, "PGPASSWORD"))
    yield from _of_openproject(container, files)
    section = {key: value for (name, key), value in configuration.entries(environment).items() if name == "database"}
    yield from _of_gitea(container, "GITEA__database__PASSWD", section, files)
    image = configuration.image_database(environment)
    yield from _of_section(container, "DB_PASSWD", image, files.value(environment, "DB_PASSWD"))
    if not image and not is_gitea(container):
        return
    ini = {key: value for (name, key), value in files.ini().items() if name == "database"}
    yield from _of_gitea(container, files.ini_path()[0], ini, files)


def _of_openproject(container: Container, files: Files) -> Iterator[DatabaseLogin]:
    environment = container.environment
    section = {}
    for key, names in _OPENPROJECT_KEYS.items():
        section[key] = next((value for name in names if (value := environment.get(_OPENPROJECT + name))), "")
    password = files.value(environment, f"{_OPENPROJECT}PASSWORD")
    yield from _of_section(container, f"{_OPENPROJECT}PASSWORD", section, password)


def _of_gitea(container: Container, source: str, section: Mapping[str, str], files: Files) -> Iterator[DatabaseLogin]:
    yield from _of_section(container, source, section, files.value(section, "PASSWD"))


def _of_section(
    container: Container, source: str, section: Mapping[str, str], password: str | None
) -> Iterator[DatabaseLogin]:
    """A login from its parts under Gitea's names; nothing for another kind of database, or a socket."""
    host, port = _split_port(section.get("HOST", ""))
    if section.get("DB_TYPE", "postgres") != "postgres" or not host or host.startswith("/"):
        return
    port = section.get("PORT") or port
    number = int(port) if port.isdigit() else 5432
    yield DatabaseLogin(
        container.service, source, host, number, section.get("USER", ""), password, section.get("NAME", "")
    )


# -- caches ---------------------------------------------------------------------------------------------------------


def _cache_logins(container: Container, files: Files) -> Iterator[CacheLogin]:
    environment = container.environment
    url_names = ("REDIS_URL", "OPENPROJECT_CACHE__REDIS__URL", "OPENPROJECT_REDIS__URL")
    for name, value in _urls(environment, files, url_names, _REDIS_URL):
        yield from _of_redis_url(container, name, value)
    entries = configuration.entries(environment)
    sources = [("GITEA", entries), (files.ini_path()[0], files.ini() if is_gitea(container) else {})]
    for origin, settings in sources:
        for section, key in _CACHE_ENTRIES:
            source = f"{origin}__{section}__{key}" if origin == "GITEA" else f"[{section}] {key} of {origin}"
            values = {name: value for (other, name), value in settings.items() if other == section}
            adapter = values.get("ADAPTER") or values.get("PROVIDER") or ""
            yield from _of_gitea_cache(container, source, adapter, files.value(values, key) or "")
    if environment.get("REDIS_HOST"):
        password = files.value(environment, "REDIS_PASSWORD") or ""
        port = environment.get("REDIS_PORT", "")
        yield CacheLogin(
            container.service,
            "REDIS_PASSWORD",
            REDIS,
            environment["REDIS_HOST"],
            int(port) if port.isdigit() else _PORTS[REDIS],
            password,
        )
    for name in _MEMCACHED_VARIABLES:
        yield from _of_memcached(container, name, environment.get(name, ""))


def is_gitea(container: Container) -> bool:
    """True for a container of Gitea or Forgejo, by its image, its variables or its service; not for their runners."""
    return kind_of(container).name == GITEA


def _of_gitea_cache(container: Container, source: str, adapter: str, value: str) -> Iterator[CacheLogin]:
    match = _REDIS_URL.search(value)
    if match:
        yield from _of_redis_url(container, source, match.group(0))
    elif "addr=" in value:
        # The older form: network=tcp,addr=redis:6379,password=secret,db=0,pool_size=100
        parts = dict(part.strip().partition("=")[::2] for part in value.split(","))
        host, port = _host_and_port(parts["addr"], REDIS)
        number = int(parts["db"]) if parts.get("db", "").isdigit() else 0
        if host:
            yield CacheLogin(container.service, source, REDIS, host, port, parts.get("password", ""), number)
    elif adapter in ("memcache", "memcached"):
        yield from _of_memcached(container, source, value)


def _of_redis_url(container: Container, source: str, url: str) -> Iterator[CacheLogin]:
    parts = _split(url)
    if parts and parts.hostname:
        number = parts.path.strip("/")
        yield CacheLogin(
            container.service,
            source,
            REDIS,
            parts.hostname,
            parts.port or _PORTS[REDIS],
            unquote(parts.password or ""),
            int(number) if number.isdigit() else 0,
        )


def _of_memcached(container: Container, source: str, value: str) -> Iterator[CacheLogin]:
    for entry in re.split(r"[;,\s]+", value.strip()):
        host, port = _host_and_port(entry, MEMCACHED)
        if host:
            yield CacheLogin(container.service, source, MEMCACHED, host, port, "")


# -- parts of both --------------------------------------------------------------------------------------------------


def _urls(
    environment: Mapping[str, str], files: Files, names: Iterable[str], pattern: re.Pattern[str]
) -> Iterator[tuple[str, str]]:
    """URLs in the variables of the given names, or in the files that their ``_FILE`` forms point to.

    Other variables count only where none of these has one: an unknown image has names of its own, but a
    second URL beside a known one (a replica, the server before a move) is not what the application logs in with.
    """
    known = {name: files.value(environment, name) or "" for name in names}
    variables = known if any(pattern.search(value) for value in known.values()) else environment
    for name, value in variables.items():
        match = pattern.search(value)
        if match:
            yield name, match.group(0)


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:  # a port that is not a number, or brackets that do not match
        return None
    return parts


def _host_and_port(text: str, kind: str) -> tuple[str, int]:
    host, port = _split_port(text)
    return host, int(port) if port.isdigit() else _PORTS[kind]


def _split_port(text: str) -> tuple[str, str]:
    """Host and port, also of an IPv6 address in brackets; the port is empty where there is none."""
    if text.startswith("["):
        host, _bracket, rest = text[1:].partition("]")
        return host, rest[1:] if rest.startswith(":") else ""
    host, _colon, port = text.partition(":")
    return host, port
