# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of volumes, unpacked so that nothing gets out of their folder. Private to this collection.

GNU tar refuses members with ``..``, takes the root off absolute names, and makes links that lead out of the folder
only after everything else, so that nothing is written through them. What it mends in this way with a mere remark
counts as an attack here, and no device is ever made: the program has no right to.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import nearest_existing
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    Cancellation,
    PipelineResult,
    Stage,
    run,
    run_pipeline,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from .volume_pack import bytes_read

UNPACKERS = {".tar.zst": ("zstd", "--decompress", "--quiet", "--stdout"), ".tar.gz": ("gzip", "-dc"), ".tar": ()}
"""Endings of archives and the programs that unpack them."""

# The last one is all that tar says when the disk fills up in the middle of a file.
_FULL = ("No space left on device", "Disk quota exceeded", "Wrote only")
_ATTACKS = ("Removing leading", "Member name contains", "Cannot mknod")


def extract(
    name: str,
    archive: str,
    destination: str,
    cancellation: Cancellation,
    members: Sequence[str] = (),
    on_start: Callable[[Callable[[], int]], None] | None = None,
) -> list[str]:
    """Unpack a volume's archive into an empty folder, all of it or some members; gives tar's remarks.

    Owners are numbers; modes, times, links, holes, ACLs and extended attributes are as they were.
    """
    stages = _stages(archive, destination, members)
    result = run_pipeline(
        stages, cancellation, on_start=lambda pids: on_start(bytes_read(pids[-1])) if on_start else None
    )
    _raise_on_failure(name, archive, destination, result)
    return result.remarks


def put_on_disk(folder: str, cancellation: Cancellation) -> None:
    """Have everything below a folder on the disk when this returns, with whatever else its file system has to write."""
    synced = run(["sync", "--file-system", folder], cancellation)
    if synced.failed:
        raise MaxopsError(f"{folder} could not be put on the disk: {synced.stderr.strip()}; look at that disk")


def unpacker(archive: str) -> tuple[str, ...]:
    """The program that unpacks an archive, by its ending."""
    for suffix, argv in UNPACKERS.items():
        if archive.endswith(suffix):
            return argv
    raise MaxopsError(f"{archive} is no archive of a volume ({', '.join(UNPACKERS)}); verify the set, or take another")


def _stages(archive: str, destination: str, members: Sequence[str]) -> list[Stage]:
    tar = ["setpriv", "--bounding-set=-mknod", "--"] if os.geteuid() == 0 else []
    tar += [
        "tar",
        "--extract",
        "--numeric-owner",
        "--same-owner",
        "--preserve-permissions",
        "--delay-directory-restore",
    ]
    tar += ["--acls", "--xattrs", "--xattrs-include=*", "--quoting-style=escape", "--warning=no-timestamp"]
    tar += [f"--directory={destination}"]
    program = unpacker(archive)
    tar += ["--file=-"] if program else [f"--file={archive}", "--force-local"]
    tar += ["--no-wildcards", "--anchored", "--", *members]
    return [Stage([*program, "--", archive]), Stage(tar)] if program else [Stage(tar)]


def _raise_on_failure(name: str, archive: str, destination: str, result: PipelineResult) -> None:
    attacks = [line for line in result.remarks if any(sign in line for sign in _ATTACKS)]
    if attacks:
        raise MaxopsError(
            f'the archive of volume "{name}" ({archive}) holds what no backup puts there: {attacks[0]}; nothing of it '
            "was taken. Somebody made or changed this archive: find out who, and take another set"
        )
    if not result.failures:
        return
    stage = result.failures[0]
    said = "; ".join(stage.stderr.strip().splitlines()[-3:]) or f"exit code {stage.returncode}"
    if any(sign in stage.stderr for sign in _FULL):
        free = os.statvfs(nearest_existing(destination))
        raise MaxopsError(
            f'the disk filled up while volume "{name}" was unpacked into {destination} '
            f"({human_size(free.f_bavail * free.f_frsize)} free): make room, then run this again"
        )
    if "Not found in archive" in said:
        raise MaxopsError(f'volume "{name}" of this set lacks what was asked for: {said}; correct the option paths')
    raise MaxopsError(f'volume "{name}" could not be unpacked from {archive}: {said}; verify the set, or take another')
