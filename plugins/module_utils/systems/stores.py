# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What applications keep outside of their database: sessions, caches and queues, and on which server or in which files.

A restore changes what the numbers in them mean: session 17 belongs to user 326, whoever that is afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, unquote, urlsplit

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import (
    MEMCACHED,
    REDIS,
    Files,
    gitea_settings,
    is_gitea,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea import places
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import OPENPROJECT, kind_of

SESSIONS, CACHE, QUEUE, OTHER = "sessions", "cache", "queue", "other"
"""What a store is for. Only the first two can be emptied without a loss."""

FILES, DATABASE, MEMORY, UNKNOWN = "files", "database", "memory", "unknown"
"""Kinds of stores beside REDIS and MEMCACHED: the application's own database, and its process."""

_URL = re.compile(r"(?:redis|rediss|redis\+\w+|rediss\+\w+)://[^\s\"']+")
_PORTS = {REDIS: 6379, MEMCACHED: 11211}
_PROVIDERS = {"memory": MEMORY, "db": DATABASE, "file": FILES, "": FILES}
_LISTS = "MacaronCache"
"""The hash in which Gitea lists the keys of its cache."""

# OpenProject takes each name with one or two underscores between its words, and the old ones without a prefix.
_OPENPROJECT_REDIS = ("CACHE_REDIS_URL", "RAILS_CACHE_REDIS_URL", "REDIS_URL")
_OPENPROJECT_MEMCACHED = ("CACHE_MEMCACHE_SERVER", "MEMCACHE_SERVERS")


@dataclass(frozen=True)
class RedisAddress:
    """One database of one Redis server, as a connection string names it."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: int
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Store:
    """One store: what for, of which application and service, and where.

    ``database`` and ``user`` are for Redis. ``keys`` are the names of its keys there: the prefix of sessions, or the
    hash that lists a cache's keys. ``folders`` are paths inside the container. ``detail`` says what is special.
    """

    application: str
    service: str
    purpose: str
    kind: str
    source: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    database: int = 0
    keys: str = ""
    folders: tuple[str, ...] = ()
    detail: str = ""


def is_openproject(container: Container) -> bool:
    """True for a container of OpenProject, by its image, its variables or its service."""
    return kind_of(container).name == OPENPROJECT


def stores_of(container: Container, root: str = "") -> list[Store]:
    """All stores of a container. ``root`` is its file system on this host while it runs, or empty."""
    if is_gitea(container):
        return list(_of_gitea(container, root))
    if is_openproject(container):
        return list(_of_openproject(container, Files(container, root)))
    return list(_of_unknown(container, root))


def redis_address(text: str) -> RedisAddress | None:
    """The address in a connection string; None where it is not one Redis server that is reached by plain TCP."""
    text = text.strip().strip("\"'`")
    return _of_url(text) if "://" in text else _of_words(text)


# -- Gitea ----------------------------------------------------------------------------------------------------------


def _of_gitea(container: Container, root: str) -> Iterator[Store]:
    settings = gitea_settings(container, root)
    yield from _gitea_sessions(container, settings)
    yield from _gitea_cache(container, settings)
    for (section, key), value in settings.items():
        is_queue = section.partition(".")[0] == "queue" and key == "CONN_STR"
        if is_queue or (section, key) == ("global_lock", "SERVICE_CONN_STR"):
            address = redis_address(value)
            if address:
                yield _in_redis("Gitea", container, QUEUE, f"[{section}] {key}", address)


def _gitea_sessions(container: Container, settings: places.Settings) -> Iterator[Store]:
    provider = settings.get(("session", "PROVIDER"), "").strip().lower()
    value = settings.get(("session", "PROVIDER_CONFIG"), "")
    source = "[session] PROVIDER_CONFIG"
    if provider == "redis":
        address = redis_address(value)
        prefix = address.options.get("prefix", "") if address else ""
        yield _redis_or_unknown("Gitea", container, SESSIONS, source, value, prefix)
    elif provider in ("memcache", "memcached"):
        yield from _in_memcached("Gitea", container, SESSIONS, source, value)
    elif _PROVIDERS.get(provider) == FILES:
        folders = tuple(places.session_folders(settings, container.environment))
        yield Store("Gitea", container.service, SESSIONS, FILES, source, folders=folders)
    else:
        kind = _PROVIDERS.get(provider, UNKNOWN)
        yield Store("Gitea", container.service, SESSIONS, kind, source, detail=f"session provider {provider}")


def _gitea_cache(container: Container, settings: places.Settings) -> Iterator[Store]:
    adapter = settings.get(("cache", "ADAPTER"), "").strip().lower()
    value = settings.get(("cache", "HOST"), "")
    source = "[cache] HOST"
    if adapter in ("redis", "redis-cluster"):
        address = redis_address(value)
        listed = address.options.get("hset_name", _LISTS) if address else _LISTS
        yield _redis_or_unknown("Gitea", container, CACHE, source, value, listed)
    elif adapter in ("memcache", "memcached"):
        yield from _in_memcached("Gitea", container, CACHE, source, value or "127.0.0.1")
    else:
        yield Store("Gitea", container.service, CACHE, MEMORY, source)


# -- OpenProject, and others ----------------------------------------------------------------------------------------


def _of_openproject(container: Container, files: Files) -> Iterator[Store]:
    values = {}
    for name in container.environment:
        plain = re.sub(r"_?_FILE$", "", name) if name.endswith("_FILE") else name
        values[plain.removeprefix("OPENPROJECT_").replace("__", "_")] = files.value(container.environment, plain) or ""
    in_cache = "cache" in values.get("SESSION_STORE", "").lower()
    yield from _openproject_sessions(container, in_cache)
    stores = list(_openproject_cache(container, values))
    for store in stores or [Store("OpenProject", container.service, CACHE, UNKNOWN, "", detail="its own files")]:
        yield store
        if in_cache:
            yield replace(store, purpose=SESSIONS)


def _openproject_sessions(container: Container, in_cache: bool) -> Iterator[Store]:
    if not in_cache:
        yield Store("OpenProject", container.service, SESSIONS, DATABASE, "OPENPROJECT_SESSION__STORE")


def _openproject_cache(container: Container, values: Mapping[str, str]) -> Iterator[Store]:
    chosen = values.get("RAILS_CACHE_STORE", "").lower()
    if chosen in ("", "redis"):
        for name in _OPENPROJECT_REDIS:
            if values.get(name):
                yield _redis_or_unknown("OpenProject", container, CACHE, name, values[name], "")
                break
    if chosen in ("", "memcache"):
        for name in _OPENPROJECT_MEMCACHED:
            if values.get(name):
                yield from _in_memcached("OpenProject", container, CACHE, name, values[name])
                break


def _of_unknown(container: Container, root: str) -> Iterator[Store]:
    for name, value in container.environment.items():
        for url in _URL.findall(value):
            address = redis_address(url)
            if address:
                yield _in_redis(container.service, container, OTHER, name, address)
    environment = container.environment
    if environment.get("REDIS_HOST"):
        port, number = environment.get("REDIS_PORT", ""), environment.get("REDIS_DB", "")
        password = Files(container, root).value(environment, "REDIS_PASSWORD") or ""
        address = RedisAddress(
            environment["REDIS_HOST"],
            int(port) if port.isdigit() else _PORTS[REDIS],
            "",
            password,
            int(number) if number.isdigit() else 0,
        )
        yield _in_redis(container.service, container, OTHER, "REDIS_HOST", address)


# -- addresses ------------------------------------------------------------------------------------------------------


def _redis_or_unknown(
    application: str, container: Container, purpose: str, source: str, value: str, keys: str
) -> Store:
    address = redis_address(value)
    if address:
        return _in_redis(application, container, purpose, source, address, keys)
    scheme = value.partition("://")[0] if "://" in value else "an address that is not understood"
    return Store(application, container.service, purpose, UNKNOWN, source, detail=f"Redis by {scheme}")


def _in_redis(
    application: str, container: Container, purpose: str, source: str, address: RedisAddress, keys: str = ""
) -> Store:
    return Store(
        application,
        container.service,
        purpose,
        REDIS,
        source,
        host=address.host,
        port=address.port,
        user=address.user,
        password=address.password,
        database=address.database,
        keys=keys,
    )


def _in_memcached(application: str, container: Container, purpose: str, source: str, value: str) -> Iterator[Store]:
    for entry in re.split(r"[;,\s]+", value.strip()):
        host, port = _host_and_port(re.sub(r"^\w+://", "", entry), MEMCACHED)
        if host:
            yield Store(application, container.service, purpose, MEMCACHED, source, host=host, port=port)


def _of_url(url: str) -> RedisAddress | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # several hosts, or a port that is not a number
        return None
    if parts.scheme != "redis" or not parts.hostname or "," in parts.netloc.rpartition("@")[2]:
        return None
    options = {name.lower(): value for name, value in parse_qsl(parts.query)}
    user, password = unquote(parts.username or ""), parts.password
    if password is None:
        # Gitea takes a name alone for the password.
        user, password = "", options.get("password", user)
    number = parts.path.strip("/") or options.get("db") or options.get("database") or "0"
    return RedisAddress(
        parts.hostname,
        port or _PORTS[REDIS],
        user or options.get("username", ""),
        unquote(password),
        int(number) if number.isdigit() else 0,
        options,
    )


def _of_words(text: str) -> RedisAddress | None:
    """Gitea's older form: ``network=tcp,addr=redis:6379,password=secret,db=0``, also with spaces between."""
    words = text.split() if len(text.split()) > 1 else text.split(",")
    options = {}
    for word in words:
        name, equals, value = word.strip().strip(",").partition("=")
        if equals:
            options[name.strip().lower()] = value
    address = options.get("addr") or options.get("addrs") or ""
    if not address and re.fullmatch(r"[\w.-]+(:\d+)?", text):
        address = text
    if not address or "," in address or options.get("network", "tcp") != "tcp":
        return None
    host, port = _host_and_port(address, REDIS)
    number = options.get("db", "0")
    return RedisAddress(
        host,
        port,
        options.get("username", ""),
        options.get("password", ""),
        int(number) if number.isdigit() else 0,
        options,
    )


def _host_and_port(text: str, kind: str) -> tuple[str, int]:
    match = re.fullmatch(r"\[?([^\]\s]*?)\]?(?::(\d+))?", text)
    host, port = (match.group(1), match.group(2)) if match else ("", None)
    return host, int(port) if port else _PORTS[kind]
