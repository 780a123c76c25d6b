# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which service the first administrator is made in: it is found, or named where there are several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea import first_admin
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import Container, bind, container, stack_of


def chosen(*containers: Container, service: str | None = None, **access: Any) -> str:
    options: Any = first_admin.Options(
        endpoint=None,  # type: ignore[arg-type]
        name="root1",
        email="r@example.com",
        token_file="/t",
        token_name="maxops",
        token_scopes=["all"],
        access=Access("shop", **access),
        service=service,
    )
    return first_admin._service(options, stack_of(*containers))


def server(name: str = "server") -> Container:
    return replace(container(name, bind(f"/srv/{name}", "/data", True)), image="docker.gitea.com/gitea:1.23.1")


def test_service_of_gitea_is_found() -> None:
    assert chosen(container("db"), server()) == "server"
    assert chosen(container("db"), container("own"), applications={"gitea": ("own",)}) == "own"


def test_named_service_is_taken_and_several_are_never_guessed() -> None:
    assert chosen(server("a"), server("b"), service="b") == "b"
    with pytest.raises(MaxopsError, match='"a", "b"; name the right one in applications, or in service'):
        chosen(server("a"), server("b"))
    with pytest.raises(MaxopsError, match=r"has no Gitea .*\(services: db\).* in service"):
        chosen(container("db"))
