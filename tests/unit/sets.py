# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backup sets for tests, written with the functions of the backup."""

from __future__ import annotations

import datetime
import os
from pathlib import Path
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import sha256_and_sync

CONTENT = {
    "globals.sql": b"CREATE ROLE maxops;\n",
    "databases/shop/toc.dat": b"PGDMP" + bytes(range(256)),
    "databases/shop/3001.dat.zst": b"\x28\xb5\x2f\xfd" + b"rows" * 500,
    "volumes/assets.tar.zst": b"\x28\xb5\x2f\xfd" + b"files" * 3000,
    "config/.env": b"PASSWORD=x\n",
    "config/gateway/nginx.conf": b"server {}\n",
}
LINKS = {"config/gateway/current.conf": "nginx.conf"}


def make_set(repository: Repository, moment: datetime.datetime, content: dict[str, bytes], **more: Any) -> Path:
    """Publish a set of the given files; ``more`` are keys of its manifest."""
    with repository.locked("test"):
        set_id, layout = repository.begin(moment)
        entries: list[dict[str, Any]] = []
        for name, data in content.items():
            path = Path(layout.path, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            size, digest = sha256_and_sync(str(path))
            entries.append({"path": name, "size": size, "sha256": digest})
        for name, target in LINKS.items():
            os.symlink(target, Path(layout.path, name))
            entries.append({"path": name, "size": 0, "link": target})
        manifest: dict[str, Any] = {
            "format": backup_set.FORMAT,
            "set_id": set_id,
            "project": "shop",
            "quiesce": "none",
            "parts": [
                {"kind": "database", "name": "shop", "source_bytes": 9000, "bytes": 2000, "rows": {"public.entry": 2}},
                {"kind": "volume", "name": "assets", "source_bytes": 9000, "bytes": 5000},
            ],
            "files": entries,
            **more,
        }
        backup_set.write_manifest(layout.manifest, backup_set.seal(manifest))
        return Path(repository.publish(set_id))


def reseal(folder: Path, **changes: Any) -> None:
    """Change a set's manifest, and correct the digests of its files and its own."""
    manifest = backup_set.read_manifest(str(folder / "manifest.json"))
    manifest.update(changes)
    for entry in manifest["files"]:
        if "link" not in entry and (folder / entry["path"]).exists():
            entry["size"], entry["sha256"] = sha256_and_sync(str(folder / entry["path"]))
    manifest["files"] = [entry for entry in manifest["files"] if os.path.lexists(folder / entry["path"])]
    backup_set.write_manifest(str(folder / "manifest.json"), backup_set.seal(manifest))
