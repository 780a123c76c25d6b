# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of OpenProject's and of Gitea's own Compose files: healthy, and with one fault, which comes first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.tests.integration.official_support import (
    OfficialGitea,
    OfficialOpenProject,
    OfficialStack,
)
from ansible_collections.maxops.ops.tests.integration.support import Module, wait_until

OTHERS = ["backup", "disk", "clock", "memory"]
"""Checks of this machine, not of the stack."""


def health_of(stack: OfficialStack, folder: Path) -> Module:
    return stack.module("health_check", folder / "repository", folder, state_dir=str(folder / "state"), exclude=OTHERS)


def states(result: dict[str, Any], check: str) -> dict[str, str]:
    return {finding["subject"]: finding["state"] for finding in result["findings"] if finding["check"] == check}


@contextmanager
def stopped(stack: OfficialStack, service: str) -> Iterator[None]:
    stack.compose("stop", "--timeout", "0", service)
    try:
        yield
    finally:
        stack.start()


def first_of(result: dict[str, Any]) -> tuple[str, str, str]:
    first = result["findings"][0]
    return first["check"], first["subject"], first["state"]


def test_healthy_official_openproject_is_ok(official_openproject: OfficialOpenProject, tmp_path: Path) -> None:
    result = health_of(official_openproject, tmp_path)()
    assert [finding for finding in result["findings"] if finding["state"] != "ok"] == []
    assert (result["state"], result["grade"]) == ("ok", "none")
    assert set(states(result, "containers")) == {
        "db",
        "cache",
        "proxy",
        "autoheal",
        "openproject web",
        "openproject worker",
        "openproject cron",
        "openproject seeder",
    }
    assert set(states(result, "http")) == {"gateway", "openproject"}
    assert {"server", "openproject to its database"} <= set(states(result, "postgresql"))
    assert set(states(result, "redis")) == {"server", "memory", "evictions", "clients"}


@pytest.mark.parametrize(
    ("service", "subject", "grade"),
    [
        ("db", "db", "P1"),
        ("cache", "cache", "P2"),
        ("worker", "openproject worker", "P2"),
        ("proxy", "proxy", "P1"),
    ],
)
def test_stopped_service_of_openproject_is_the_first_and_only_fault(
    official_openproject: OfficialOpenProject, tmp_path: Path, service: str, subject: str, grade: str
) -> None:
    with stopped(official_openproject, service):
        result = health_of(official_openproject, tmp_path)()
    assert first_of(result) == ("containers", subject, "critical")
    assert [finding["subject"] for finding in result["findings"] if finding["state"] == "critical"] == [subject]
    assert result["grade"] == grade
    assert result["findings"][0]["fix"].endswith(f"up --detach {service}")


def test_healthy_official_gitea_is_ok_and_its_fault_comes_first(official_gitea: OfficialGitea, tmp_path: Path) -> None:
    health = health_of(official_gitea, tmp_path)
    result = health()
    assert [finding for finding in result["findings"] if finding["state"] != "ok"] == []
    assert (result["state"], result["grade"]) == ("ok", "none")
    assert set(states(result, "http")) == {"gitea", "gitea at its published port"}
    with stopped(official_gitea, "server"):
        broken = health()
        wait_until(lambda: not official_gitea.answers(), 10, "Gitea is down")
    assert first_of(broken) == ("containers", "gitea server", "critical")
    assert broken["grade"] == "P1"
    assert len([finding for finding in broken["findings"] if finding["state"] != "ok"]) == 1
