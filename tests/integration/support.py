# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small stacks of real PostgreSQL, Redis and a file-keeping application, made and removed by the tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

CHECKOUT = Path(__file__).resolve().parents[2]
EVERYTHING = os.environ.get("MAXOPS_KILLS") == "all"
"""Whether all moments and faults run, as with ``make kill``; otherwise a part, chosen by SEED."""
SEED = 20261130
PASSWORD = "s3'cr:et \\\"$$x"  # as Compose wants it: $$ is one dollar sign

COMPOSE = """
name: {project}
services:
  postgres:
    image: maxops-lab/postgres:{version}
    environment: {{POSTGRES_USER: maxops, POSTGRES_PASSWORD: {password}, POSTGRES_DB: openproject}}
    volumes: ["postgres-data:/var/lib/postgresql/data"]
    healthcheck: {{test: [CMD, pg_isready, -U, maxops, -h, 127.0.0.1], interval: 1s, start_period: 60s}}
  redis:
    image: maxops-lab/redis:8
    environment: {{REDIS_PASSWORD: secret}}
    volumes: ["redis-data:/data"]
  app:
    image: maxops-lab/base:trixie
    command: [sleep, infinity]
    stop_grace_period: 0s
    environment: {{DATABASE_URL: "postgres://maxops@postgres/openproject"}}
    volumes: ["assets:/assets", "./gateway:/gateway:ro"]
volumes: {{postgres-data: {{}}, redis-data: {{}}, assets: {{}}}}
"""


def run(*argv: str | Path, check: bool = True, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program and return its output; a failure shows the output."""
    done = subprocess.run([str(word) for word in argv], check=False, capture_output=True, text=True, **options)
    assert not check or done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done


class Breakable(Protocol):
    """A stack of containers that tests may break."""

    def up(self) -> None:
        """Start it."""

    def down(self) -> None:
        """Remove it with its data; it need not exist."""


Stack = TypeVar("Stack", bound=Breakable)


@contextmanager
def running(stack: Stack) -> Iterator[Stack]:
    """A stack for the lifetime of a fixture; leftovers of a killed run are removed first."""
    stack.down()
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


@dataclass
class Module:
    """Runs a module of the checkout as Ansible would, in a separate process that a test may kill."""

    name: str
    defaults: dict[str, Any]
    folder: Path

    def start(self, **arguments: Any) -> subprocess.Popen[str]:
        """Start it; the caller waits."""
        check_mode = arguments.pop("check_mode", False)
        options = {**self.defaults, **arguments, "_ansible_check_mode": check_mode, "_ansible_diff": check_mode}
        path = self.folder / f"arguments-{time.monotonic_ns()}.json"
        path.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
        environment = dict(os.environ, PYTHONPATH=str(CHECKOUT / ".ansible/collections"))
        return subprocess.Popen(
            [sys.executable, "-m", f"ansible_collections.maxops.ops.plugins.modules.{self.name}", str(path)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def __call__(self, **arguments: Any) -> dict[str, Any]:
        """Run it to its end; returns its result, whether it failed or not."""
        return finish(self.start(**arguments))


def finish(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The result of a started module. A traceback is a failure of the test."""
    out, err = process.communicate(timeout=300)
    assert "Traceback" not in err, err
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    assert "exception" not in result, result
    return result


@dataclass
class MiniStack:
    """A Compose project with PostgreSQL, Redis and an application that only keeps files."""

    project: str
    folder: Path
    version: int

    def compose(self, *words: str, check: bool = True, **options: Any) -> str:
        """Run docker compose on the project."""
        return run("docker", "compose", "-p", self.project, *words, check=check, cwd=self.folder, **options).stdout

    def up(self) -> None:
        """Start it and wait until PostgreSQL answers."""
        (self.folder / "gateway").mkdir(parents=True, exist_ok=True)
        (self.folder / "gateway" / "gateway.conf").write_text("server {}\n")
        text = COMPOSE.format(project=self.project, version=self.version, password=json.dumps(PASSWORD))
        (self.folder / "docker-compose.yml").write_text(text)
        (self.folder / ".env").write_text("POSTGRES_PASSWORD=in-compose\n")
        (self.folder / ".env").chmod(0o600)
        self.compose("up", "--detach", "--wait")

    def down(self) -> None:
        """Remove it with its volumes."""
        self.compose("down", "--volumes", "--timeout", "0", check=False)

    def sql(self, statement: str, database: str = "openproject", check: bool = True) -> str:
        """Run SQL as the superuser; gives unaligned rows."""
        # Through the environment: psql takes a name with "=" on its command line for a connection string.
        psql = ["psql", "-U", "maxops", "-v", "ON_ERROR_STOP=1", "-qAt", "-f", "-"]
        where = ["exec", "-T", "--env", f"PGDATABASE={database}", "postgres"]
        return self.compose(*where, *psql, input=statement, check=check).strip()

    def shell(self, script: str) -> str:
        """Run a shell script in the application's container."""
        return self.compose("exec", "-T", "app", "sh", "-euc", script)

    @property
    def volume(self) -> Path:
        """The folder of the application's volume on the host."""
        return Path("/var/lib/docker/volumes") / f"{self.project}_assets" / "_data"

    def states(self) -> dict[str, str]:
        """State of each service's container."""
        lines = self.compose("ps", "--all", "--format", "{{.Service}} {{.State}}").splitlines()
        return dict(line.split() for line in lines)

    def fill(self, rows: int = 1000, files: int = 20) -> None:
        """Some rows and files, more of them for a backup that takes a while."""
        self.sql(
            "CREATE TABLE IF NOT EXISTS entry (id bigserial PRIMARY KEY, body text);"
            "INSERT INTO entry (body) SELECT md5(g::text) || repeat(md5((g * 7)::text), 6)"
            f" FROM generate_series(1, {rows}) g"
        )
        self.shell(f"for i in $(seq {files}); do head -c 100000 /dev/urandom > /assets/file-$i; done")


def helpers(repository: str | Path) -> list[str]:
    """Containers that jobs on this repository started and that still exist."""
    return run("docker", "ps", "--all", "--quiet", "--filter", f"label=ops.maxops.helper={repository}").stdout.split()


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll a condition; fail with a message when it does not become true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.1)


def kill(process: subprocess.Popen[str]) -> None:
    """kill -9, as the kernel does when memory is short."""
    process.send_signal(signal.SIGKILL)
    process.communicate()
