# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements of a health check, as metrics for Prometheus."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import write_atomically
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    NOTICE,
    OK,
    STATES,
    UNKNOWN,
    WARNING,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.version import VERSION

from .exposition import Family, exposition, is_name

PREFIX = "maxops_"

# As numbers, so that a rule can compare them.
NUMBERS = {OK: 0, NOTICE: 0, WARNING: 1, UNKNOWN: 2, CRITICAL: 3}
"""States as numbers for rules and dashboards; a notice causes no alert."""
_STATE_HELP = "0 ok, 1 warning, 2 unknown, 3 critical."

GRADES = ("none", "P1", "P2", "P3", "P4")

DAY = 86400


@dataclass(frozen=True)
class Measure:
    """How a measurement is exported: its name, help text, kind, and the factor to base units."""

    name: str
    help: str
    kind: str = "gauge"
    factor: float = 1


# A measurement that is not listed is exported under its own name, so a new check needs no change here.
MEASURES = {
    "service_up": Measure("service_up", "Whether the service is running and not unhealthy: 1 or 0."),
    "container_restarts": Measure(
        "container_restarts_total", "Automatic restarts of the service's container by Docker.", "counter"
    ),
    "image_drift": Measure("image_drift", "Whether the service runs another image than its tag refers to now: 1 or 0."),
    "http_up": Measure("http_up", "Whether the endpoint answers as expected: 1 or 0."),
    "http_latency_seconds": Measure("http_latency_seconds", "Response time of the endpoint."),
    "certificate_expiry_seconds": Measure("certificate_expiry_seconds", "Time until the certificate expires."),
    "disk_used_ratio": Measure("disk_used_ratio", "Share of the file system that is used, 0 to 1."),
    "disk_inodes_used_ratio": Measure("disk_inodes_used_ratio", "Share of the file system's inodes in use, 0 to 1."),
    "disk_free_bytes": Measure("disk_free_bytes", "Free space on the file system."),
    # Prometheus uses seconds as base unit; the dashboard shows days.
    "disk_days_until_full": Measure(
        "disk_until_full_seconds", "Time until the file system is full at the current rate.", factor=DAY
    ),
    "memory_available_ratio": Measure("memory_available_ratio", "Share of the host's memory available, 0 to 1."),
    "memory_swap_used_ratio": Measure("memory_swap_used_ratio", "Share of the host's swap space in use, 0 to 1."),
    "memory_stalled_ratio": Measure(
        "memory_stalled_ratio", "Share of the last minute in which some processes waited for memory, 0 to 1."
    ),
    "clock_offset_seconds": Measure(
        "clock_offset_seconds", "Difference between the host's clock and the controller's."
    ),
    "clock_synchronised": Measure("clock_synchronised", "Whether the host's clock is synchronised: 1 or 0."),
    "backup_age_seconds": Measure(
        "backup_age_seconds", "Age of the newest backup of that part of the stack whose newest backup is the oldest."
    ),
    "backup_unaccepted_changes": Measure(
        "backup_unaccepted_changes", "Parts that are missing, empty or much smaller than in earlier backup sets."
    ),
    "backup_parts_not_taken": Measure("backup_parts_not_taken", "Parts that the newest backup could not take."),
    "backup_size_bytes": Measure("backup_size_bytes", "Size of the newest complete backup set."),
    "backup_duration_seconds": Measure("backup_duration_seconds", "Duration of the newest backup."),
    "backup_verify_level": Measure(
        "backup_verify_level", "How the newest set was verified: 0 not, 1 checksum, 2 decode, 3 rehearsal."
    ),
    "backup_verified_age_seconds": Measure("backup_verified_age_seconds", "Age of the newest verified set."),
    "backup_recovery_seconds": Measure("backup_recovery_seconds", "Duration of the restore in the last rehearsal."),
    "postgresql_connections": Measure("postgresql_connections", "Connections to the database server."),
    "postgresql_connections_used_ratio": Measure(
        "postgresql_connections_used_ratio", "Share of the database server's connections in use, 0 to 1."
    ),
    "postgresql_transaction_seconds": Measure(
        "postgresql_transaction_seconds", "Age of the oldest active transaction."
    ),
    "postgresql_idle_transaction_seconds": Measure(
        "postgresql_idle_transaction_seconds", "Longest idle-in-transaction time."
    ),
    "postgresql_dead_rows_ratio": Measure(
        "postgresql_dead_rows_ratio", "Share of dead rows in the database's worst table, 0 to 1."
    ),
    "postgresql_database_bytes": Measure("postgresql_database_bytes", "Size of the database."),
    "postgresql_wraparound_ratio": Measure(
        "postgresql_wraparound_ratio", "Share of the transaction numbers used, 0 to 1."
    ),
    "redis_memory_bytes": Measure("redis_memory_bytes", "Memory used by the cache."),
    "redis_memory_limit_bytes": Measure("redis_memory_limit_bytes", "Memory limit of the cache."),
    "redis_evicted_keys": Measure("redis_evicted_keys_total", "Keys evicted because the cache was full.", "counter"),
    "redis_clients": Measure("redis_clients", "Clients connected to the cache."),
    "redis_blocked_clients": Measure("redis_blocked_clients", "Clients blocked while waiting for the cache."),
    "redis_latency_seconds": Measure("redis_latency_seconds", "Response time of the cache."),
}


