# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The results of the verifications of a set, kept beside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.files import to_json, write_atomically

CHECKSUM = "checksum"
DECODE = "decode"
REHEARSE = "rehearse"

LEVELS = (CHECKSUM, DECODE, REHEARSE)
"""Each level includes the ones before it."""

FORMAT = 1

_ONLY_WITH_CONTENT = ("causes", "accepted", "not_covered")
_FIELDS = ("passed", "time", "seconds", "errors", "warnings", "recovery_seconds", "versions", *_ONLY_WITH_CONTENT)


@dataclass(frozen=True)
class LevelResult:
    """The result of the last verification of one level; ``recovery_seconds`` is measured by a rehearsal.

    ``causes`` counts the findings by their cause, ``accepted`` lists those that an operator accepted, ``not_covered``
    says which data of the applications the result says nothing about.
    """

    passed: bool
    time: str
    seconds: float
    errors: int = 0
    warnings: int = 0
    recovery_seconds: float | None = None
    versions: dict[str, str] = field(default_factory=dict)
    causes: dict[str, int] = field(default_factory=dict)
    accepted: list[dict[str, str]] = field(default_factory=list)
    not_covered: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The result as data; the last three fields only where they hold something."""
        fields = asdict(self)
        return {key: value for key, value in fields.items() if value or key not in _ONLY_WITH_CONTENT}


@dataclass(frozen=True)
class Verdict:
    """The results for a set; ``manifest_sha256`` ties them to exactly the set that was verified."""

    set_id: str
    manifest_sha256: str
    results: dict[str, LevelResult] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True when at least one level was verified and no failure is open."""
        return bool(self.results) and all(result.passed for result in self.results.values())

    @property
    def level(self) -> str | None:
        """The highest level that the set passed."""
        return next((level for level in reversed(LEVELS) if level in self.results and self.results[level].passed), None)

    @property
    def time(self) -> str | None:
        """When it was last verified."""
        return max((result.time for result in self.results.values()), default=None)

    @property
    def recovery_seconds(self) -> float | None:
        """How long the last rehearsal took to bring the data back."""
        return self.results[REHEARSE].recovery_seconds if REHEARSE in self.results else None

    def extended(self, level: str, result: LevelResult) -> Verdict:
        """The verdict after one more verification.

        A level that passed counts for those that it includes. A failure stays open until its level, or one that
        includes it, has passed: a good checksum does not outweigh a rehearsal that missed a table.
        """
        results = {**self.results, level: result}
        if result.passed:
            for lower in LEVELS[: LEVELS.index(level)]:
                results.pop(lower, None)
        return Verdict(self.set_id, self.manifest_sha256, results)

    def to_dict(self) -> dict[str, Any]:
        """The verdict as data; ``passed`` and ``level`` are included for simple readers."""
        return {
            "format": FORMAT,
            "set_id": self.set_id,
            "manifest_sha256": self.manifest_sha256,
            "passed": self.passed,
            "level": self.level,
            "time": self.time,
            "recovery_seconds": self.recovery_seconds,
            "results": {level: result.to_dict() for level, result in self.results.items()},
        }


def read_verdict(path: str) -> Verdict | None:
    """The verdict in a file; None when there is none, or its format is not supported by this version."""
    try:
        with open(path, encoding="utf-8") as stream:
            data = json.load(stream)
        if data["format"] != FORMAT:
            return None
        results = {level: _result(data["results"][level]) for level in LEVELS if level in data["results"]}
        return Verdict(str(data["set_id"]), str(data["manifest_sha256"]), results)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _result(data: dict[str, Any]) -> LevelResult:
    """A level's result; a later version may write further fields."""
    return LevelResult(**{key: value for key, value in data.items() if key in _FIELDS})


def write_verdict(path: str, verdict: Verdict) -> None:
    """Write a verdict atomically: readers see the old one or the new one."""
    write_atomically(path, to_json(verdict.to_dict()))
