# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restored copy for tests of rehearsals: rows from memory, files in folders, and a running application like it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.content import Content
from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.live import Live
from ansible_collections.maxops.ops.plugins.module_utils.storage.subject import Subject
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

SERVER = Server("/socket", 5432, "maxops", "", "of the rehearsal", "none")


class Rows:
    """A session that answers the queries of a comparison from rows in memory; conditions are not evaluated."""

    database = "shop"

    def __init__(self, **tables: Sequence[Mapping[str, Any]]) -> None:
        self.tables = tables

    def run(self, _action: str, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if "information_schema.columns" in statement:
            return [(name,) for row in self.tables.get(parameters[0], [])[:1] for name in row]
        [table] = re.findall(r'FROM "(\w+)"', statement)
        listed = self.tables[table]
        if "count(*)" in statement:
            return [(len(listed),)]
        if "unnest" in statement:
            [column] = re.findall(r'WHERE "(\w+)"::text', statement)
            known = {str(row[column]) for row in listed}
            return [(value,) for value in parameters[0] if value not in known]
        names = re.findall(r'"(\w+)"', statement.partition(" FROM ")[0])
        return [(row["id"], *(row[name] for name in names)) for row in listed if parameters[0] in (None,)]


class Running(Live):
    """A running application: the folders of its volumes, and the rows that it still has (None: not known)."""

    def __init__(self, folders: Mapping[str, str] | None = None, rows: Any = None, problem: str = "") -> None:
        super().__init__(problem=problem)
        self.folders = dict(folders or {})
        self.known = rows

    def folder(self, part: str) -> str | None:
        return self.folders.get(part)

    def rows(self, *_arguments: Any) -> Any:
        return self.known


def a_copy(tmp_path: Path, volumes: Sequence[str] = (), live: Live | None = None, **manifest: Any) -> Content:
    """A restored copy with empty folders for its volumes."""
    folders = {}
    for number, name in enumerate(volumes):
        folders[name] = str(tmp_path / f"volume-{number}")
        Path(folders[name]).mkdir(parents=True)
    subject = Subject("20261123T020000Z", str(tmp_path / "set"), manifest={"files": [], "parts": [], **manifest})
    content = Content(subject, SERVER, folders, None, "key", str(tmp_path), 2, Cancellation())  # type: ignore[arg-type]
    if live:
        content.live = live
    return content


def put(folder: str | Path, path: str, text: str = "x") -> None:
    """Write a file below a folder."""
    target = Path(folder, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def found(content: Content) -> list[tuple[str, str, str]]:
    """State, cause and subject of each finding."""
    return [(finding.state, finding.cause, finding.subject) for finding in content.subject.findings.all()]
