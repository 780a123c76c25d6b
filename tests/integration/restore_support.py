# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack of two applications with a database and a volume each, and a restore that fails at a chosen step."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, MiniStack, Module, run

STATE = Path("/var/lib/maxops")
VOLUMES = Path("/var/lib/docker/volumes")

COMPOSE = """
name: {project}
x-app: &app
  image: maxops-lab/postgres:17
  entrypoint: [sleep, infinity]
  stop_grace_period: 0s
services:
  postgres:
    image: maxops-lab/postgres:{version}
    command: [postgres, -c, max_prepared_transactions=5]
    environment: {{POSTGRES_USER: maxops, POSTGRES_PASSWORD: secret, POSTGRES_DB: openproject}}
    volumes: ["postgres-data:/var/lib/postgresql/data"]
    healthcheck: {{test: [CMD, pg_isready, -U, maxops, -h, 127.0.0.1], interval: 1s, start_period: 60s}}
  redis:
    image: maxops-lab/redis:8
    environment: {{REDIS_PASSWORD: secret}}
    volumes: ["redis-data:/data"]
  openproject:
    <<: *app
    environment:
      DATABASE_URL: "postgres://maxops:secret@postgres/openproject"
      SECRET_KEY_BASE: "s3cret key of {project}"
    volumes: ["openproject-assets:/assets"]
    healthcheck:
      test: ["CMD-SHELL", 'psql "$$DATABASE_URL" -c "select count(*) from attachments" && test ! -e /assets/sick']
      interval: 60s
  gitea:
    <<: *app
    environment: {{GITEA__database__NAME: gitea, PGPASSWORD: secret}}
    volumes: ["gitea-data:/data"]
    healthcheck:
      test: ["CMD-SHELL", 'psql -h postgres -U maxops gitea -c "select count(*) from repository" && test -e /data/ok']
      interval: 60s
  bystander:
    <<: *app
    environment: {{DATABASE_URL: "postgres://maxops:secret@postgres/other"}}
volumes: {{postgres-data: {{{disk}}}, redis-data: {{}}, openproject-assets: {{}}, gitea-data: {{}}}}
"""

SMALL_DISK = "driver_opts: {type: tmpfs, device: tmpfs, o: size=400m}"
"""For a database server with a small disk."""


APPLICATIONS = ("openproject", "gitea")
TABLES = {"openproject": "attachments", "gitea": "repository"}
FOLDERS = {"openproject": "openproject-assets", "gitea": "gitea-data"}


@dataclass
class AppStack(MiniStack):
    """A stand-in for openproject and gitea, with the parts that a restore handles."""

    disk: str = ""
    services: tuple[str, ...] = ()
    address: str = ""

    def up(self) -> None:
        """Start it with its two databases."""
        self.address = ""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = COMPOSE.format(project=self.project, version=self.version, disk=self.disk)
        (self.folder / "docker-compose.yml").write_text(text)
        self.compose("up", "--detach", "--wait", "postgres")
        self.sql("CREATE DATABASE gitea")
        self.compose("up", "--detach", *self.services)
        self.write("first")

    def sql(self, statement: str, database: str = "openproject", check: bool = True) -> str:
        """Run SQL as the superuser; returns the rows' first column. Tests run hundreds, so no exec is used."""
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return "\n".join(str(row[0]) for row in cursor.fetchall()) if cursor.description else ""

    def connect(self, database: str, **options: Any) -> Any:
        """A session as an application has one."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        if not self.address:
            self.address = run("docker", "inspect", "--format", form, f"{self.project}-postgres-1").stdout.strip()
        connection = psycopg2.connect(
            host=self.address, user="maxops", password="secret", dbname=database, connect_timeout=5, **options
        )
        connection.autocommit = True
        return connection

    def down(self) -> None:
        """Remove it, its volumes and what restores kept about it."""
        super().down()
        shutil.rmtree(STATE / self.project, ignore_errors=True)

    def folder_of(self, application: str) -> Path:
        """The application's volume on the host."""
        return VOLUMES / f"{self.project}_{FOLDERS[application]}" / "_data"

    def write(self, word: str, rows: int = 500) -> None:
        """Write a marker into the rows and files of both applications."""
        for name in APPLICATIONS:
            table = TABLES[name]
            self.sql(
                f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (id serial PRIMARY KEY, body text);"
                f"INSERT INTO {table} (body) SELECT '{word}' || g FROM generate_series(1, {rows}) g",
                name,
            )
            folder = self.folder_of(name)
            if self.services:
                continue  # only the database server runs
            folder.mkdir(exist_ok=True)
            (folder / "ok").write_text("")
            (folder / "word").write_text(word)
            os.chown(folder / "word", 1000, 1000)

    def words(self) -> set[str]:
        """The markers in the two databases and the two volumes: one, or the stack is in between."""
        found = {(self.folder_of(name) / "word").read_text() for name in APPLICATIONS}
        for name in APPLICATIONS:
            found.add(self.word_of(name))
        return found

    def word_of(self, database: str) -> str:
        """The marker in the rows of one database."""
        query = f"SELECT DISTINCT regexp_replace(body, '[0-9]+$', ' ') || count(*) OVER () FROM {TABLES[database]}"
        word, _space, count = self.sql(query, database).partition(" ")
        assert count == "500", count
        return word

    def is_in_between(self) -> bool:
        """True when an application that runs, or a client that gets in, could see two states at once."""
        visible = set()
        for name in APPLICATIONS:
            with contextlib.suppress(psycopg2.OperationalError):
                visible.add(self.word_of(name))
        if any(self.states()[name] == "running" for name in APPLICATIONS):
            visible |= {(self.folder_of(name) / "word").read_text() for name in APPLICATIONS}
        return len(visible) > 1

    def digest(self) -> str:
        """One figure over all rows and files, with owners and modes."""
        total = hashlib.sha256()
        for name in APPLICATIONS:
            rows = f"SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM {TABLES[name]} t"
            total.update(self.sql(rows, name).encode())
            for path in sorted(self.folder_of(name).rglob("*")):
                found = path.stat()
                total.update(f"{path.name} {found.st_uid} {found.st_mode} {found.st_mtime}".encode())
                total.update(path.read_bytes() if path.is_file() else b"")
        return total.hexdigest()

    def starts(self) -> dict[str, str]:
        """When each service's container was started."""
        names = self.compose("ps", "--all", "--format", "{{.Name}}").split()
        form = '{{index .Config.Labels "com.docker.compose.service"}} {{.State.StartedAt}}'
        return dict(line.split() for line in run("docker", "inspect", "--format", form, *names).stdout.splitlines())

    def leftovers(self) -> list[str]:
        """Whatever a restore may leave behind while it is under way."""
        query = "SELECT datname FROM pg_database WHERE datname ~ '__maxops_new_'"
        found = self.sql(query, "postgres").splitlines()
        found += [str(path) for path in VOLUMES.glob(f"{self.project}_*/*maxops-new-*")]
        found += [str(path) for path in (STATE / self.project).glob("restore.json*")]
        label = f"label=ops.maxops.helper=restore of {self.project}"
        return found + run("docker", "ps", "--all", "--quiet", "--filter", label).stdout.split()

    def kept(self) -> list[str]:
        """Databases and folders that restores replaced."""
        query = "SELECT datname FROM pg_database WHERE datname ~ '__maxops_previous_'"
        found = self.sql(query, "postgres").splitlines()
        return found + [str(path) for path in VOLUMES.glob(f"{self.project}_*/*maxops-previous-*")]

    def forget_kept(self) -> None:
        """Remove what restores replaced, as after many days."""
        for name in self.kept():
            if name.startswith("/"):
                shutil.rmtree(name)
            else:
                self.sql("DROP DATABASE " + quoted(name), "postgres")
        shutil.rmtree(STATE / self.project, ignore_errors=True)

    def wait_up(self) -> None:
        """All services run."""
        assert set(self.states().values()) == {"running"}, self.states()


