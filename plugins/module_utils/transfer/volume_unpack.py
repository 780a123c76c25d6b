# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unpacks archives of volumes and folders, without writing outside of the destination folder.

GNU tar refuses members with ``..``, strips the root from absolute names, and creates links that lead out of the folder
last, so that no file is written through them. A member that tar corrects in this way with only a remark counts as an
attack here. No device is ever created: the program runs without the capability for it. Devices and too long paths in
archives of earlier versions are skipped, with a remark.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import nearest_existing
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    STDERR_LIMIT,
    Cancellation,
    PipelineResult,
    Stage,
    StageResult,
    run,
    run_pipeline,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from .volume_pack import bytes_read

UNPACKERS = {".tar.zst": ("zstd", "--decompress", "--quiet", "--stdout"), ".tar.gz": ("gzip", "-dc"), ".tar": ()}
"""Suffixes of archives and the programs that unpack them."""

TAR_FAILED = 2
"""Exit code of GNU tar when at least one entry could not be unpacked."""

# The last one is tar's only message when the disk fills up in the middle of a file.
_FULL = ("No space left on device", "Disk quota exceeded", "Wrote only")
_ATTACKS = ("Removing leading", "Member name contains")

# What tar reports for an entry that it cannot create here; it unpacks all others.
_SKIPPED = re.compile(r"tar: .*: Cannot (?:mknod: Operation not permitted|[^:]+: File name too long)")
_END = "tar: Exiting with failure status due to previous errors"


def extract(
    name: str,
    archive: str,
    destination: str,
    cancellation: Cancellation,
    members: Sequence[str] = (),
    on_start: Callable[[Callable[[], int]], None] | None = None,
    kind: str = "volume",
) -> list[str]:
    """Unpack an archive into an empty folder, all of it or some members; returns tar's remarks.

    Owners are restored by number; modes, times, links, holes, ACLs and extended attributes are restored as well.
    """
    stages = _stages(archive, destination, members)
    result = run_pipeline(
        stages, cancellation, on_start=lambda pids: on_start(bytes_read(pids[-1])) if on_start else None
    )
    _raise_on_failure(f'{kind} "{name}"', archive, destination, result)
    skipped = [stage for stage in result.failures if _only_skipped(stage)]
    return [
        f"{line} (no restore can create it)" if _SKIPPED.fullmatch(line) else line
        for line in result.remarks
        if not (skipped and line == _END)
    ]


def put_on_disk(folder: str, cancellation: Cancellation) -> None:
    """Write everything below a folder to the disk before this returns, with all other data of its file system."""
    synced = run(["sync", "--file-system", folder], cancellation)
    if synced.failed:
        raise HostFault(f"{folder} could not be written to the disk: {synced.stderr.strip()}; check that disk")


def unpacker(archive: str) -> tuple[str, ...]:
    """The program that unpacks an archive, by its suffix."""
    for suffix, argv in UNPACKERS.items():
        if archive.endswith(suffix):
            return argv
    raise MaxopsError(
        f"{archive} is not an archive of a volume ({', '.join(UNPACKERS)}); verify the set, or take another"
    )


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


def _only_skipped(stage: StageResult) -> bool:
    """True when tar failed only at entries that cannot be created here, and unpacked all others."""
    lines = stage.stderr.splitlines()
    whole = len(stage.stderr.encode()) < STDERR_LIMIT
    return (
        whole
        and stage.returncode == TAR_FAILED
        and lines[-1:] == [_END]
        and all(_SKIPPED.fullmatch(line) for line in lines[:-1])
    )


def _raise_on_failure(label: str, archive: str, destination: str, result: PipelineResult) -> None:
    """``label`` is the kind and the name of the part, for messages."""
    attacks = [line for line in result.remarks if any(sign in line for sign in _ATTACKS)]
    if attacks:
        raise MaxopsError(
            f"the archive of {label} ({archive}) holds entries that no backup writes: {attacks[0]}; none of it "
            "was unpacked. This archive was made or changed by another program: find out by which, and take another set"
        )
    failures = [stage for stage in result.failures if not _only_skipped(stage)]
    if not failures:
        return
    stage = failures[0]
    cause = "; ".join(stage.stderr.strip().splitlines()[-3:]) or f"exit code {stage.returncode}"
    if any(sign in stage.stderr for sign in _FULL):
        free = os.statvfs(nearest_existing(destination))
        raise HostFault(
            f"the disk filled up while {label} was unpacked into {destination} "
            f"({human_size(free.f_bavail * free.f_frsize)} free): free some space, then run this again"
        )
    if "Not found in archive" in cause:
        raise MaxopsError(f"{label} of this set lacks the requested paths: {cause}; correct the option paths")
    raise MaxopsError(f"{label} could not be unpacked from {archive}: {cause}; verify the set, or take another")
