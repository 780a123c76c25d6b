# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The level ``decode``: every archive and dump is read to its end.

zstd and lz4 accept some truncated files, and pg_restore takes a truncated table for a complete one. So each table's
rows must also end with the marker that COPY writes, and every table that had rows must be in the dump's list.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout, archived_parts
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import (
    LegacyDump,
    check_file,
    source_of_file,
)
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import DECODE
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    Cancellation,
    PipelineResult,
    Stage,
    StageResult,
    run_pipeline,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import for_each

from . import dump_list

DECODERS = {
    ".zst": ("zstd", "--decompress", "--quiet", "--stdout", "--"),
    ".lz4": ("lz4", "--decompress", "--quiet", "--stdout", "--"),
    ".gz": ("gzip", "--decompress", "--stdout", "--"),
}
"""The decoder for each file extension; a file with another extension is not compressed."""

END_OF_ROWS = b"\\.\n\n\n"
"""What pg_dump writes after the last row of a table, in each of its own formats."""

END_OF_GLOBALS = "PostgreSQL database cluster dump complete"

TAKE_ANOTHER = "Take another set; this one cannot be restored completely."

INSIDE_DUMP = "/maxops/dump"
INSIDE_LIST = "/maxops/list"

_TABLE_FILE = re.compile(r"(\d+)\.dat(\.\w+)?")

# Reads the list of a dump's folder into a file of this host.
Lister = Callable[[Sequence[str], Sequence[tuple[str, str, bool]], Cancellation], StageResult]


def check(subject: Subject, lister: Lister | None, jobs: int, cancellation: Cancellation, meter: Part) -> None:
    """Read everything in a set whose checksums match; ``lister`` runs a program of the server's own image."""
    work: list[Callable[[], None]] = []
    for part in archived_parts(subject.manifest):
        work += [_job(_volume, subject, path, cancellation) for path in _files_of(subject, part)]
    for part in subject.parts("database"):
        paths = _files_of(subject, part)
        work.append(_job(_list_of_dump, subject, part, paths, lister, cancellation))
        work += [_job(_member, subject, path, cancellation) for path in paths]
    work.append(_job(_texts, subject))
    meter.start()
    for_each(work, lambda piece: piece(), jobs, cancellation)
    subject.steps[DECODE] = round(meter.finish(), 3)


def _job(function: Callable[..., None], *arguments: Any) -> Callable[[], None]:
    return lambda: function(*arguments)


def _files_of(subject: Subject, part: dict[str, Any]) -> list[str]:
    """Relative paths of a part's files, the largest first."""
    entries = [entry for entry in (subject.manifest or {})["files"] if Layout("").holds(part, entry["path"])]
    return [entry["path"] for entry in sorted(entries, key=lambda entry: int(entry["size"]), reverse=True)]


# -- volumes --------------------------------------------------------------------------------------------------------


def _volume(subject: Subject, path: str, cancellation: Cancellation) -> None:
    full = os.path.join(subject.path, path)
    decoder = DECODERS.get(os.path.splitext(path)[1])
    if decoder:
        stages = [Stage((*decoder, full)), Stage(("tar", "--list", "--file=-"))]
    else:
        stages = [Stage(("tar", "--list", f"--file={full}"))]
    _report_failure(subject, path, run_pipeline(stages, cancellation), "an archive that tar reads to its end")


def _report_failure(subject: Subject, path: str, result: PipelineResult, expected: str) -> None:
    if result.failures:
        stage = result.failures[0]
        message = "; ".join(stage.stderr.strip().splitlines()[-2:]) or f"exit code {stage.returncode}"
        subject.critical(DECODE, path, f"{stage.name} reports: {message}", expected, TAKE_ANOTHER)


# -- databases ------------------------------------------------------------------------------------------------------


def _member(subject: Subject, path: str, cancellation: Cancellation) -> None:
    """Decode one file of a dump to its end; a table's rows must end with the marker of COPY."""
    match = _TABLE_FILE.fullmatch(os.path.basename(path))
    suffix = os.path.splitext(path)[1]
    if not match and suffix not in DECODERS:
        return
    full = os.path.join(subject.path, path)
    # pg_dump with zstd writes nothing at all for an empty large object; the rows of a table always have an end.
    if not match and os.path.getsize(full) == 0:
        return
    result, end = last_bytes(full, len(END_OF_ROWS), cancellation)
    _report_failure(subject, path, result, "compressed rows that can be read to their end")
    if match and not result.failures and end != END_OF_ROWS:
        seen = f"its rows end with {end!r}: rows are missing after them"
        subject.critical(DECODE, path, seen, f"{END_OF_ROWS!r}", TAKE_ANOTHER)


