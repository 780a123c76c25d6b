# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of entries of a dump in the directory format that have to be loaded apart from all others.

pg_restore takes a list of entries. The helper container makes that list itself, and only where a dump needs it: the
table of contents (``toc.dat``) is not compressed, so its words are found without a program.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .load_target import INSIDE_SOURCE

_ENTRY = r"^[0-9]+; [0-9]+ [0-9]+ "

EVENT_TRIGGERS = rf"{_ENTRY}(EVENT TRIGGER - |(COMMENT|SECURITY LABEL) - EVENT TRIGGER )"
"""Entries of event triggers, as an extended regular expression for pg_restore's list."""

MATERIALIZED_ROWS = rf"{_ENTRY}MATERIALIZED VIEW DATA "
"""Entries that fill materialized views."""

SINGLE_DATABASE = {"pg_cron": "cron.database_name"}
"""Extensions that work only in the one database that a setting of the server names."""

_SCHEMAS = {"pg_cron": "cron"}

# Both lists are whole, or the program ends with an error.
_SCRIPT = """
choose=$1 pattern=$2 source=$3; shift 3
pg_restore --list "$source" >/dev/shm/entries || exit
grep "$choose" -e "$pattern" /dev/shm/entries >/dev/shm/list || test $? -eq 1 || exit 3
exec "$@" --use-list=/dev/shm/list "$source"
"""


def of_extension(name: str) -> str:
    """Entries of an extension of :data:`SINGLE_DATABASE` and of its schema, as an extended regular expression."""
    schema = _SCHEMAS[name]
    own = rf"(EXTENSION|COMMENT|ACL|SECURITY LABEL) - (EXTENSION |SCHEMA )?({name}|{schema})( |$)"
    return rf"{_ENTRY}({own}|[A-Z ]+ {schema} )"


def loading(program: Sequence[str], without: Sequence[str] = (), only: str | None = None) -> list[str]:
    """The command that loads the dump at ``/maxops/source`` with a pg_restore ``program``: all, or a part of it.

    ``without`` and ``only`` are extended regular expressions for entries.
    """
    if only is None and not without:
        return [*program, INSIDE_SOURCE]
    choose, pattern = ("-E", only) if only is not None else ("-Ev", "|".join(without))
    return ["sh", "-c", _SCRIPT, "sh", choose, pattern, INSIDE_SOURCE, *program]


@dataclass(frozen=True)
class Contents:
    """The table of contents of a dump, as far as its words say what is in it."""

    toc: bytes

    @classmethod
    def of(cls, folder: str) -> Contents:
        """Read the table of contents; one that cannot be read is empty, and pg_restore reports it."""
        try:
            with open(os.path.join(folder, "toc.dat"), "rb") as stream:
                return cls(stream.read())
        except OSError:
            return cls(b"")

    @property
    def event_triggers(self) -> bool:
        """True where it holds an event trigger."""
        return self._holds("EVENT TRIGGER")

    @property
    def distant_views(self) -> bool:
        """True where filling a materialized view may read another server."""
        return self._holds("MATERIALIZED VIEW DATA") and (self._holds("SERVER") or b"dblink" in self.toc)

    def tablespaces(self, names: Sequence[str]) -> list[str]:
        """Those of the given tablespaces that it names."""
        return [name for name in names if self._holds(name)]

    def _holds(self, text: str) -> bool:
        """True where a string of the table is exactly this: its sign, its length in four bytes, its bytes."""
        data = text.encode()
        return b"\0" + len(data).to_bytes(4, "little") + data in self.toc


def single_database(extensions: Mapping[str, str]) -> list[str]:
    """Extensions of a manifest that work only in one database of a server."""
    return sorted(set(SINGLE_DATABASE) & set(extensions))
