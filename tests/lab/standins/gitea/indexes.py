"""The search indexes: a missing one is made, one that cannot be opened ends the start, as in the real application."""

from __future__ import annotations

import json
from pathlib import Path

from .settings import Settings

MAGIC = b"\xed\x0c\xda\xed"
SIZE = 4096


class BrokenIndexError(Exception):
    """An index that cannot be opened."""


def open_all(settings: Settings) -> None:
    data = settings.text("server", "APP_DATA_PATH", "/data/gitea")
    if settings.text("indexer", "ISSUE_INDEXER_TYPE", "bleve") == "bleve":
        _open(Path(settings.text("indexer", "ISSUE_INDEXER_PATH", f"{data}/indexers/issues.bleve")))
    if settings.truth("indexer", "REPO_INDEXER_ENABLED", default=False):
        _open(Path(settings.text("indexer", "REPO_INDEXER_PATH", f"{data}/indexers/repos.bleve")))


def _open(folder: Path) -> None:
    table = folder / "store" / "root.bolt"
    if not folder.exists():
        table.parent.mkdir(parents=True)
        table.write_bytes(MAGIC + bytes(SIZE - len(MAGIC)))
        (folder / "index_meta.json").write_text(json.dumps({"storage": "boltdb", "index_type": "scorch"}))
        return
    try:
        json.loads((folder / "index_meta.json").read_text())
        content = table.read_bytes()
    except (OSError, ValueError) as error:
        raise BrokenIndexError(f"{folder}: {error}") from error
    if len(content) < SIZE or not content.startswith(MAGIC):
        raise BrokenIndexError(f"{folder}: file size too small or invalid database")
