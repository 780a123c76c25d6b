# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of PostgreSQL: logins, connections, transactions, dead rows, sizes, wraparound."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import (
    DatabaseLogin,
    database_logins,
    gitea_settings,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import collations
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.data_folder import (
    SAFE_PLACE,
    advice,
    risk_of_data,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    PSYCOPG2_IMPORT_ERROR,
    LoginRefusedError,
    NoFreeConnectionError,
    Server,
    Session,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    NOTICE,
    OK,
    UNKNOWN,
    WARNING,
    Finding,
    from_error,
    judged,
)

from ..consequences import STACK, Key, following
from ..view import StackView, View

CHECK = "postgresql"
LOGIN = "a successful login"

# One statement: separate ones would cost a round trip each.
_SERVER = """
SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()),
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
       (SELECT max(age(datfrozenxid)) FROM pg_database),
       pg_is_in_recovery()
"""
_OLDEST = """
(SELECT 'transaction', extract(epoch FROM clock_timestamp() - xact_start)::float, pid, usename, datname,
        application_name, state
 FROM pg_stat_activity WHERE xact_start IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid()
 ORDER BY xact_start LIMIT 1)
UNION ALL
(SELECT 'idle', extract(epoch FROM clock_timestamp() - state_change)::float, pid, usename, datname,
        application_name, state
 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%' ORDER BY state_change LIMIT 1)
"""
_SIZES = "SELECT datname, pg_database_size(oid) FROM pg_database WHERE datallowconn AND NOT datistemplate"
_DEAD = """
SELECT relname, n_live_tup, n_dead_tup FROM pg_stat_user_tables WHERE n_dead_tup >= %s
ORDER BY n_dead_tup::float / (n_live_tup + n_dead_tup) DESC LIMIT 1
"""
WRAPAROUND = 2**31


def check_postgresql(view: View) -> Iterator[Finding]:
    """The server as each application uses it, and as its administrator sees it."""
    stack = view.stack()
    service = stack.roles.database
    containers = stack.of_service(service)
    absent = None if containers else _no_server(view, service)
    if PSYCOPG2_IMPORT_ERROR and (absent is None or absent.state == UNKNOWN):
        seen = "the Python package psycopg2 is not installed on this host"
        yield Finding(CHECK, "driver", UNKNOWN, seen, fix="the role maxops.ops.host installs it")
        return
    if absent:
        yield absent
        return
    container = containers[0]
    own = ("containers", stack.subject_of(stack.inspections_of(service)[0]))
    if not container.running:
        seen = f"no answer: its container is {container.state}"
        finding = Finding(CHECK, "server", CRITICAL, seen, "an answer", (container.name,), stack.start(service))
        yield following(finding, own)
        return
    risk = risk_of_data(container)
    if risk:
        yield Finding(CHECK, "data folder", WARNING, risk, SAFE_PLACE, (container.name,), advice(container))
    yield from view.all_of(
        [
            partial(_as_administrator, view, container),
            *(partial(_as_application, view, container, subject, login) for subject, login in logins(view).items()),
        ]
    )


def _no_server(view: View, service: str) -> Finding:
    """The finding of a stack without a PostgreSQL server of its own; unknown where it needs one."""
    stack = view.stack()
    if service:
        seen = f'the stack has no service "{service}"'
        finding = Finding(CHECK, "server", UNKNOWN, seen, fix="set database_service to the right name")
        return following(finding, STACK)
    problem = stack.roles.problem("database_service")
    if problem:
        seen, _semicolon, fix = problem.partition("; ")
        return Finding(CHECK, "server", UNKNOWN, seen, fix=fix)
    kinds = [_kind_of_database(inspection) for inspection in stack.serving("gitea")[:1]]
    if set(stack.roles.applications) == {"gitea"} and kinds and kinds[0] not in ("", "postgres"):
        return Finding(CHECK, "server", OK, f"the stack has no PostgreSQL server: Gitea uses {kinds[0]}")
    outside = sorted({login.host for login in logins(view).values()})
    if outside:
        seen = f"the applications use a server outside this stack ({', '.join(outside)}), which is not checked"
        return Finding(CHECK, "server", NOTICE, seen)
    seen = "no service of the stack was recognised as its PostgreSQL server"
    finding = Finding(CHECK, "server", UNKNOWN, seen, fix="name it in database_service")
    return following(finding, STACK)


def _kind_of_database(inspection: Inspection) -> str:
    """Gitea's kind of database: sqlite3, mysql, mssql or postgres; empty where it is not known."""
    settings = gitea_settings(inspection.container, inspection.files_root)
    return (settings.get(("database", "DB_TYPE")) or inspection.container.environment.get("DB_TYPE", "")).lower()


