# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a database could not be loaded, and the next step: this host, production's own data, or the set is at fault."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult

from . import programs

HOST, PRODUCTION, SET = "host", "production", "set"
"""Who is at fault: the server that loads, the data of the server that was dumped, or the set itself."""

RUN_AGAIN = "fix the cause and run this again"


class LoadError(MaxopsError):
    """A database could not be loaded, and this host is not at fault.

    ``fix`` is the next step where production's own data has the same fault, and empty where the set is at fault.
    """

    def __init__(self, text: str, fix: str = "") -> None:
        super().__init__(text)
        self.fix = fix


@dataclass(frozen=True)
class _Sign:
    """A pattern in a program's messages, who is at fault, and the next step; groups of the pattern fill it in."""

    pattern: str
    fault: str
    advice: str


_BACK_UP_AGAIN = "then back up again; every set of this database has this fault until then"

_FOREIGN = (
    r"could not connect to (?:foreign )?server|could not establish connection|failed to connect"
    r"|could not translate host name|password is required|credentials required|user mapping not found"
)
# The first that matches counts. Messages are in English: sessions of a load set lc_messages.
_SIGNS = (
    _Sign(r"No space left on device", HOST, "the disk of the database server is full: free some space, then {again}"),
    _Sign(
        r"Disk quota exceeded",
        HOST,
        "the disk quota of the database server is used up: free some space, then {again}",
    ),
    _Sign(
        r"max_locks_per_transaction",
        HOST,
        "the server in container {container} holds too many locks: raise max_locks_per_transaction, restart it, "
        "then {again}",
    ),
    _Sign(
        r"terminated abnormally|server closed the connection|crash of another server process|in recovery mode"
        r"|terminated by signal 9|lost synchronization",
        HOST,
        "the server in container {container} ended its processes or was restarted: all its sessions were lost; "
        "out of memory ({memory})? See docker logs --tail=50 {container} and dmesg; give it more memory, or set jobs "
        "to 1, then {again}",
    ),
    _Sign(
        r"out of memory|Cannot allocate memory|could not resize shared memory|could not fork",
        HOST,
        "the server in container {container} has too little memory ({memory}): give it more, or set jobs to 1, "
        "then {again}",
    ),
    _Sign(
        r"must be (?:pre)?loaded|only be loaded via|shared_preload_libraries",
        HOST,
        "add the library to shared_preload_libraries in container {container}, restart it, then {again}",
    ),
    _Sign(
        r"could not access file|could not load library|could not open extension control file"
        r"|extension \"[^\"]+\" is not available|has no installation script",
        HOST,
        "the image of container {container} lacks an extension that the set needs: use the image that the set names, "
        "then {again}",
    ),
    _Sign(
        r"does not support compression",
        HOST,
        "the image of container {container} cannot read the set's compression: use the image that the set names, "
        "then {again}",
    ),
    _Sign(
        r"could not create locale|locale name|collation provider|could not open collator|ICU is not supported",
        HOST,
        "the image of container {container} lacks a locale that the set needs: use the image that the set names, "
        "then {again}",
    ),
    _Sign(
        r"tablespace \"([^\"]+)\" does not exist|\"default_tablespace\": \"([^\"]+)\"",
        HOST,
        'this server has no tablespace "{0}": create it (CREATE TABLESPACE), then {again}',
    ),
    _Sign(
        r"unrecognized configuration parameter \"([^\"]+)\"",
        HOST,
        'this server does not know the parameter "{0}": it is of a later version or of a library that is not loaded; '
        "use the image and the settings of the server that made the set, then {again}",
    ),
    _Sign(
        r"Input/output error|Read-only file system|Permission denied",
        HOST,
        "the disk of the database server cannot be used: see dmesg and docker logs --tail=50 {container}",
    ),
    _Sign(
        r"can only create extension in database|Jobs must be scheduled from|must be scheduled from the database",
        HOST,
        "the extension works only in one database of the server in container {container}, which its "
        "configuration names (cron.database_name): take a backup set, whose other contents are loaded without it",
    ),
    _Sign(
        _FOREIGN,
        HOST,
        "the set needs another server, which this host cannot reach: make that reachable, then {again}",
    ),
    _Sign(
        r"connection to server|terminating connection",
        HOST,
        "was the container stopped or restarted? See docker logs --tail=50 {container}, then {again}",
    ),
    _Sign(
        r"could not create unique index(?:.|\n)*?Command was: (?:CREATE UNIQUE INDEX \S+ ON (?:ONLY )?|ALTER TABLE "
        r"(?:ONLY )?)(\S+)",
        PRODUCTION,
        "production's table {0} has two rows with the same key, its index is corrupt: fix it there (remove one of the "
        "rows, then REINDEX TABLE {0}), " + _BACK_UP_AGAIN,
    ),
    _Sign(
        r"could not create (?:unique index|exclusion constraint) \"([^\"]+)\"",
        PRODUCTION,
        "production's table has two rows with the same key, its index {0} is corrupt: fix it there (remove one of the "
        "rows, then REINDEX INDEX {0}), " + _BACK_UP_AGAIN,
    ),
    _Sign(
        r"on table \"([^\"]+)\" violates foreign key constraint \"([^\"]+)\"",
        PRODUCTION,
        "production's table {0} has rows that break its own foreign key {1}: fix them there, " + _BACK_UP_AGAIN,
    ),
    _Sign(
        r"for relation \"([^\"]+)\" violates check constraint \"([^\"]+)\"",
        PRODUCTION,
        "production's table {0} has rows that do not pass its own check {1}, or its function reads other tables, which "
        "are not loaded yet: fix it there (a trigger in place of the check), " + _BACK_UP_AGAIN,
    ),
    _Sign(
        r"(?:function|relation|type|operator|procedure|schema|text search configuration) .* does not exist(?:.|\n)*?"
        r"(?:PL/\w+|SQL) function \"?([^\s\"(]+(?:\([^)]*\))?)",
        PRODUCTION,
        "function {0} relies on the search_path, which is empty while a dump is loaded; in production: ALTER FUNCTION "
        "{0} SET search_path = {schemas}, " + _BACK_UP_AGAIN,
    ),
    _Sign(
        r"role \"([^\"]+)\" does not exist",
        SET,
        'create that role (CREATE ROLE "{0}") or take a set that has it, then {again}',
    ),
    _Sign(
        r"unsupported version",
        SET,
        "the set comes from a newer PostgreSQL: restore it into that version or a later one",
    ),
    _Sign(r"gunzip failed", SET, "the file is cut short or damaged: take another backup"),
    _Sign(
        r"permission denied|must be superuser|must be owner",
        SET,
        "load it as the superuser of container {container} (database_user and database_password)",
    ),
)
_SEARCH_PATH = next(sign for sign in _SIGNS if "{schemas}" in sign.advice)


