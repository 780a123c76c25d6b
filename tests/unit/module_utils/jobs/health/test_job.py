# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A complete health check, as far as it works without a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.grade import Parts
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.job import check_health, in_order
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import Engine, EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import Finding


def test_check_mode_saves_nothing_for_the_next_run(tmp_path: Path) -> None:
    options = HealthOptions(
        Access("maxoperation", "unix:///nowhere.sock"),
        repository=str(tmp_path),
        state_dir=str(tmp_path / "state"),
        checks=("disk",),
    )
    assert check_health(options, check_mode=True)["counts"]["ok"] > 0
    assert not (tmp_path / "state").exists()
    check_health(options)
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["health-maxoperation.json"]


def test_of_equal_states_the_one_with_the_worst_grade_comes_first() -> None:
    given = [("backup", "newest set"), ("containers", "autoheal"), ("redis", "server"), ("containers", "postgres")]
    findings = [Finding(check, subject, "critical", "") for check, subject in given]
    findings += [Finding("http", "gateway", "ok", ""), Finding("disk", "/", "warning", "")]
    assert [(finding.check, finding.subject) for finding in in_order(findings, Parts())] == [
        ("containers", "postgres"),
        ("redis", "server"),
        ("backup", "newest set"),
        ("containers", "autoheal"),
        ("disk", "/"),
        ("http", "gateway"),
    ]


def unreachable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, forbidden: bool) -> dict[str, Any]:
    """A complete health check where no daemon can be asked."""

    def refuse(_engine: Engine, _project: str) -> None:
        raise EngineUnreachable(
            "cannot reach the Docker daemon at unix:///s: Permission denied; run as root", forbidden
        )

    monkeypatch.setattr(Engine, "containers", refuse)
    options = HealthOptions(Access("shop"), repository=str(tmp_path / "none"), state_dir=str(tmp_path / "state"))
    return check_health(options, check_mode=True)


@pytest.mark.parametrize(("forbidden", "state", "grade"), [(True, "unknown", "P3"), (False, "critical", "P1")])
def test_daemon_that_cannot_be_asked_is_one_finding_and_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, forbidden: bool, state: str, grade: str
) -> None:
    result = unreachable(monkeypatch, tmp_path, forbidden)
    first = result["findings"][0]
    assert (first["check"], first["subject"], first["state"]) == ("containers", "docker", state)
    assert first["fix"] == "run as root"
    assert "follows from it: http gateway, postgresql postgresql, redis redis" in first["evidence"][-1]
    assert [finding for finding in result["findings"] if "Docker daemon" in finding["seen"]] == [first]
    assert {entry["check"] for entry in result["consequences"]} == {
        "http",
        "postgresql",
        "redis",
        "certificate",
        "images",
    }
    assert {entry["follows"]["subject"] for entry in result["consequences"]} == {"docker"}
    assert result["checks"]["postgresql"]["state"] == "unknown"
    # The backup is missing as well, so a daemon that may not be asked is not the only fault.
    assert (result["state"], result["grade"]) == ("critical", grade)


def test_wrong_project_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(Engine, "containers", lambda _engine, _project: [])
    monkeypatch.setattr(Engine, "projects", lambda _engine: ["shop"])
    options = HealthOptions(Access("nosuch"), repository=str(tmp_path), state_dir=str(tmp_path / "state"))
    result = check_health(options)
    assert not (tmp_path / "state").exists()
    first = result["findings"][0]
    assert (first["subject"], first["state"], result["grade"]) == ("stack", "critical", "P1")
    assert "projects here: shop" in first["seen"]
    assert not [finding for finding in result["findings"] if finding["check"] in ("http", "postgresql", "redis")]