def last_bytes(path: str, count: int, cancellation: Cancellation) -> tuple[PipelineResult, bytes]:
    """Decode a file to its end and return its last bytes."""
    decoder = DECODERS.get(os.path.splitext(path)[1])
    tail = Stage(("tail", f"--bytes={count}"))
    stages = [Stage((*decoder, path)), tail] if decoder else [Stage((*tail.argv, "--", path))]
    with tempfile.TemporaryFile() as output:
        result = run_pipeline(stages, cancellation, stdout=output)
        output.seek(0)
        return result, output.read()


def _list_of_dump(
    subject: Subject, part: dict[str, Any], paths: Sequence[str], lister: Lister | None, cancellation: Cancellation
) -> None:
    name = f'database "{part["name"]}"'
    if lister is None:
        return
    folder = subject.layout.database(part["name"])
    with _list_file() as (outside, inside):
        argv = ["pg_restore", "--list", f"--file={inside}", INSIDE_DUMP]
        binds = [(folder, INSIDE_DUMP, False), (outside, INSIDE_LIST, True)]
        ended = lister(argv, binds, cancellation)
        data = b""
        if not ended.failed:
            with open(os.path.join(outside, "list"), "rb") as stream:
                data = stream.read()
    if ended.returncode == 125:
        message = "; ".join(ended.stderr.strip().splitlines()[-1:])
        raise MaxopsError(f"Docker could not start a container to list {name}: {message}; see docker info")
    if ended.failed:
        lines = ended.stderr.strip().splitlines()[-2:]
        subject.critical(
            DECODE, name, f"pg_restore reports: {'; '.join(lines)}", "a list of its contents", TAKE_ANOTHER
        )
        return
    listed = dump_list.tables_in(data, str(part.get("encoding") or "UTF8"))
    _compare_list(subject, part, paths, listed)


@contextmanager
def _list_file() -> Iterator[tuple[str, str]]:
    """A folder of this host for one list, and the list's path inside a container."""
    with tempfile.TemporaryDirectory(prefix="maxops-list-") as folder:
        yield folder, f"{INSIDE_LIST}/list"


def _compare_list(subject: Subject, part: dict[str, Any], paths: Sequence[str], listed: Mapping[str, set[str]]) -> None:
    """Every table of the list has its file, and every table that had rows is in the list."""
    files = {match.group(1) for match in (_TABLE_FILE.fullmatch(os.path.basename(path)) for path in paths) if match}
    name = part["name"]
    for number, tables in listed.items():
        if number not in files:
            seen = f"has no file {number}.dat in the dump of {name}"
            subject.critical(DECODE, f"table {min(tables)}", seen, "a file with its rows", TAKE_ANOTHER)
    roles = (subject.manifest or {}).get("roles") or []
    rows = part.get("rows", {})
    for table in dump_list.unlisted(rows, chain.from_iterable(listed.values()), roles):
        seen = f"is not in the dump of {name}"
        subject.critical(DECODE, f"table {table}", seen, f"{rows[table]} rows", TAKE_ANOTHER)


# -- texts ----------------------------------------------------------------------------------------------------------


def _texts(subject: Subject) -> None:
    paths = {entry["path"] for entry in (subject.manifest or {})["files"]}
    if subject.parts("database"):
        if "globals.sql" not in paths:
            subject.critical(DECODE, "globals.sql", "is not in the set", "the roles of its databases", TAKE_ANOTHER)
        elif END_OF_GLOBALS not in (_text(subject, "globals.sql") or END_OF_GLOBALS)[-300:]:
            subject.critical(DECODE, "globals.sql", "ends early", f'a last line "{END_OF_GLOBALS}"', TAKE_ANOTHER)
    for path in sorted(paths):
        if path.startswith("databases/") and path.endswith(".json"):
            text = _text(subject, path)
            try:
                json.loads(text or "{}")
            except ValueError as error:
                subject.critical(DECODE, path, f"is not valid JSON: {error}", "properties of a database", TAKE_ANOTHER)


def _text(subject: Subject, path: str) -> str | None:
    try:
        with open(os.path.join(subject.path, path), encoding="utf-8") as stream:
            return stream.read()
    except (OSError, UnicodeError) as error:
        subject.critical(DECODE, path, f"cannot be read: {error}", "text in UTF-8", TAKE_ANOTHER)
        return None


def check_legacy_dump(subject: Subject, dump: LegacyDump, cancellation: Cancellation, meter: Part) -> RestoreSource:
    """Check a legacy dump by gzip's checksum and pg_dump's last line; it has no manifest to compare it with."""
    source = source_of_file(dump.path, [dump.database])
    meter.total = dump.size
    meter.start()
    try:
        check_file(source, cancellation)
    except Cancelled:
        raise
    except MaxopsError as error:
        subject.critical(DECODE, os.path.basename(dump.path), str(error), "a complete dump")
    subject.steps[DECODE] = round(meter.finish(), 3)
    return source
