# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verification level ``checksum``: the set is bit for bit what was written, and nothing else."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import sha256_of, to_json
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import for_each

from . import backup_set
from .findings import Findings
from .subject import Subject
from .verdict import CHECKSUM

TAKE_ANOTHER = "Take another set, and check the disk: smartctl -a, and the kernel's log (dmesg)."
FIND_WRITER = "Find out which program writes into the repository: only maxops.ops should. A set is never changed."

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass
class _File:
    """A file whose content has to be read."""

    subject: Subject
    entry: dict[str, Any]
    path: str


def check_set(
    path: str,
    jobs: int,
    cancellation: Cancellation,
    meter: Part | None = None,
    needed: Callable[[str], bool] = lambda _path: True,
) -> Findings:
    """The findings about one set's files, or about those ``needed``, for jobs that start from an intact set."""
    subject = Subject(os.path.basename(path), path, needed=needed)
    check([subject], jobs, cancellation, {subject.set_id: meter} if meter else {})
    return subject.findings


def check(subjects: Sequence[Subject], jobs: int, cancellation: Cancellation, meters: dict[str, Part]) -> None:
    """Check the files of sets side by side. Reads the manifest of each subject; every fault becomes a finding."""
    started = time.monotonic()
    files = [file for subject in subjects for file in _compare_names(subject)]
    # A large file at the end would leave all processors but one idle.
    files.sort(key=lambda file: int(file.entry["size"]), reverse=True)
    gauges = {subject.set_id: _Gauge(meters.get(subject.set_id), subject) for subject in subjects}

    def read(file: _File) -> None:
        gauge = gauges[file.subject.set_id]
        _compare_content(file, gauge, cancellation)
        file.subject.steps[CHECKSUM] = round(time.monotonic() - started, 3)

    for subject in subjects:
        subject.steps[CHECKSUM] = 0.0
    for_each(files, read, jobs, cancellation)
    for gauge in gauges.values():
        gauge.finish()


class _Gauge:
    """Counts the bytes read of a set, for the progress display."""

    def __init__(self, meter: Part | None, subject: Subject) -> None:
        self.read = 0
        self._meter = meter
        if meter:
            meter.total = sum(entry["size"] for entry in _entries(subject))
            meter.measure = lambda: self.read
            meter.start()

    def finish(self) -> None:
        if self._meter:
            self._meter.finish()


# -- the manifest ---------------------------------------------------------------------------------------------------


def _compare_names(subject: Subject) -> list[_File]:
    """Check the manifest, and the folder against it; returns the files whose content is still to be read."""
    subject.manifest = _read_manifest(subject)
    if subject.manifest is None:
        return []
    listed = {entry["path"]: entry for entry in subject.manifest["files"]}
    existing = dict(_walk(subject, ""))
    for path in sorted(filter(subject.needed, set(existing) - set(listed) - {backup_set.MANIFEST})):
        subject.critical(CHECKSUM, path, "is not in the manifest", "no such file", FIND_WRITER)
    files = []
    for path, entry in listed.items():
        if not subject.needed(path):
            continue
        if path not in existing:
            subject.critical(CHECKSUM, path, "is missing", human_size(entry["size"]), TAKE_ANOTHER)
        elif _same_kind(subject, entry, existing[path]):
            files.append(_File(subject, entry, os.path.join(subject.path, path)))
    return files


def _read_manifest(subject: Subject) -> dict[str, Any] | None:
    path = subject.layout.manifest
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode):
            raise MaxopsError(f"{path} is {_kind(status)}, not a file: this folder is not a complete backup set")
        manifest = backup_set.read_manifest(path)
        with open(path, encoding="utf-8") as stream:
            text = stream.read()
        _check_form(manifest, text, subject.set_id)
    except FileNotFoundError:
        subject.critical(CHECKSUM, backup_set.MANIFEST, "is missing", "a manifest", TAKE_ANOTHER)
    except MaxopsError as error:
        subject.critical(CHECKSUM, backup_set.MANIFEST, str(error), "the manifest as it was written")
    except (KeyError, TypeError, AttributeError) as error:
        seen = f"does not have the form that maxops.ops writes: {error!r}"
        subject.critical(CHECKSUM, backup_set.MANIFEST, seen, "a manifest of maxops.ops", TAKE_ANOTHER)
    except (OSError, UnicodeError) as error:
        subject.critical(CHECKSUM, backup_set.MANIFEST, f"cannot be read: {error}", "a readable manifest", TAKE_ANOTHER)
    else:
        return manifest
    return None


