# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database as the applications meet it. Private to this collection."""

from __future__ import annotations

import re
from dataclasses import replace

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import DatabaseLogin, database_logins
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server, Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from ..cause import CERTAIN, LIKELY, Cause, Report
from ..scene import Scene

_END_IDLE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' AND state_change < now() - interval"
    " '1 min'"
)

_CONNECTIONS = (
    "SELECT current_setting('max_connections')::int,"
    " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
)
_HOLDERS = (
    "SELECT coalesce(host(client_addr), 'its own socket'), usename, count(*), count(*) FILTER (WHERE state = 'idle')"
    " FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 3"
)
_IDLE_TRANSACTIONS = (
    "SELECT a.pid, a.usename, a.datname, coalesce(host(a.client_addr), 'its own socket'),"
    " extract(epoch FROM clock_timestamp() - a.xact_start)::int,"
    " (SELECT count(*) FROM pg_stat_activity b WHERE a.pid = ANY (pg_blocking_pids(b.pid)))"
    " FROM pg_stat_activity a WHERE a.state LIKE 'idle in transaction%%' AND a.xact_start IS NOT NULL"
    " ORDER BY a.xact_start LIMIT 5"
)


def look_at_database(scene: Scene) -> Report:
    """Whether each application comes into its database, and what keeps sessions waiting there."""
    service = scene.options.access.database_service
    look = scene.running(service)
    if look is None:
        return Report(unknown=[f'service "{service}" does not run: nothing can be asked'])
    if not look.container.addresses:
        return Report(unknown=[f"{look.name} has no address that this host can reach"])
    report = Report()
    logins = [each for each in logins_of(scene) if scene.service_of(each.host) == service]
    refusals = [(login, _refusal(look, login)) for login in logins]
    welcome = {login.user for login, told in refusals if told is None}
    report.causes += _from_refusals(scene, look, [(login, told) for login, told in refusals if told], welcome)
    try:
        server = scene.options.access.server_in(look.container, scene.required_stack)
        with Session(server, "postgres") as session:
            seen, causes = _inside(scene, look, server, session)
            report.seen = f"{len(logins)} logins work as the applications have them; {seen}"
            report.causes += causes
    except MaxopsError as error:
        own = DatabaseLogin(service, "the stack", service, 0, "", "", "postgres")
        known = {each.check for each in report.causes}
        report.causes += [
            each for each in _from_refusals(scene, look, [(own, error)], welcome) if each.check not in known
        ]
    return report


# -- logins -------------------------------------------------------------------------------------------------------


def logins_of(scene: Scene) -> list[DatabaseLogin]:
    """How the applications log in, as their settings say; without those whose password is not known."""
    return [
        login
        for look in scene.inspections
        if look.service != scene.options.access.database_service
        for login in database_logins(look.container, look.files_root)
        if login.password is not None
    ]


def _refusal(look: Inspection, login: DatabaseLogin) -> MaxopsError | None:
    """Why the database does not let a login in; None when it does."""
    server = Server(
        host=look.container.addresses[0],
        port=login.port,
        user=login.user,
        password=login.password or "",
        container=look.name,
        password_source=f"{login.source} of {login.service}",
    )
    try:
        server.connect(login.database or login.user).close()
    except MaxopsError as error:
        return error
    return None


def _from_refusals(
    scene: Scene, look: Inspection, refusals: list[tuple[DatabaseLogin, MaxopsError]], welcome: set[str]
) -> list[Cause]:
    """One cause for each thing that the logins fail for; ``welcome`` are users whom others come in as."""
    causes: dict[tuple[str, str], Cause] = {}
    for login, error in refusals:
        cause = _from_refusal(scene, look, login, error)
        if cause.check == "database_password" and login.user in welcome:
            # To give the server another password would keep the others out.
            told = f"others come in as {login.user}: {login.service} has a password of its own, from .env or its file"
            fix = scene.compose("up", "--detach", "--force-recreate", "--no-deps", login.service)
            cause = replace(cause, fix=fix, evidence=(cause.evidence[0], told))
        same = causes.get((cause.check, cause.subject))
        causes[cause.check, cause.subject] = _joined(look, same, cause) if same else cause
    return list(causes.values())


def _joined(look: Inspection, same: Cause, cause: Cause) -> Cause:
    """Two logins that fail for one thing."""
    services = tuple(dict.fromkeys((*same.services, *cause.services)))
    if cause.check != "database_password":
        return replace(same, evidence=tuple(dict.fromkeys((*same.evidence, *cause.evidence))), services=services)
    # What each login met stands first, what to do about all of them last.
    evidence = tuple(dict.fromkeys((*same.evidence[:-1], *cause.evidence[:-1], same.evidence[-1])))
    has = "has" if len(services) == 1 else "have"
    seen = f"{look.name} refuses the password that {' and '.join(services)} {has}"
    return replace(same, seen=seen, evidence=evidence, services=services)


