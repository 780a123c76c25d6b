# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stores on a server: shared ones, and servers that do not answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.effects import Effects, check, empty
from ansible_collections.maxops.ops.plugins.module_utils.swap.clearing_servers import REDIS_LIST, REDIS_SESSIONS
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import MEMCACHED, REDIS
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.stores import CACHE, OTHER, QUEUE, SESSIONS, Store
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.redis_server import FakeRedis, serving
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of


def store(application: str, purpose: str, database: int = 0, host: str = "redis", keys: str = "") -> Store:
    service = application.lower()
    return Store(application, service, purpose, REDIS, f"source of {purpose}", host, 6379, database=database, keys=keys)


GITEA_SESSIONS = store("Gitea", SESSIONS, keys="s:")
GITEA_CACHE = store("Gitea", CACHE, keys="MacaronCache")
OPENPROJECT_CACHE = store("OpenProject", CACHE)


def stack(state: str = "running", **redis: str) -> Stack:
    return stack_of(
        container("redis", environment=redis, addresses=["127.0.0.1"], state=state),
        container("gitea"),
        container("openproject"),
    )


def emptied(chosen: Store, *others: Store) -> Effects:
    effects = Effects()
    empty(stack(), chosen, [chosen, *others], effects)
    return effects


def test_caches_and_sessions_may_share_a_database() -> None:
    effects = emptied(OPENPROJECT_CACHE, GITEA_CACHE, GITEA_SESSIONS)
    assert [clearing.kind for clearing in effects.clearings] == [REDIS]
    assert (
        "Gitea: everybody signs in again, its sessions are in the same Redis database 0 of redis" in effects.sentences
    )
    assert effects.remarks == []


@pytest.mark.parametrize("other", [store("Gitea", QUEUE), store("Bot", OTHER, host="shop-redis-1")])
def test_what_must_not_be_lost_stays(other: Store) -> None:
    effects = emptied(GITEA_SESSIONS, other)
    assert [(clearing.kind, clearing.keys) for clearing in effects.clearings] == [(REDIS_SESSIONS, "s:")]
    assert effects.sentences[0].startswith("Redis database 0 of redis may also be used by source of")
    effects = emptied(GITEA_CACHE, other)
    assert [(clearing.kind, clearing.keys) for clearing in effects.clearings] == [(REDIS_LIST, "MacaronCache")]
    effects = emptied(OPENPROJECT_CACHE, other)
    assert effects.clearings == []
    assert "OpenProject's cache in Redis database 0 of redis was not emptied, because source of" in effects.remarks[0]


def test_another_database_is_not_shared() -> None:
    assert [clearing.kind for clearing in emptied(GITEA_SESSIONS, store("Gitea", QUEUE, 1)).clearings] == [REDIS]


def test_a_server_outside_of_the_stack_may_be_shared_with_others() -> None:
    effects = emptied(store("Gitea", SESSIONS, 3, "cache.example.com"))
    assert [clearing.kind for clearing in effects.clearings] == [REDIS_SESSIONS]
    assert "may also be used by others outside of this stack" in effects.sentences[0]


def test_memcached_inside_the_applications_container_ends_with_it() -> None:
    inside = Store("OpenProject", "openproject", CACHE, MEMCACHED, "CACHE_MEMCACHE_SERVER", "127.0.0.1", 11211)
    effects = emptied(inside)
    assert (effects.clearings, effects.remarks) == ([], [])


def checked(made: Stack, chosen: Store) -> Effects:
    effects = Effects()
    empty(made, chosen, [chosen], effects)
    check(made, effects, ())
    return effects


@pytest.fixture
def redis() -> Iterator[FakeRedis]:
    with serving(FakeRedis("secret")) as server:
        yield server


def at(port: int, purpose: str, host: str = "redis") -> Store:
    return Store("Gitea", "gitea", purpose, REDIS, "[session] PROVIDER_CONFIG", host, port, database=3)


def test_sessions_that_cannot_be_ended_refuse_the_restore(redis: FakeRedis) -> None:
    with pytest.raises(MaxopsError) as error:
        checked(stack(REDIS_PASSWORD="old"), at(redis.port, SESSIONS))
    assert str(error.value).startswith(
        "Gitea's sessions in Redis database 3 of redis could not be deleted, so people could be signed in as others; "
        "nothing was touched: Redis in container shop-redis-1 refuses the password"
    )
    assert len(checked(stack(REDIS_PASSWORD="old"), at(redis.port, CACHE)).clearings) == 1
    assert checked(stack(REDIS_PASSWORD="secret"), at(redis.port, SESSIONS)).remarks == []
    assert [words[0] for words in redis.commands[-2:]] == ["AUTH", "PING"]


def test_a_stopped_server_is_a_remark(redis: FakeRedis) -> None:
    [remark] = checked(stack("exited"), at(redis.port, SESSIONS)).remarks
    assert remark.startswith(
        "shop-redis-1 is exited, so Gitea's sessions in Redis database 3 of redis cannot be deleted"
    )


@pytest.mark.parametrize("host", ["elsewhere", "nowhere.invalid"])
def test_a_server_outside_that_cannot_be_reached_is_a_remark(host: str) -> None:
    effects = checked(stack(), at(1, SESSIONS, host))
    assert effects.clearings == []
    assert effects.remarks[0].startswith(f"Gitea's sessions in Redis database 3 of {host} cannot be deleted")
