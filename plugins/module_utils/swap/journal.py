# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a running restore, and the records of the data that earlier ones replaced, on the disk.

The journal names everything before it is touched, so that the next job can recover from a killed restore.
After a successful restore its journal becomes the record of the data that it replaced.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import (
    remove_tree,
    safe_name,
    to_json,
    write_atomically,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import utc_now

STATE_FOLDER = "/var/lib/maxops"
"""Not in the repository, which may be another one next time, and not in /run, which is empty after a power cut."""

FORMAT = 1

LOADING = "loading"
"""New databases and folders are created; the running data is not touched."""
STOPPING = "stopping"
"""Services are being stopped."""
SWAPPING = "swapping"
"""Names are being changed."""
STARTING = "starting"
"""All names are changed; services are started on the new data."""
REVERTING = "reverting"
"""A step failed: names are being changed back."""

NAME_LIMIT = 63
"""Bytes of a database's name; PostgreSQL would truncate a longer one silently."""


@dataclass(frozen=True)
class DatabaseSwap:
    """``new`` is renamed to ``name``; the existing database is renamed to ``previous``, None where there is none."""

    name: str
    new: str
    previous: str | None


@dataclass(frozen=True)
class VolumeSwap:
    """``new`` is renamed to ``folder``, the existing folder to ``previous``; ``made`` is a volume created for it.

    ``kind`` is volume, or folder for a folder of the host.
    """

    name: str
    folder: str
    new: str
    previous: str | None
    made: str | None = None
    kind: str = "volume"


@dataclass
class Journal:
    """One restore: ``services`` are those that ran, with their containers; ``disposable``: it loaded its data."""

    id: str
    project: str
    source: str
    phase: str = LOADING
    disposable: bool = True
    databases: list[DatabaseSwap] = field(default_factory=list)
    volumes: list[VolumeSwap] = field(default_factory=list)
    services: dict[str, list[str]] = field(default_factory=dict)
    kept_until: str | None = None
    downtime: float | None = None

    @property
    def loaded(self) -> set[str]:
        """Names of the databases and folders that are swapped in."""
        return {database.new for database in self.databases} | {volume.new for volume in self.volumes}

    @property
    def replaced(self) -> list[str]:
        """Names that the replaced databases and folders get."""
        names = [database.previous for database in self.databases] + [volume.previous for volume in self.volumes]
        return [name for name in names if name]

    def describe(self) -> str:
        """The restore as text for messages."""
        return f"the restore of {self.source} started at {self.id}"


def new_name(name: str, restore_id: str) -> str:
    """The name under which a database is loaded."""
    return _fit(name, f"__maxops_new_{restore_id}")


def previous_name(name: str, restore_id: str) -> str:
    """The name under which a replaced database is kept."""
    return _fit(name, f"__maxops_previous_{restore_id}")


def _fit(name: str, suffix: str) -> str:
    if len((name + suffix).encode()) <= NAME_LIMIT:
        return name + suffix
    digest = "_" + hashlib.sha256(name.encode()).hexdigest()[:8]
    length = NAME_LIMIT - len(digest) - len(suffix)
    return name.encode()[:length].decode("utf-8", "ignore") + digest + suffix


class Journals:
    """The current journal and the records of one stack; only for the holder of the stack's lock."""

    def __init__(self, project: str, folder: str = STATE_FOLDER) -> None:
        self.folder = os.path.join(folder, safe_name(project))
        self._current = os.path.join(self.folder, "restore.json")
        self._records = os.path.join(self.folder, "previous")

    def current(self) -> Journal | None:
        """The journal of a restore that has not finished, or None."""
        return _read(self._current) if os.path.lexists(self._current) else None

    def free_id(self) -> str:
        """An id for a restore that starts now."""
        moment = utc_now()
        while os.path.lexists(self._record_path(moment.strftime("%Y%m%dT%H%M%SZ"))):
            moment += datetime.timedelta(seconds=1)
        return moment.strftime("%Y%m%dT%H%M%SZ")

    def write(self, journal: Journal) -> None:
        """Write the journal to the disk."""
        try:
            os.makedirs(self._records, mode=0o700, exist_ok=True)
            write_atomically(self._current, to_json({"format": FORMAT, **asdict(journal)}))
        except OSError as error:
            raise MaxopsError(
                f"the journal of the restore cannot be written to {self._current}: {error.strerror}; "
                "run as root (become: true), and free some space there if the disk is full"
            ) from error

    def keep(self, journal: Journal) -> None:
        """Keep the journal of a successful restore as its record."""
        write_atomically(self._record_path(journal.id), to_json({"format": FORMAT, **asdict(journal)}))
        self.drop()

    def drop(self) -> None:
        """Remove the journal: there is nothing left to recover."""
        remove_tree(self._current)

    def records(self) -> list[Journal]:
        """The records of earlier restores whose replaced data may still exist, the oldest first."""
        if not os.path.isdir(self._records):
            return []
        names = sorted(name for name in os.listdir(self._records) if name.endswith(".json"))
        return [_read(os.path.join(self._records, name)) for name in names]

    def forget(self, journal: Journal) -> None:
        """Remove a record whose data is removed."""
        remove_tree(self._record_path(journal.id))

    def _record_path(self, restore_id: str) -> str:
        return os.path.join(self._records, f"{restore_id}.json")


def _read(path: str) -> Journal:
    try:
        with open(path, encoding="utf-8") as stream:
            data: dict[str, Any] = json.load(stream)
        if data.pop("format") > FORMAT:
            raise MaxopsError(f"{path} was written by a later maxops.ops: update the collection on this controller")
        data["databases"] = [DatabaseSwap(**database) for database in data["databases"]]
        data["volumes"] = [VolumeSwap(**volume) for volume in data["volumes"]]
        return Journal(**data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MaxopsError(
            f"{path}, the journal or record of a restore, cannot be read: {error!r}; look for databases and folders "
            "whose names contain maxops, rename or remove them by hand, then remove that file"
        ) from error
