# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thresholds that an operator changes, and invalid ones."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.thresholds import DEFAULTS, merged
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import judged, judged_low
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

MODULE = ROOT / "plugins" / "modules" / "health_check.py"


def test_one_threshold_changes_alone() -> None:
    limits = merged({"disk": {"used_warning": 70}})
    assert limits["disk"] == {**DEFAULTS["disk"], "used_warning": 70}
    assert {**limits, "disk": DEFAULTS["disk"]} == DEFAULTS
    assert DEFAULTS["disk"]["used_warning"] == 80


def test_text_that_is_a_number_is_accepted() -> None:
    assert merged({"http": {"latency_warning": "0.5"}})["http"]["latency_warning"] == 0.5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"disc": {}}, 'thresholds has "disc"'),
        ({"disk": 80}, "thresholds.disk is not a dictionary"),
        ({"disk": {"used": 80}}, 'thresholds.disk has "used"'),
        ({"disk": {"used_warning": "much"}}, "thresholds.disk.used_warning is 'much'"),
        ({"disk": {"used_warning": -1}}, "give a number of 0 or more"),
        ({"disk": {"used_warning": float("nan")}}, "give a number of 0 or more"),
        ({"disk": {"used_warning": 95}}, "so that the warning comes first"),
        ({"disk": {"days_warning": 1}}, "so that the warning comes first"),
        ({"memory": {"available_critical": 20}}, "so that the warning comes first"),
    ],
)
def test_invalid_threshold_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(MaxopsError, match=re.escape(words)):
        merged(given)


@pytest.mark.parametrize(("value", "state"), [(79.9, "ok"), (80, "warning"), (89.9, "warning"), (90, "critical")])
def test_a_value_that_should_stay_low(value: float, state: str) -> None:
    assert judged(value, 80, 90) == state


@pytest.mark.parametrize(("value", "state"), [(14.1, "ok"), (14, "warning"), (2, "critical"), (-3, "critical")])
def test_a_value_that_should_stay_high(value: float, state: str) -> None:
    assert judged_low(value, 14, 2) == state


def test_zero_means_no_limit() -> None:
    assert judged(1e9, 0, 0) == "ok"
    assert judged(95, 0, 90) == "critical"
    assert judged_low(-1, 0, 0) == "ok"


@pytest.mark.parametrize("check", DEFAULTS)
def test_documentation_names_every_threshold(check: str) -> None:
    [text] = re.findall(rf"- C\({check}\) has (.*?)\n      - C|$", MODULE.read_text(encoding="utf-8"), re.DOTALL)[:1]
    text = text or MODULE.read_text(encoding="utf-8").rpartition(f"- C({check}) has ")[2]
    assert [name for name in DEFAULTS[check] if f"C({name})" not in text] == []
