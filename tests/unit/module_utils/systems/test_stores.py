# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where sessions, caches and queues are, in each spelling that the images accept."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import MEMCACHED, REDIS
from ansible_collections.maxops.ops.plugins.module_utils.systems.stores import (
    CACHE,
    DATABASE,
    FILES,
    MEMORY,
    OTHER,
    QUEUE,
    SESSIONS,
    UNKNOWN,
    RedisAddress,
    Store,
    is_openproject,
    redis_address,
    stores_of,
)
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container


def one(environment: dict[str, str], purpose: str, service: str = "gitea") -> Store:
    [store] = [store for store in stores_of(container(service, environment=environment)) if store.purpose == purpose]
    return store


def shown(address: RedisAddress | None) -> tuple[str, int, str, str, int] | None:
    return address and (address.host, address.port, address.user, address.password, address.database)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("redis://:p%40w@redis:6380/3", ("redis", 6380, "", "p@w", 3)),
        ("redis://redis", ("redis", 6379, "", "", 0)),
        ("redis://redis/3?pool_size=100&idle_timeout=180s", ("redis", 6379, "", "", 3)),
        ("redis://redis?db=4", ("redis", 6379, "", "", 4)),
        ("redis://gitea:pw@redis/1", ("redis", 6379, "gitea", "pw", 1)),
        ("redis://alone@redis/1", ("redis", 6379, "", "alone", 1)),
        ("redis://redis:6379/?password=pw&username=me&database=2", ("redis", 6379, "me", "pw", 2)),
        ("network=tcp,addr=redis:6379,password=se=cret,db=3,pool_size=100", ("redis", 6379, "", "se=cret", 3)),
        ("network=tcp addr=redis:6379 password=a,b db=3", ("redis", 6379, "", "a,b", 3)),
        ("addrs=redis,username=me,password=pw", ("redis", 6379, "me", "pw", 0)),
        ("redis:6379", ("redis", 6379, "", "", 0)),
        ("redis://[fd00::1]:6379/3", ("fd00::1", 6379, "", "", 3)),
        ('"redis://redis:6379/3"', ("redis", 6379, "", "", 3)),
        ("redis+cluster://a:1,b:2/0", None),
        ("redis://a:1,b:2/0", None),
        ("redis+sentinel://sentinel:26379/0?master_name=x", None),
        ("rediss://redis:6380/3", None),
        ("network=unix,addr=/run/redis.sock,db=3", None),
        ("addrs=a:1,b:2", ("a", 1, "", "", 0)),
        ("", None),
    ],
)
def test_redis_address(text: str, expected: tuple[str, int, str, str, int] | None) -> None:
    assert shown(redis_address(text)) == expected


@pytest.mark.parametrize(
    "names",
    [
        ("GITEA__session__PROVIDER", "GITEA__session__PROVIDER_CONFIG"),
        ("GITEA__SESSION__PROVIDER", "GITEA__Session__PROVIDER_CONFIG"),
        ("FORGEJO__session__PROVIDER", "FORGEJO__session__PROVIDER_CONFIG"),
        ("GITEA__sess_0x69_on__PROVIDER", "GITEA__session__PROVIDER_0X5F_CONFIG"),
        ("GITEA__session__provider", "GITEA__session__provider_config"),
    ],
)
def test_sessions_of_gitea_in_redis_in_each_spelling(names: tuple[str, str]) -> None:
    store = one({names[0]: "Redis", names[1]: "redis://:secret@redis:6379/3?prefix=s:"}, SESSIONS)
    assert (store.kind, store.host, store.database, store.keys, store.password) == (REDIS, "redis", 3, "s:", "secret")
    assert "secret" not in repr(store)


@pytest.mark.parametrize(
    ("provider", "value", "kind"),
    [
        ("db", "", DATABASE),
        ("memory", "", MEMORY),
        ("file", "/data/gitea/sessions", FILES),
        ("memcache", "cache:11211", MEMCACHED),
        ("mysql", "user:pw@/gitea", UNKNOWN),
        ("redis", "redis+sentinel://s/0", UNKNOWN),
    ],
)
def test_other_sessions_of_gitea(provider: str, value: str, kind: str) -> None:
    store = one({"GITEA__session__PROVIDER": provider, "GITEA__session__PROVIDER_CONFIG": value}, SESSIONS)
    assert store.kind == kind
    assert "pw" not in store.detail


