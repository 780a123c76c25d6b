# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thresholds: the values at which a finding becomes a warning or critical."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

Thresholds = dict[str, dict[str, float]]

DEFAULTS: Thresholds = {
    "containers": {"restarts_warning": 1, "restarts_critical": 3, "restart_minutes": 60},
    "http": {"latency_warning": 2, "latency_critical": 8},
    "postgresql": {
        "connections_warning": 80,
        "connections_critical": 95,
        "transaction_warning": 15,
        "transaction_critical": 240,
        "idle_transaction_warning": 5,
        "idle_transaction_critical": 60,
        "dead_rows_warning": 20,
        "dead_rows_critical": 0,
        "dead_rows_minimum": 10000,
        "size_warning": 0,
        "size_critical": 0,
        "wraparound_warning": 25,
        "wraparound_critical": 60,
    },
    "redis": {
        "memory_warning": 90,
        "memory_critical": 99,
        "evictions_warning": 1000,
        "evictions_critical": 0,
        "blocked_warning": 20,
        "blocked_critical": 0,
        "clients_warning": 80,
        "clients_critical": 95,
        "latency_warning": 1,
        "latency_critical": 5,
    },
    "disk": {
        "used_warning": 80,
        "used_critical": 90,
        "inodes_warning": 80,
        "inodes_critical": 95,
        "days_warning": 14,
        "days_critical": 2,
    },
    "memory": {
        "available_warning": 10,
        "available_critical": 4,
        "swap_warning": 60,
        "swap_critical": 95,
        "stalled_warning": 10,
        "stalled_critical": 40,
    },
    "certificate": {"days_warning": 21, "days_critical": 3},
    "clock": {"offset_warning": 10, "offset_critical": 60, "unsynchronised": 1},
    "backup": {"age_warning": 26, "age_critical": 50, "verified_warning": 192, "verified_critical": 0},
    "images": {"drift": 1},
}
"""By check. For a name that ends in ``_warning`` or ``_critical``, 0 means no limit."""


def merged(given: Mapping[str, Any] | None) -> Thresholds:
    """The defaults, changed by the given thresholds. Raises MaxopsError for an invalid name or value."""
    result = {check: dict(limits) for check, limits in DEFAULTS.items()}
    for check, limits in (given or {}).items():
        if check not in DEFAULTS:
            raise MaxopsError(f'thresholds has "{check}", which is not a check; the checks are {", ".join(DEFAULTS)}')
        if not isinstance(limits, Mapping):
            raise MaxopsError(f"thresholds.{check} is not a dictionary; write it as {check}: {{{_example(check)}}}")
        for name, value in limits.items():
            if name not in DEFAULTS[check]:
                names = ", ".join(DEFAULTS[check])
                raise MaxopsError(
                    f'thresholds.{check} has "{name}", which is not one of its thresholds; they are {names}'
                )
            result[check][name] = _number(f"thresholds.{check}.{name}", value)
    for check, limits in result.items():
        _check_order(check, limits)
    return result


def _example(check: str) -> str:
    name, value = next(iter(DEFAULTS[check].items()))
    return f"{name}: {value:g}"


def _number(threshold: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise MaxopsError(f"{threshold} is {value!r}; give a number, 0 for no limit") from None
    if not 0 <= number < float("inf"):
        raise MaxopsError(f"{threshold} is {value!r}; give a number of 0 or more")
    return number


# Kinds whose low values are bad.
_LOW = {"available", "days"}


def _check_order(check: str, limits: Mapping[str, float]) -> None:
    for name, warning in limits.items():
        kind, _underscore, word = name.rpartition("_")
        critical = limits.get(f"{kind}_critical", 0)
        if word != "warning" or not warning or not critical:
            continue
        if (warning < critical) if kind in _LOW else (warning > critical):
            raise MaxopsError(
                f"thresholds.{check}: {name} ({warning:g}) would only be reached after {kind}_critical "
                f"({critical:g}); set both so that the warning comes first"
            )
