# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of each set's verification, its verdict, and the module's result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.values import Outcome
from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import (
    ACCEPTED,
    SET,
    UNCLEAR,
    Findings,
    worst_in_words,
)
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import LegacyDump
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LEVELS, LevelResult, Verdict
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, WARNING
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.version import VERSION

PASSED, FAILED, NOT_VERIFIED = "passed", "failed", "not verified"


@dataclass
class CheckedSet:
    """One set or legacy dump and the level that it reached; ``problem`` is why it could not be verified."""

    subject: Subject
    kept: KeptSet | None = None
    dump: LegacyDump | None = None
    source: RestoreSource | None = None
    level: str | None = None
    outcome: Outcome | None = None
    problem: str | None = None

    @property
    def state(self) -> str:
        """Whether it passed the requested level: PASSED, FAILED or NOT_VERIFIED."""
        if not self.subject.findings.passed:
            return FAILED
        return NOT_VERIFIED if self.problem else PASSED

    @property
    def open(self) -> bool:
        """True while a higher level makes sense."""
        return self.state == PASSED


@dataclass(frozen=True)
class Change:
    """A set's verdict before and after, as data; None where there is none."""

    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None

    @property
    def news(self) -> bool:
        """True when the verdict has changed in more than its time."""
        return _judgement(self.before) != _judgement(self.after)


def extended(checked: CheckedSet, before: Verdict | None) -> Verdict | None:
    """The verdict after this verification; None for a legacy dump, an unread set or a bad manifest."""
    if not checked.kept or checked.level is None or checked.kept.manifest is None:
        return None
    findings = checked.subject.findings
    result = LevelResult(
        passed=findings.passed,
        time=timestamp(utc_now()),
        seconds=round(sum(checked.subject.steps.get(level, 0.0) for level in LEVELS), 3),
        errors=findings.count(CRITICAL),
        warnings=findings.count(WARNING),
        recovery_seconds=checked.outcome.recovery_seconds if checked.outcome else None,
        versions=_versions(checked),
        causes=findings.causes(),
        accepted=_accepted(checked),
        not_covered=list(checked.outcome.not_covered) if checked.outcome else [],
    )
    previous = before or Verdict(checked.kept.set_id, checked.kept.manifest["sha256"])
    return previous.extended(checked.level, result)


def _accepted(checked: CheckedSet) -> list[dict[str, str]]:
    """The accepted findings, each with the operator's reason."""
    return [
        {"subject": finding.subject, "seen": finding.seen, "accepted": "".join(finding.evidence[-1:])}
        for finding in checked.subject.findings.all()
        if finding.cause == ACCEPTED
    ]


def _versions(checked: CheckedSet) -> dict[str, str]:
    versions = {"maxops.ops": VERSION}
    if checked.outcome:
        versions.update({"postgresql": checked.outcome.postgresql, "image": checked.outcome.image})
    return versions


def result_of(
    level: str,
    repository: str,
    checked: Sequence[CheckedSet],
    changes: Sequence[Change],
    remarks: Sequence[str],
    seconds: float,
) -> dict[str, Any]:
    """The module's result; ``changes`` are the changes of the verdicts, in the order of the sets."""
    passed = all(entry.state == PASSED for entry in checked)
    return {
        "changed": any(change.news for change in changes),
        "passed": passed,
        "message": "" if passed else _message(checked),
        "level": level,
        "repository": repository,
        "sets": [_set_result(entry, change.after) for entry, change in zip(checked, changes)],
        "findings": [
            {"set_id": entry.subject.set_id, **finding.to_dict(), "cause": finding.cause}
            for entry in checked
            for finding in entry.subject.findings.all()
        ],
        "remarks": list(remarks),
        "duration": round(seconds, 3),
        "verdicts": {
            entry.subject.set_id: {"before": _judgement(change.before), "after": _judgement(change.after)}
            for entry, change in zip(checked, changes)
        },
    }


def _message(checked: Sequence[CheckedSet]) -> str:
    bad = [entry for entry in checked if entry.state != PASSED]
    sentences = []
    for entry in bad:
        if entry.state == FAILED:
            sentences.append(f"set {entry.subject.set_id} {_judged(entry.subject.findings)}")
        else:
            sentences.append(f"set {entry.subject.set_id} could not be verified: {entry.problem}")
    head = f"{len(bad)} of {len(checked)} sets did not pass: " if len(checked) > 1 else ""
    return head + " | ".join(sentences)


def _judged(findings: Findings) -> str:
    """Whose fault the critical findings are, and the worst of them; a set is bad only for a fault of its own."""
    if findings.count(CRITICAL, SET):
        head = "is bad"
    elif findings.count(CRITICAL, UNCLEAR):
        head = "did not pass, and whether the set or the running application is at fault could not be seen"
    else:
        head = "did not pass, because the running application has the same faults"
    own_first = sorted(findings.all(), key=lambda finding: finding.cause != SET)
    return f"{head}: {worst_in_words(own_first)}"


def _judgement(verdict: dict[str, Any] | None) -> dict[str, Any] | None:
    """A verdict without its time."""
    return {"passed": verdict["passed"], "level": verdict["level"]} if verdict else None


def _set_result(checked: CheckedSet, verdict: dict[str, Any] | None) -> dict[str, Any]:
    manifest = checked.subject.manifest or {}
    rows = checked.outcome.rows if checked.outcome else {}
    return {
        "set_id": checked.subject.set_id,
        "path": checked.subject.path,
        "kind": "set" if checked.kept else "dump",
        "state": checked.state,
        "level": checked.level,
        "problem": checked.problem,
        "counts": checked.subject.findings.counts(),
        "causes": checked.subject.findings.causes(),
        "not_covered": list(checked.outcome.not_covered) if checked.outcome else [],
        "not_compared": list(checked.outcome.not_compared) if checked.outcome else [],
        "bytes": sum(entry["size"] for entry in manifest["files"]) if manifest else _size(checked),
        "files": len(manifest["files"]) if manifest else 1,
        "steps": checked.subject.steps,
        "recovery_seconds": checked.outcome.recovery_seconds if checked.outcome else None,
        "rehearsal": checked.outcome.to_dict() if checked.outcome else None,
        "rows": {name: sum(tables.values()) for name, tables in rows.items()},
        "verdict": verdict,
    }


def _size(checked: CheckedSet) -> int:
    return checked.dump.size if checked.dump else 0
