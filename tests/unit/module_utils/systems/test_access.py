# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stack is reached: from the options of a module to the daemon, the lock and the server."""

from __future__ import annotations

from dataclasses import replace
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
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import is_gitea
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


def test_declared_applications_become_services_by_application() -> None:
    spec = STACK + DATABASE + CACHE
    parameters = {name: option.get("default") for name, option in spec.options.items()}
    declared = {"openproject": ["web", "worker"], "gitea": None}
    access = access_of({**parameters, "project_name": "shop", "applications": declared})
    assert access == Access("shop", applications={"openproject": ("web", "worker")})
    assert access_of({**parameters, "project_name": "shop", "applications": {"gitea": [""]}}).applications == {
        "gitea": ()
    }


def test_roles_are_the_operators_choices_and_what_the_containers_show() -> None:
    stack = stack_of(container("postgres"), container("redis"), container("gitea"), container("app"))
    found = Access("shop").roles(stack)
    assert (found.database, found.cache, dict(found.applications)) == ("postgres", "redis", {"gitea": ("gitea",)})
    chosen = Access("shop", database_service="db", applications={"openproject": ("app",)}).roles(stack)
    assert (chosen.database, chosen.applications["openproject"]) == ("db", ("app",))


def test_declared_service_is_the_application_everywhere() -> None:
    stack = stack_of(container("app"), container("redis"))
    stack.declare({"gitea": ("app",)})
    assert [is_gitea(entry) for entry in stack.containers] == [True, False]
    assert stack.inspection_of(stack.containers[0]).container.application == "gitea"


def test_several_servers_are_named_with_the_option() -> None:
    one, two = (replace(container(name), image="postgres:17") for name in ("a", "b"))
    with pytest.raises(MaxopsError, match=r'PostgreSQL server: "a", "b"; name the right one in database_service'):
        Access("shop").database_container(stack_of(one, two))


def test_password_of_redis_is_that_of_the_applications_where_its_own_is_unknown() -> None:
    app = container("app", environment={"REDIS_URL": "redis://:s3cret@redis:6379/1"})
    redis = container("redis")
    stack = stack_of(app, redis)
    assert Access("shop").redis(stack, redis).likely == ("s3cret",)
    given = Access("shop", cache_password="given")
    assert given.redis(stack, redis).password == "given"
    assert "given" not in repr(given)
