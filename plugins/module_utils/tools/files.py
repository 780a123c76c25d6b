# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic file writes, digests, file lists and free space."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Callable
from urllib.parse import quote

CHUNK = 1024 * 1024


def safe_name(name: str) -> str:
    """A file name for any database or volume name: one path component, reversible, never hidden."""
    quoted = quote(name, safe=" @+,=")
    return "%2E" + quoted[1:] if quoted.startswith(".") else quoted


def fsync_path(path: str) -> bool:
    """Make the kernel write a file's content, or a folder's entries, to the disk.

    False for a folder on a file system that cannot do that. Raises OSError with the path and the call.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with _named(path, "fsync"):
            os.fsync(descriptor)
    except OSError as error:
        if error.errno in _NO_FSYNC and stat.S_ISDIR(os.fstat(descriptor).st_mode):
            return False
        raise
    finally:
        os.close(descriptor)
    return True


_NO_FSYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""Some network and FUSE file systems answer with one of these to the fsync of a folder, never of a file."""


@contextmanager
def _named(path: str, call: str = "") -> Iterator[None]:
    """Add the path, and the call, to an error: the system's own text is no more than "Input/output error"."""
    try:
        yield
    except OSError as error:
        cause = error.strerror or str(error)
        raise OSError(error.errno, f"{call}: {cause}" if call else cause, path) from error


def fsync_folders(top: str) -> None:
    """fsync every folder below and including ``top``, the deepest first."""
    for folder, _subfolders, _names in os.walk(top, topdown=False):
        fsync_path(folder)


def sha256_and_sync(path: str) -> tuple[int, str]:
    """Size in bytes and SHA-256 of a file; its content is on the disk when this returns."""
    digest = hashlib.sha256()
    size = 0
    with open(path, "rb", buffering=0) as stream:
        buffer = memoryview(bytearray(CHUNK))
        while True:
            count = stream.readinto(buffer)
            if not count:
                break
            size += count
            digest.update(buffer[:count])
        with _named(path, "fsync"):
            os.fsync(stream.fileno())
    return size, digest.hexdigest()


def sha256_of(path: str, on_read: Callable[[int], Any]) -> tuple[int, str]:
    """Size and SHA-256 of a regular file that is not a link; ``on_read`` gets the size of each piece as it is read."""
    digest = hashlib.sha256()
    size = 0
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as stream:
        buffer = memoryview(bytearray(CHUNK))
        while True:
            count = stream.readinto(buffer)
            if not count:
                return size, digest.hexdigest()
            size += count
            digest.update(buffer[:count])
            on_read(count)


def write_atomically(path: str, text: str, mode: int = 0o600) -> None:
    """Replace a file with ``text`` in one step that survives a power cut; readers see the old text or the new one."""
    temporary = f"{path}.tmp-{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            os.fchmod(stream.fileno(), mode)
            with _named(path):
                stream.write(text)
                stream.flush()
            with _named(path, "fsync"):
                os.fsync(stream.fileno())
        os.rename(temporary, path)
    except BaseException:
        if os.path.lexists(temporary):
            os.unlink(temporary)
        raise
    fsync_path(os.path.dirname(path) or ".")


def to_json(data: Any) -> str:
    """JSON for people and machines: sorted keys, two spaces, text kept as it is."""
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    # A file name that is not UTF-8 holds lone surrogates, which cannot be written; JSON escapes keep them.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def list_files(top: str) -> list[str]:
    """Paths of all regular files and links below ``top``, relative to it, sorted."""
    paths = []
    for folder, subfolders, names in os.walk(top):
        linked = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
        paths += [os.path.relpath(os.path.join(folder, name), top) for name in names + linked]
    return sorted(paths)


def size_of_tree(top: str) -> int:
    """Bytes of the files below a folder; a file that disappears meanwhile is not counted."""
    total = 0
    for folder, _folders, names in os.walk(top):
        for name in names:
            with suppress(FileNotFoundError):
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def remove_tree(path: str) -> None:
    """Remove a folder and everything below it, or a file; a missing path is not an error.

    Everything that can be removed is, before the first error is raised.
    """
    if not os.path.isdir(path) or os.path.islink(path):
        _unlink(path)
        return
    errors: list[BaseException] = []
    if sys.version_info >= (3, 12):
        shutil.rmtree(path, onexc=lambda _what, _path, error: errors.append(error))
    else:
        shutil.rmtree(path, onerror=lambda _what, _path, info: errors.append(info[1]))
    # The first one is the cause: a folder that is not empty fails after what is in it.
    for error in errors:
        if not isinstance(error, FileNotFoundError):
            raise error


def _unlink(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def free_bytes(path: str) -> int:
    """Bytes that this user may still write to the file system of ``path`` (or of its nearest existing parent)."""
    return shutil.disk_usage(nearest_existing(path)).free


def nearest_existing(path: str) -> str:
    """The path itself, or the closest folder above it that exists."""
    path = os.path.abspath(path)
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def is_disk_full(error: BaseException) -> bool:
    """True for the errors of a full disk or an exhausted quota."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
