# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives volumes and folders, which are read from their folder on the host."""

from __future__ import annotations

import os
import tempfile
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

LONGEST_PATH = 4095
"""Bytes of the longest path that tar can unpack; it archives longer ones."""

EXCLUDE_BYTES = 512 * 1024
"""Bytes of the names that are left out by tar's command line; Linux allows 2 MiB for all arguments."""

NAMED = 10
"""Names in one remark on what was left out; the rest is counted."""

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
    kind: str = "volume",
    skip: Sequence[str] = (),
    odd: Odd | None = None,
) -> list[str]:
    """Write one volume or folder as a tar archive with owners, times, links, holes, ACLs and extended attributes.

    ``destination`` must not exist; ``skip`` are relative paths of folders to leave out; ``odd`` is what
    :func:`find_odd` has found there. Returns remarks on what no archive can hold, and tar's on files that changed or
    vanished while they were read; all other files are complete.
    Raises MaxopsError when any stage failed.
    """
    odd = odd or find_odd(folder, cancellation, skip, priority)
    stages = [Stage(_tar_argv(folder, [*skip, *odd.excluded]), warning_codes=(TAR_CHANGED,))]
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
    _raise_on_failure(kind, name, folder, destination, result)
    return odd.remarks() + _shorten(result.remarks)


def _tar_argv(folder: str, excluded: Sequence[str]) -> Sequence[str]:
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
        "--anchored",
        "--no-wildcards",
        *(f"--exclude=./{path}" for path in excluded),
        f"--directory={folder}",
        "--file=-",
        ".",
    )


# -- what an archive cannot hold ------------------------------------------------------------------------------------


@dataclass
class Odd:
    """Relative paths below a folder that cannot be restored from an archive."""

    devices: list[str]
    sockets: list[str]
    too_long: list[str]

    @property
    def excluded(self) -> list[str]:
        """The paths that tar leaves out; those that are too many for its command line are skipped at a restore."""
        chosen, used = [], 0
        # tar archives no socket anyway.
        for path in self.too_long + self.devices:
            used += len(os.fsencode(path)) + 16
            if used > EXCLUDE_BYTES:
                break
            chosen.append(path)
        return chosen

    def remarks(self) -> list[str]:
        """One remark for each kind, with the names."""
        texts = (
            (self.devices, "not in the archive, because a restore creates no devices"),
            (self.sockets, "not in the archive: sockets, which their programs create again"),
            (self.too_long, f"not in the archive, because no path of more than {LONGEST_PATH} bytes can be restored"),
        )
        return [f"{text}: {_names(paths)}" for paths, text in texts if paths]


def find_odd(
    folder: str, cancellation: Cancellation, skip: Sequence[str] = (), priority: Priority | None = None
) -> Odd:
    """Look for devices, sockets and too long paths below a folder; ``skip`` are relative paths to pass over."""
    # "./" before the relative path is in the archive, "/" in find's own path.
    longest = len(os.fsencode(folder.rstrip("/"))) + 1 + LONGEST_PATH - len("./")
    argv = ["find", folder.rstrip("/") or "/", "-mindepth", "1"]
    argv += ["-path", "?" * (longest + 1) + "*", "-printf", "l%P\\0", "-prune"]
    argv += ["-o", "-type", "s", "-printf", "s%P\\0", "-o", "(", "-type", "b", "-o", "-type", "c", ")"]
    argv += ["-printf", "d%P\\0"]
    with tempfile.TemporaryFile() as output:
        # It ends with 1 when a file vanished meanwhile; what it cannot read, tar cannot read either, and says so.
        run_pipeline([Stage(argv)], cancellation, stdout=output, priority=priority)
        output.seek(0)
        found = [os.fsdecode(entry) for entry in output.read().split(b"\0") if entry]
    kept = [entry for entry in found if not any(f"{entry[1:]}/".startswith(f"{path}/") for path in skip)]
    devices, sockets, too_long = (sorted(entry[1:] for entry in kept if entry[0] == letter) for letter in "dsl")
    return Odd(devices, sockets, too_long)


def _names(paths: Sequence[str]) -> str:
    names = [_shown(path) for path in paths[:NAMED]]
    return ", ".join(names) + (f" and {len(paths) - NAMED} more" if len(paths) > NAMED else "")


def _shown(path: str) -> str:
    """A path for a message: in one line, and not too long."""
    text = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in path)
    return text if len(text) <= 120 else f"{text[:80]}…{text[-30:]}"


# -- failures -------------------------------------------------------------------------------------------------------


def _raise_on_failure(kind: str, name: str, folder: str, destination: str, result: PipelineResult) -> None:
    if not result.failures:
        return
    stage = result.failures[0]
    lines = stage.stderr.strip().splitlines()
    cause = "; ".join(lines[-3:]) or f"exit code {stage.returncode}"
    if "No space left on device" in stage.stderr or "Disk quota exceeded" in stage.stderr:
        target = os.path.dirname(destination)
        free = os.statvfs(target)
        raise MaxopsError(
            f'the disk filled up while {kind} "{name}" was archived into {target} '
            f"({human_size(free.f_bavail * free.f_frsize)} free): free some space or move "
            "the repository, then run this again"
        )
    raise MaxopsError(
        f'{kind} "{name}" ({folder}) could not be archived: {stage.name} failed with exit code {stage.returncode}: '
        f"{cause}; fix the cause and run this again"
    )


def _shorten(remarks: list[str]) -> list[str]:
    if len(remarks) <= MAX_REMARKS:
        return remarks
    return [*remarks[:MAX_REMARKS], f"… and {len(remarks) - MAX_REMARKS} more remarks of this kind"]
