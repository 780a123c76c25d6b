# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions that rely on the search_path, which is empty while a dump is loaded.

Generated columns, checks and indexes call functions, and pg_restore stops at the first one that does not find what it
names without a schema. While the rows are loaded, such functions get a search_path of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session, identifier

# Functions of the applications in the two languages whose names are looked up when they run.
_QUERY = """
SELECT n.nspname, format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE l.lanname IN ('sql', 'plpgsql') AND p.prokind IN ('f', 'p')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%%')
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 2
"""


@dataclass(frozen=True)
class Routine:
    """A function or procedure: its schema, and its name with arguments as in SQL."""

    schema: str
    signature: str


def schemas_of(properties: Mapping[str, Any] | None) -> list[str]:
    """The schemas in which the sessions of a database look names up, from the properties of a set."""
    settings = (properties or {}).get("settings") or []
    value = next((each["value"] for each in settings if each["name"] == "search_path" and not each["role"]), "")
    names = [word.strip().strip('"').replace('""', '"') for word in value.split(",")]
    return list(dict.fromkeys(name for name in [*names, "public"] if name and name != "$user"))


def in_sql(schemas: Sequence[str]) -> str:
    """Schemas as in SQL, for a message: quoted only where that is needed."""
    return ", ".join(name if name.isidentifier() and name == name.lower() else f'"{name}"' for name in schemas)


def routines(session: Session) -> list[Routine]:
    """The functions of a database that have no search_path of their own."""
    # With an empty search_path the server writes each type with its schema.
    session.run("prepare", "SELECT set_config('search_path', '', false)")
    return [Routine(schema, signature) for schema, signature in session.run("list the functions of", _QUERY)]


def give(session: Session, found: Sequence[Routine], schemas: Sequence[str]) -> None:
    """Give each function a search_path: its own schema first, then these."""
    for routine in found:
        names = ", ".join(identifier(name) for name in dict.fromkeys([routine.schema, *schemas]))
        signature = routine.signature.replace("%", "%%")
        session.run("prepare a function of", f"ALTER ROUTINE {signature} SET search_path TO {names}")


def take_back(session: Session, found: Sequence[Routine]) -> None:
    """Leave the functions as they are in production."""
    for routine in found:
        signature = routine.signature.replace("%", "%%")
        session.run("restore a function of", f"ALTER ROUTINE {signature} RESET search_path")
