# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The users that a service's processes run as, and what they may do with a file or folder."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from ..stack_view import StackView

ENTRIES = 200
"""Entries of a folder that are looked at to find its usual owner."""
_DAC_OVERRIDE = 1 << 1


@dataclass(frozen=True)
class Identity:
    """The user and groups of a process; ``ignores_permissions`` is true with CAP_DAC_OVERRIDE, as for root."""

    user: int
    groups: frozenset[int]
    ignores_permissions: bool = False

    @property
    def group(self) -> int:
        """The group that its files get."""
        return min(self.groups, default=self.user)

    def may_use(self, facts: os.stat_result) -> bool:
        """Whether it may list, enter and write a folder, or write a file."""
        return self._may(facts, 7 if stat.S_ISDIR(facts.st_mode) else 6)

    def may_read(self, facts: os.stat_result) -> bool:
        """Whether it may list and enter a folder, or read a file."""
        return self._may(facts, 5 if stat.S_ISDIR(facts.st_mode) else 4)

    def _may(self, facts: os.stat_result, wanted: int) -> bool:
        shift = 6 if facts.st_uid == self.user else 3 if facts.st_gid in self.groups else 0
        return self.ignores_permissions or (facts.st_mode >> shift) & wanted == wanted


def workers_of(view: StackView, inspection: Inspection, mount: Mount) -> list[Identity]:
    """The users that a service works as: those of its processes, or the expected one while it does not run.

    Root in a container is a supervisor or a helper, and is left out: the service itself runs as another user.
    """
    identities = list(identities_of(inspection.pid)) if inspection.pid else []
    if identities:
        return [identity for identity in identities if not identity.ignores_permissions]
    return _expected(view, inspection, mount)


def identities_of(pid: int) -> Iterator[Identity]:
    """The identities of a process and of all its descendants."""
    queue = [pid]
    while queue:
        process = queue.pop()
        with suppress(OSError):
            yield _identity_of(process)
            queue += _children(process)


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
        return [int(word) for word in stream.read().split()]


def _identity_of(pid: int) -> Identity:
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as stream:
        status = dict(line.rstrip("\n").partition(":")[::2] for line in stream)
    # Effective ids: the second of real, effective, saved and of the file system.
    user, group = int(status["Uid"].split()[1]), int(status["Gid"].split()[1])
    groups = frozenset((group, *(int(word) for word in status.get("Groups", "").split())))
    return Identity(user, groups, bool(int(status.get("CapEff", "0").strip(), 16) & _DAC_OVERRIDE))


def _expected(view: StackView, inspection: Inspection, mount: Mount) -> list[Identity]:
    """The user that a stopped service would run as: its container's user, else the owner of its files."""
    name, _colon, group = inspection.user.partition(":")
    if name and name not in ("0", "root"):
        user = int(name) if name.isdigit() else _number_of(view, inspection, name)
        if user is not None:
            return [Identity(user, frozenset({int(group)} if group.isdigit() else {user}))]
    owner = _owner_of_content(mount.source)
    return [Identity(owner[0], frozenset({owner[1]}))] if owner and owner[0] else []


def _number_of(view: StackView, inspection: Inspection, name: str) -> int | None:
    with suppress(MaxopsError, OSError, ValueError):
        rows = [line.split(":") for line in view.file_in(inspection, "/etc/passwd").splitlines()]
        return next((int(row[2]) for row in rows if row[0] == name and len(row) > 2), None)
    return None


def _owner_of_content(folder: str) -> tuple[int, int] | None:
    """The owner of most entries of a folder; None for an empty folder."""
    owners: Counter[tuple[int, int]] = Counter()
    with suppress(OSError):
        for name in os.listdir(folder)[:ENTRIES] if os.path.isdir(folder) else []:
            facts = os.lstat(os.path.join(folder, name))
            owners[facts.st_uid, facts.st_gid] += 1
    return owners.most_common(1)[0][0] if owners else None