def relying_on_search_path(result: StageResult) -> str | None:
    """The function of the database that did not find what it names without a schema; None for other failures."""
    sign, words = _sign_of(result.stderr)
    return words[0] if sign is _SEARCH_PATH else None


def another_server(result: StageResult) -> bool:
    """True where all errors are of another server, which a foreign table or dblink names and which is out of reach."""
    errors = [line for line in result.stderr.splitlines() if "ERROR: " in line]
    return bool(errors) and all(re.search(f"{_FOREIGN}|has not been populated", line) for line in errors)


def failure(subject: str, result: StageResult, container: str, memory: str, schemas: str = "public") -> MaxopsError:
    """The error for a failed load: HostFault or LoadError.

    ``subject`` begins the text, ``memory`` is the memory of the server in words, ``schemas`` the search_path that
    functions of this database need.
    """
    output = programs.first_error(result)
    if programs.not_started(result):
        return HostFault(
            f"{subject}: Docker could not start the helper container: {output}; {programs.advice_on(result, container)}"
        )
    sign, words = _sign_of(result.stderr)
    if sign is None:
        killed = result.returncode == 137
        if killed or not result.stderr.strip():
            cause = "it was killed, for example because the host is out of memory" if killed else output
            return HostFault(f"{subject}: {output}; {cause}; see dmesg, then run this again")
        return LoadError(f"{subject}: {output}; {RUN_AGAIN}")
    advice = sign.advice.format(*words, container=container, memory=memory, schemas=schemas, again="run this again")
    text = f"{subject}: {output}; {advice}"
    if sign.fault == HOST:
        return HostFault(text)
    return LoadError(text, advice if sign.fault == PRODUCTION else "")


def _sign_of(stderr: str) -> tuple[_Sign | None, list[str]]:
    # What a row, a function or a command contains must not be taken for a fault of this host.
    messages = "\n".join(line for line in stderr.splitlines() if programs.ERROR.search(line) or "HINT:" in line)
    for sign in _SIGNS:
        match = re.search(sign.pattern, messages if sign.fault == HOST else stderr)
        if match:
            return sign, [word for word in match.groups() if word] or [""]
    return None, []