# -- as the applications ----------------------------------------------------------------------------------------------


def logins(view: View) -> dict[str, DatabaseLogin]:
    """The applications' logins to their databases, without duplicates, by the subject of the finding."""
    subjects: dict[tuple[str, int, str, str, str | None], tuple[str, DatabaseLogin]] = {}
    stack = view.stack()
    for application in stack.roles.applications:
        first = stack.serving(application)[:1]
        for login in [login for one in first for login in database_logins(one.container, one.files_root)]:
            subject = f"{application} to its database"
            if any(subject == other for other, _login in subjects.values()):
                subject += f" ({login.source})"
            key = (login.host, login.port, login.database, login.user, login.password)
            subjects.setdefault(key, (subject, login))
    return dict(subjects.values())


def _as_application(view: View, container: Container, subject: str, login: DatabaseLogin) -> Iterator[Finding]:
    names = {container.service, container.name, *container.addresses}
    if login.host not in names and login.host not in _aliases(view, container):
        yield Finding(CHECK, subject, NOTICE, f'uses another server ("{login.host}"), which is not checked')
        return
    if not login.password:
        yield Finding(CHECK, subject, UNKNOWN, "its settings contain no password to try", fix="see its log")
        return
    source = f"{login.source} of service {login.service}"
    if not container.addresses:
        seen = f"container {container.name} has no address that this host can reach"
        yield Finding(CHECK, subject, UNKNOWN, seen, LOGIN, fix="attach it to a bridge network")
        return
    first, *others = container.addresses
    server = Server(first, login.port, login.user, login.password, container.name, source, other_hosts=tuple(others))
    try:
        with Session(server, login.database, seconds=view.left) as session:
            yield Finding(CHECK, subject, OK, f'"{login.user}" can log in to "{login.database}"', LOGIN)
            minimum = view.limit(CHECK, "dead_rows_minimum")
            dead = session.run("read the statistics of", _DEAD, [minimum])
    except MaxopsError as error:
        finding = from_error(CHECK, subject, CRITICAL, error, LOGIN, (source,))
        yield following(finding, *_causes_of(error))
        return
    yield _dead_rows(view, login.database, dead)


def _causes_of(error: MaxopsError) -> tuple[Key, ...]:
    """A wrong password and a missing database are faults of their own; others follow from a server that is down."""
    if isinstance(error, NoFreeConnectionError):
        return (CHECK, "connections"), (CHECK, "server")
    own = isinstance(error, LoginRefusedError) or "does not exist" in str(error)
    return () if own else ((CHECK, "server"),)


def _aliases(view: View, container: Container) -> set[str]:
    inspections = view.stack().inspections
    return next(inspection.aliases for inspection in inspections if inspection.container.id == container.id)


def _dead_rows(view: View, database: str, rows: list[tuple[Any, ...]]) -> Finding:
    subject = f"dead rows in {database}"
    warning, critical = view.limit(CHECK, "dead_rows_warning"), view.limit(CHECK, "dead_rows_critical")
    limit = f"{warning:g} % of a table"
    if not rows:
        return Finding(CHECK, subject, OK, "no table has many dead rows", limit)
    table, live, dead = rows[0]
    share = dead / (live + dead) * 100
    view.measure("postgresql_dead_rows_ratio", round(share / 100, 6), database=database)
    state = judged(share, warning, critical)
    seen = f"{share:.0f} % of table {table} ({dead:,} rows)"
    fix = "ansible-playbook maxops.ops.optimize; find what blocks autovacuum (a long transaction?)"
    return Finding(CHECK, subject, state, seen, limit, ("pg_stat_user_tables",), fix if state != OK else "")


# -- as the administrator ---------------------------------------------------------------------------------------------


def _as_administrator(view: View, container: Container) -> Iterator[Finding]:
    try:
        server = view.options.access.server_in(container, view.stack())
    except MaxopsError as error:
        yield from_error(CHECK, "administrator", UNKNOWN, error, LOGIN, (container.name,))
        return
    try:
        with Session(server, "postgres", seconds=view.left) as session:
            [(connections, most, age, recovering)] = session.run("read the state of", _SERVER)
            oldest = session.run("read the transactions of", _OLDEST)
            sizes = session.run("measure", _SIZES)
            version = session.version
            query = collations.server_query(int(version.partition(".")[0]))
            mismatches = collations.mismatches(session.run("compare the collations of", query)) if query else None
    except MaxopsError as error:
        yield _connection_failure(error, container, view.stack())
        return
    yield Finding(
        CHECK, "server", OK, f"PostgreSQL {version} answers{' (a standby)' if recovering else ''}", "an answer"
    )
    yield _connections(view, connections, most)
    by_kind = {row[0]: row[1:] for row in oldest}
    yield _oldest(view, "transaction", "longest transaction", by_kind.get("transaction"))
    yield _oldest(view, "idle_transaction", "oldest idle in transaction", by_kind.get("idle"))
    yield _wraparound(view, age or 0)
    yield from _collations(mismatches, version)
    for database, size in sizes:
        yield _size(view, database, size)


