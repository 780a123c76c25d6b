# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the API of an application is reached."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.address import (
    Address,
    accepted_names,
    address_of,
    find_address,
    is_loopback,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems import access as access_module
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, PublishedPort
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import container

GITEA = {"GITEA__database__HOST": "db:5432"}
OPENPROJECT = {"OPENPROJECT_HOST__NAME": "ops.example.com", "OPENPROJECT_HTTPS": "true", "SECRET_KEY_BASE": "x"}
PUBLIC, HERE = "https://ops.example.com/git", "http://localhost:9443/git"


class FakeEngine:
    inspections: tuple[Inspection, ...] = ()
    error: Exception | None = None

    def containers(self, _project: str) -> list[Inspection]:
        if self.error:
            raise self.error
        return list(self.inspections)

    def projects(self) -> list[str]:
        return ["other"]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    fake = FakeEngine()
    monkeypatch.setattr(access_module.Access, "engine", lambda _access, _seconds: fake)
    return fake


def inspection(service: str, environment: dict[str, str], **changes: Any) -> Inspection:
    facts = {key: changes.pop(key) for key in ("exposed", "bound") if key in changes}
    return Inspection(container(service, environment=environment, **changes), **facts)


def test_containers_own_address_with_the_host_name_that_openproject_accepts(engine: FakeEngine) -> None:
    engine.inspections = (inspection("web", OPENPROJECT), inspection("server", GITEA, addresses=("172.18.0.9",)))
    access = Access("shop", applications={"openproject": ["web"], "gitea": ["server"]})
    headers = {"Host": "ops.example.com", "X-Forwarded-Proto": "https"}
    assert find_address("openproject", access, HERE) == Address("http://172.18.0.2:8080", headers, direct=True)
    assert find_address("gitea", access, HERE) == Address("http://172.18.0.9:3000", direct=True)


@pytest.mark.parametrize(
    ("environment", "facts", "url", "headers"),
    [
        ({"OPENPROJECT_HTTPS": "false"}, {"exposed": (80,)}, "http://172.18.0.2:80", {}),
        ({}, {"exposed": (80, 8080)}, "http://172.18.0.2:8080", {"X-Forwarded-Proto": "https"}),
        (
            {"OPENPROJECT_RAILS__RELATIVE__URL__ROOT": "/op/", "OPENPROJECT_HTTPS": "false"},
            {},
            "http://172.18.0.2:8080/op",
            {},
        ),
        (
            {"OPENPROJECT_HTTPS": "false"},
            {"addresses": (), "bound": (PublishedPort("0.0.0.0", 8081, 8080),)},
            "http://127.0.0.1:8081",
            {},
        ),
    ],
)
def test_openproject_of_other_layouts(
    environment: dict[str, str], facts: dict[str, Any], url: str, headers: dict[str, str]
) -> None:
    assert address_of("openproject", inspection("web", environment, **facts)) == Address(url, headers, direct=True)


@pytest.mark.parametrize(
    ("environment", "facts", "url"),
    [
        ({"GITEA__server__HTTP_PORT": "3001"}, {}, "http://172.18.0.2:3001"),
        ({"GITEA__server__PROTOCOL": "https"}, {}, "https://172.18.0.2:3000"),
        ({}, {"addresses": (), "bound": (PublishedPort("::", 3002, 3000),)}, "http://[::1]:3002"),
        ({}, {"addresses": (), "bound": (PublishedPort("10.0.0.7", 22, 22),)}, None),
    ],
)
def test_gitea_of_other_layouts(environment: dict[str, str], facts: dict[str, Any], url: str | None) -> None:
    found = address_of("gitea", inspection("server", environment, **facts))
    assert (found.url if found else None) == url


def test_gateway_is_used_where_docker_cannot_be_asked(engine: FakeEngine) -> None:
    engine.error = EngineUnreachable("cannot reach the Docker daemon: permission denied")
    assert find_address("gitea", Access("shop"), HERE) == Address(HERE)
    with pytest.raises(MaxopsError, match=r"permission denied; or give its address in api_url \(users_gitea_url\)"):
        find_address("gitea", Access("shop"))


def test_gateway_of_this_host_may_be_another_stacks(engine: FakeEngine) -> None:
    assert find_address("gitea", Access("shop"), PUBLIC) == Address(PUBLIC)
    with pytest.raises(MaxopsError, match=r'no Compose project "shop".*\(projects here: "other"\).*users_gitea_url'):
        find_address("gitea", Access("shop"), HERE)
    engine.inspections = (inspection("web", OPENPROJECT),)
    with pytest.raises(MaxopsError, match=r"has no service that is Gitea.*maxops_applications.*users_gitea_url"):
        find_address("gitea", Access("shop", applications={"openproject": ["web"]}), HERE)


def test_application_that_does_not_run(engine: FakeEngine) -> None:
    engine.inspections = (inspection("server", GITEA, state="exited"),)
    access = Access("shop", applications={"gitea": ["server"]})
    with pytest.raises(MaxopsError, match=r"does not run: container shop-server-1 is exited; start it \(docker start"):
        find_address("gitea", access, PUBLIC)


def test_application_that_is_paused(engine: FakeEngine) -> None:
    engine.inspections = (inspection("server", GITEA, state="paused"),)
    with pytest.raises(MaxopsError, match=r"is paused; start it \(docker unpause shop-server-1\)"):
        find_address("gitea", Access("shop", applications={"gitea": ["server"]}))


def test_two_of_one_application_are_not_guessed(engine: FakeEngine) -> None:
    own = [{"GITEA__database__HOST": "db:5432", "GITEA__database__NAME": name} for name in ("one", "two")]
    engine.inspections = tuple(inspection(f"gitea{number}", entry) for number, entry in enumerate(own))
    with pytest.raises(MaxopsError, match=r'several services could be the stack\'s Gitea: "gitea0", "gitea1"'):
        find_address("gitea", Access("shop"), HERE)
    assert find_address("gitea", Access("shop", applications={"gitea": ["gitea1"]}), HERE)


def test_accepted_names_for_messages(engine: FakeEngine) -> None:
    more = {**OPENPROJECT, "OPENPROJECT_ADDITIONAL__HOST__NAMES": '["localhost:9000", "ops.example.com"]'}
    engine.inspections = (inspection("web", more),)
    access = Access("shop", applications={"openproject": ["web"]})
    assert accepted_names(access) == ["ops.example.com", "localhost:9000"]
    engine.error = EngineUnreachable("no")
    assert accepted_names(access) == []


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:9000/git", True), ("http://localhost", True), ("http://[::1]:9000", True),
        ("http://127.8.0.1", True), ("https://ops.example.com", False), ("http://10.0.0.1:9000", False),
    ],
)  # fmt: skip
def test_addresses_of_this_host(url: str, here: bool) -> None:
    assert is_loopback(url) is here
