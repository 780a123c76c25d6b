# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions on the stack's PostgreSQL, and lists of its databases and roles.

This is the only file that imports psycopg2.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

PSYCOPG2_IMPORT_ERROR: str | None = None
try:
    import psycopg2
    import psycopg2.extensions
except ImportError:
    PSYCOPG2_IMPORT_ERROR = traceback.format_exc()


CONNECT_SECONDS = 10

# Switches off limits for applications from a session's first statement on: otherwise an operator's limit on the
# database would end long reads and pg_dump. Every supported major version has these three.
NO_LIMITS = " ".join(
    f"-c {name}=0" for name in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
)

# Switches off what a database or role may set for its applications: with another role or a read-only default, our own
# statements and pg_dump would be refused.
NEUTRAL = " ".join(
    f"-c {setting}"
    for setting in (
        "role=none",
        "default_transaction_read_only=off",
        "default_transaction_deferrable=off",
        "default_transaction_isolation=read\\ committed",
    )
)

# For our own statements only, because pg_dump, pg_restore and legacy dumps set their own. A query that policies would
# shorten is an error.
_OWN_SETTINGS = "-c search_path=pg_catalog,public -c row_security=off"


# What a new connection meets while the server crashes, starts or stops.
_GONE = (
    "the database system is ",
    "server closed the connection",
    "Connection reset by peer",
    "terminating connection",
)


class ServerGoneError(HostFault):
    """The server has ended a session, or refuses connections for the moment: it starts, stops, or recovers."""


class LoginRefusedError(MaxopsError):
    """The server has no such user, or refused its password."""


class NoFreeConnectionError(HostFault):
    """The server accepts no more connections."""


@dataclass(frozen=True)
class Server:
    """How to reach the stack's PostgreSQL; ``container`` and ``password_source`` are texts for messages.

    ``other_hosts`` are tried in turn where ``host`` cannot be reached, but not where it refuses a password.
    ``settings`` are names and values that each session has from its start; only a superuser may set some of them.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    container: str
    password_source: str
    settings: tuple[tuple[str, str], ...] = ()
    other_hosts: tuple[str, ...] = ()

    def connect(self, database: str, seconds: float | None = None) -> Any:
        """Open a session. Raises MaxopsError that names database, container, cause and next step.

        ``seconds`` limits the time for this, and for each statement; None means no limit for statements.
        """
        limits = NO_LIMITS if seconds is None else f"-c statement_timeout={max(1, int(seconds * 1000))}"
        try:
            return psycopg2.connect(
                host=",".join([self.host, *self.other_hosts]),
                port=self.port,
                user=self.user,
                password=self.password,
                dbname=database,
                connect_timeout=CONNECT_SECONDS if seconds is None else max(2, int(seconds)),
                application_name="maxops.ops",
                client_encoding="UTF8",
                options=" ".join(
                    [limits, NEUTRAL, _OWN_SETTINGS, *(f"-c {name}={value}" for name, value in self.settings)]
                ),
            )
        except psycopg2.OperationalError as error:
            text = " ".join(str(error).split())
            raise self._failure(database, text) from error

    def _failure(self, database: str, text: str) -> MaxopsError:
        name = f'database "{database}" in container {self.container}'
        if "password authentication failed" in text or "no password supplied" in text:
            return LoginRefusedError(
                f'{name} refused the password of user "{self.user}" from {self.password_source}; '
                "the server keeps the password of its first start: set that one there, or change it in the server "
                f'(ALTER ROLE "{self.user}" PASSWORD …) so that both agree'
            )
        if f'role "{self.user}" does not exist' in text:
            return LoginRefusedError(f'{name} has no user "{self.user}": correct database_user')
        if "does not exist" in text:
            return MaxopsError(
                f"{name} does not exist ({text}); name an existing one in databases, or leave databases out"
            )
        if "too many clients" in text or "remaining connection slots" in text:
            return NoFreeConnectionError(
                f"{name} has no free connection ({text}); end idle sessions or raise max_connections, then try again"
            )
        kind: type[MaxopsError] = MaxopsError
        if any(sign in text for sign in _GONE):
            kind = ServerGoneError
        elif "could not access file" in text or "could not load library" in text:
            kind = HostFault
        hosts = ", ".join([self.host, *self.other_hosts])
        return kind(
            f"{name} cannot be reached at {hosts}:{self.port}: {text}; see docker logs --tail=50 {self.container}"
        )


@dataclass(frozen=True)
class DatabaseFacts:
    """One database of the server; ``size`` in bytes from pg_database_size."""

    name: str
    size: int
    owner: str
    encoding: str
    collate: str
    ctype: str


def list_databases(server: Server) -> tuple[str, list[DatabaseFacts]]:
    """The server's version and its databases that accept connections, without templates and ``postgres``."""
    query = (
        "SELECT namesend(datname), pg_database_size(oid), namesend(pg_get_userbyid(datdba)),"
        " pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database"
        " WHERE datallowconn AND datconnlimit <> -2 AND NOT datistemplate AND datname <> 'postgres' ORDER BY datname"
    )
    with Session(server, "postgres") as session:
        rows = session.run("list the databases from", query)
        return session.version, [DatabaseFacts(name_of(row[0]), row[1], name_of(row[2]), *row[3:]) for row in rows]


