# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics of a health check: every measure and finding, under names that rules and dashboards may count on."""

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
from ansible_collections.maxops.ops.tests.unit.looks import finding, look


def samples(health: dict[str, Any]) -> dict[str, float]:
    lines = exposition(families_of(health, "maxoperation")).splitlines()
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if line[0] != "#")}


def measured(name: str, value: Any, **labels: str) -> dict[str, Any]:
    return {"name": name, "value": value, "labels": labels}


def test_states_are_numbers_that_grow_worse() -> None:
    health = look(finding("containers", "gitea", "critical"), finding("disk", "/", "warning"), grade="P2")
    told = samples(health)
    assert told['maxops_health_state{project="maxoperation"}'] == 3
    assert told['maxops_health_grade{project="maxoperation"}'] == 2
    assert told['maxops_check_state{check="disk",project="maxoperation"}'] == 1
    assert told['maxops_check_state{check="backup",project="maxoperation"}'] == 0
    assert told['maxops_check_duration_seconds{check="disk",project="maxoperation"}'] == 0.25
    assert told['maxops_health_findings{project="maxoperation",state="critical"}'] == 1
    assert told['maxops_finding_state{check="containers",project="maxoperation",subject="gitea"}'] == 3


def test_notice_is_nothing_to_alert_for() -> None:
    told = samples(look(finding("disk", "/", "notice")))
    assert told['maxops_health_state{project="maxoperation"}'] == 0
    assert told['maxops_finding_state{check="disk",project="maxoperation",subject="/"}'] == 0
    assert told['maxops_health_findings{project="maxoperation",state="notice"}'] == 1


def test_state_that_is_not_known_never_passes_as_well() -> None:
    assert samples({**look(), "state": "sunny"})['maxops_health_state{project="maxoperation"}'] == 2


def test_several_findings_of_one_subject_are_as_bad_as_the_worst() -> None:
    told = samples(look(finding("disk", "/", "critical"), finding("disk", "/", "ok")))
    assert told['maxops_finding_state{check="disk",project="maxoperation",subject="/"}'] == 3


def test_time_of_the_look_is_told_in_seconds() -> None:
    assert samples(look())['maxops_health_last_run_timestamp_seconds{project="maxoperation"}'] == 1795615500


def test_days_until_full_become_seconds() -> None:
    told = samples(look(measures=[measured("disk_days_until_full", 2.5, mountpoint="/")]))
    assert told['maxops_disk_until_full_seconds{mountpoint="/",project="maxoperation"}'] == 216000


def test_restarts_are_a_counter() -> None:
    text = exposition(families_of(look(measures=[measured("container_restarts", 3, service="gitea")]), "p"))
    assert "# TYPE maxops_container_restarts_total counter" in text
    assert 'maxops_container_restarts_total{project="p",service="gitea"} 3' in text


def test_measure_that_nobody_foresaw_is_told_under_its_own_name() -> None:
    told = samples(look(measures=[measured("queue_length", 7, queue="mail"), measured("not a name", 1)]))
    assert told['maxops_queue_length{project="maxoperation",queue="mail"}'] == 7
    assert not [name for name in told if "not a name" in name]


@pytest.mark.parametrize("value", [None, "unknown"])
def test_measure_without_a_number_is_left_out(value: Any) -> None:
    assert not [
        name for name in samples(look(measures=[measured("backup_age_seconds", value)])) if "backup_age" in name
    ]


def test_all_names_are_known_beforehand() -> None:
    names = {"maxops_health_state", "maxops_service_up", "maxops_backup_verify_level", "maxops_disk_until_full_seconds"}
    assert names <= metric_names()


def test_file_is_everybodys_to_read_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "maxops.prom"
    path.write_text("old\n")
    path.chmod(0o600)
    changed, before, after, count = write_metrics(look(), "p", str(path))
    assert (changed, before) == (True, "old\n")
    assert path.read_text() == after
    assert path.stat().st_mode & 0o777 == 0o644
    assert count == len([line for line in after.splitlines() if not line.startswith("#")])
    assert [each.name for each in tmp_path.iterdir()] == ["maxops.prom"]
    assert write_metrics(look(), "p", str(path))[0] is False


def test_check_mode_writes_nothing(tmp_path: Path) -> None:
    assert write_metrics(look(), "p", str(tmp_path / "none" / "maxops.prom"), check_mode=True)[0] is True
    assert list(tmp_path.iterdir()) == []


def test_folder_that_is_not_there_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MaxopsError, match=r"the folder .*/none for the metrics is not there; make it"):
        write_metrics(look(), "p", str(tmp_path / "none" / "maxops.prom"))


def test_what_is_no_result_of_a_health_check_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MaxopsError, match=r"health is no result of maxops.ops.health_check"):
        write_metrics({"changed": False}, "p", str(tmp_path / "maxops.prom"))
