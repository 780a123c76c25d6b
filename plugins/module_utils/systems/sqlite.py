# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a copy of an SQLite database, with statements that PostgreSQL understands too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

if TYPE_CHECKING:
    import sqlite3

STEPS = 100_000
"""So many steps of SQLite's machine between two looks at the cancellation."""


class SqliteSession:
    """One connection to a file that no other program uses. Use it as a context manager.

    ``name`` is the database in words. SQLite may write to the file: it first undoes what an interrupted program left.
    """

    def __init__(self, path: str, name: str, cancellation: Cancellation | None = None) -> None:
        self.database = name
        self._cancellation = cancellation or Cancellation()
        try:
            import sqlite3  # noqa: PLC0415 - some systems have Python without it
        except ImportError as error:
            raise MaxopsError(f"{name} cannot be read: this host's Python has no module sqlite3") from error
        self._error: type[Exception] = sqlite3.Error
        try:
            self._connection: sqlite3.Connection = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise MaxopsError(f"{name} cannot be opened: {error}") from error
        self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
        self._connection.set_progress_handler(self._is_cancelled, STEPS)

    def __enter__(self) -> SqliteSession:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def run(self, action: str, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, with ``%s`` for each parameter; ``action`` names it in an error message."""
        try:
            return list(self._connection.execute(statement.replace("%s", "?"), tuple(parameters)))
        except self._error as error:
            self._cancellation.check()
            raise MaxopsError(f"cannot {action} {self.database}: {error}") from error

    def _is_cancelled(self) -> bool:
        try:
            self._cancellation.check()
        except Cancelled:
            return True
        return False

    def damage(self) -> str:
        """What SQLite's own check finds first; empty for a whole database. Raises MaxopsError for another file."""
        [(found,), *_rest] = self.run("check", "PRAGMA quick_check(1)")
        return "" if found == "ok" else str(found)

    def columns(self, table: str) -> set[str]:
        """Columns of a table; empty when there is no such table."""
        return {row[0] for row in self.run("read the columns of", "SELECT name FROM pragma_table_info(%s)", [table])}

    def missing(self, table: str, column: str, values: Sequence[str]) -> list[str]:
        """The values that no row of the table has in a column."""
        statement = f'SELECT 1 FROM "{table}" WHERE CAST("{column}" AS text) = %s LIMIT 1'  # noqa: S608 - our own names
        return [value for value in values if not self.run("look for orphans in", statement, [value])]