def _connection_failure(error: MaxopsError, container: Container, stack: StackView) -> Finding:
    if isinstance(error, NoFreeConnectionError):
        return from_error(CHECK, "connections", CRITICAL, error, "a free connection", (container.name,))
    if isinstance(error, LoginRefusedError):
        return from_error(CHECK, "administrator", CRITICAL, error, LOGIN, (container.name,))
    finding = from_error(CHECK, "server", CRITICAL, error, "an answer", (container.name,))
    inspections = stack.inspections_of(container.service)
    return following(finding, *(("containers", stack.subject_of(one)) for one in inspections))


def _connections(view: View, connections: int, most: int) -> Finding:
    share = connections / most * 100 if most else 0.0
    view.measure("postgresql_connections_used_ratio", round(share / 100, 6))
    view.measure("postgresql_connections", connections)
    state = judged(share, view.limit(CHECK, "connections_warning"), view.limit(CHECK, "connections_critical"))
    seen = f"{connections} of {most} connections used ({share:.0f} %)"
    fix = (
        "see which sessions hold them (ansible-playbook maxops.ops.optimize lists them), end idle ones, or raise "
        "max_connections"
    )
    limit = f"{view.limit(CHECK, 'connections_warning'):g} %"
    return Finding(CHECK, "connections", state, seen, limit, ("pg_stat_activity",), fix if state != OK else "")


def _oldest(view: View, kind: str, subject: str, row: tuple[Any, ...] | None) -> Finding:
    warning, critical = view.limit(CHECK, f"{kind}_warning"), view.limit(CHECK, f"{kind}_critical")
    limit = f"{warning:g} min"
    seconds = max(0.0, row[0] or 0.0) if row else 0.0
    view.measure(f"postgresql_{kind}_seconds", round(seconds, 3))
    if row is None:
        return Finding(CHECK, subject, OK, "none", limit)
    _seconds, pid, user, database, application, session_state = row
    state = judged(seconds / 60, warning, critical)
    seen = f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
    evidence = (f"process {pid} of {user} in {database}, {application or 'no name'}, {session_state}",)
    fix = f"it blocks VACUUM; end it if it is not needed: pg_terminate_backend({pid})"
    return Finding(CHECK, subject, state, seen, limit, evidence, fix if state != OK else "")


def _wraparound(view: View, age: int) -> Finding:
    share = age / WRAPAROUND * 100
    view.measure("postgresql_wraparound_ratio", round(age / WRAPAROUND, 6))
    state = judged(share, view.limit(CHECK, "wraparound_warning"), view.limit(CHECK, "wraparound_critical"))
    seen = f"{share:.0f} % of the transaction numbers used"
    fix = "find what keeps autovacuum from freezing (a long or prepared transaction, a slot), then run VACUUM"
    limit = f"{view.limit(CHECK, 'wraparound_warning'):g} %"
    return Finding(CHECK, "wraparound", state, seen, limit, (f"age {age:,}",), fix if state != OK else "")


def _collations(mismatches: list[dict[str, Any]] | None, version: str) -> Iterator[Finding]:
    """One finding for each database whose indexes may be in another order than its collation has now."""
    if mismatches is None:
        yield Finding(CHECK, "collations", NOTICE, f"PostgreSQL {version} records no version of a database's collation")
        return
    for mismatch in mismatches:
        name = mismatch["name"]
        fix = collations.fix(name, mismatch)
        subject = f"collation of {name}"
        yield Finding(CHECK, subject, WARNING, collations.seen(mismatch), "the same version", ("pg_database",), fix)
    if not mismatches:
        yield Finding(
            CHECK, "collations", OK, "every database has the version that it was made with", "the same version"
        )


def _size(view: View, database: str, size: int) -> Finding:
    view.measure("postgresql_database_bytes", size, database=database)
    warning, critical = view.limit(CHECK, "size_warning"), view.limit(CHECK, "size_critical")
    state = judged(size / 1e9, warning, critical)
    fix = "see which tables are large (ansible-playbook maxops.ops.optimize)" if state != OK else ""
    limit = f"{warning:g} GB" if warning else ""
    return Finding(CHECK, f"size of {database}", state, f"{size / 1e6:,.1f} MB", limit, ("pg_database_size",), fix)
