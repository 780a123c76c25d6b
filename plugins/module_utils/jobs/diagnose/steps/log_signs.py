# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of logs that name a cause, and what to do where only a log names it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import database_logins
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection

from ..stack_view import StackView
from .database import as_superuser

NEWEST = 20
"""A service that keeps ending repeats most causes in its last lines; earlier ones may be solved."""

_KEY_BASE = (
    r"\b(?:missing|insecure|invalid|blank|empty|not found|(?:must|please) set)\W{1,4}secret_key_base"
    r"|secret_key_base\b.{0,40}(?:\b(?:missing|blank|empty|must|required|too short)\b|not set|well-known)"
)
# An application says these once at its start, and a long trace of calls may follow.
START_SIGNS = (
    (
        "database_newer",
        re.compile(r"is for a newer (?:version of )?(?:Gitea|Forgejo)|use the newer database for this old", re.I),
    ),
    (
        "migrations_pending",
        re.compile(
            r"PendingMigration|migrations? (?:are|is) pending|(?<!no )(?<!\b0 )pending migrations?\b", re.IGNORECASE
        ),
    ),
    ("secret_key_missing", re.compile(_KEY_BASE, re.IGNORECASE)),
)
LOG_SIGNS = (
    *START_SIGNS,
    ("disk_full", re.compile(r"no space left on device|disk quota exceeded|could not extend file", re.IGNORECASE)),
    ("database_version", re.compile(r"database files are incompatible|was initialized by PostgreSQL version", re.I)),
    ("database_password", re.compile(r"password authentication failed", re.IGNORECASE)),
    ("cache_password", re.compile(r"\bWRONGPASS\b|\bNOAUTH\b|invalid username-password pair", re.IGNORECASE)),
    ("database_missing", re.compile(r'database "[^"]+" does not exist', re.IGNORECASE)),
    ("database_connections", re.compile(r"too many clients|remaining connection slots are reserved", re.IGNORECASE)),
    ("cache_memory", re.compile(r"OOM command not allowed", re.IGNORECASE)),
    (
        "dns_name_missing",
        re.compile(
            r"could not translate host name|no such host|name or service not known|name resolution|host not found in"
            r" upstream",
            re.IGNORECASE,
        ),
    ),
    ("port_taken", re.compile(r"address already in use|port is already allocated", re.IGNORECASE)),
    ("out_of_memory", re.compile(r"cannot allocate memory|out of memory|OutOfMemory|MemoryError", re.IGNORECASE)),
    ("volume_permissions", re.compile(r"permission denied(?! (for|to) )|read-only file system", re.I)),
)
"""The first match of a line counts."""
HOST_NAME = ("host_name_refused", re.compile(r"Invalid host_name|Blocked hosts?:", re.IGNORECASE))
"""It refuses some requests, and never ends a service."""

# Lines of requests and of statements contain what users have written: the title of a work package, for example.
_OF_USERS = re.compile(
    r"\bmethod=[A-Z]+ path=|\bStarted [A-Z]+ \"|\bParameters: \{|\"[A-Z]+ \S+ HTTP/|\brouter: \w+ [A-Z]+ /"
    r"|\b(?:STATEMENT|QUERY): "
)
_OF_CLIENTS = frozenset(
    (
        *(kind for kind, _sign in START_SIGNS),
        "database_password",
        "database_missing",
        "database_connections",
        "cache_password",
        HOST_NAME[0],
    )
)
"""Causes for which an application does not work: in the log of a server they are about its clients."""

_BLOCKED = re.compile(r"Blocked hosts?:\s*(?P<host>\[[0-9a-f:.]+\]|[^\s,:]+)", re.IGNORECASE)
_SEEDER = re.compile(r"seed|migrat", re.IGNORECASE)
_SPLIT = re.compile(r"docker/prod/(?:web|worker|cron)\b")
"""The scripts of OpenProject's image where web, worker and migrations are services of their own."""


def sign_in(lines: Sequence[str], of_server: bool = False) -> tuple[str, str] | None:
    """The kind of cause that a log names last, and the line that does; ``of_server`` for one of the stack's servers.

    Of a failed start it is the first line of that kind: the rest explains it.
    """
    own = [line for line in lines if not _OF_USERS.search(line)]
    signs = [entry for entry in LOG_SIGNS if not (of_server and entry[0] in _OF_CLIENTS)]
    at_start = [entry for entry in signs if entry in START_SIGNS]
    for line in reversed(own):
        found = next(((kind, sign) for kind, sign in at_start if sign.search(line)), None)
        if found:
            kind, sign = found
            return kind, next(line for line in own if sign.search(line))
    for line in reversed(own[-NEWEST:]):
        kind = next((kind for kind, sign in signs if sign.search(line)), "")
        if kind:
            return kind, line
    kind, sign = HOST_NAME
    line = next((line for line in reversed(own) if sign.search(line)), "")
    return (kind, line) if line and not of_server else None


