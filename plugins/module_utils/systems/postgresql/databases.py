# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole databases of the stack's PostgreSQL: made, renamed, locked and dropped. Private to this collection.

Every function takes a session on the database ``postgres``.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .session import Session, identifier

TERMINATE_SECONDS = 20
"""How long sessions may take to go after they were told to."""

_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
# Settings whose value is a list of names: SET would take the stored text for one name.
_LISTS = {
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
}


def databases(session: Session) -> dict[str, bool]:
    """All databases of the server and whether they take connections."""
    return dict(session.run("list the databases from", "SELECT datname, datallowconn FROM pg_database"))


def roles(session: Session) -> set[str]:
    """All roles of the server, the built-in ones too."""
    return {row[0] for row in session.run("list the roles from", "SELECT rolname FROM pg_roles")}


def is_superuser(session: Session) -> bool:
    """Whether the session may do all that a server lets anybody do."""
    query = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    return bool(session.run("look at the rights in", query)[0][0])


def packable(session: Session) -> set[str]:
    """Settings of what the server packs, which nobody chose yet and for which it knows LZ4, several times as fast."""
    query = (
        "SELECT name FROM pg_settings WHERE name IN ('default_toast_compression', 'wal_compression')"
        " AND 'lz4' = ANY (enumvals) AND source = 'default'"
    )
    return {row[0] for row in session.run("look at the settings of", query)}


def size(session: Session, database: str) -> int:
    """Bytes that a database takes."""
    return int(session.run("measure", "SELECT pg_database_size(%s)", [database])[0][0])


def prepared_transactions(session: Session, database: str) -> int:
    """Transactions that wait for their second phase: nothing ends them but their own COMMIT or ROLLBACK PREPARED."""
    query = "SELECT count(*) FROM pg_prepared_xacts WHERE database = %s"
    return int(session.run("look for prepared transactions in", query, [database])[0][0])


def client_addresses(session: Session, database: str) -> set[str]:
    """Addresses from which sessions on a database come."""
    query = "SELECT DISTINCT host(client_addr) FROM pg_stat_activity WHERE datname = %s AND client_addr IS NOT NULL"
    return {row[0] for row in session.run("list the sessions of", query, [database])}


def like(session: Session, name: str | None, owner: str) -> dict[str, str]:
    """What :func:`create` needs to make a database like another, or like the server's own ones, for an owner."""
    [row] = session.run(
        "read the properties of",
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database"
        " WHERE datname = %s",
        [name or "template1"],
    )
    found = dict(zip(("owner", "encoding", "collate", "ctype"), row))
    return found if name else {**found, "owner": owner}


def create(session: Session, name: str, like: Mapping[str, Any], properties: Mapping[str, Any] | None) -> None:
    """Make an empty database; ``like`` has owner, encoding, collate and ctype, as a manifest's part does."""
    words = [f"CREATE DATABASE {identifier(name)} TEMPLATE template0 OWNER {identifier(like['owner'])}"]
    words.append("ENCODING %s LC_COLLATE %s LC_CTYPE %s")
    values: list[Any] = [like["encoding"], like["collate"], like["ctype"]]
    provider = _PROVIDERS.get((properties or {}).get("locale_provider") or "c", "libc")
    if _major(session) >= 15:
        words.append(f"LOCALE_PROVIDER {provider}")
    if properties and provider != "libc":
        words.append(f"{'ICU_LOCALE' if provider == 'icu' else 'BUILTIN_LOCALE'} %s")
        values.append(properties["locale"])
        if properties.get("icu_rules"):
            words.append("ICU_RULES %s")
            values.append(properties["icu_rules"])
    session.run(f'make database "{name}" from', " ".join(words), values)


def _major(session: Session) -> int:
    return int(session.version.partition(".")[0])


def apply_properties(session: Session, name: str, owner: str, properties: Mapping[str, Any]) -> None:
    """Give a database the comment, limit, settings and grants that another one had."""
    database = identifier(name)
    if properties.get("comment"):
        session.run("comment", f"COMMENT ON DATABASE {database} IS %s", [properties["comment"]])
    if properties.get("connection_limit", -1) > -1:
        session.run("limit", f"ALTER DATABASE {database} CONNECTION LIMIT %s", [properties["connection_limit"]])
    for setting in properties.get("settings", []):
        _set(session, name, setting)
    if properties.get("grants") is not None:
        for grantee in ("PUBLIC", identifier(owner)):
            session.run("revoke rights on", f"REVOKE ALL ON DATABASE {database} FROM {grantee}")
        for grant in properties["grants"]:
            grantee = identifier(grant["role"]) if grant["role"] else "PUBLIC"
            again = " WITH GRANT OPTION" if grant["grantable"] and grant["role"] else ""
            session.run("grant on", f"GRANT {grant['privilege']} ON DATABASE {database} TO {grantee}{again}")


def _set(session: Session, database: str, setting: Mapping[str, Any]) -> None:
    role, key = setting["role"], identifier(setting["name"]).replace(".", '"."')
    head = f"ALTER ROLE {identifier(role)} IN DATABASE" if role else "ALTER DATABASE"
    if setting["name"] in _LISTS:
        session.run("prepare a setting in", "SELECT set_config(%s, %s, false)", [setting["name"], setting["value"]])
        session.run("set", f"{head} {identifier(database)} SET {key} FROM CURRENT")
        session.run("reset a setting in", f"RESET {key}")
    else:
        session.run("set", f"{head} {identifier(database)} SET {key} TO %s", [setting["value"]])


def drop(session: Session, name: str) -> None:
    """Remove a database and whoever is connected to it; it is no error when it is not there."""
    session.run(f'drop database "{name}" from', f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")


def let_in(session: Session, names: Sequence[str]) -> None:
    """Let databases take connections again."""
    for name in names:
        session.run(f'open database "{name}" in', f"ALTER DATABASE {identifier(name)} ALLOW_CONNECTIONS true")


def lock_out(session: Session, names: Sequence[str]) -> None:
    """End all sessions of databases and keep new ones out until :func:`let_in`, over crashes and restarts."""
    for name in names:
        session.run(f'close database "{name}" in', f"ALTER DATABASE {identifier(name)} ALLOW_CONNECTIONS false")
    deadline = time.monotonic() + TERMINATE_SECONDS
    query = "SELECT datname, usename, pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)"
    while True:
        left = session.run("end the sessions of", query, [list(names)])
        if not left:
            return
        if time.monotonic() > deadline:
            who = ", ".join(f'process {pid} of {user} on "{name}"' for name, user, pid, _told in left)
            raise MaxopsError(
                f"these database sessions did not end within {TERMINATE_SECONDS} seconds: {who}; "
                "stop the programs that hold them, then run this again"
            )
        time.sleep(0.02)


def rename(session: Session, old: str, new: str) -> None:
    """Rename a database that nobody is connected to; within a transaction if the caller has begun one."""
    session.run(f'rename database "{old}" in', f"ALTER DATABASE {identifier(old)} RENAME TO {identifier(new)}")
