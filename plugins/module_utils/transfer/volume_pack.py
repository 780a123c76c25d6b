# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives volumes, which are read from their folder on the host."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    Cancellation,
    PipelineResult,
    Priority,
    Stage,
    run_pipeline,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

MAX_REMARKS = 50
"""Remarks of one archive that are kept in full; the rest is counted."""

# Exit code 1 of GNU tar: every file is in the archive, but some changed, shrank or vanished meanwhile.
TAR_CHANGED = 1


@dataclass(frozen=True)
class Compression:
    """A compressor program of the host: the suffix of its archives, and its command line."""

    name: str
    suffix: str
    argv: tuple[str, ...]


def compression(name: str, threads: int) -> Compression:
    """The compressor named ``zstd``, ``gzip`` or ``none``, with this number of threads where it supports them."""
    if name == "zstd":
        return Compression("zstd", ".tar.zst", ("zstd", "--quiet", "-3", f"-T{threads}", "--stdout"))
    if name == "gzip":
        return Compression("gzip", ".tar.gz", ("gzip", "-6", "--stdout"))
    return Compression("none", ".tar", ())


def bytes_read(pid: int) -> Callable[[], int]:
    """A function that returns the bytes that a process has read so far, as the kernel counts them."""
    path = f"/proc/{pid}/io"

    def read() -> int:
        with open(path, encoding="ascii") as stream:
            return int(stream.readline().split()[1])

    return read


def archive(
    name: str,
    folder: str,
    destination: str,
    packer: Compression,
    cancellation: Cancellation,
    priority: Priority,
    on_start: Callable[[Callable[[], int]], None] | None = None,
) -> list[str]:
    """Write one volume as a tar archive with owners, times, links, holes, ACLs and extended attributes.

    ``destination`` must not exist. Returns tar's remarks on files that changed or vanished while they were read;
    all other files are complete. Raises MaxopsError when any stage failed.
    """
    stages = [Stage(_tar_argv(folder), warning_codes=(TAR_CHANGED,))]
    if packer.argv:
        stages.append(Stage(packer.argv))
    descriptor = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        result = run_pipeline(
            stages,
            cancellation,
            stdout=stream,
            priority=priority,
            on_start=lambda pids: on_start(bytes_read(pids[0])) if on_start else None,
        )
    _raise_on_failure(name, folder, destination, result)
    return _shorten(result.remarks)


def _tar_argv(folder: str) -> Sequence[str]:
    return (
        "tar",
        "--create",
        "--format=posix",
        "--numeric-owner",
        "--sparse",
        "--acls",
        "--xattrs",
        "--xattrs-include=*",
        "--quoting-style=escape",
        "--warning=no-file-ignored",
        f"--directory={folder}",
        "--file=-",
        ".",
    )


def _raise_on_failure(name: str, folder: str, destination: str, result: PipelineResult) -> None:
    if not result.failures:
        return
    stage = result.failures[0]
    lines = stage.stderr.strip().splitlines()
    cause = "; ".join(lines[-3:]) or f"exit code {stage.returncode}"
    if "No space left on device" in stage.stderr or "Disk quota exceeded" in stage.stderr:
        target = os.path.dirname(destination)
        free = os.statvfs(target)
        raise MaxopsError(
            f'the disk filled up while volume "{name}" was archived into {target} '
            f"({human_size(free.f_bavail * free.f_frsize)} free): free some space or move "
            "the repository, then run this again"
        )
    raise MaxopsError(
        f'volume "{name}" ({folder}) could not be archived: {stage.name} failed with exit code {stage.returncode}: '
        f"{cause}; fix the cause and run this again"
    )


def _shorten(remarks: list[str]) -> list[str]:
    if len(remarks) <= MAX_REMARKS:
        return remarks
    return [*remarks[:MAX_REMARKS], f"… and {len(remarks) - MAX_REMARKS} more remarks of this kind"]
