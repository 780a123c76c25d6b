# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stack is reached: from the options of a module to the daemon, the lock and the server."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    CACHE,
    DATABASE,
    STACK,
    access_of,
    rest_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools import locks
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of

SHOP = Access("shop", database_service="db", database_user="keeper", database_password="s3cret")


def database(**changes: Any) -> Any:
    return container("db", **{"environment": {"POSTGRES_USER": "admin"}, "addresses": ("172.18.0.2",), **changes})


def test_server_is_reached_with_the_user_and_password_that_were_given() -> None:
    server = SHOP.server(stack_of(database(), container("app")))
    assert (server.host, server.user, server.password) == ("172.18.0.2", "keeper", "s3cret")
    assert "s3cret" not in repr(SHOP) + repr(server) + str(SHOP) + str(server)


def test_server_of_a_given_container() -> None:
    server = Access("shop", database_password="x").server_in(database(), stack_of(database()))
    assert (server.user, server.container) == ("admin", "shop-db-1")


@pytest.mark.parametrize(
    ("reach", "complaint"),
    [
        (Access("shop").server, r'"shop" has no PostgreSQL server .*\(services: app\); .* in database_service'),
        (Access("shop").cache_container, r'"shop" has no cache .*\(services: app\); .* in cache_service'),
    ],
)
def test_missing_service_names_the_option_that_it_came_from(reach: Any, complaint: str) -> None:
    with pytest.raises(MaxopsError, match=complaint):
        reach(stack_of(container("app")))


@pytest.mark.parametrize("reach", [Access.connect, lambda access: access.engine(1.0)])
def test_daemon_of_another_host_is_refused(reach: Any) -> None:
    with pytest.raises(MaxopsError, match=r'docker_host "tcp://db:2375" is not a local socket'):
        reach(Access("shop", "tcp://db:2375"))


def test_second_job_on_the_stack_is_refused_with_the_name_of_the_first(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks.os, "access", lambda *_: False)
    monkeypatch.setattr(locks.tempfile, "gettempdir", lambda: str(tmp_path))
    assert SHOP.lock_holder() is None
    with SHOP.locked("backup of shop"):
        assert str(SHOP.lock_holder()).startswith("backup of shop by process ")
        complaint = r'^stack "shop" is in use: backup of shop by process \d+'
        with pytest.raises(MaxopsError, match=complaint), SHOP.locked("restart of shop"):
            raise AssertionError("two jobs at once")
        with Access("other").locked("backup of other"):
            pass  # another stack has a lock of its own
    assert SHOP.lock_holder() is None


def test_options_of_a_module_become_one_value() -> None:
    spec = STACK + DATABASE + CACHE
    parameters = {**{name: option.get("default") for name, option in spec.options.items()}, "jobs": 2}
    assert access_of({**parameters, "project_name": "shop"}) == Access("shop")
    assert rest_of(parameters) == {"jobs": 2}


def test_module_may_have_some_of_the_options() -> None:
    parameters = {"project_name": "shop", "docker_host": "unix:///d.sock", "token_name": "maxops"}
    assert access_of(parameters) == Access("shop", "unix:///d.sock")
    assert rest_of(parameters) == {"token_name": "maxops"}