def refused_host(lines: Sequence[str]) -> str:
    """The last line that shows that OpenProject refused a name that people may have typed; empty without one.

    Requests for an address or for localhost come from programs.
    """
    for line in reversed([line for line in lines if not _OF_USERS.search(line)]):
        blocked = _BLOCKED.search(line)
        if blocked:
            host = blocked["host"].lower()
            if host != "localhost" and not host.startswith("[") and re.search(r"[a-z]", host):
                return line
        elif "invalid host_name" in line.lower():
            return line
    return ""


def remedy(view: StackView, inspection: Inspection, kind: str) -> str:
    """The command where only a log names the cause; the steps that check the thing itself give a more exact one."""
    start = f"docker restart {inspection.name}"
    up = view.compose("up", "--detach", inspection.service)
    databases = view.of_service(view.roles.database)
    database, user = (databases[0].name, as_superuser(databases[0])) if databases else ("postgres", " -U postgres")
    psql = f"docker exec -it {database} psql{user} -d postgres"
    return {
        "database_newer": _older_database(inspection),
        "migrations_pending": _migrate(view, inspection),
        "secret_key_missing": (
            f"set SECRET_KEY_BASE in {view.env_file} to the value that it had (config/ of a backup set has it), in a"
            f" new stack to that of openssl rand -hex 64, and pass it on in the Compose file; then {up}"
        ),
        "host_name_refused": (
            "set OPENPROJECT_HOST__NAME to the name that people type, or add that to"
            f" OPENPROJECT_ADDITIONAL__HOST__NAMES (stack_public_url of the role stack); then {up}"
        ),
        "disk_full": f"df --human-readable; docker system df; ansible-playbook maxops.ops.cleanup; then {start}",
        "database_version": "set the image of the data's own PostgreSQL version in the Compose file, or restore a"
        " backup set into the new version (ansible-playbook maxops.ops.restore)",
        "database_password": f"{psql} -c '\\password' and enter the password from .env; then {start}",
        "cache_password": view.compose("up", "--detach", "--force-recreate", inspection.service),
        "database_missing": f"{psql} -c '\\l'; restore the missing one: ansible-playbook maxops.ops.restore",
        "database_connections": f"{psql} -c 'TABLE pg_stat_activity'",
        "cache_memory": "ansible-playbook maxops.ops.cache",
        "dns_name_missing": view.compose("up", "--detach", *view.services),
        "port_taken": f"ss --listening --tcp --numeric --processes; stop the process that uses the port, then {start}",
        "out_of_memory": f"free --human; docker stats --no-stream; then {start}",
        "volume_permissions": f"ls -ldn {_folders(inspection)}; chown it to the user of the service, then {start}",
    }[kind]


def _older_database(inspection: Inspection) -> str:
    """Manual 3.2: the image and the data go back, or forward, together."""
    logins = database_logins(inspection.container, inspection.files_root)
    names = json.dumps({"restore_databases": [next((login.database for login in logins if login.database), "gitea")]})
    return (
        f"set the newer image of {inspection.service} in the Compose file again, or, to stay with this one, take the "
        "database back to a set from before the update: ansible-playbook maxops.ops.restore "
        f"-e restore_before=MOMENT -e '{names}' (manual 3.2)"
    )


def _migrate(view: StackView, inspection: Inspection) -> str:
    """The one-time service of the stack that migrates the database; without one, the image's own start does it."""
    seeders = [
        other.service
        for other in view.inspections
        if other.container.image == inspection.container.image and not other.running and _SEEDER.search(other.service)
    ]
    if seeders:
        return f"{view.compose('up', seeders[0])}; then docker restart {inspection.name}"
    if any(_SPLIT.search(word) for word in inspection.container.command):
        seed = view.compose("run", "--rm", inspection.service, "./docker/prod/seeder")
        return f"{seed}; then docker restart {inspection.name}"
    return f"docker restart {inspection.name}"


def _folders(inspection: Inspection) -> str:
    mounts = inspection.container.mounts
    sources = [mount.source for mount in mounts if mount.writable and mount.kind in ("volume", "bind")]
    return " ".join(sources) or "/"
