"""Start as the real image does: app.ini, the database, the migrations, then the web server."""

from __future__ import annotations

import os
import sys

import psycopg2

from .. import control
from ..shared.server import become_gunicorn, wait_for_slow_start
from . import indexes, ini, log, schema
from .release import from_environment
from .settings import Settings


def main() -> int:
    release = from_environment()
    if os.geteuid() == 0:
        log.write(log.START, "F", "Gitea is not supposed to be run as root.")
        return 1
    file = ini.path()
    try:
        merged = ini.from_environment(ini.read(file), os.environ)
        ini.write(file, merged)
    except OSError as error:
        log.write(log.START, "F", f"Unable to write the configuration {file}: {error}")
        return 1
    settings = Settings(merged)
    log.write(log.START, "I", f"Starting Gitea on PID: {os.getpid()}")
    log.write(log.START, "I", f"Gitea version: {release.version} built with the lab's stand-in")
    log.write(log.START, "I", f"* ConfigFile: {file}")
    wait_for_slow_start()
    database = settings.open_database()
    attempts, pause = settings.database_attempts
    try:
        if control.read().refuse_start:
            raise psycopg2.OperationalError("dial tcp: lookup postgres: no such host (asked for by lab-control)")
        database.wait(attempts, pause, lambda number, error: _report(number, attempts, error))
        schema.migrate(database, release, lambda line: log.write(log.MIGRATE, "I", line))
    except psycopg2.Error as error:
        log.write(log.ORM, "F", f"ORM engine initialization failed: {_one_line(error)}")
        return 1
    except schema.NewerDatabaseError as error:
        log.write(log.MIGRATE, "F", f"Migration Error: {error}")
        return 1
    database.close()
    try:
        indexes.open_all(settings)
    except (indexes.BrokenIndexError, OSError) as error:
        log.write(log.INDEX, "F", f"PID: {os.getpid()} Unable to open or create the Issue Indexer: {_one_line(error)}")
        return 1
    log.write(log.ORM, "I", "ORM engine initialization successful!")
    log.write(log.START, "I", f"Listen: http://0.0.0.0:{settings.port}")
    return become_gunicorn("standins.gitea.app:application()", settings.port)


def _report(number: int, attempts: int, error: str) -> None:
    log.write(log.ORM, "E", f"ORM engine initialization attempt #{number}/{attempts} failed. Error: {_one_line(error)}")


def _one_line(error: object) -> str:
    return " ".join(str(error).split())


if __name__ == "__main__":
    sys.exit(main())