def _check_form(manifest: dict[str, Any], text: str, set_id: str) -> None:
    """Refuse faults that the manifest's own digest does not show: changed text, another set's manifest, bad entries."""
    if manifest.get("set_id") != set_id:
        raise MaxopsError(f"it is the manifest of set {manifest.get('set_id')}, not of {set_id}; take another set")
    if text != to_json(manifest):
        raise MaxopsError("its text was changed after it was written, although its data is the same; take another set")
    entries = manifest.get("files")
    if not isinstance(entries, list) or not all(_is_entry(entry) for entry in entries):
        raise MaxopsError("its list of files does not have the form that maxops.ops writes; take another set")
    names = [entry["path"] for entry in entries]
    if len(set(names)) < len(names):
        raise MaxopsError("it lists the same file twice; take another set")
    layout = backup_set.Layout("")
    for part in manifest.get("parts", []):
        if not any(layout.holds(part, path) for path in names):
            raise MaxopsError(f'it lists no file of {part["kind"]} "{part["name"]}"; take another set')


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        return False
    if not isinstance(entry.get("size"), int) or isinstance(entry["size"], bool):
        return False
    if os.path.isabs(entry["path"]) or {"", ".", ".."} & set(entry["path"].split("/")):
        return False
    if "link" in entry:
        return isinstance(entry["link"], str)
    return entry["size"] >= 0 and isinstance(entry.get("sha256"), str) and bool(_SHA256.fullmatch(entry["sha256"]))


def _entries(subject: Subject) -> list[dict[str, Any]]:
    return [entry for entry in (subject.manifest or {}).get("files", []) if subject.needed(entry["path"])]


# -- the files ------------------------------------------------------------------------------------------------------


def _walk(subject: Subject, relative: str) -> Iterator[tuple[str, os.stat_result]]:
    """Everything in the set that is not a folder, without following any link."""
    try:
        with os.scandir(os.path.join(subject.path, relative)) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
        for entry in entries:
            path = os.path.join(relative, entry.name)
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(subject, path)
            else:
                yield path, entry.stat(follow_symlinks=False)
    except OSError as error:
        subject.critical(CHECKSUM, relative or subject.path, f"cannot be read: {error.strerror}", "", TAKE_ANOTHER)


def _kind(status: os.stat_result) -> str:
    mode = status.st_mode
    for test, name in (
        (stat.S_ISREG, "a file"),
        (stat.S_ISLNK, "a link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a pipe"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    ):
        if test(mode):
            return name
    return "of an unknown kind"


def _same_kind(subject: Subject, entry: dict[str, Any], status: os.stat_result) -> bool:
    """True when it is a file of the right size, so that its content has to be read."""
    path, kind = entry["path"], _kind(status)
    expected = "a link" if "link" in entry else "a file"
    if kind != expected:
        subject.critical(CHECKSUM, path, f"is {kind}", expected, FIND_WRITER)
        return False
    if "link" in entry:
        target = os.readlink(os.path.join(subject.path, path))
        if target != entry["link"]:
            subject.critical(CHECKSUM, path, f"is a link to {target}", f"a link to {entry['link']}", FIND_WRITER)
        return False
    if status.st_size != entry["size"]:
        subject.critical(CHECKSUM, path, f"{status.st_size} bytes", f"{entry['size']} bytes", TAKE_ANOTHER)
        return False
    return True


def _compare_content(file: _File, gauge: _Gauge, cancellation: Cancellation) -> None:
    def on_read(count: int) -> None:
        gauge.read += count
        cancellation.check()

    name = file.entry["path"]
    try:
        size, digest = sha256_of(file.path, on_read)
    except OSError as error:
        file.subject.critical(CHECKSUM, name, f"cannot be read: {error.strerror}", "a readable file", TAKE_ANOTHER)
        return
    if (size, digest) != (file.entry["size"], file.entry["sha256"]):
        file.subject.critical(CHECKSUM, name, f"SHA-256 {digest}", f"SHA-256 {file.entry['sha256']}", TAKE_ANOTHER)
