# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifying backup sets: level by level, side by side where that is quicker. Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import image as verify_image
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import rehearsal
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import space as verify_space
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.rehearsal import Outcome, Source
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.workshop import Workshop
from ansible_collections.maxops.ops.plugins.module_utils.storage import checksum
from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import Findings, worst_in_words
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import OldDump
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import Source as FileSource
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import (
    CHECKSUM,
    DECODE,
    LEVELS,
    REHEARSE,
    LevelResult,
    Verdict,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import HelperSpec, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import session
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, WARNING
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part, Progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.version import VERSION
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import each

from . import decode
from .options import VerifyOptions, rehearsal_folder
from .plan import choose

PASSED, FAILED, UNKNOWN = "passed", "failed", "not verified"


@dataclass
class _Case:
    """One set or dump, and how far its verification came; ``problem`` is why it could not be verified."""

    subject: Subject
    kept: KeptSet | None = None
    dump: OldDump | None = None
    source: FileSource | None = None
    level: str | None = None
    outcome: Outcome | None = None
    problem: str | None = None

    @property
    def state(self) -> str:
        """Whether it passed the level that it was to reach."""
        if not self.subject.findings.passed:
            return FAILED
        return UNKNOWN if self.problem else PASSED

    @property
    def open(self) -> bool:
        """True while a higher level makes sense."""
        return self.state == PASSED


def verify(options: VerifyOptions, check_mode: bool = False) -> dict[str, Any]:
    """Verify sets, and keep beside each what was found. In check mode nothing is written and nothing is rehearsed."""
    return _Verification(options, check_mode).run()


class _Verification:
    def __init__(self, options: VerifyOptions, check_mode: bool) -> None:
        self.options = options
        self.check_mode = check_mode
        self.repository = Repository(options.repository)
        self.cases: list[_Case] = []
        self.remarks: list[str] = []
        self._stack: Stack | None = None

    def run(self) -> dict[str, Any]:
        """All levels for all sets, and the result."""
        started = time.monotonic()
        chosen = choose(self.repository, self.options)
        with ExitStack() as held, Progress(self.options.progress_file, f"verify {self.options.level}") as progress:
            for kept in chosen.sets:
                held.enter_context(self.repository.holding(kept.set_id))
            findings = self.options.findings
            self.cases = [_Case(Subject(k.set_id, k.path, findings=Findings(findings)), kept=k) for k in chosen.sets]
            self.cases += [_Case(Subject(d.set_id, d.path, findings=Findings(findings)), dump=d) for d in chosen.dumps]
            self._checksum(progress)
            if self.options.level == DECODE:
                self._decode(progress)
            elif self.options.level == REHEARSE:
                # It reads everything by bringing it back, so nothing is decoded a second time for it.
                self._rehearse(progress)
            changes = [self._record(case) for case in self.cases]
        return self._result(changes, time.monotonic() - started)

    # -- levels -------------------------------------------------------------------------------------------------

    def _checksum(self, progress: Progress) -> None:
        cancellation = Cancellation()
        sets = [case for case in self.cases if case.kept]
        meters = {case.subject.set_id: progress.part(f"checksums of {case.subject.set_id}") for case in sets}
        checksum.check([case.subject for case in sets], self.options.jobs, cancellation, meters)
        for case in sets:
            case.level = CHECKSUM
        dumps = [
            (case, case.dump, progress.part(f"dump {case.subject.set_id}"), cancellation)
            for case in self.cases
            if case.dump
        ]
        each(dumps, lambda work: self._read_dump(*work), self.options.jobs, cancellation)

    def _read_dump(self, case: _Case, dump: OldDump, meter: Part, cancellation: Cancellation) -> None:
        case.source = decode.check_legacy_dump(case.subject, dump, cancellation, meter)
        case.level = DECODE

    def _decode(self, progress: Progress) -> None:
        for case in [case for case in self.cases if case.kept and case.open]:
            self._try(case, lambda case=case: self._decode_one(case, progress))

    def _decode_one(self, case: _Case, progress: Progress) -> None:
        meter = progress.part(f"contents of {case.subject.set_id}", case.kept.size if case.kept else 0)
        decode.check(case.subject, self._lister(case), self.options.jobs, Cancellation(), meter)
        case.level = DECODE

    def _lister(self, case: _Case) -> decode.Lister | None:
        """How to run a program of the image that made the set; None where there is no need, or no image."""
        if not case.subject.parts("database"):
            return None
        try:
            stack = self.stack
            image = verify_image.find(stack, case.subject.manifest, self.options.access.database_service)
        except Cancelled:
            raise
        except MaxopsError as error:
            case.subject.warning(DECODE, "lists of the dumps", f"were not read: {error}", "the list of each dump")
            return None

        def run(argv: Sequence[str], binds: Sequence[tuple[str, str, bool]], cancellation: Cancellation) -> Any:
            spec = HelperSpec(image.id, argv, f"verify:{self.repository.path}", binds=binds, cpu_shares=256)
            return stack.run_helper(spec, cancellation)

        return run

    def _rehearse(self, progress: Progress) -> None:
        cases = [case for case in self.cases if case.open]
        if not cases:
            return
        folder = rehearsal_folder(self.options)
        workshop = Workshop(
            folder,
            self.stack,
            self.options.jobs,
            self.options.rehearsal_budget,
            self.options.cross_check,
        )
        if self.check_mode:
            for case in cases:
                self._try(case, lambda case=case: self._preview(case, workshop))
            return
        with workshop.opened() as swept:
            self.remarks += [f"{name} of a rehearsal that was killed was removed" for name in swept]
            for case in cases:
                self._try(case, lambda case=case: self._rehearse_one(case, workshop, progress))

    def _try(self, case: _Case, step: Any) -> None:
        try:
            step()
        except Cancelled:
            raise
        except MaxopsError as error:
            case.problem = str(error)
        except OSError as error:
            case.problem = f"{error.filename}: {error.strerror}; see that the disk has room and can be written"

    def _preview(self, case: _Case, workshop: Workshop) -> None:
        source = self._source(case)
        parts = [*source.databases, *case.subject.parts("volume")]
        space = verify_space.plan(workshop.folder, parts, workshop.budget)
        self.remarks.append(
            f"{case.subject.set_id} would be rehearsed in image {source.image.name}; it needs about "
            f"{human_size(space.need)} in {workshop.folder}, where {human_size(space.free)} are free"
        )

    def _rehearse_one(self, case: _Case, workshop: Workshop, progress: Progress) -> None:
        source = self._source(case)
        case.outcome = rehearsal.rehearse(workshop, case.subject, source, Cancellation(), progress)
        case.level = REHEARSE

    def _source(self, case: _Case) -> Source:
        service = self.options.access.database_service
        image = verify_image.find(self.stack, case.subject.manifest, service)
        if case.source is not None:
            part, roles = self._like_the_running(case.source.databases[0])
            return Source(image, [part], case.source.file, roles)
        if not image.same:
            made = ((case.subject.manifest or {}).get("services") or {}).get(service, {}).get("image", "unknown")
            fix = f"For a drill that counts, bring the set's image along: docker pull {made}"
            found = f"rehearsed in {image.name} ({image.id}), because its own image is not on this host"
            case.subject.warning(REHEARSE, "image", found, f"the image that made the set ({made})", fix)
        return Source(image, case.subject.parts("database"))

    def _like_the_running(self, part: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """A database as the running server has it, for a dump that does not tell, and the roles that the dump needs."""
        default = {"owner": "maxops", "encoding": "UTF8", "collate": "C", "ctype": "C", **part}
        try:
            server = self.options.access.server(self.stack)
            _version, databases = session.list_databases(server)
            roles = session.list_roles(server)
        except Cancelled:
            raise
        except MaxopsError:
            return default, []
        for facts in databases:
            if facts.name == part["name"]:
                known = {"owner": facts.owner, "encoding": facts.encoding}
                return {**default, **known, "collate": facts.collate, "ctype": facts.ctype}, roles
        return {**default, "owner": server.user}, roles

    @property
    def stack(self) -> Stack:
        """The Docker daemon of this host, whether the stack itself is there or not."""
        if self._stack is None:
            self._stack = self.options.access.connect(required=False)
        return self._stack

    # -- results ------------------------------------------------------------------------------------------------

    def _record(self, case: _Case) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Keep the verdict beside the set; gives what was known before and after."""
        if not case.kept or case.level is None or case.kept.manifest is None:
            return None, None
        found = case.subject.findings
        result = LevelResult(
            passed=found.passed,
            time=timestamp(utc_now()),
            seconds=round(sum(case.subject.steps.get(level, 0.0) for level in LEVELS), 3),
            errors=found.count(CRITICAL),
            warnings=found.count(WARNING),
            recovery_seconds=case.outcome.recovery_seconds if case.outcome else None,
            versions=self._versions(case),
        )
        before = self.repository.verdict(case.kept)
        known = before or Verdict(case.kept.set_id, case.kept.manifest["sha256"])
        after = known.extended(case.level, result)
        if not self.check_mode:
            try:
                self.repository.record(after)
            except OSError as error:
                self.remarks.append(f"the verdict of {case.kept.set_id} could not be kept: {error.strerror}")
        return before.to_dict() if before else None, after.to_dict()

    def _versions(self, case: _Case) -> dict[str, str]:
        versions = {"maxops.ops": VERSION}
        if case.outcome:
            versions.update({"postgresql": case.outcome.postgresql, "image": case.outcome.image})
        return versions

    def _result(self, changes: Sequence[tuple[Any, Any]], seconds: float) -> dict[str, Any]:
        passed = all(case.state == PASSED for case in self.cases)
        return {
            "changed": any(_opinion(before) != _opinion(after) for before, after in changes),
            "passed": passed,
            "message": "" if passed else self._message(),
            "level": self.options.level,
            "repository": self.repository.path,
            "sets": [_set_result(case, after) for case, (_before, after) in zip(self.cases, changes)],
            "findings": [
                {"set_id": case.subject.set_id, **finding.to_dict()}
                for case in self.cases
                for finding in case.subject.findings.all()
            ],
            "remarks": self.remarks,
            "duration": round(seconds, 3),
            "verdicts": {
                case.subject.set_id: {"before": _opinion(before), "after": _opinion(after)}
                for case, (before, after) in zip(self.cases, changes)
            },
        }

    def _message(self) -> str:
        bad = [case for case in self.cases if case.state != PASSED]
        told = []
        for case in bad:
            if case.state == FAILED:
                told.append(f"set {case.subject.set_id} is bad: {worst_in_words(case.subject.findings.all())}")
            else:
                told.append(f"set {case.subject.set_id} could not be verified: {case.problem}")
        head = f"{len(bad)} of {len(self.cases)} sets did not pass: " if len(self.cases) > 1 else ""
        return head + " | ".join(told)


def _opinion(verdict: dict[str, Any] | None) -> dict[str, Any] | None:
    """What matters of a verdict: not when it was given."""
    return {"passed": verdict["passed"], "level": verdict["level"]} if verdict else None


def _set_result(case: _Case, verdict: dict[str, Any] | None) -> dict[str, Any]:
    findings = case.subject.findings
    manifest = case.subject.manifest or {}
    rows = case.outcome.rows if case.outcome else {}
    return {
        "set_id": case.subject.set_id,
        "path": case.subject.path,
        "kind": "set" if case.kept else "dump",
        "state": case.state,
        "level": case.level,
        "problem": case.problem,
        "counts": findings.counts(),
        "bytes": sum(entry["size"] for entry in manifest["files"]) if manifest else _size(case),
        "files": len(manifest["files"]) if manifest else 1,
        "steps": case.subject.steps,
        "recovery_seconds": case.outcome.recovery_seconds if case.outcome else None,
        "rehearsal": case.outcome.to_dict() if case.outcome else None,
        "rows": {name: sum(tables.values()) for name, tables in rows.items()},
        "verdict": verdict,
    }


def _size(case: _Case) -> int:
    return case.dump.size if case.dump else 0
