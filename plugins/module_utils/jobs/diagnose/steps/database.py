# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database, checked with the applications' own logins."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import DatabaseLogin, database_logins
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server, Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from ..cause import CERTAIN, LIKELY, Cause, StepResult
from ..stack_view import StackView

_END_IDLE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' AND state_change < now() - interval"
    " '1 min'"
)

_CONNECTIONS = (
    "SELECT current_setting('max_connections')::int,"
    " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
)
_HOLDERS = (
    "SELECT coalesce(host(client_addr), 'local socket'), usename, count(*), count(*) FILTER (WHERE state = 'idle')"
    " FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 3"
)
_IDLE_TRANSACTIONS = (
    "SELECT a.pid, a.usename, a.datname, coalesce(host(a.client_addr), 'local socket'),"
    " extract(epoch FROM clock_timestamp() - a.xact_start)::int,"
    " (SELECT count(*) FROM pg_stat_activity b WHERE a.pid = ANY (pg_blocking_pids(b.pid)))"
    " FROM pg_stat_activity a WHERE a.state LIKE 'idle in transaction%%' AND a.xact_start IS NOT NULL"
    " ORDER BY a.xact_start LIMIT 5"
)


def check_database(view: StackView) -> StepResult:
    """Whether each application can log in to its database, and what blocks sessions there."""
    service = view.roles.database
    if not service:
        problem = view.roles.problem("database_service")
        hosts = ", ".join(sorted({login.host for login in logins_of(view)}))
        if hosts and not problem:
            problem = f"the applications log in to {hosts}, which is no server of this stack: it was not checked"
        return StepResult(unknown=[problem]) if problem else StepResult("the stack has no PostgreSQL server")
    inspection = view.running(service)
    if inspection is None:
        return StepResult(unknown=[f'service "{service}" is not running, so it could not be checked'])
    if not inspection.container.addresses:
        return StepResult(unknown=[f"{inspection.name} has no address that this host can reach"])
    result = StepResult()
    logins = [login for login in logins_of(view) if view.service_of(login.host) == service]
    answers = [(login, _refusal(inspection, login)) for login in logins]
    accepted = {login.user for login, error in answers if error is None}
    # A healthy service that can log in to the same database with other settings does not use the refused ones: app.ini,
    # for example, counts more than what the image's first start was given.
    works = {(login.service, login.database) for login, error in answers if error is None}
    works = {(service, database) for service, database in works if view.is_healthy(service)}
    unused = [login for login, error in answers if error and (login.service, login.database) in works]
    refusals = [(login, error) for login, error in answers if error and login not in unused]
    result.causes += _from_refusals(view, inspection, refusals, accepted)
    try:
        server = view.options.access.server_in(inspection.container, view.required_stack)
        with Session(server, "postgres") as session:
            usage, causes = _server_state(view, inspection, server, session)
            working = len(logins) - len(refusals) - len(unused)
            result.seen = f"application logins that work: {working} of {len(logins)}{_unused(unused)}; {usage}"
            result.causes += causes
    except MaxopsError as error:
        own = DatabaseLogin(service, "the stack", service, 0, "", "", "postgres")
        reported = {cause.check for cause in result.causes}
        own_causes = _from_refusals(view, inspection, [(own, error)], accepted)
        result.causes += [cause for cause in own_causes if cause.check not in reported]
    return result


def _unused(logins: Sequence[DatabaseLogin]) -> str:
    """What is said of settings that the server refuses, and their services do not need."""
    names = ", ".join(f"{login.source} of {login.service}" for login in logins)
    return f" (refused, but another one of the same service works: {names})" if names else ""


# -- logins -------------------------------------------------------------------------------------------------------


def logins_of(view: StackView) -> list[DatabaseLogin]:
    """The applications' logins, from their settings; without those whose password is unknown."""
    return [
        login
        for inspection in view.inspections
        if inspection.service != view.roles.database
        for login in database_logins(inspection.container, inspection.files_root)
        if login.password is not None
    ]


def _refusal(inspection: Inspection, login: DatabaseLogin) -> MaxopsError | None:
    """The error of a login that the database refuses; None when it accepts the login."""
    server = Server(
        host=inspection.container.addresses[0],
        port=login.port,
        user=login.user,
        password=login.password or "",
        container=inspection.name,
        password_source=f"{login.source} of {login.service}",
    )
    try:
        server.connect(login.database or login.user).close()
    except MaxopsError as error:
        return error
    return None


def _from_refusals(
    view: StackView, inspection: Inspection, refusals: list[tuple[DatabaseLogin, MaxopsError]], accepted: set[str]
) -> list[Cause]:
    """One cause for each reason that logins fail; ``accepted`` are users that other logins succeed with."""
    causes: dict[tuple[str, str], Cause] = {}
    for login, error in refusals:
        cause = _from_refusal(view, inspection, login, error)
        if cause.check == "database_password" and login.user in accepted:
            # A new password on the server would lock out the other services.
            service = login.service
            advice = f"other services log in as {login.user}: {service} has a different password, from .env or its file"
            fix = view.compose("up", "--detach", "--force-recreate", "--no-deps", login.service)
            cause = replace(cause, fix=fix, evidence=(cause.evidence[0], advice))
        same = causes.get((cause.check, cause.subject))
        causes[cause.check, cause.subject] = _joined(inspection, same, cause) if same else cause
    return list(causes.values())


