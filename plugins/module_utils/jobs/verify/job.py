# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifies backup sets level by level, in parallel where that is faster."""

from __future__ import annotations

import time
from contextlib import ExitStack
from functools import partial
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal import space
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.area import RehearsalArea
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.live import look
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.rehearsal import rehearse
from ansible_collections.maxops.ops.plugins.module_utils.storage import checksum
from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import archived_parts
from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import Findings
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import LegacyDump
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import CHECKSUM, DECODE, REHEARSE
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.installation import refuse_unusual
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part, Progress
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import for_each

from . import decode
from .options import VerifyOptions, rehearsal_folder
from .plan import choose
from .result import Change, CheckedSet, extended, result_of
from .source import lister_of, source_of


def verify(options: VerifyOptions, check_mode: bool = False) -> dict[str, Any]:
    """Verify sets, and record the verdict of each. In check mode nothing is written and nothing is rehearsed."""
    return Verification(options, check_mode).run()


class Verification:
    """One run over the chosen sets and legacy dumps."""

    def __init__(self, options: VerifyOptions, check_mode: bool) -> None:
        self.options = options
        self.check_mode = check_mode
        self.repository = Repository(options.repository)
        self.checked: list[CheckedSet] = []
        self.remarks: list[str] = []
        self._stack: Stack | None = None

    def run(self) -> dict[str, Any]:
        """All levels for all sets, and the result."""
        started = time.monotonic()
        chosen = choose(self.repository, self.options)
        self.remarks += chosen.remarks
        with ExitStack() as holds, Progress(self.options.progress_file, f"verify {self.options.level}") as progress:
            for kept in chosen.sets:
                holds.enter_context(self.repository.holding(kept.set_id))
            self.checked = [CheckedSet(self._subject(kept.set_id, kept.path), kept=kept) for kept in chosen.sets]
            self.checked += [CheckedSet(self._subject(dump.set_id, dump.path), dump=dump) for dump in chosen.dumps]
            self._checksum(progress)
            if self.options.level == DECODE:
                self._decode(progress)
            elif self.options.level == REHEARSE:
                # A rehearsal reads everything anyway, so nothing is decoded first.
                self._rehearse(progress)
            self.remarks += self._unused_acceptances()
            changes = [self._record(checked) for checked in self.checked]
        seconds = time.monotonic() - started
        return result_of(self.options.level, self.repository.path, self.checked, changes, self.remarks, seconds)

    def _subject(self, set_id: str, path: str) -> Subject:
        return Subject(set_id, path, findings=Findings(self.options.findings, self.options.accept))

    # -- levels -------------------------------------------------------------------------------------------------

    def _checksum(self, progress: Progress) -> None:
        cancellation = Cancellation()
        sets = [checked for checked in self.checked if checked.kept]
        set_ids = [checked.subject.set_id for checked in sets]
        meters = {set_id: progress.part(f"checksums of {set_id}") for set_id in set_ids}
        checksum.check([checked.subject for checked in sets], self.options.jobs, cancellation, meters)
        for checked in sets:
            checked.level = CHECKSUM
        dumps = [
            (checked, checked.dump, progress.part(f"dump {checked.subject.set_id}"), cancellation)
            for checked in self.checked
            if checked.dump
        ]
        for_each(dumps, lambda work: _read_dump(*work), self.options.jobs, cancellation)

    def _decode(self, progress: Progress) -> None:
        for checked in self.checked:
            if checked.kept and checked.open:
                _try(checked, partial(self._decode_one, checked, progress))

    def _decode_one(self, checked: CheckedSet, progress: Progress) -> None:
        meter = progress.part(f"contents of {checked.subject.set_id}", checked.kept.size if checked.kept else 0)
        lister = lister_of(checked, lambda: self.stack, self.options)
        decode.check(checked.subject, lister, self.options.jobs, Cancellation(), meter)
        checked.level = DECODE

    def _rehearse(self, progress: Progress) -> None:
        candidates = [checked for checked in self.checked if checked.open]
        if not candidates:
            return
        refuse_unusual(self.stack, "a rehearsal")
        folder = rehearsal_folder(self.options)
        area = RehearsalArea(folder, self.stack, self.options.jobs, self.options.rehearsal_budget)
        if self.check_mode:
            for checked in candidates:
                _try(checked, partial(self._preview, checked, area))
            return
        with area.opened() as removed:
            self.remarks += [f"{name} was removed, left by a killed rehearsal" for name in removed]
            for checked in candidates:
                _try(checked, partial(self._rehearse_one, checked, area, progress))

    def _preview(self, checked: CheckedSet, area: RehearsalArea) -> None:
        source = source_of(checked, self.stack, self.options)
        needed = space.plan(area.folder, [*source.databases, *archived_parts(checked.subject.manifest)], area.budget)
        where = f"in image {source.image.name}" if source.image else "without a server, as it has no databases"
        self.remarks.append(
            f"{checked.subject.set_id} would be rehearsed {where}; it needs about "
            f"{human_size(needed.need)} in {area.folder}, where {human_size(needed.free)} are free"
        )

    def _rehearse_one(self, checked: CheckedSet, area: RehearsalArea, progress: Progress) -> None:
        source = source_of(checked, self.stack, self.options)
        live = look(self.options.access, self.stack, checked.subject.manifest or {})
        cross_check = self.options.cross_check
        checked.outcome = rehearse(area, checked.subject, source, Cancellation(), progress, cross_check, live)
        checked.level = REHEARSE

    def _unused_acceptances(self) -> list[str]:
        """A remark for each accepted finding that no rehearsed set has any more."""
        if not self.checked or any(checked.level != REHEARSE for checked in self.checked):
            return []
        used = {acceptance for checked in self.checked for acceptance in checked.subject.findings.seen}
        return [
            f'no finding matches "{acceptance.finding}" of the option accept ({acceptance.reason}): remove it'
            for acceptance in self.options.accept
            if acceptance not in used
        ]

    @property
    def stack(self) -> Stack:
        """The Docker daemon of this host; the stack itself need not exist."""
        if self._stack is None:
            self._stack = self.options.access.connect(required=False)
        return self._stack

    # -- the verdict --------------------------------------------------------------------------------------------

    def _record(self, checked: CheckedSet) -> Change:
        """Write the verdict beside the set."""
        before = self.repository.verdict(checked.kept) if checked.kept else None
        after = extended(checked, before)
        if after is None:
            return Change()
        if not self.check_mode:
            try:
                self.repository.record(after)
            except OSError as error:
                self.remarks.append(f"the verdict of {after.set_id} could not be written: {error.strerror}")
        return Change(before.to_dict() if before else None, after.to_dict())


def _read_dump(checked: CheckedSet, dump: LegacyDump, meter: Part, cancellation: Cancellation) -> None:
    checked.source = decode.check_legacy_dump(checked.subject, dump, cancellation, meter)
    checked.level = DECODE


def _try(checked: CheckedSet, step: Callable[[], None]) -> None:
    """Take one step with one set; a failure is recorded as its problem and does not stop the other sets."""
    try:
        step()
    except Cancelled:
        raise
    except MaxopsError as error:
        checked.problem = str(error)
    except OSError as error:
        checked.problem = f"{error.filename}: {error.strerror}; check that the disk has free space and is writable"