def list_roles(server: Server) -> list[str]:
    """Names of all roles except the built-in ones."""
    query = "SELECT namesend(rolname) FROM pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname"
    with Session(server, "postgres") as session:
        return [name_of(row[0]) for row in session.run("list the roles from", query)]


def name_of(sent: Any) -> str:
    """The name that the server's function namesend gave; bytes that are not UTF-8 are written as ``\\xfc``.

    Names of databases and roles have the encoding of the database in which they were created.
    """
    return bytes(sent).decode("utf-8", "backslashreplace")


def _version(connection: Any) -> str:
    number = connection.server_version
    return f"{number // 10000}.{number % 10000}"


def identifier(name: str) -> str:
    """A name, quoted for an SQL statement of :class:`Session`."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def fetch(
    connection: Any,
    cancellation: Cancellation,
    action: str,
    database: str,
    container: str,
    statement: str,
    parameters: Sequence[Any] | None,
) -> list[tuple[Any, ...]]:
    """Run one statement in an open session and return its rows; ``action`` names it in an error message.

    Raises MaxopsError, or Cancelled when the job was stopped meanwhile.
    """
    try:
        with cancellation.stoppable(connection.cancel), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return list(cursor.fetchall()) if cursor.description else []
    except psycopg2.Error as error:
        cancellation.check()
        raise _failed(action, database, container, error) from error
    except UnicodeError as error:
        raise MaxopsError(
            f'could not {action} database "{database}" in container {container}: a name in it is not valid UTF-8 '
            f"({error}); find it in the system catalogs and rename it (ALTER … RENAME TO …)"
        ) from error


class Session:
    """One session for statements that change the server; each is its own transaction. Use it as a context manager."""

    def __init__(
        self,
        server: Server,
        database: str,
        cancellation: Cancellation | None = None,
        seconds: float | None = None,
    ) -> None:
        self.database = database
        self._server = server
        self._cancellation = cancellation or Cancellation()
        self._connection = server.connect(database, seconds)
        self._connection.autocommit = True

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def beside(self, database: str) -> Session:
        """A session of the same user on another database of the server."""
        return Session(self._server, database, self._cancellation)

    @property
    def version(self) -> str:
        """The server's version, as in ``17.6``."""
        return _version(self._connection)

    def run(self, action: str, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement, with ``%s`` for each parameter; ``action`` names it in an error message."""
        return fetch(
            self._connection,
            self._cancellation,
            action,
            self.database,
            self._server.container,
            statement,
            tuple(parameters),
        )

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements of the block take effect together, or none does."""
        self.run("begin a transaction in", "BEGIN")
        try:
            yield
            self.run("commit in", "COMMIT")
        except BaseException:
            with suppress(MaxopsError):  # if the session is gone, the server has already rolled back
                self.run("roll back in", "ROLLBACK")
            raise


def dsn(**parameters: str) -> str:
    """A connection string for PostgreSQL's own programs, with every value quoted by the driver."""
    return str(psycopg2.extensions.make_dsn(**parameters))


def passfile_entry(user: str, password: str) -> str:
    """The line of a password file for every host and database."""

    def escape(text: str) -> str:
        return text.replace("\\", "\\\\").replace(":", "\\:")

    return f"*:*:*:{escape(user)}:{escape(password)}\n"


def _failed(action: str, database: str, container: str, error: Exception) -> MaxopsError:
    text = " ".join(str(error).split())
    code = getattr(error, "pgcode", None) or ""
    # Classes of SQLSTATE: insufficient resources, and errors of the operating system.
    kind: type[MaxopsError] = HostFault if code.startswith(("53", "58")) else MaxopsError
    if isinstance(error, (psycopg2.OperationalError, psycopg2.InterfaceError)) and not code:
        kind = ServerGoneError
        advice = f"the connection broke: was the container stopped or restarted? See docker logs --tail=50 {container}"
    elif code in ("57P01", "57P02", "57P03"):
        kind = ServerGoneError
        advice = "the server was shut down or restarted meanwhile; run this again when it is up"
    elif code == "42501":
        advice = "the user has no permission to read it: use the stack's own superuser (POSTGRES_USER)"
    else:
        advice = f"see docker logs --tail=50 {container}"
    return kind(f'could not {action} database "{database}" in container {container}: {text}; {advice}')
