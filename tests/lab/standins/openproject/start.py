"""Start as the all-in-one image does: the database, the migrations, the first admin, then the web server."""

from __future__ import annotations

import os
import sys
import time

import psycopg2

from .. import control
from ..shared.database import Database, clean_url
from ..shared.server import become_gunicorn, wait_for_slow_start
from . import collaboration, log, schema
from .first_admin import create_first_admin
from .release import from_environment

PORT = 8080
NEEDED = ("DATABASE_URL", "SECRET_KEY_BASE")


def main() -> int:
    release = from_environment()
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        log.write("FATAL", f"{' and '.join(missing)} must be set in the container's environment")
        return 1
    log.write("INFO", f"Starting OpenProject {release.version} (lab stand-in)")
    wait_for_slow_start()
    database = Database(dsn=clean_url(os.environ["DATABASE_URL"]))
    patience = float(os.environ.get("LAB_DATABASE_WAIT", "60"))
    try:
        if control.read().refuse_start:
            raise psycopg2.OperationalError("could not translate host name (asked for by lab-control)")
        database.wait(max(1, int(patience)), 1.0, _report)
        schema.migrate(database, release, lambda line: log.write("INFO", line))
        create_first_admin(database)
    except psycopg2.Error as error:
        log.write("FATAL", f"rake aborted! ActiveRecord::ConnectionNotEstablished: {' '.join(str(error).split())}")
        return 1
    database.close()
    if release.major >= collaboration.FIRST_MAJOR:
        collaboration.start()
    log.write("INFO", f"* Listening on http://0.0.0.0:{PORT}")
    return become_gunicorn("standins.openproject.app:application()", PORT)


_last_report = 0.0


def _report(_number: int, error: str) -> None:
    """One line every five seconds is enough while the database is still starting."""
    global _last_report  # noqa: PLW0603
    if time.monotonic() - _last_report >= 5:
        _last_report = time.monotonic()
        log.write("WARN", f"The database does not answer yet: {' '.join(error.split())}")


if __name__ == "__main__":
    sys.exit(main())
