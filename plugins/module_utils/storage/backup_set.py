# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backup set: its name, its layout and its manifest."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import (
    list_files,
    safe_name,
    to_json,
    write_atomically,
)

FORMAT = 2
"""Version of the layout and the manifest; a reader refuses a higher one. Since 2, a set may hold folders."""

ARCHIVED = ("volume", "folder")
"""Kinds of parts that are kept as one archive of their files."""

ARCHIVE_SUFFIXES = (".tar.zst", ".tar.gz", ".tar")

LONGEST_NAME = 200
"""Bytes of an archive's name without its suffix; a longer one ends with a digest. File systems allow 255."""

MANIFEST = "manifest.json"
ID_PATTERN = re.compile(r"\d{8}T\d{6}Z")


def new_id(moment: datetime.datetime) -> str:
    """The name of a set that was started at a moment: ``20261123T020000Z``."""
    return moment.astimezone(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")


def moment_of(set_id: str) -> datetime.datetime:
    """The moment in a set's name, in UTC."""
    return datetime.datetime.strptime(set_id, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)


@dataclass(frozen=True)
class Layout:
    """Where things are inside a set's folder."""

    path: str

    @property
    def manifest(self) -> str:
        """The manifest, written last."""
        return os.path.join(self.path, MANIFEST)

    @property
    def databases(self) -> str:
        """Holds a pg_dump directory for each database."""
        return os.path.join(self.path, "databases")

    @property
    def volumes(self) -> str:
        """Holds a compressed tar archive for each volume."""
        return os.path.join(self.path, "volumes")

    @property
    def folders(self) -> str:
        """Holds a compressed tar archive for each folder of the host."""
        return os.path.join(self.path, "folders")

    @property
    def config(self) -> str:
        """Holds Compose files, environment files and what services mount read-only."""
        return os.path.join(self.path, "config")

    @property
    def globals(self) -> str:
        """Roles and their memberships as SQL."""
        return os.path.join(self.path, "globals.sql")

    def database(self, name: str) -> str:
        """The pg_dump directory of one database, whatever its name."""
        return os.path.join(self.databases, safe_name(name))

    def properties(self, name: str) -> str:
        """Properties of the database itself, beside the files of its pg_dump directory; pg_restore ignores the file."""
        return os.path.join(self.database(name), "maxops-properties.json")

    def volume(self, name: str, suffix: str) -> str:
        """The archive of one volume, whatever its name."""
        return os.path.join(self.volumes, safe_name(name) + suffix)

    def folder(self, name: str, suffix: str) -> str:
        """The archive of one folder of the host; its name is its absolute path, or ``SERVICE:TARGET``."""
        file_name = safe_name(name)
        if len(file_name) > LONGEST_NAME:
            file_name = f"{file_name[: LONGEST_NAME - 17]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
        return os.path.join(self.folders, file_name + suffix)

    def archive(self, kind: str, name: str, suffix: str) -> str:
        """The archive of a part whose kind is one of ``ARCHIVED``."""
        return self.folder(name, suffix) if kind == "folder" else self.volume(name, suffix)

    def holds(self, part: Mapping[str, Any], path: str) -> bool:
        """True when a file of the set belongs to a part of the manifest; both paths are relative, or neither is."""
        if part["kind"] in ARCHIVED:
            return any(path == self.archive(part["kind"], part["name"], suffix) for suffix in ARCHIVE_SUFFIXES)
        return path.startswith(os.path.join(self.database(part["name"]), ""))

    def data_files(self) -> list[str]:
        """Relative paths of everything but the manifest, sorted."""
        return [path for path in list_files(self.path) if path != MANIFEST]


def archived_parts(manifest: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The manifest's parts that are kept as one archive each: volumes and folders of the host."""
    return [part for part in (manifest or {}).get("parts", []) if part["kind"] in ARCHIVED]


def archive_of(path: str, manifest: Mapping[str, Any] | None, part: Mapping[str, Any]) -> str:
    """The path of a part's archive, in the set at ``path``. Raises MaxopsError when there is not exactly one."""
    files = [entry["path"] for entry in (manifest or {}).get("files", [])]
    archives = [name for name in files if Layout("").holds(part, name)]
    if len(archives) != 1:
        raise MaxopsError(
            f'set {os.path.basename(path)} lists {len(archives)} archives of {part["kind"]} "{part["name"]}" instead '
            "of one; take another set"
        )
    return os.path.join(path, archives[0])


def format_of(parts: Iterable[Mapping[str, Any]]) -> int:
    """The format of a manifest with these parts: the lowest that knows all of them."""
    return FORMAT if any(part["kind"] == "folder" for part in parts) else 1


def seal(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with a SHA-256 over the rest of it, so that a change or damage is detected."""
    return {**manifest, "sha256": _digest(manifest)}


def _digest(manifest: dict[str, Any]) -> str:
    rest = {key: value for key, value in manifest.items() if key != "sha256"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def write_manifest(path: str, manifest: dict[str, Any]) -> None:
    """Write a sealed manifest atomically."""
    write_atomically(path, to_json(manifest))


def read_manifest(path: str) -> dict[str, Any]:
    """Read a manifest back. Raises MaxopsError when it is missing, damaged or of a later format."""
    try:
        with open(path, encoding="utf-8") as stream:
            manifest = json.load(stream)
    except FileNotFoundError:
        raise MaxopsError(f"{path} is missing: this folder is not a complete backup set; take another set") from None
    except (ValueError, OSError, RecursionError) as error:
        raise MaxopsError(f"{path} cannot be read: {error}; take another set") from error
    if not isinstance(manifest, dict) or not isinstance(manifest.get("format"), int):
        raise MaxopsError(f"{path} is not a manifest of maxops.ops; take another set")
    if manifest["format"] > FORMAT:
        raise MaxopsError(
            f"{path} has format {manifest['format']}, this maxops.ops supports {FORMAT}: "
            "update the collection on this controller"
        )
    if manifest.get("sha256") != _digest(manifest):
        raise MaxopsError(f"{path} was changed after it was written: its own SHA-256 does not match; take another set")
    return manifest
