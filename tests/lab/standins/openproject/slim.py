"""The processes of the slim image: `./docker/prod/web`, `worker` and `seeder`. Only the seeder migrates."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import NoReturn

import psycopg2

from .. import control
from ..shared.database import Database, clean_url
from ..shared.server import become_gunicorn, wait_for_slow_start
from . import log, schema
from .first_admin import create_first_admin
from .release import Release, from_environment
from .start import PORT

# The image's own, which stands in no file of the project.
DEFAULT_KEY = "OVERWRITE_ME"
GEMS = "/app/vendor/bundle/ruby/3.3.0/gems"
RAILS = "7.1.5.1"
# What the job server does with one job, in the columns that the health check reads.
WORK = """
UPDATE good_jobs SET performed_at = now(), finished_at = now()
WHERE finished_at IS NULL AND coalesce(scheduled_at, created_at) <= now()
"""


class AbortedError(Exception):
    """The process ends before it has done anything; the text is what Ruby prints."""


def web(database: Database, release: Release) -> NoReturn:
    print("=> Booting Puma")
    print(f"=> Rails {RAILS} application starting in production ")
    print("=> Run `bin/rails server --help` for more startup options", flush=True)
    wait_for_slow_start()
    check_migrations(database, release)
    database.close()
    print("Puma starting in single mode...")
    print('* Puma version: 6.4.2 (ruby 3.3.4-p94) ("The Eagle of Durin")')
    print(f"*  Min threads: {os.environ.get('RAILS_MIN_THREADS', '4')}")
    print(f"*  Max threads: {os.environ.get('RAILS_MAX_THREADS', '16')}")
    print("*  Environment: production")
    print(f"*          PID: {os.getpid()}")
    print(f"* Listening on http://0.0.0.0:{PORT}")
    print("Use Ctrl-C to stop", flush=True)
    become_gunicorn("standins.openproject.app:application()", PORT)


def worker(database: Database, release: Release) -> NoReturn:
    """The real one aborts as the web server does, and without the database it logs and tries again."""
    wait_for_slow_start()
    check_migrations(database, release)
    log.write("INFO", f"[GoodJob] [{os.getpid()}] GoodJob started scheduler with queues=* max_threads=20.")
    while True:
        try:
            with database.transaction() as transaction:
                done = transaction.run(WORK)
            if done:
                log.write("INFO", f"[GoodJob] [{os.getpid()}] Executed {done} jobs")
        except psycopg2.Error as error:
            log.write("ERROR", f"[GoodJob] [{os.getpid()}] GoodJob error: {one_line(error)}")
        time.sleep(1)


def seeder(database: Database, release: Release) -> int:
    wait_for_slow_start()
    try:
        # The database may start at the same time: the real one tries the connection for half a minute.
        database.wait(max(1, int(float(os.environ.get("LAB_DATABASE_WAIT", "30")))), 1.0, lambda _number, _error: None)
        schema.migrate(database, release, lambda line: print(line, flush=True))
        print("Executing database seed...", flush=True)
        create_first_admin(database)
    except psycopg2.Error as error:
        raise AbortedError(f"rake aborted!\nActiveRecord::ConnectionNotEstablished: {error}".rstrip()) from error
    return 0


def check_migrations(database: Database, release: Release) -> None:
    """Raise AbortedError unless the database has all tables and columns of this release."""
    adapter = f"{GEMS}/activerecord-{RAILS}/lib/active_record/connection_adapters/postgresql_adapter.rb"
    try:
        if control.read().refuse_start:
            raise psycopg2.OperationalError("could not translate host name (asked for by lab-control)")
        missing = schema.pending(database, release)
    except psycopg2.Error as error:
        raise AbortedError(
            f"Exiting\n\n{adapter}:87:in `rescue in new_client': {one_line(error)} "
            "(ActiveRecord::ConnectionNotEstablished)"
        ) from error
    if missing:
        files = "\n".join(f"db/migrate/{each.number}_{each.name}.rb" for each in missing)
        raise AbortedError(
            f"Exiting\n\n{GEMS}/activerecord-{RAILS}/lib/active_record/migration.rb:817:in `check_pending_migrations': "
            " (ActiveRecord::PendingMigrationError)\n\nMigrations are pending. To resolve this issue, run:\n\n"
            "        bin/rails db:migrate\n\n"
            f"You have {len(missing)} pending {'migration' if len(missing) == 1 else 'migrations'}:\n\n{files}\n\n\n"
            "\tfrom /app/config/initializers/06-pending_migrations_check.rb:34:in `<top (required)>'\n"
            f"\tfrom {GEMS}/railties-{RAILS}/lib/rails/engine.rb:689:in `load'"
        )


def one_line(error: object) -> str:
    return " ".join(str(error).split())


def main(words: list[str]) -> int:
    processes = {"web": web, "worker": worker, "seeder": seeder}
    if len(words) != 1 or words[0] not in processes:
        print(f"usage: {' | '.join(processes)}", file=sys.stderr)
        return 2
    # The first process of a container has to handle SIGTERM itself.
    signal.signal(signal.SIGTERM, _end)
    os.environ.setdefault("SECRET_KEY_BASE", DEFAULT_KEY)
    try:
        return processes[words[0]](Database(dsn=clean_url(os.environ["DATABASE_URL"])), from_environment())
    except AbortedError as error:
        print(error, file=sys.stderr, flush=True)
        return 1


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
