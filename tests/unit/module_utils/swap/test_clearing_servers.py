# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions and caches on a server are emptied with a login that is read from the containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap.clearing_servers import (
    REDIS_LIST,
    REDIS_SESSIONS,
    check,
    clear_on_server,
    container_of,
    not_running,
)
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Clearing, Journal
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import REDIS
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.redis_server import FakeRedis, serving
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of

SESSION = "0123456789abcdef"


@pytest.fixture
def redis() -> Iterator[FakeRedis]:
    with serving(FakeRedis("secret")) as server:
        server.databases = {
            2: {"commits-count-1": 9, "MacaronCache": {"commits-count-1": 0}, "mailer_queue": 1},
            3: {SESSION: "uid 7", f"p*:{SESSION}": "uid 8", f"pX:{SESSION}": "uid 9", "mailer_queue": 1},
        }
        yield server


def stack(state: str = "running", password: str = "secret", gitea: str = "secret") -> Stack:
    environment = {"REDIS_PASSWORD": password}
    url = f"redis://:{gitea}@redis:PORT/3"
    settings = {"GITEA__session__PROVIDER": "redis", "GITEA__session__PROVIDER_CONFIG": url}
    return stack_of(
        container("redis", environment=environment, addresses=["127.0.0.1"], state=state),
        container("gitea", environment=settings, addresses=["172.18.0.9"]),
    )


def clearing(redis: FakeRedis, kind: str = REDIS, database: int = 3, keys: str = "") -> Clearing:
    return Clearing(kind, "gitea", "Gitea's sessions", True, "redis", redis.port, database, keys)


def journal(*services: str) -> Journal:
    return Journal("X", "shop", "set", services={service: [f"shop-{service}-1"] for service in services})


def test_one_database_is_emptied_and_saved(redis: FakeRedis) -> None:
    assert clear_on_server(stack(), journal(), clearing(redis)) == []
    assert redis.databases[3] == {}
    assert len(redis.databases[2]) == 3
    assert ["FLUSHALL"] not in redis.commands
    assert ["BGSAVE", "SCHEDULE"] in redis.commands


def test_only_sessions_of_a_shared_database_are_deleted(redis: FakeRedis) -> None:
    clear_on_server(stack(), journal(), clearing(redis, REDIS_SESSIONS))
    assert set(redis.databases[3]) == {f"p*:{SESSION}", f"pX:{SESSION}", "mailer_queue"}


def test_only_listed_keys_of_a_shared_cache_are_deleted(redis: FakeRedis) -> None:
    clear_on_server(stack(), journal(), clearing(redis, REDIS_LIST, 2, "MacaronCache"))
    assert set(redis.databases[2]) == {"mailer_queue"}


def test_keys_are_deleted_one_by_one_where_flushdb_is_forbidden(redis: FakeRedis) -> None:
    redis.forbidden = ("FLUSHDB", "BGSAVE")
    clear_on_server(stack(), journal(), clearing(redis))
    assert redis.databases[3] == {}


def test_keys_that_cannot_be_deleted_are_an_error(redis: FakeRedis) -> None:
    redis.forbidden = ("FLUSHDB", "DEL")
    with pytest.raises(MaxopsError, match="refuses DEL"):
        clear_on_server(stack(), journal(), clearing(redis))


def test_the_login_of_the_application_is_the_second_one(redis: FakeRedis) -> None:
    settings = {
        "GITEA__session__PROVIDER": "redis",
        "GITEA__session__PROVIDER_CONFIG": f"redis://:secret@redis:{redis.port}/3",
    }
    made = stack_of(
        container("redis", environment={"REDIS_PASSWORD": "old"}, addresses=["127.0.0.1"]),
        container("gitea", environment=settings),
    )
    clear_on_server(made, journal(), clearing(redis))
    assert redis.databases[3] == {}


def test_a_wrong_password_is_an_error_that_changes_nothing(redis: FakeRedis) -> None:
    with pytest.raises(MaxopsError, match="refuses the password"):
        check(stack(password="old", gitea="old"), clearing(redis))
    assert SESSION in redis.databases[3]
    check(stack(), clearing(redis))
    assert SESSION in redis.databases[3]


def test_a_server_that_did_not_run_is_a_remark(redis: FakeRedis) -> None:
    made = stack(state="exited")
    [remark] = clear_on_server(made, journal(), clearing(redis))
    assert remark.startswith("shop-redis-1 is exited, so Gitea's sessions cannot be deleted: start it alone")
    assert not_running(made, ["redis"], clearing(redis)) == ""


@pytest.mark.parametrize("host", ["redis", "shop-redis-1", "127.0.0.1"])
def test_container_by_name_and_address(host: str) -> None:
    found: Any = container_of(stack(), host)
    assert found.service == "redis"
    assert container_of(stack(), "elsewhere") is None
