# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of a health check: all measurements and findings, under stable names for rules and dashboards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.exposition import exposition
from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.metrics import (
    families_of,
    metric_names,
    write_metrics,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.health_results import finding, health_result


def samples(health: dict[str, Any]) -> dict[str, float]:
    lines = exposition(families_of(health, "maxoperation")).splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def measured(name: str, value: Any, **labels: str) -> dict[str, Any]:
    return {"name": name, "value": value, "labels": labels}


def test_states_are_numbers() -> None:
    health = health_result(finding("containers", "gitea", "critical"), finding("disk", "/", "warning"), grade="P2")
    metrics = samples(health)
    assert metrics['maxops_health_state{project="maxoperation"}'] == 3
    assert metrics['maxops_health_grade{project="maxoperation"}'] == 2
    assert metrics['maxops_check_state{check="disk",project="maxoperation"}'] == 1
    assert metrics['maxops_check_state{check="backup",project="maxoperation"}'] == 0
    assert metrics['maxops_check_duration_seconds{check="disk",project="maxoperation"}'] == 0.25
    assert metrics['maxops_health_findings{project="maxoperation",state="critical"}'] == 1
    assert metrics['maxops_finding_state{check="containers",project="maxoperation",subject="gitea"}'] == 3


def test_notice_counts_as_ok() -> None:
    metrics = samples(health_result(finding("disk", "/", "notice")))
    assert metrics['maxops_health_state{project="maxoperation"}'] == 0
    assert metrics['maxops_finding_state{check="disk",project="maxoperation",subject="/"}'] == 0
    assert metrics['maxops_health_findings{project="maxoperation",state="notice"}'] == 1


def test_unexpected_state_counts_as_unknown() -> None:
    assert samples({**health_result(), "state": "sunny"})['maxops_health_state{project="maxoperation"}'] == 2


def test_worst_of_several_findings_of_a_subject_counts() -> None:
    metrics = samples(health_result(finding("disk", "/", "critical"), finding("disk", "/", "ok")))
    assert metrics['maxops_finding_state{check="disk",project="maxoperation",subject="/"}'] == 3


def test_what_follows_from_another_finding_keeps_its_own_series() -> None:
    follows = {"check": "containers", "subject": "postgres"}
    consequence = {**finding("postgresql", "server", "critical"), "follows": follows}
    metrics = samples(health_result(finding("containers", "postgres", "critical"), consequences=[consequence]))
    assert metrics['maxops_finding_state{check="postgresql",project="maxoperation",subject="server"}'] == 3
    assert metrics['maxops_health_findings{project="maxoperation",state="critical"}'] == 1


def test_time_of_the_check_is_in_seconds() -> None:
    assert samples(health_result())['maxops_health_last_run_timestamp_seconds{project="maxoperation"}'] == 1795615500


def test_days_until_full_become_seconds() -> None:
    metrics = samples(health_result(measures=[measured("disk_days_until_full", 2.5, mountpoint="/")]))
    assert metrics['maxops_disk_until_full_seconds{mountpoint="/",project="maxoperation"}'] == 216000


def test_restarts_are_a_counter() -> None:
    text = exposition(families_of(health_result(measures=[measured("container_restarts", 3, service="gitea")]), "p"))
    assert "# TYPE maxops_container_restarts_total counter" in text
    assert 'maxops_container_restarts_total{project="p",service="gitea"} 3' in text


def test_unlisted_measurement_is_exported_under_its_own_name() -> None:
    metrics = samples(health_result(measures=[measured("queue_length", 7, queue="mail"), measured("not a name", 1)]))
    assert metrics['maxops_queue_length{project="maxoperation",queue="mail"}'] == 7
    assert not [name for name in metrics if "not a name" in name]


@pytest.mark.parametrize("value", [None, "unknown"])
def test_measurement_without_a_number_is_left_out(value: Any) -> None:
    assert not [
        name
        for name in samples(health_result(measures=[measured("backup_age_seconds", value)]))
        if "backup_age" in name
    ]


def test_metric_names_are_complete() -> None:
    names = {"maxops_health_state", "maxops_service_up", "maxops_backup_verify_level", "maxops_disk_until_full_seconds"}
    assert names <= metric_names()


def test_file_is_readable_for_all_and_replaced_atomically(tmp_path: Path) -> None:
    path = tmp_path / "maxops.prom"
    path.write_text("old\n")
    path.chmod(0o600)
    changed, before, after, count = write_metrics(health_result(), "p", str(path))
    assert (changed, before) == (True, "old\n")
    assert path.read_text() == after
    assert path.stat().st_mode & 0o777 == 0o644
    assert count == len([line for line in after.splitlines() if not line.startswith("#")])
    assert [file.name for file in tmp_path.iterdir()] == ["maxops.prom"]
    assert write_metrics(health_result(), "p", str(path))[0] is False


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    assert write_metrics(health_result(), "p", str(tmp_path / "none" / "maxops.prom"), check_mode=True)[0] is True
    assert list(tmp_path.iterdir()) == []


def test_missing_folder_is_reported_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(MaxopsError, match=r"the folder .*/none for the metrics does not exist; create it"):
        write_metrics(health_result(), "p", str(tmp_path / "none" / "maxops.prom"))


def test_another_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaxopsError, match=r"health is not a result of maxops.ops.health_check"):
        write_metrics({"changed": False}, "p", str(tmp_path / "maxops.prom"))