def test_sessions_of_the_image_are_files_without_any_setting() -> None:
    store = one({}, SESSIONS)
    assert store.kind == FILES
    assert store.folders[:2] == ("/data/gitea/sessions", "/var/lib/gitea/data/sessions")


def test_the_environment_is_stronger_than_app_ini(tmp_path: Path) -> None:
    (tmp_path / "gitea/conf").mkdir(parents=True)
    (tmp_path / "gitea/conf/app.ini").write_text(
        "[session]\nPROVIDER = file\nPROVIDER_CONFIG = /data/gitea/s\n[cache]\nADAPTER=redis\n"
        "HOST=addr=redis:6379,db=2\n[queue.mailer]\nCONN_STR = redis://redis:6379/5\n"
    )
    made = container("gitea", bind(str(tmp_path), "/data", writable=True))
    found = {(store.purpose, store.kind, store.database, store.folders) for store in stores_of(made)}
    assert found == {
        (SESSIONS, FILES, 0, ("/data/gitea/s",)),
        (CACHE, REDIS, 2, ()),
        (QUEUE, REDIS, 5, ()),
    }
    made.environment.update({"GITEA__session__PROVIDER": "redis", "GITEA__session__PROVIDER_CONFIG": "redis://r/3"})
    assert next(store.kind for store in stores_of(made) if store.purpose == SESSIONS) == REDIS


def test_a_secret_file_holds_the_address(tmp_path: Path) -> None:
    (tmp_path / "session").write_text("redis://:secret@redis:6379/7\n")
    environment = {
        "GITEA__session__PROVIDER": "redis",
        "GITEA__session__PROVIDER_CONFIG__FILE": "/run/secrets/session",
    }
    made = container("server", bind(str(tmp_path), "/run/secrets"), environment=environment)
    [store] = [store for store in stores_of(made) if store.purpose == SESSIONS]
    assert (store.database, store.password) == (7, "secret")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"OPENPROJECT_CACHE__REDIS__URL": "redis://:pw@redis/1"}, (REDIS, "redis", 1)),
        ({"RAILS_CACHE_REDIS_URL": "redis://redis/4"}, (REDIS, "redis", 4)),
        ({"OPENPROJECT_CACHE_REDIS_URL": "redis://redis/5"}, (REDIS, "redis", 5)),
        ({"OPENPROJECT_CACHE__MEMCACHE__SERVER": "cache:11211"}, (MEMCACHED, "cache", 0)),
        (
            {
                "RAILS_CACHE_STORE": "memcache",
                "OPENPROJECT_CACHE__MEMCACHE__SERVER": "cache:11211",
                "REDIS_URL": "redis://jobs/0",
            },
            (MEMCACHED, "cache", 0),
        ),
        ({"OPENPROJECT_RAILS__CACHE__STORE": "file_store"}, (UNKNOWN, "", 0)),
        ({"OPENPROJECT_CACHE__REDIS__URL": "rediss://redis/1"}, (UNKNOWN, "", 0)),
    ],
)
def test_cache_of_openproject(environment: dict[str, str], expected: tuple[str, str, int]) -> None:
    store = one({"OPENPROJECT_HTTPS": "false", **environment}, CACHE, "web")
    assert (store.kind, store.host, store.database) == expected


def test_sessions_of_openproject_are_in_the_database_or_in_its_cache() -> None:
    cache = {"OPENPROJECT_CACHE__REDIS__URL": "redis://redis/1"}
    assert one(cache, SESSIONS, "web").kind == DATABASE
    store = one({**cache, "OPENPROJECT_SESSION__STORE": "cache_store"}, SESSIONS, "web")
    assert (store.kind, store.database) == (REDIS, 1)


def test_other_services_of_the_stack() -> None:
    made = container("bot", environment={"QUEUE": "redis://redis:6379/3", "REDIS_HOST": "redis"})
    assert {(store.purpose, store.host, store.database) for store in stores_of(made)} == {
        (OTHER, "redis", 3),
        (OTHER, "redis", 0),
    }
    assert not is_openproject(made)
