# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits how much a rehearsal may write: checked before it starts and watched while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import ARCHIVED
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import measure
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import free_bytes
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

RESERVE = 512 * 1000 * 1000
"""Free space that a rehearsal always leaves on its file system, in bytes."""

SERVER = 100 * 1000 * 1000
"""Size of an empty server, in bytes."""
LOG = 1100 * 1000 * 1000
"""Largest size of the server's write-ahead log while loading, in bytes (max_wal_size)."""
DATABASE_ALLOWANCE = 1.1
VOLUME_ALLOWANCE = 1.05

SLACK = 1.5
"""By default a rehearsal may write this many times the expected amount."""

INTERVAL = 0.25


@dataclass(frozen=True)
class Space:
    """Bytes that a rehearsal is expected to write, and that it may write."""

    need: int
    budget: int
    free: int


def plan(folder: str, parts: Sequence[dict[str, Any]], budget: int | None) -> Space:
    """Space for a rehearsal of these parts. Raises MaxopsError when it exceeds the budget or the free disk space."""
    databases = sum(part["source_bytes"] for part in parts if part["kind"] == "database")
    volumes = sum(part["source_bytes"] for part in parts if part["kind"] in ARCHIVED)
    need = int(SERVER + databases * DATABASE_ALLOWANCE + min(LOG, databases) + volumes * VOLUME_ALLOWANCE)
    space = Space(need, int(need * SLACK) if budget is None else budget, free_bytes(folder))
    if need > space.budget:
        raise MaxopsError(
            f"a rehearsal of this set needs about {human_size(need)}, and rehearsal_budget allows "
            f"{human_size(space.budget)}: raise it, or leave it out"
        )
    if need + RESERVE > space.free:
        raise MaxopsError(
            f"a rehearsal of this set needs about {human_size(need)} in {folder}, where {human_size(space.free)} are "
            f"free and {human_size(RESERVE)} must stay free: free up space, or name a folder on another disk in "
            "rehearsal_dir"
        )
    return space


@dataclass
class Usage:
    """The largest measured size in bytes, and why the work was stopped, if it was."""

    peak: int = 0
    stopped: str | None = None


@contextmanager
def watched(folder: str, space: Space, cancellation: Cancellation) -> Iterator[Usage]:
    """Stop the work of the block as soon as it exceeds its budget, or the disk runs out of space."""
    done, usage = threading.Event(), Usage()
    arguments = (folder, space, cancellation, done, usage)
    thread = threading.Thread(target=_watch, args=arguments, daemon=True, name="space")
    thread.start()
    try:
        yield usage
    finally:
        done.set()
        thread.join()


def _watch(folder: str, space: Space, cancellation: Cancellation, done: threading.Event, usage: Usage) -> None:
    measured, pause = 0.0, 0.0
    while not done.wait(INTERVAL):
        free = free_bytes(folder)
        if free < RESERVE // 2:
            usage.stopped = (
                f"the rehearsal was stopped because only {human_size(free)} are free in {folder}: free up space, or "
                "name a folder on another disk in rehearsal_dir; all its files were removed"
            )
            break
        started = time.monotonic()
        if started < measured + pause:
            continue
        used = 0
        with suppress(MaxopsError):  # the folder is being created or removed
            used = measure(folder)
        measured = time.monotonic()
        # Measuring many files takes long: it must stay a small part of the work.
        pause = 5 * (measured - started)
        usage.peak = max(usage.peak, used)
        if used > space.budget:
            usage.stopped = (
                f"the rehearsal was stopped because it had written {human_size(used)} into {folder}, more than its "
                f"budget of {human_size(space.budget)} ({human_size(space.need)} expected): raise rehearsal_budget "
                "if the disk has free space; all its files were removed"
            )
            break
    if usage.stopped:
        cancellation.cancel(usage.stopped)
