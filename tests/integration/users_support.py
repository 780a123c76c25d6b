# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins of Gitea and OpenProject on a real PostgreSQL, for tests of the job users."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea.accounts import GiteaUsers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.job import Options, Report, synchronise
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.openproject.accounts import OpenProjectUsers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import Person
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Gitea
from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.api import OpenProject
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import Endpoint, basic
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, run

ADMIN, ADMIN_PASSWORD = "root1", "Adm1n!pass"
PASSWORD = "S3cret!pw-long"
GITEA_VERSIONS = {"gitea": "1.21.11", "gitea122": "1.22.6", "gitea125": "1.25.4"}
PATIENT = {"interval": "1s", "start_period": "60s", "retries": 10}
CONTROLLED = {"mem_limit": "512m", "stop_grace_period": "0s"}
NEWEST_OPENPROJECT = "openproject17"
HOST_NAME = "ops.example.test"
"""The newest OpenProject answers only for this name, and for localhost:9000."""


def compose_file(project: str) -> dict[str, Any]:
    """PostgreSQL, three versions of Gitea, and two of OpenProject."""
    standins = f"{CHECKOUT}/tests/lab/standins:/opt/lab/standins:ro"
    databases = [*GITEA_VERSIONS, "openproject", NEWEST_OPENPROJECT]
    services: dict[str, Any] = {
        "postgres": {
            "image": "maxops-lab/postgres:17",
            "command": ["postgres", "-c", "fsync=off"],
            "environment": {"POSTGRES_USER": "maxops", "POSTGRES_PASSWORD": "test", "POSTGRES_DB": databases[0]},
            "tmpfs": ["/var/lib/postgresql/data"],
            "healthcheck": {"test": ["CMD", "pg_isready", "-U", "maxops", "-h", "127.0.0.1"], **PATIENT},
        }
    }
    for service, version in GITEA_VERSIONS.items():
        services[service] = {
            **CONTROLLED,
            "image": "maxops-lab/gitea:1.21.11",
            "volumes": [standins],
            "environment": {
                "LAB_APP_VERSION": version,
                "GITEA__database__HOST": "postgres:5432",
                "GITEA__database__NAME": service,
                "GITEA__database__USER": "maxops",
                "GITEA__database__PASSWD": "test",
                "GITEA__server__ROOT_URL": "http://gitea.test/",
            },
        }
    services["openproject"] = {
        **CONTROLLED,
        "image": "maxops-lab/openproject:14.6.3",
        "volumes": [standins],
        "environment": {
            "DATABASE_URL": "postgres://maxops:test@postgres/openproject",
            "SECRET_KEY_BASE": "b" * 64,
            "OPENPROJECT_SEED__ADMIN__USER__PASSWORD": "Adm1n!pass-word",
        },
    }
    services[NEWEST_OPENPROJECT] = {
        **services["openproject"],
        "environment": {
            **services["openproject"]["environment"],
            "DATABASE_URL": f"postgres://maxops:test@postgres/{NEWEST_OPENPROJECT}",
            "LAB_APP_VERSION": "17.0.0",
            "LAB_DELETION_SECONDS": "0.5",
            "OPENPROJECT_HOST__NAME": HOST_NAME,
            "OPENPROJECT_ADDITIONAL__HOST__NAMES": '["localhost:9000"]',
        },
    }
    return {"name": project, "services": services}


@dataclass
class Applications:
    """The running applications."""

    folder: Path
    project: str = "maxuserstest"
    tokens: dict[str, str] = field(default_factory=dict)

    def compose(self, *words: str, check: bool = True, **options: Any) -> str:
        """Run docker compose on the project."""
        return run("docker", "compose", "-p", self.project, *words, check=check, cwd=self.folder, **options).stdout

    def up(self) -> None:
        """Start the applications and wait until they answer."""
        (self.folder / "docker-compose.yml").write_text(json.dumps(compose_file(self.project)))
        self.compose("up", "--detach", "--wait", "postgres")
        for name in [*list(GITEA_VERSIONS)[1:], "openproject", NEWEST_OPENPROJECT]:
            self.sql(f"CREATE DATABASE {name}", "postgres")
        self.compose("up", "--detach")
        for service in GITEA_VERSIONS:
            self.wait_for(service)
        for service in ("openproject", NEWEST_OPENPROJECT):
            self.wait_for(service)
            projects = "('Web Shop', 'webshop'), ('Intranet', 'intranet')"
            self.sql(f"INSERT INTO projects (name, identifier) VALUES {projects}", service)

    def down(self) -> None:
        """Remove the applications."""
        self.compose("down", "--volumes", "--timeout", "0", check=False)

    def sql(self, statement: str, database: str = "openproject") -> list[str]:
        """Run SQL; returns lines of unaligned values."""
        psql = ["psql", "-U", "maxops", "-v", "ON_ERROR_STOP=1", "-qAt", "-d", database, "-c", statement]
        return self.compose("exec", "-T", "postgres", *psql).splitlines()

    def url(self, service: str) -> str:
        """Address of an application on the container's network, which this host reaches."""
        name = f"{self.project}-{service}-1"
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        address = run("docker", "inspect", "-f", form, name).stdout.strip()
        return f"http://{address}:{8080 if service.startswith('openproject') else 3000}"

    def execute(self, service: str, *argv: str, check: bool = True) -> str:
        """Run a command in an application's container as its own user."""
        user = "app" if service.startswith("openproject") else "git"
        return self.compose("exec", "-T", "--user", user, service, *argv, check=check).strip()

    def token(self, service: str) -> str:
        """An administrator's token."""
        if service not in self.tokens:
            if service.startswith("openproject"):
                self.tokens[service] = self.execute(service, "openproject-token", "admin")
            else:
                who = ["--username", ADMIN, "--email", f"{ADMIN}@example.test"]
                self.execute(service, "gitea", "admin", "user", "create", "--admin", *who, "--password", ADMIN_PASSWORD)
                words = ["--username", ADMIN, "--scopes", "all", "--raw"]
                self.tokens[service] = self.execute(service, "gitea", "admin", "user", "generate-access-token", *words)
        return self.tokens[service]

    def wait_for(self, service: str) -> None:
        """Wait until an application answers."""
        path = "/health_checks/default" if service.startswith("openproject") else "/api/healthz"
        self._wait(f"{self.url(service)}{path}")

    @staticmethod
    def _wait(url: str) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                if requests.get(url, timeout=5).status_code == 200:
                    return
            except requests.RequestException:
                pass
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.1)


