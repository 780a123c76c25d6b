# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps of the old way: ``daily/openproject_20240101_020000.sql.gz`` and such. Private to this collection."""

from __future__ import annotations

import datetime
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, Stage, run_pipeline

from .source import Source

FOLDER = "daily"

_NO_MOMENT = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
_NAME = re.compile(r"(?P<database>.+)_(?P<stamp>\d{8}_\d{6})\.sql(?:\.gz)?")


@dataclass(frozen=True)
class OldDump:
    """One file of the old way. Its time is the local one of the container that wrote it, which is UTC in its image."""

    path: str
    database: str
    moment: datetime.datetime | None = None

    @property
    def set_id(self) -> str:
        """Its file name without endings, which is how an operator names it."""
        return re.sub(r"\.sql(\.gz)?$", "", os.path.basename(self.path))

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return os.stat(self.path).st_size


def is_dump_path(name: str) -> bool:
    """True for words that name a file of the old way and no set."""
    return name.endswith((".sql", ".sql.gz"))


def at_path(path: str) -> OldDump:
    """The dump at a path, whatever its name. Raises MaxopsError when there is none."""
    if not os.path.isfile(path):
        raise MaxopsError(f"there is no file {path} on this host; give the path of a .sql or .sql.gz file")
    return _read(path)


def list_dumps(repository: str) -> list[OldDump]:
    """Dumps in a folder of the old way or in its ``daily``, the oldest first."""
    found = []
    for folder in (repository, os.path.join(repository, FOLDER)):
        if os.path.isdir(folder):
            paths = [os.path.join(folder, name) for name in os.listdir(folder) if _NAME.fullmatch(name)]
            found += [_read(path) for path in paths if os.path.isfile(path)]
    return sorted(found, key=lambda dump: (dump.moment or _NO_MOMENT, dump.path))


def _read(path: str) -> OldDump:
    match = _NAME.fullmatch(os.path.basename(path))
    if not match:
        return OldDump(path, re.sub(r"\.sql(\.gz)?$", "", os.path.basename(path)))
    try:
        moment = datetime.datetime.strptime(match["stamp"], "%Y%m%d_%H%M%S").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return OldDump(path, match["database"])
    return OldDump(path, match["database"], moment)


SQL_RATIO = {".gz": 6.0, ".sql": 1.5}
"""Bytes of a database, with its indexes, for each byte of a plain dump of it."""

_OLD_NAME = re.compile(r"(.+)_\d{8}_\d{6}\.sql(?:\.gz)?")
_END_OF_DUMP = "-- PostgreSQL database dump complete"
# No row can look like the first one: COPY doubles a backslash.
_TELLING_LINES = rf"^(\\c(onnect)? |-- Dumped from database version |{_END_OF_DUMP}$)"


# -- files of the old way -----------------------------------------------------------------------------------------


def source_of_file(path: str, databases: Sequence[str] | None) -> Source:
    """A plain dump, gzipped or not, for the database that is named or that its name tells."""
    if not os.path.isfile(path):
        raise MaxopsError(f"there is no file {path} on this host; correct the option file")
    if not path.endswith((".sql", ".sql.gz")):
        raise MaxopsError(f"{path} ends neither in .sql nor in .sql.gz, so it is no dump of the old way")
    match = _OLD_NAME.fullmatch(os.path.basename(path))
    if databases is not None and len(databases) == 1:
        name = databases[0]
    elif databases is None and match:
        name = match.group(1)
    else:
        raise MaxopsError(f"{path} holds one database, but it is not clear which one; name it in the option databases")
    size = int(os.path.getsize(path) * SQL_RATIO[os.path.splitext(path)[1]])
    return Source(f"file {path}", None, [{"kind": "database", "name": name, "source_bytes": size}], file=path)


def check_file(source: Source, cancellation: Cancellation) -> None:
    """Read a plain dump to its end, and learn its version; refuse one that is cut or that leads elsewhere."""
    path = source.file or ""
    unpack = [Stage(("gzip", "--decompress", "--stdout", "--", path))] if path.endswith(".gz") else []
    search = Stage(
        ("grep", "--text", "--extended-regexp", "--regexp", _TELLING_LINES, "--", *([] if unpack else [path])), (1,)
    )
    with tempfile.TemporaryFile() as output:
        result = run_pipeline([*unpack, search], cancellation, stdout=output)
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").splitlines()
    if result.failures:
        said = result.failures[0].stderr.strip() or f"exit code {result.failures[0].returncode}"
        raise MaxopsError(f"{path} cannot be read to its end: {said}; take another backup")
    leading = [line for line in lines if not line.startswith("-- ")]
    if leading:
        raise MaxopsError(
            f'{path} holds "{leading[0]}", so it would work on another database than the new one; '
            "it is no dump of one database as /backup.sh makes them: load it by hand with psql"
        )
    if not lines or lines[-1] != _END_OF_DUMP:
        raise MaxopsError(f'{path} does not end with "{_END_OF_DUMP[3:]}": it is cut short; take another backup')
    source.version = next((line.split()[5] for line in lines if "database version" in line), None)
