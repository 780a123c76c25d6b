# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The local repository: backup sets in a folder of the host.

Promise: a folder in ``sets/`` is complete. One rename puts it there, after every file, folder and the manifest is on
the disk; one rename takes it out before the first of its files is removed. ``staging/`` only holds unfinished sets and
leftovers, which the next job removes.
"""

from __future__ import annotations

import datetime
import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import (
    fsync_path,
    list_files,
    nearest_existing,
    remove_tree,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock

from .. import backup_set
from ..coverage import content_of, parts_of, retired
from ..origin import Origin, Ownership, host_of
from ..retention import Candidate, Policy, reasons_to_keep
from ..verdict import Verdict, read_verdict, write_verdict
from .interface import KeptSet


class Repository:
    """A local repository of backup sets."""

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self.sets_path = os.path.join(self.path, "sets")
        self.staging_path = os.path.join(self.path, "staging")

    def check_usable(self) -> None:
        """Raise MaxopsError, before anything is touched, when this process cannot write to the repository."""
        folder = nearest_existing(self.path)
        if not os.path.isdir(folder):
            raise MaxopsError(
                f"repository {self.path} cannot be used: {folder} is not a folder; name another repository"
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise MaxopsError(
                f"repository {self.path} cannot be written by this user ({folder}): run as root (become: true)"
            )

    def remarks(self) -> list[str]:
        """What an operator should know about the file system of the repository; changes nothing."""
        folders = {nearest_existing(path) for path in (self.path, self.sets_path, self.staging_path)}
        if all(fsync_path(folder) for folder in sorted(folders)):
            return []
        return [
            (
                f"the file system of repository {self.path} cannot write the names in a folder to the disk on request "
                "(fsync): a power cut soon after a backup may lose the set; keep the repository on a local disk"
            )
        ]

    def check_readable(self) -> None:
        """Raise MaxopsError when there is a repository whose sets this process may not read."""
        for folder in (nearest_existing(self.path), self.sets_path):
            if os.path.isdir(folder) and not os.access(folder, os.R_OK | os.X_OK):
                raise MaxopsError(
                    f"repository {self.path} cannot be read by this user ({folder}): run as root (become: true)"
                )

    @contextmanager
    def locked(self, purpose: str) -> Iterator[None]:
        """Create missing folders, and hold the repository's lock for the block."""
        try:
            for folder in (self.path, self.sets_path, self.staging_path):
                if not os.path.isdir(folder):
                    os.makedirs(folder, mode=0o700, exist_ok=True)
                    fsync_path(os.path.dirname(folder))
            # The folder itself may exist and be shared: only these two below it are private.
            for folder in (self.sets_path, self.staging_path):
                os.chmod(folder, 0o700)
        except OSError as error:
            raise MaxopsError(
                f"repository {self.path} cannot be created: {error.strerror}; name a folder that can be written"
            ) from error
        with exclusive_lock(os.path.join(self.path, "lock"), f"repository {self.path}", purpose):
            yield

    def clean_staging(self) -> tuple[list[str], list[str]]:
        """Remove leftovers of killed jobs from staging; only for the holder of the lock.

        Returns their names, and remarks on those that cannot be removed: these stop no job, and the next one tries
        again.
        """
        removed: list[str] = []
        remarks: list[str] = []
        for name in sorted(os.listdir(self.staging_path)):
            path = os.path.join(self.staging_path, name)
            try:
                remove_tree(path)
                removed.append(name)
            except OSError as error:
                remarks.append(
                    f"leftover {path} of an earlier job cannot be removed ({error.strerror}: {error.filename}); "
                    "remove it by hand: the next backup tries again"
                )
        return removed, remarks

    def leftover_bytes(self) -> int:
        """Bytes on the disk that :meth:`clean_staging` would free."""
        total = 0
        for name in list_files(self.staging_path):
            with suppress(FileNotFoundError):  # of a job that is running right now
                total += os.lstat(os.path.join(self.staging_path, name)).st_blocks * 512
        return total

    def free_id(self, moment: datetime.datetime) -> str:
        """The id for a set that starts at a moment; a second later for every id that is taken."""
        folders = (self.sets_path, self.staging_path)
        while any(os.path.lexists(os.path.join(folder, backup_set.new_id(moment))) for folder in folders):
            moment += datetime.timedelta(seconds=1)
        return backup_set.new_id(moment)

    def begin(self, moment: datetime.datetime) -> tuple[str, backup_set.Layout]:
        """A free set id at or after ``moment``, and its empty staging folder (mode 0700)."""
        set_id = self.free_id(moment)
        layout = backup_set.Layout(os.path.join(self.staging_path, set_id))
        try:
            for folder in (layout.path, layout.databases, layout.volumes, layout.config):
                os.mkdir(folder, mode=0o700)
        except OSError as error:
            raise MaxopsError(
                f"repository {self.path} cannot take a new set: {error.strerror}; "
                "free some space if its disk is full, or name another repository"
            ) from error
        return set_id, layout

    def publish(self, set_id: str) -> str:
        """Move a finished set from staging to ``sets/``; returns its path. Its files are on the disk already."""
        staged, final = os.path.join(self.staging_path, set_id), os.path.join(self.sets_path, set_id)
        fsync_path(staged)
        os.rename(staged, final)
        fsync_path(self.sets_path)
        fsync_path(self.staging_path)
        return final

    def sets(self) -> list[KeptSet]:
        """All sets, the oldest first."""
        if not os.path.isdir(self.sets_path):
            return []
        return [
            self._read(name) for name in sorted(os.listdir(self.sets_path)) if backup_set.ID_PATTERN.fullmatch(name)
        ]

    def has(self, set_id: str) -> bool:
        """True when there is a set, complete or not, with this id."""
        return os.path.lexists(os.path.join(self.sets_path, set_id))

    def _read(self, set_id: str) -> KeptSet:
        path = os.path.join(self.sets_path, set_id)
        try:
            return KeptSet(set_id, path, backup_set.read_manifest(os.path.join(path, backup_set.MANIFEST)))
        except MaxopsError as error:
            return KeptSet(set_id, path, None, str(error))

    def verdict(self, kept: KeptSet) -> Verdict | None:
        """The verdict on exactly this set, or None."""
        verdict = read_verdict(self._verification_path(kept.set_id))
        if verdict is None or kept.manifest is None:
            return verdict
        return verdict if verdict.manifest_sha256 == kept.manifest.get("sha256") else None

    def is_verified(self, kept: KeptSet) -> bool:
        """True when this set was verified and no failure is open."""
        verdict = self.verdict(kept)
        return kept.manifest is not None and verdict is not None and verdict.passed

    def record(self, verdict: Verdict) -> None:
        """Keep a verdict beside its set; only while the set is held."""
        write_verdict(self._verification_path(verdict.set_id), verdict)

    def _verification_path(self, set_id: str) -> str:
        return os.path.join(self.sets_path, f"{set_id}.verified.json")

    @contextmanager
    def holding(self, set_id: str) -> Iterator[None]:
        """Keep a set from being removed while the block reads it; others may hold it, and back up, at the same time.

        The kernel ends the hold with this process. A folder without a manifest is not held: no rule ever removes it.
        """
        path = self._hold_path(set_id)
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            yield
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if not os.path.exists(path):
                raise MaxopsError(f"set {set_id} was just removed from {self.path}: retention had no reason to keep it")
            yield
        finally:
            os.close(descriptor)

    def _hold_path(self, set_id: str) -> str:
        return os.path.join(self.sets_path, set_id, backup_set.MANIFEST)

    def of(self, origin: Origin) -> Ownership:
        """The complete sets of a stack: those of its own host, and those of other hosts."""
        return origin.split(self.sets())

    def reasons_to_keep(
        self, origin: Origin, policy: Policy, latest: str | None = None, planned: Mapping[str, Any] | None = None
    ) -> dict[str, list[str]]:
        """The reasons to keep the complete sets of one stack on one host; sets of others are not among them.

        ``latest`` is the set just made, or with its manifest ``planned`` the one that a dry run would make. It is kept,
        even where a wrong clock gave other sets a later date.
        """
        ownership = self.of(origin)
        own = list(ownership.own)
        if planned is not None:
            own.append(KeptSet(latest or "", "", dict(planned)))
        own.sort(key=lambda kept: kept.set_id)
        candidates = [self._candidate(kept) for kept in own]
        reasons = reasons_to_keep(candidates, policy, retired(own))
        for kept in ownership.own:
            if not reasons[kept.set_id] and ownership.is_former(kept):
                reasons[kept.set_id].append(f"made when this host was called {host_of(kept)}")
        if latest and not reasons.setdefault(latest, []):
            reasons[latest].append("just made")
        return reasons

    def _candidate(self, kept: KeptSet) -> Candidate:
        filled = content_of(kept.manifest)
        return Candidate(
            kept.set_id,
            backup_set.moment_of(kept.set_id),
            self.is_verified(kept),
            frozenset(filled),
            frozenset(set(parts_of(kept.manifest)) - filled),
        )

    def remove(self, set_id: str) -> bool:
        """Remove a set: first move it out of ``sets/``, then delete its files. False when another job holds it.

        Raises OSError for what cannot be removed: the set is still there then, or a leftover of it in staging.
        """
        trash = os.path.join(self.staging_path, f"removed-{set_id}")
        # Network file systems give an exclusive lock only on a file that is open for writing.
        descriptor = os.open(self._hold_path(set_id), os.O_RDWR)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            os.rename(os.path.join(self.sets_path, set_id), trash)
        finally:
            os.close(descriptor)
        fsync_path(self.sets_path)
        remove_tree(self._verification_path(set_id))
        remove_tree(trash)
        return True
