# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All databases of a server, also those that cannot be dumped, and how many tables of users they hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .session import DatabaseFacts, Server, Session, name_of

MAINTENANCE = "postgres"
"""The database that administrators connect to; it usually holds no tables."""

_DATABASES = """
SELECT namesend(datname), pg_database_size(oid), namesend(pg_get_userbyid(datdba)), pg_encoding_to_char(encoding),
       datcollate, datctype, datallowconn, datconnlimit = -2
FROM pg_database ORDER BY datname
"""
# Tables, partitioned tables and materialized views that neither the system nor an extension made.
_USER_TABLES = """
SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
"""
_LIBRARIES = "SELECT setting FROM pg_settings WHERE name = 'shared_preload_libraries'"


@dataclass(frozen=True)
class ListedDatabase:
    """One database of the server.

    ``open`` databases accept connections; an ``invalid`` one was not dropped to its end. ``readable`` is false where
    its name or its owner's is not UTF-8. ``tables`` is the number of users' tables and materialized views of a
    database that every server has, None where they were not counted.
    """

    facts: DatabaseFacts
    open: bool = True
    invalid: bool = False
    readable: bool = True
    tables: int | None = None

    @property
    def name(self) -> str:
        """The database's name; bytes that are not UTF-8 are written as ``\\xfc``."""
        return self.facts.name

    @property
    def built_in(self) -> bool:
        """Whether every server has it: its tables decide whether it is of interest."""
        return self.name in (MAINTENANCE, "template0", "template1")


@dataclass(frozen=True)
class Inventory:
    """The server's version, its databases, and the libraries that it loads at its start."""

    version: str
    databases: list[ListedDatabase]
    preloaded: list[str]


def take_inventory(server: Server) -> Inventory:
    """List the server's databases; tables are counted in those that every server has."""
    with Session(server, MAINTENANCE) as session:
        rows = session.run("list the databases from", _DATABASES)
        libraries = session.run("read the settings of", _LIBRARIES)
        version = session.version
    listed = []
    for name, size, owner, encoding, collate, ctype, is_open, invalid in rows:
        facts = DatabaseFacts(name_of(name), size, name_of(owner), encoding, collate, ctype)
        readable = _is_utf8(name) and _is_utf8(owner)
        database = ListedDatabase(facts, is_open, invalid, readable)
        if database.built_in and is_open and not invalid:
            database = replace(database, tables=user_tables(server, database.name))
        listed.append(database)
    return Inventory(version, listed, libraries_in(libraries[0][0] if libraries else ""))


def _is_utf8(sent: Any) -> bool:
    try:
        bytes(sent).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def user_tables(server: Server, database: str) -> int | None:
    """Number of users' tables and materialized views in a database; None where it cannot be read."""
    try:
        with Session(server, database) as session:
            return int(session.run("count the tables of", _USER_TABLES)[0][0])
    except MaxopsError:
        if database == MAINTENANCE:
            raise
        return None


def libraries_in(setting: str) -> list[str]:
    """The libraries that a setting such as shared_preload_libraries lists."""
    names = (word.strip().strip('"') for word in setting.split(","))
    return [name for name in names if name]