def _joined(inspection: Inspection, same: Cause, cause: Cause) -> Cause:
    """The cause of two logins that fail for the same reason."""
    services = tuple(dict.fromkeys((*same.services, *cause.services)))
    if cause.check != "database_password":
        return replace(same, evidence=tuple(dict.fromkeys((*same.evidence, *cause.evidence))), services=services)
    # First the error of every login, last the advice that holds for all of them.
    evidence = tuple(dict.fromkeys((*same.evidence[:-1], *cause.evidence[:-1], same.evidence[-1])))
    has = "has" if len(services) == 1 else "have"
    seen = f"{inspection.name} refuses the password that {' and '.join(services)} {has}"
    return replace(same, seen=seen, evidence=evidence, services=services)


def _from_refusal(view: StackView, inspection: Inspection, login: DatabaseLogin, error: MaxopsError) -> Cause:
    message = str(error.__cause__ or error)
    evidence = f"{login.service} ({login.source}): {view.mask(' '.join(message.split()))[-300:]}"
    psql = f"docker exec -it {inspection.name} psql{as_superuser(inspection)} -d postgres"
    user = login.user or inspection.container.environment.get("POSTGRES_USER", "postgres")
    database = login.database or login.user
    refused = ("password authentication failed", "no password supplied", f'role "{user}" does not')
    if any(words in message for words in refused):
        return Cause.of(
            "database_password",
            f"database user {user}",
            CERTAIN,
            f"{inspection.name} refuses the password that {login.service} has",
            f"{psql} -c '\\password {user}'",
            (evidence, "enter the password from .env: the server keeps the one from its first start"),
            (login.service,),
        )
    if re.search(r'database "[^"]*" does not exist', message):
        return Cause.of(
            "database_missing",
            f"database {database}",
            CERTAIN,
            f"{inspection.name} has no database {database}, and {login.service} needs it",
            f"ansible-playbook maxops.ops.restore -e restore_databases={database}",
            (evidence,),
            (login.service,),
        )
    if "too many clients" in message or "remaining connection slots" in message:
        return _connections(view, inspection, "it has no free connection left", (evidence,), CERTAIN)
    return Cause.of(
        "connection_failed",
        f"{inspection.service} on this host",
        LIKELY,
        f"cannot connect to {inspection.name} at {inspection.container.addresses[0]}:{login.port or 5432}",
        f"docker logs --tail=50 {inspection.name}",
        (evidence,),
        (login.service,),
    )


def as_superuser(inspection: Inspection) -> str:
    """The words of psql for the superuser: docker exec runs it as root, which is no user of the server."""
    return f" -U {shlex.quote(inspection.container.environment.get('POSTGRES_USER') or 'postgres')}"


# -- the state of the server --------------------------------------------------------------------------------------


def _server_state(view: StackView, inspection: Inspection, server: Server, session: Session) -> tuple[str, list[Cause]]:
    """The used connections as a sentence, and what keeps sessions waiting."""
    causes = []
    [(limit, used)] = session.run("count the sessions of", _CONNECTIONS)
    # The session of this check is one of them.
    ratio = (used - 1) / limit
    usage = f"{used - 1} of {limit} connections are used"
    if ratio >= view.options.connections_ratio:
        holders = session.run("list the sessions of", _HOLDERS)
        evidence = tuple(f"{_client(view, row[0])} (user {row[1]}): {row[2]}, {row[3]} of them idle" for row in holders)
        causes.append(_connections(view, inspection, usage, evidence, LIKELY if used < limit else CERTAIN))
    for row in session.run("list the transactions of", _IDLE_TRANSACTIONS):
        causes += _idle_transaction(view, inspection, *row)
    return f"{usage} (user {server.user})", causes


def _connections(
    view: StackView, inspection: Inspection, seen: str, evidence: tuple[str, ...], likelihood: str
) -> Cause:
    fix = f'docker exec {inspection.name} psql{as_superuser(inspection)} -d postgres -c "{_END_IDLE}"'
    advice = "then fix the client that holds them, or raise max_connections (stack_postgres_settings of the role stack)"
    services = tuple(need.service for need in view.needs if view.service_of(need.host) == inspection.service)
    return Cause.of(
        "database_connections",
        inspection.service,
        likelihood,
        seen,
        fix,
        (*evidence, advice),
        (inspection.service, *services),
    )


def _idle_transaction(
    view: StackView,
    inspection: Inspection,
    pid: int,
    user: str,
    database: str,
    address: str,
    seconds: int,
    blocked: int,
) -> list[Cause]:
    if seconds < view.options.idle_transaction_seconds and not blocked:
        return []
    waiting = f", and {blocked} session{'s wait' if blocked != 1 else ' waits'} for it" if blocked else ""
    psql = f"docker exec {inspection.name} psql{as_superuser(inspection)} -d postgres"
    likelihood = (LIKELY if seconds < view.options.idle_transaction_seconds else CERTAIN) if blocked else LIKELY
    return [
        Cause.of(
            "database_idle_transaction",
            f"session {pid} in {database}",
            likelihood,
            f"an idle transaction has been open for {seconds} s{waiting}",
            f"{psql} -c 'SELECT pg_terminate_backend({pid})'",
            (f"user {user}, from {_client(view, address)}; it blocks VACUUM and holds its locks",),
            (inspection.service,),
        )
    ]


def _client(view: StackView, address: str) -> str:
    names = [inspection.name for inspection in view.inspections if address in inspection.container.addresses]
    return names[0] if names else address
