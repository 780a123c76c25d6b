# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dumps of the old way: ``daily/openproject_20240101_020000.sql.gz`` and such. Private to this collection."""

from __future__ import annotations

import datetime
import os
import re
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.errors import MaxopsError

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