def quoted(name: str) -> str:
    """A name in SQL."""
    return '"' + name.replace('"', '""') + '"'


DRIVER = """
import json, os, shlex, signal, subprocess, sys, threading
from pathlib import Path
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.job import restore
from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.options import RestoreOptions
from ansible_collections.maxops.ops.plugins.module_utils.module.options import access_of, rest_of

options, faults = json.loads(sys.argv[1]), json.loads(sys.argv[2])
steps = []

def watch(name):
    steps.append(name) if name else None
    how = faults.get(name)
    if how is None:
        return
    if how == "crash":
        top = ["docker", "top", options["project_name"] + "-postgres-1", "-eo", "pid,args"]
        lines = subprocess.run(top, capture_output=True, text=True).stdout.splitlines()
        os.kill(next(int(line.split()[0]) for line in lines if "checkpointer" in line), signal.SIGKILL)
    if how.startswith("run "):
        subprocess.run(shlex.split(how[4:]), check=True, capture_output=True)
        return
    if how.startswith("killed after "):
        threading.Timer(float(how.split()[2]), os.kill, (os.getpid(), signal.SIGKILL)).start()
        return
    if how in ("fail", "crash"):
        raise MaxopsError("the test made this step fail")
    if how == "power cut":
        for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGTERM if how == "stop" else signal.SIGKILL)

def stopped(number, frame):
    raise MaxopsError("stopped by a signal")

signal.signal(signal.SIGTERM, stopped)
watch("")
try:
    result = restore(RestoreOptions(access_of(options), **rest_of(options)), watch=watch)
    kept = {name: result[name] for name in ("recovered", "warnings", "expired")}
    print(json.dumps({"steps": steps, **kept}))
except MaxopsError as error:
    print(json.dumps({"steps": steps, "error": str(error)}))
"""


def drive(options: dict[str, Any], faults: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a restore with a fault at a step: fail, crash (the database server), stop, kill or power cut (the watchdog is
    killed too), "killed after 0.5" seconds from that step, or a program to run there: "run docker start x".

    The step "" is the start. Returns the steps, the error, what was recovered first, the warnings and what expired;
    nothing when it was killed.
    """
    environment = dict(os.environ, PYTHONPATH=str(CHECKOUT / ".ansible/collections"))
    argv = [sys.executable, "-c", DRIVER, json.dumps(options), json.dumps(faults or {})]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, env=environment, timeout=600)
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout) if done.stdout else {}


def module(name: str, stack: MiniStack, repository: Path, folder: Path) -> Module:
    """A module of the checkout on this stack."""
    return Module(name, {"project_name": stack.project, "repository": str(repository)}, folder)


def timed(work: Any, *arguments: Any, **options: Any) -> tuple[float, Any]:
    """Seconds that a call took, and its result."""
    started = time.monotonic()
    result = work(*arguments, **options)
    return time.monotonic() - started, result