@dataclass
class Application:
    """One application as a test uses it, directly or through a proxy that injects faults."""

    service: str
    url: str
    token: str
    applications: Applications
    prefix: str = field(default_factory=lambda: f"t{secrets.token_hex(3)}-")
    """Each test has its own names, so that all tests share one application."""

    @property
    def is_openproject(self) -> bool:
        """Whether it is OpenProject, and not Gitea."""
        return self.service.startswith("openproject")

    def name(self, what: str) -> str:
        """A name of this test."""
        return self.prefix + what

    def person(self, what: str, **options: Any) -> Person:
        """A person who can be created."""
        name = self.name(what)
        usual: dict[str, Any] = {"email": f"{name}@example.test", "password": PASSWORD}
        if self.is_openproject:
            usual |= {"first_name": what.capitalize(), "last_name": "Kim"}
        return Person(name, {**usual, **options})

    def endpoint(self, **options: Any) -> Endpoint:
        """Where it is, for the API clients."""
        authorization = basic("apikey", self.token) if self.is_openproject else f"token {self.token}"
        headers = {"Host": HOST_NAME} if self.service == NEWEST_OPENPROJECT else {}
        usual = {"url": self.url, "authorization": authorization, "timeout": 10.0, "headers": headers}
        return Endpoint(**{**usual, **options})

    def by_password(self) -> dict[str, str]:
        """Credentials that may create tokens."""
        return {"authorization": basic(ADMIN, ADMIN_PASSWORD)}

    def sync(
        self,
        people: Iterable[Person],
        cancellation: Cancellation | None = None,
        check_mode: bool = False,
        prune: str = "none",
        prune_exclude: Iterable[str] = (),
        **endpoint: Any,
    ) -> Report:
        """Apply a list, as the modules do."""
        cancellation = cancellation or Cancellation()
        where = self.endpoint(**endpoint)
        if self.is_openproject:
            system: Any = OpenProjectUsers(OpenProject(where, cancellation), cancellation)
        else:
            system = GiteaUsers(Gitea(where, cancellation), cancellation)
        options = Options(where.concurrency, prune, list(prune_exclude), details=True)
        return synchronise(system, list(people), options, check_mode, cancellation)

    def api(self, request: str, body: Any = None, **options: Any) -> requests.Response:
        """Send a request to the application, without the proxy."""
        method, path = request.split(" ", 1)
        root = "/api/v3" if self.is_openproject else "/api/v1"
        headers = {"Authorization": self.endpoint().authorization, **self.endpoint().headers}
        where = self.applications.url(self.service) + root + path
        session = requests.Session()
        session.trust_env = False
        return session.request(method, where, json=body, timeout=20, **{"headers": headers, **options})

    def shown(self, what: str) -> dict[str, Any]:
        """An account as the application reports it."""
        answer = self.api(f"GET /users/{self.name(what)}", allow_redirects=False)
        assert answer.status_code == 200, answer.text
        account: dict[str, Any] = answer.json()
        return account

    def password_opens(self, what: str, password: str) -> bool:
        """Whether an account can sign in to Gitea with a password."""
        return self.api("GET /user", headers={"Authorization": basic(self.name(what), password)}).status_code != 401


def ssh_key(comment: str = "") -> str:
    """A well-formed public key without a private key."""
    kind = b"ssh-ed25519"
    blob = len(kind).to_bytes(4, "big") + kind + (32).to_bytes(4, "big") + secrets.token_bytes(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {comment}".strip()
