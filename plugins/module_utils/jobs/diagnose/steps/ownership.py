# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders and files inside a volume that its service cannot use, although they are among its own.

A folder is the service's own where it belongs to the service's user. What stands beside those, such as /data/ssh of
Gitea's image, belongs to root on purpose.
"""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from .identities import Identity

FILE_DEPTH = 3
"""Levels of folders whose files are looked at as well: there are configuration files, and few of others."""
_NOT_OF_SERVICES = frozenset(("lost+found", ".snapshot"))
_REPOSITORY = re.compile(r"\.git(?:/|$)")
_OBJECTS = re.compile(r"/objects/[0-9a-f]{2}$")
"""Folders of a repository that hold only objects, 256 of them in each."""


@dataclass(frozen=True)
class Foreign:
    """A folder or file that no process of the service can use; ``readable`` where they may at least read it."""

    path: str
    facts: os.stat_result
    readable: bool

    @property
    def in_repository(self) -> bool:
        """Whether it is in a Git repository, where each push writes."""
        return _REPOSITORY.search(self.path) is not None


@dataclass
class Look:
    """What was found in a volume: ``folders`` were looked at; ``complete`` is false where the time was too short."""

    foreign: list[Foreign]
    folders: int = 0
    complete: bool = True


def has_own(folder: str, workers: Sequence[Identity]) -> bool:
    """Whether something directly in a folder belongs to one of the service's users."""
    users = {worker.user for worker in workers}
    with suppress(OSError):
        return any(facts.st_uid in users for _entry, facts in _entries(folder))
    return False


def look_below(folder: str, workers: Sequence[Identity], until: float) -> Look:
    """What a service cannot use below the root of its volume, the upper levels first, until a monotonic moment."""
    look = Look([])
    users = {worker.user for worker in workers}
    queue = deque([(folder, 1)])
    while queue:
        if time.monotonic() > until:
            look.complete = False
            return look
        path, depth = queue.popleft()
        with suppress(OSError):  # removed meanwhile
            own = os.lstat(path).st_uid in users
            look.folders += 1
            for entry, facts in _entries(path, files=depth <= FILE_DEPTH):
                is_folder = entry.is_dir(follow_symlinks=False)
                if own and _is_foreign(facts, is_folder, workers):
                    readable = any(worker.may_read(facts) for worker in workers)
                    look.foreign.append(Foreign(entry.path, facts, readable))
                elif is_folder and (own or facts.st_uid in users) and not _OBJECTS.search(entry.path):
                    queue.append((entry.path, depth + 1))
    return look


def _is_foreign(facts: os.stat_result, is_folder: bool, workers: Sequence[Identity]) -> bool:
    may = Identity.may_use if is_folder else Identity.may_read
    return not any(may(worker, facts) for worker in workers)


def _entries(folder: str, files: bool = True) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """Folders and, where wanted, regular files directly in a folder, with their facts; no symbolic links."""
    with os.scandir(folder) as entries:
        for entry in entries:
            wanted = entry.is_dir(follow_symlinks=False) or (files and entry.is_file(follow_symlinks=False))
            if wanted and entry.name not in _NOT_OF_SERVICES:
                with suppress(OSError):
                    yield entry, entry.stat(follow_symlinks=False)