def _from_refusal(scene: Scene, look: Inspection, login: DatabaseLogin, error: MaxopsError) -> Cause:
    said = str(error.__cause__ or error)
    told = f"{login.service} ({login.source}): {scene.mask(' '.join(said.split()))[-300:]}"
    psql = f"docker exec -it {look.name} psql{_as_superuser(look)} -d postgres"
    user = login.user or look.container.environment.get("POSTGRES_USER", "postgres")
    database = login.database or login.user
    if "password authentication failed" in said or "no password supplied" in said or f'role "{user}" does not' in said:
        return Cause.of(
            "database_password",
            f"database user {user}",
            CERTAIN,
            f"{look.name} refuses the password that {login.service} has",
            f"{psql} -c '\\password {user}'",
            (told, "type the password that .env has: the server keeps the one of its first start"),
            (login.service,),
        )
    if re.search(r'database "[^"]*" does not exist', said):
        return Cause.of(
            "database_missing",
            f"database {database}",
            CERTAIN,
            f"{look.name} has no database {database}, and {login.service} needs it",
            f"ansible-playbook maxops.ops.restore -e restore_databases={database}",
            (told,),
            (login.service,),
        )
    if "too many clients" in said or "remaining connection slots" in said:
        return _connections(scene, look, "it has no free connection left", (told,), CERTAIN)
    return Cause.of(
        "connection_failed",
        f"{look.service} on this host",
        LIKELY,
        f"{look.name} cannot be asked at {look.container.addresses[0]}:{login.port or 5432}",
        f"docker logs --tail=50 {look.name}",
        (told,),
        (login.service,),
    )


def _as_superuser(look: Inspection) -> str:
    user = look.container.environment.get("POSTGRES_USER")
    return f" -U {user}" if user else ""


# -- inside the server --------------------------------------------------------------------------------------------


def _inside(scene: Scene, look: Inspection, server: Server, session: Session) -> tuple[str, list[Cause]]:
    causes = []
    [(most, used)] = session.run("count the sessions of", _CONNECTIONS)
    # Ours is one of them, and gone in a moment.
    ratio = (used - 1) / most
    seen = f"{used - 1} of {most} connections are used"
    if ratio >= scene.options.connections_ratio:
        holders = session.run("list the sessions of", _HOLDERS)
        told = tuple(f"{_who(scene, row[0])} (user {row[1]}): {row[2]}, {row[3]} of them idle" for row in holders)
        causes.append(_connections(scene, look, seen, told, LIKELY if used < most else CERTAIN))
    for row in session.run("list the transactions of", _IDLE_TRANSACTIONS):
        causes += _idle_transaction(scene, look, *row)
    return f"{seen} (user {server.user})", causes


def _connections(scene: Scene, look: Inspection, seen: str, evidence: tuple[str, ...], likelihood: str) -> Cause:
    fix = f'docker exec {look.name} psql{_as_superuser(look)} -d postgres -c "{_END_IDLE}"'
    advice = "then mend who holds them, or raise max_connections (stack_postgres_settings of the role stack)"
    services = tuple(need.service for need in scene.needs if scene.service_of(need.host) == look.service)
    return Cause.of(
        "database_connections", look.service, likelihood, seen, fix, (*evidence, advice), (look.service, *services)
    )


def _idle_transaction(
    scene: Scene, look: Inspection, pid: int, user: str, database: str, address: str, seconds: int, blocked: int
) -> list[Cause]:
    if seconds < scene.options.idle_transaction_seconds and not blocked:
        return []
    waiting = f", and {blocked} session{'s wait' if blocked != 1 else ' waits'} for it" if blocked else ""
    likelihood = (LIKELY if seconds < scene.options.idle_transaction_seconds else CERTAIN) if blocked else LIKELY
    return [
        Cause.of(
            "database_idle_transaction",
            f"session {pid} in {database}",
            likelihood,
            f"a transaction does nothing and stays open since {seconds} s{waiting}",
            f"docker exec {look.name} psql{_as_superuser(look)} -d postgres -c 'SELECT pg_terminate_backend({pid})'",
            (f"user {user}, from {_who(scene, address)}; it keeps VACUUM from its work, and holds its locks",),
            (look.service,),
        )
    ]


def _who(scene: Scene, address: str) -> str:
    names = [look.name for look in scene.inspections if address in look.container.addresses]
    return names[0] if names else address