def metric_names() -> set[str]:
    """Names of all metrics that rules and dashboards may use."""
    return {PREFIX + measure.name for measure in MEASURES.values()} | {family.name for family in _own_families()}


def families_of(health: Mapping[str, Any], project: str) -> list[Family]:
    """All metrics of one health check's result."""
    families = {family.name: family for family in _own_families()}
    _fill_own(families, health, project)
    for measured in health.get("measures", []):
        measure = MEASURES.get(measured["name"]) or _unlisted(measured["name"])
        if measure is None:
            continue
        name = PREFIX + measure.name
        family = families.setdefault(name, Family(name, measure.kind, measure.help))
        if isinstance(measured["value"], (int, float)):
            family.add(measured["value"] * measure.factor, {**(measured.get("labels") or {}), "project": project})
    return list(families.values())


def _own_families() -> list[Family]:
    return [
        Family(PREFIX + name, "gauge", text)
        for name, text in (
            ("build_info", "Version of the collection that ran the check; the value is always 1."),
            ("health_state", f"The worst finding: {_STATE_HELP}"),
            ("health_grade", "Grade of the incident: 0 none, 1 to 4 for P1 (the worst) to P4."),
            ("health_findings", "Number of findings by state."),
            ("health_duration_seconds", "Duration of the health check."),
            ("health_last_run_timestamp_seconds", "Time of the last health check."),
            ("check_state", f"The worst finding of each check: {_STATE_HELP}"),
            ("check_duration_seconds", "Duration of each check."),
            ("finding_state", f"Each finding, by check and subject: {_STATE_HELP}"),
        )
    ]


def _fill_own(families: Mapping[str, Family], health: Mapping[str, Any], project: str) -> None:
    def add(name: str, value: Any, **labels: str) -> None:
        families[PREFIX + name].add(value, {**labels, "project": project})

    add("build_info", 1, version=VERSION)
    add("health_state", _state(health["state"]))
    add("health_grade", GRADES.index(health["grade"]) if health.get("grade") in GRADES else None)
    for state in STATES:
        add("health_findings", health.get("counts", {}).get(state, 0), state=state)
    add("health_duration_seconds", health.get("duration"))
    add("health_last_run_timestamp_seconds", _seconds_of(health["at"]))
    for check, result in health.get("checks", {}).items():
        add("check_state", _state(result["state"]), check=check)
        add("check_duration_seconds", result.get("seconds"), check=check)
    # What follows from another finding is a finding as well: an alert on it must not end because its cause is known.
    for (check, subject), worst in _worst_of([*health.get("findings", []), *health.get("consequences", [])]).items():
        add("finding_state", worst, check=check, subject=subject)


def _worst_of(findings: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], int]:
    worst: dict[tuple[str, str], int] = {}
    for finding in findings:
        key = (finding["check"], finding["subject"])
        worst[key] = max(worst.get(key, 0), _state(finding["state"]))
    return worst


def _state(state: str) -> int:
    """A state as a number; an unexpected state counts as unknown."""
    return NUMBERS.get(state, NUMBERS[UNKNOWN])


def _unlisted(name: str) -> Measure | None:
    if not is_name(PREFIX + name):
        return None
    return Measure(name, "A measurement of the health check.", "counter" if name.endswith("_total") else "gauge")


def _seconds_of(moment: str) -> float:
    return datetime.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


def _missing_part(error: Exception) -> str:
    return f"it has no {error.args[0]}" if isinstance(error, KeyError) else str(error)


def write_metrics(
    health: Mapping[str, Any], project: str, path: str, check_mode: bool = False
) -> tuple[bool, str, str, int]:
    """Write the metrics to the file; returns whether it changed, the old and new text, and the number of samples."""
    try:
        families = families_of(health, project)
    except (KeyError, TypeError, ValueError) as error:
        raise MaxopsError(
            f"health is not a result of maxops.ops.health_check ({_missing_part(error)}); give the variable in which "
            "it was registered"
        ) from error
    text = exposition(families)
    before = _text_of(path)
    folder = os.path.dirname(path)
    if before != text and not check_mode:
        if not os.path.isdir(folder):
            raise MaxopsError(
                f"the folder {folder} for the metrics does not exist; create it and configure node_exporter to read it "
                f"(--collector.textfile.directory={folder}), or set another path"
            )
        # Readable for all users: node_exporter runs as a separate user.
        write_atomically(path, text, mode=0o644)
    return before != text, before, text, sum(not line.startswith("#") for line in text.splitlines())


def _text_of(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="backslashreplace") as stream:
            return stream.read()
    except FileNotFoundError:
        return ""
