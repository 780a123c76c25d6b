# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Creates, renames, locks and drops databases of the stack's PostgreSQL.

Every function takes a session on the database ``postgres``, or on another one that it does not change.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault, MaxopsError

from . import subscriptions
from .session import Session, identifier

TERMINATE_SECONDS = 20
"""How long sessions may take to end after they were terminated."""

_MAINTENANCE = "postgres"
_TEMPLATE = "template1"

_PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}
# Sessions that restore data fire no event trigger of it, and their statements hold passwords and other secrets: they
# stay out of the server's log. Messages are in English, which is what this collection recognizes them by.
_QUIET = {
    "auto_explain.log_min_duration": "-1",
    "event_triggers": "off",
    "lc_messages": "C",
    "log_min_duration_sample": "-1",
    "log_min_duration_statement": "-1",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_transaction_sample_rate": "0",
    "pg_stat_statements.track": "none",
}
_LOCALE = re.compile(r"\b(?:locale|collation|collator|ICU|LC_COLLATE|LC_CTYPE)\b", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"')
# Settings whose value is a list of names: SET would treat the stored text as one name.
_LISTS = {
    "local_preload_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
}


def outside_of(names: Collection[str]) -> str:
    """The database to connect to for work on others: a session cannot close, rename or drop its own."""
    return _TEMPLATE if _MAINTENANCE in names else _MAINTENANCE


def databases(session: Session) -> dict[str, bool]:
    """All databases of the server and whether they accept connections."""
    return dict(session.run("list the databases from", "SELECT datname, datallowconn FROM pg_database"))


def roles(session: Session) -> set[str]:
    """All roles of the server, including the built-in ones."""
    return {row[0] for row in session.run("list the roles from", "SELECT rolname FROM pg_roles")}


def is_superuser(session: Session) -> bool:
    """Whether the session's user is a superuser."""
    query = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    return bool(session.run("read the rights in", query)[0][0])


def quiet_settings(session: Session) -> dict[str, str]:
    """Settings of sessions that restore data, as far as the server has them and its user may change them."""
    if not is_superuser(session):
        return {}
    query = "SELECT name FROM pg_settings WHERE name = ANY(%s) ORDER BY 1"
    return {name: _QUIET[name] for (name,) in session.run("read the settings of", query, [list(_QUIET)])}


def setting_bytes(session: Session, name: str) -> int:
    """The value in bytes of a setting that is an amount of memory."""
    return int(session.run("read a setting of", "SELECT pg_size_bytes(current_setting(%s))", [name])[0][0])


def setting(session: Session, name: str) -> str | None:
    """The value of a setting; None where the server does not have it."""
    return session.run("read a setting of", "SELECT current_setting(%s, true)", [name])[0][0]  # type: ignore[no-any-return]


def tablespaces(session: Session) -> set[str]:
    """Names of the server's tablespaces."""
    return {row[0] for row in session.run("list the tablespaces of", "SELECT spcname FROM pg_tablespace")}


def lz4_candidates(session: Session) -> set[str]:
    """Compression settings that still have their default and that support LZ4, which is several times as fast."""
    query = (
        "SELECT name FROM pg_settings WHERE name IN ('default_toast_compression', 'wal_compression')"
        " AND 'lz4' = ANY (enumvals) AND source = 'default'"
    )
    return {row[0] for row in session.run("read the settings of", query)}


def size(session: Session, database: str) -> int:
    """Size of a database in bytes."""
    return int(session.run("measure", "SELECT pg_database_size(%s)", [database])[0][0])


def prepared_transactions(session: Session, database: str) -> int:
    """Number of prepared transactions: only COMMIT PREPARED or ROLLBACK PREPARED ends them."""
    query = "SELECT count(*) FROM pg_prepared_xacts WHERE database = %s"
    return int(session.run("look for prepared transactions in", query, [database])[0][0])


def client_addresses(session: Session, database: str) -> set[str]:
    """Client addresses of the sessions on a database."""
    query = "SELECT DISTINCT host(client_addr) FROM pg_stat_activity WHERE datname = %s AND client_addr IS NOT NULL"
    return {row[0] for row in session.run("list the sessions of", query, [database])}


def like(session: Session, name: str | None, owner: str) -> dict[str, str]:
    """The properties for :func:`create` to make a database like another, or like template1, for an owner."""
    [row] = session.run(
        "read the properties of",
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database"
        " WHERE datname = %s",
        [name or "template1"],
    )
    properties = dict(zip(("owner", "encoding", "collate", "ctype"), row))
    return properties if name else {**properties, "owner": owner}


def create(session: Session, name: str, like: Mapping[str, Any], properties: Mapping[str, Any] | None) -> list[str]:
    """Create an empty database; ``like`` has owner, encoding, collate and ctype, as in a manifest's part.

    Returns a remark where its tablespace does not exist here. Raises HostFault where this server lacks its locale.
    """
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
    tablespace = (properties or {}).get("tablespace") or "pg_default"
    remarks = []
    if tablespace != "pg_default":
        if tablespace in tablespaces(session):
            words.append(f"TABLESPACE {identifier(tablespace)}")
        else:
            remarks.append(f'its tablespace "{tablespace}" does not exist here: it is in pg_default')
    try:
        session.run(f'create database "{name}" from', " ".join(words), values)
    except MaxopsError as error:
        if isinstance(error, HostFault) or not _LOCALE.search(_QUOTED.sub("", str(error))):
            raise
        raise HostFault(
            f"{error}; the image of this server lacks that locale: use the image that made the set"
        ) from error
    return remarks


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
    """Drop a database with its subscriptions and sessions; a missing database is not an error."""
    subscriptions.remove(session, name)
    session.run(f'drop database "{name}" from', f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")


def let_in(session: Session, names: Sequence[str]) -> None:
    """Allow connections to databases again."""
    for name in names:
        session.run(f'open database "{name}" in', f"ALTER DATABASE {identifier(name)} ALLOW_CONNECTIONS true")


def lock_out(session: Session, names: Sequence[str]) -> None:
    """End all sessions of databases and refuse new ones until :func:`let_in`, also after crashes and restarts."""
    for name in names:
        session.run(f'close database "{name}" in', f"ALTER DATABASE {identifier(name)} ALLOW_CONNECTIONS false")
    deadline = time.monotonic() + TERMINATE_SECONDS
    query = "SELECT datname, usename, pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s)"
    while True:
        remaining = session.run("end the sessions of", query, [list(names)])
        if not remaining:
            return
        if time.monotonic() > deadline:
            sessions = ", ".join(f'process {pid} of {user} on "{name}"' for name, user, pid, _terminated in remaining)
            raise MaxopsError(
                f"these database sessions did not end within {TERMINATE_SECONDS} seconds: {sessions}; "
                "stop the programs that hold them, then run this again"
            )
        time.sleep(0.02)


def rename(session: Session, old: str, new: str) -> None:
    """Rename a database without sessions; within a transaction if the caller has begun one."""
    session.run(f'rename database "{old}" in', f"ALTER DATABASE {identifier(old)} RENAME TO {identifier(new)}")
