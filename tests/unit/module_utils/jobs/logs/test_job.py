# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The selection of lines from the options, and the limits of the result; without Docker."""

from __future__ import annotations

import datetime
import random
import re
import time

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs import job as logs_job
from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs.job import LogOptions, parse_selection
from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs.lines import Line, unpack
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

NOW = datetime.datetime(2026, 11, 25, 16, 40, tzinfo=datetime.timezone.utc)


def options(**changes: object) -> LogOptions:
    values = {
        "access": Access("shop", "unix:///nowhere.sock"),
        "services": [],
        "tail": None,
        "since": None,
        "until": None,
        "grep": None,
        "ignore_case": False,
        "limit": 1000,
        "show": 20,
        "timeout": 5,
    }
    return LogOptions(**{**values, **changes})  # type: ignore[arg-type]


def test_default_is_a_thousand_lines_or_all_since_a_time() -> None:
    assert parse_selection(options(), NOW).newest == 1000
    assert parse_selection(options(since="1h"), NOW).newest is None
    assert parse_selection(options(since="1h", tail=5), NOW).newest == 5
    assert parse_selection(options(tail=0), NOW).newest is None


def test_pattern_matches_anywhere_and_can_ignore_case() -> None:
    assert not parse_selection(options(grep="fail"), NOW).pattern.search("x FAILED")  # type: ignore[union-attr]
    assert parse_selection(options(grep="fail", ignore_case=True), NOW).pattern.search("x FAILED")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"grep": "(failed"}, r'grep is "\(failed", which is not a valid regular expression .* backslash'),
        ({"since": "soon"}, r'since is "soon", which is not a time'),
        ({"until": ""}, r'until is "", which is not a time'),
        ({"since": "1h", "until": "2h"}, "is not after since"),
        ({"since": "2027-01-01"}, "in the future"),
    ],
)
def test_invalid_option_is_refused_before_docker_is_queried(changes: dict[str, str], words: str) -> None:
    with pytest.raises(MaxopsError, match=words):
        logs_job.collect_logs(options(**changes), NOW)


def test_pattern_that_never_finishes_is_stopped() -> None:
    started = time.monotonic()
    with pytest.raises(logs_job.OutOfTime), logs_job._at_most(0.3):
        re.compile(r"(a+)+$").search("a" * 60 + "b")
    assert time.monotonic() - started < 30


def test_text_that_compresses_badly_is_cut_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs_job, "PACKED_LIMIT", 10_000)
    noise = random.Random(7)
    lines = [Line("2026", "s", f"{number} {noise.getrandbits(800):x}") for number in range(500)]
    kept, text, packed = logs_job._fit(lines, 1_000_000)
    assert len(packed) <= 10_000
    assert 0 < len(kept) < 500
    assert kept == lines[500 - len(kept) :]
    assert unpack(packed, 1_000_000) == text
