"""Throw-away containers for the tests: a PostgreSQL, and the stand-ins in the lab's own images.

The code of the checkout is mounted over the image's copy, so the tests use the current code; Python, Flask,
gunicorn and the user are the image's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import requests

STANDINS = Path(__file__).parents[1]
# As in build.sh: images under another name are tried beside those in use.
PREFIX = os.environ.get("MAXOPS_LAB_IMAGE_PREFIX", "maxops-lab")
POSTGRES = f"{PREFIX}/postgres:17"
IMAGES = {"gitea": f"{PREFIX}/gitea:1.21.11", "openproject": f"{PREFIX}/openproject:14.6.3"}
PORTS = {"gitea": 3000, "openproject": 8080}
HEALTH = {"gitea": "/api/healthz", "openproject": "/health_checks/default"}
USERS = {"gitea": "git", "openproject": "app"}
PASSWORD = "lab-test"
SECRET_KEY_BASE = "b" * 64
LABEL = "ops.maxops.standin-test"
MINE = f"{LABEL}={os.getpid()}"


def docker(*arguments: str, check: bool = True, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], check=check, capture_output=True, text=True, timeout=timeout)


def missing_images() -> list[str]:
    present = set(docker("images", "--format", "{{.Repository}}:{{.Tag}}").stdout.split())
    return sorted({POSTGRES, *IMAGES.values()} - present)


def remove_leftovers() -> None:
    """Remove the containers of killed runs; those of a run that is still active stay."""
    form = f'{{{{.ID}}}} {{{{.Label "{LABEL}"}}}}'
    for line in docker("ps", "-a", "--filter", f"label={LABEL}", "--format", form).stdout.splitlines():
        container, process = line.split()
        if not _is_running(process):
            docker("rm", "-f", "-v", container, check=False)


def _is_running(process: str) -> bool:
    try:
        # A killed process that was not waited for yet is still listed, with an empty command line.
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except OSError:
        return False


def address(container: str) -> str:
    return docker("inspect", "-f", "{{.NetworkSettings.IPAddress}}", container).stdout.strip()


@dataclass
class Application:
    kind: str
    version: str
    container: str
    database: str
    lab: Lab
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        # Credentials of the machine's ~/.netrc, or a proxy, must not slip into the requests.
        self.session.trust_env = False

    def refresh_address(self) -> None:
        self.url = f"http://{address(self.container)}:{PORTS[self.kind]}"

    def send(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + path, timeout=20, **options)

    def run(self, *command: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
        return docker("exec", "-u", user or USERS[self.kind], self.container, *command, check=False)

    def output(self, *command: str) -> str:
        finished = self.run(*command)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout.strip()

    def logs(self) -> str:
        finished = docker("logs", self.container)
        return finished.stdout + finished.stderr

    def logged(self, pattern: str, seconds: float = 20) -> bool:
        """Whether such a line appears: output reaches `docker logs` a moment later."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.logs()):
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def wait(self, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                self.refresh_address()
                self.send("GET", HEALTH[self.kind])
            except (requests.ConnectionError, requests.exceptions.InvalidURL):
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"{self.container} does not answer:\n{self.logs()}")

    def exit_code(self, seconds: float = 60) -> int:
        return int(docker("wait", self.container, timeout=seconds).stdout)

    def query(self, sql: str, arguments: Any = None) -> list[tuple[Any, ...]]:
        return self.lab.query(self.database, sql, arguments)


class Lab:
    def __init__(self) -> None:
        self.name = f"standin-test-{uuid.uuid4().hex[:8]}"
        self.containers: list[str] = []
        remove_leftovers()
        # Shared, because compiling the mounted code again would be a third of every start.
        self.bytecode = tempfile.mkdtemp(prefix=self.name)
        os.chmod(self.bytecode, 0o777)
        self.postgres = self._run(
            "postgres",
            *["-e", "POSTGRES_USER=maxops", "-e", f"POSTGRES_PASSWORD={PASSWORD}"],
            *["--tmpfs", "/var/lib/postgresql/data"],
            *[POSTGRES, "postgres", "-c", "fsync=off"],
        )
        self.host = address(self.postgres)
        self._wait_for_postgres()

    def _run(self, name: str, *arguments: str) -> str:
        container = f"{self.name}-{name}"
        self.containers.append(container)
        docker("run", "-d", "--name", container, "--label", MINE, *arguments)
        return container

    def _wait_for_postgres(self) -> None:
        for _attempt in range(200):
            try:
                self.query("postgres", "SELECT 1")
            except psycopg2.OperationalError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("PostgreSQL does not start:\n" + docker("logs", self.postgres).stderr)

    def query(self, database: str, sql: str, arguments: Any = None) -> list[tuple[Any, ...]]:
        connection = psycopg2.connect(host=self.host, user="maxops", password=PASSWORD, dbname=database)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, arguments)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def new_database(self) -> str:
        name = f"db_{uuid.uuid4().hex[:8]}"
        self.query("postgres", f"CREATE DATABASE {name}")
        return name

    def start(
        self,
        kind: str,
        version: str,
        *,
        database: str | None = None,
        environment: dict[str, str] | None = None,
        command: str = "",
        wait: bool = True,
    ) -> Application:
        database = database or self.new_database()
        variables = {"LAB_APP_VERSION": version, **self._environment(kind, database), **(environment or {})}
        container = self._run(
            f"{kind}-{uuid.uuid4().hex[:6]}",
            *(word for name, value in variables.items() for word in ("-e", f"{name}={value}")),
            *["-v", f"{STANDINS}:/opt/lab/standins:ro", "-v", f"{self.bytecode}:/bytecode"],
            *["-e", "PYTHONPYCACHEPREFIX=/bytecode", IMAGES[kind], *command.split()],
        )
        application = Application(kind, version, container, database, self)
        if wait:
            application.wait()
        return application

    def _environment(self, kind: str, database: str) -> dict[str, str]:
        if kind == "openproject":
            return {
                "DATABASE_URL": f"postgres://maxops:{PASSWORD}@{self.host}/{database}?pool=20&encoding=unicode",
                "SECRET_KEY_BASE": SECRET_KEY_BASE,
                "OPENPROJECT_SEED__ADMIN__USER__PASSWORD": "Adm1n!pass-word",
            }
        return {
            "GITEA__database__HOST": f"{self.host}:5432",
            "GITEA__database__NAME": database,
            "GITEA__database__USER": "maxops",
            "GITEA__database__PASSWD": PASSWORD,
            "GITEA__server__ROOT_URL": "http://gitea.test/",
        }

    def remove(self) -> None:
        docker("rm", "-f", "-v", *self.containers, check=False)
        shutil.rmtree(self.bytecode)
