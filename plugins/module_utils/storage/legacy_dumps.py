# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Legacy dumps, made by /backup.sh: for example ``daily/openproject_20240101_020000.sql.gz``."""

from __future__ import annotations

import datetime
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, Stage, run_pipeline

from .source import RestoreSource

FOLDER = "daily"

_NO_MOMENT = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
_NAME = re.compile(r"(?P<database>.+)_(?P<stamp>\d{8}_\d{6})\.sql(?:\.gz)?")


@dataclass(frozen=True)
class LegacyDump:
    """One legacy dump. Its time is local to the container that wrote it, which is UTC in its image."""

    path: str
    database: str
    moment: datetime.datetime | None = None

    @property
    def set_id(self) -> str:
        """Its file name without suffixes, which is how an operator names it."""
        return re.sub(r"\.sql(\.gz)?$", "", os.path.basename(self.path))

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return os.stat(self.path).st_size


def is_dump_path(name: str) -> bool:
    """True for a name that is the path of a legacy dump and not a set."""
    return name.endswith((".sql", ".sql.gz"))


def at_path(path: str) -> LegacyDump:
    """The dump at a path with any name. Raises MaxopsError when there is none."""
    if not os.path.isfile(path):
        raise MaxopsError(f"there is no file {path} on this host; give the path of a .sql or .sql.gz file")
    return _read(path)


def list_dumps(repository: str) -> list[LegacyDump]:
    """Legacy dumps in a folder and in its subfolder ``daily``, the oldest first."""
    dumps = []
    for folder in (repository, os.path.join(repository, FOLDER)):
        if os.path.isdir(folder):
            paths = [os.path.join(folder, name) for name in os.listdir(folder) if _NAME.fullmatch(name)]
            dumps += [_read(path) for path in paths if os.path.isfile(path)]
    return sorted(dumps, key=lambda dump: (dump.moment or _NO_MOMENT, dump.path))


def _read(path: str) -> LegacyDump:
    match = _NAME.fullmatch(os.path.basename(path))
    if not match:
        return LegacyDump(path, re.sub(r"\.sql(\.gz)?$", "", os.path.basename(path)))
    try:
        moment = datetime.datetime.strptime(match["stamp"], "%Y%m%d_%H%M%S").replace(tzinfo=datetime.timezone.utc)
    except ValueError:
        return LegacyDump(path, match["database"])
    return LegacyDump(path, match["database"], moment)


SQL_RATIO = {".gz": 6.0, ".sql": 1.5}
"""Bytes of a database, with its indexes, for each byte of a plain dump of it."""

_END_OF_DUMP = "-- PostgreSQL database dump complete"
# No row can look like the first alternative: COPY doubles a backslash.
_MARKER_LINES = rf"^(\\c(onnect)? |-- Dumped from database version |{_END_OF_DUMP}$)"


# -- a legacy dump as a source ------------------------------------------------------------------------------------


def source_of_file(path: str, databases: Sequence[str] | None) -> RestoreSource:
    """A plain dump, gzipped or not, as the source of the named database, by default the one in its file name."""
    if not os.path.isfile(path):
        raise MaxopsError(f"there is no file {path} on this host; correct the option file")
    if not path.endswith((".sql", ".sql.gz")):
        raise MaxopsError(f"{path} ends neither in .sql nor in .sql.gz, so it is not a /backup.sh dump")
    match = _NAME.fullmatch(os.path.basename(path))
    if databases is not None and len(databases) == 1:
        name = databases[0]
    elif databases is None and match:
        name = match["database"]
    else:
        raise MaxopsError(f"{path} holds one database, but it is not clear which one; name it in the option databases")
    size = int(os.path.getsize(path) * SQL_RATIO[os.path.splitext(path)[1]])
    return RestoreSource(f"file {path}", None, [{"kind": "database", "name": name, "source_bytes": size}], file=path)


def check_file(source: RestoreSource, cancellation: Cancellation) -> None:
    """Read a plain dump to its end and set its version. Raises MaxopsError if it is cut or connects elsewhere."""
    path = source.file or ""
    unpack = [Stage(("gzip", "--decompress", "--stdout", "--", path))] if path.endswith(".gz") else []
    search = Stage(
        ("grep", "--text", "--extended-regexp", "--regexp", _MARKER_LINES, "--", *([] if unpack else [path])), (1,)
    )
    with tempfile.TemporaryFile() as output:
        result = run_pipeline([*unpack, search], cancellation, stdout=output)
        output.seek(0)
        lines = output.read().decode("utf-8", "replace").splitlines()
    if result.failures:
        cause = result.failures[0].stderr.strip() or f"exit code {result.failures[0].returncode}"
        raise MaxopsError(f"{path} cannot be read to its end: {cause}; take another backup")
    connects = [line for line in lines if not line.startswith("-- ")]
    if connects:
        raise MaxopsError(
            f'{path} holds "{connects[0]}", so it would change another database than the new one; '
            "it is not a dump of one database as /backup.sh makes them: load it by hand with psql"
        )
    if not lines or lines[-1] != _END_OF_DUMP:
        raise MaxopsError(f'{path} does not end with "{_END_OF_DUMP[3:]}": it is truncated; take another backup')
    source.version = next((line.split()[5] for line in lines if "database version" in line), None)
