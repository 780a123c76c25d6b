# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal of a running restore, and the records of the data that earlier ones replaced, on the disk.

The journal names everything before it is touched, so that the next job can recover from a killed restore.
After a successful restore its journal becomes the record of the data that it replaced.
"""

from __future__ import annotations

import datetime
import glob
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

FORMAT = 3
"""1 had no clearings and none of the fields after them, 2 none after ``changed_back``; both are read too."""

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


@dataclass(frozen=True)
class Clearing:
    """What an application keeps outside of the swapped data, and what is emptied while it is stopped.

    ``kind`` is one of those in clearing.py, ``service`` is the application's, ``what`` names it in messages. ``host``,
    ``port`` and ``database`` lead to a server; its password is not here: it is read again from the containers. ``keys``
    names some keys of a Redis database. ``paths`` are inside the container. A ``required`` clearing that fails undoes
    the restore.
    """

    kind: str
    service: str
    what: str
    required: bool = False
    host: str = ""
    port: int = 0
    database: int = 0
    keys: str = ""
    paths: list[str] = field(default_factory=list)


@dataclass
class Journal:
    """One restore: ``services`` are those that ran, with their containers; ``disposable``: it loaded its data.

    ``roles`` are the roles that it created, with their object ids, so that they can be taken back.
    ``one_shots`` are services that have to run to their end on the restored data before the others start, and
    ``watchers`` are those that start and stop containers themselves. ``renamed`` is when all names had been changed.
    A record is ``expiring`` when the removal of its data has begun: what is left of it must not be used any more.

    ``clearings`` are done after the names are changed, and ``cleared`` says that they are. The keys and hooks of the
    services in ``regenerate`` are written again after the start.

    ``extensions``, by the final name of their database, can only be loaded after the swap. ``set_roles`` are all roles
    that the restored databases may need. ``changed_back`` is when all names had been changed back, and the services
    may start.

    ``origin`` is set where replaced data is swapped back: the source and the id of the restore that replaced data
    first. ``is_undone``: the data from before that restore is brought back, and not, again, what it had loaded.
    ``sizes`` are the bytes of the replaced databases, by the names under which they are kept.
    """

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
    roles: dict[str, int] = field(default_factory=dict)
    one_shots: dict[str, list[str]] = field(default_factory=dict)
    watchers: dict[str, list[str]] = field(default_factory=dict)
    renamed: str | None = None
    expiring: bool = False
    clearings: list[Clearing] = field(default_factory=list)
    cleared: bool = False
    regenerate: list[str] = field(default_factory=list)
    extensions: dict[str, list[str]] = field(default_factory=dict)
    set_roles: list[str] = field(default_factory=list)
    changed_back: str | None = None
    origin: list[str] = field(default_factory=list)
    is_undone: bool = False
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def loaded(self) -> set[str]:
        """Names of the databases and folders that are swapped in."""
        return {database.new for database in self.databases} | {volume.new for volume in self.volumes}

    @property
    def replaced(self) -> list[str]:
        """Names that the replaced databases and folders get."""
        names = [database.previous for database in self.databases] + [volume.previous for volume in self.volumes]
        return [name for name in names if name]

    @property
    def stopped(self) -> dict[str, list[str]]:
        """All services that may not run while names are changed."""
        return {**self.one_shots, **self.services}

    @property
    def moving(self) -> list[str]:
        """Folders that no container should use once all names are right."""
        return [path for volume in self.volumes for path in (volume.new, volume.previous) if path]

    def describe(self) -> str:
        """The restore as text for messages."""
        what = "the swap of kept data" if self.origin else f"the restore of {self.source}"
        return f"{what} started at {self.id}"


@dataclass
class Leftovers:
    """What restores could not undo: databases, folders, volumes and roles to remove, and services that are down.

    Only names with the id of a restore are removed, volumes only while they are empty, and roles only while
    they have the object ids that they got from the restore.
    """

    databases: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    volumes: list[str] = field(default_factory=list)
    services: dict[str, list[str]] = field(default_factory=dict)
    roles: dict[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.services) or self.removable

    @property
    def removable(self) -> bool:
        """True when there is anything to remove."""
        return bool(self.databases or self.folders or self.volumes or self.roles)


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
        self._leftovers = os.path.join(self.folder, "leftovers.json")

    def current(self) -> Journal | None:
        """The journal of a restore that has not finished, or None."""
        return _read(self._current) if self.exists() else None

    def exists(self) -> bool:
        """True while a restore has not finished, also where its journal cannot be read."""
        return os.path.lexists(self._current)

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
        self.write_record(journal)
        self.drop()

    def write_record(self, journal: Journal) -> None:
        """Write a record to the disk, a new one or a changed one."""
        write_atomically(self._record_path(journal.id), to_json({"format": FORMAT, **asdict(journal)}))

    def drop(self) -> None:
        """Remove the journal: there is nothing left to recover."""
        remove_tree(self._current)
        # A job that is killed while it writes leaves the beginning of the new text behind.
        for path in glob.glob(f"{glob.escape(self._current)}.tmp-*"):
            remove_tree(path)

    def records(self) -> list[Journal]:
        """The records of earlier restores whose replaced data may still exist, the oldest first."""
        if not os.path.isdir(self._records):
            return []
        names = sorted(name for name in os.listdir(self._records) if name.endswith(".json"))
        return [_read(os.path.join(self._records, name)) for name in names]

    def forget(self, journal: Journal) -> None:
        """Remove a record whose data is removed."""
        remove_tree(self._record_path(journal.id))

    def leftovers(self) -> Leftovers:
        """What earlier restores could not undo."""
        if not os.path.lexists(self._leftovers):
            return Leftovers()
        data = _load(self._leftovers, "the list of what restores left behind")
        try:
            return Leftovers(**data)
        except TypeError as error:
            raise _unreadable(self._leftovers, "the list of what restores left behind", error) from error

    def leave(self, leftovers: Leftovers) -> None:
        """Write that list to the disk; an empty one removes it."""
        if leftovers:
            os.makedirs(self.folder, mode=0o700, exist_ok=True)
            write_atomically(self._leftovers, to_json({"format": FORMAT, **asdict(leftovers)}))
        else:
            remove_tree(self._leftovers)

    def owe(self, services: dict[str, list[str]]) -> None:
        """Note services that a restore has stopped and that are down now: the next restore starts them."""
        leftovers = self.leftovers()
        if leftovers.services != services:
            leftovers.services = services
            self.leave(leftovers)

    def _record_path(self, restore_id: str) -> str:
        return os.path.join(self._records, f"{restore_id}.json")


def _read(path: str) -> Journal:
    what = "the journal or record of a restore"
    data = _load(path, what)
    try:
        data["databases"] = [DatabaseSwap(**database) for database in data["databases"]]
        data["volumes"] = [VolumeSwap(**volume) for volume in data["volumes"]]
        data["clearings"] = [Clearing(**clearing) for clearing in data.get("clearings", [])]
        return Journal(**data)
    except (KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, what, error) from error


def _load(path: str, what: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as stream:
            data: dict[str, Any] = json.load(stream)
        if data.pop("format") > FORMAT:
            raise MaxopsError(f"{path} was written by a later maxops.ops: update the collection on this controller")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unreadable(path, what, error) from error
    return data


def _unreadable(path: str, what: str, error: Exception) -> MaxopsError:
    return MaxopsError(
        f"{path}, {what}, cannot be read: {error!r}; look for databases and folders "
        "whose names contain maxops, rename or remove them by hand, then remove that file"
    )
