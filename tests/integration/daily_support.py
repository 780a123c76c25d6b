# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small stack that chatters, crashes and waits on demand, for the commands of every day."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, MiniStack

# No database: these commands are about containers, whatever is in them, and this one is up in two seconds.
COMPOSE = """
name: {project}
x-common: &common
  image: maxops-lab/base:trixie
  restart: unless-stopped
  stop_grace_period: 1s
  logging: {{driver: json-file, options: {{max-size: 10m, max-file: "2"}}}}
services:
  store:
    <<: *common
    command: [sh, -c, 'trap "exit 0" TERM; echo store begins with $$STORE_PASSWORD; while :; do sleep 0.2; done']
    environment: {{STORE_PASSWORD: "{password}", WORKERS: "2"}}
    healthcheck: {{test: [CMD-SHELL, "test ! -e /data/ill"], interval: 1s, retries: 1}}
    volumes: ["data:/data"]
    mem_limit: 64m
  app:
    <<: *common
    command: [sh, -c, 'trap "exit 0" TERM; echo app begins; touch /data/app; while :; do sleep 0.2; done']
    environment: {{STORE_URL: "store://app:{url_password}@store/x"}}
    depends_on: {{store: {{condition: service_healthy}}}}
    healthcheck: {{test: [CMD, test, -e, /data/app], interval: 1s}}
    volumes: ["data:/data"]
  web:
    <<: *common
    command: [sh, -c, 'trap "exit 0" TERM; echo web begins; while :; do sleep 0.2; done']
    depends_on: [app]
    healthcheck: {{test: [CMD, "true"], interval: 1s}}
    ports: ["127.0.0.1:{port}:80"]
  seeder:
    image: maxops-lab/base:trixie
    command: [sh, -c, "echo seeded"]
    depends_on: {{store: {{condition: service_healthy}}}}
volumes: {{data: {{}}}}
"""

PASSWORD = "store-hush"
URL_PASSWORD = "url%2Fhush"
PORT = 9230


class DailyStack(MiniStack):
    """Three services that depend on each other in a row, and a seeder that has done its work."""

    def up(self) -> None:
        """Start it and wait until all is healthy."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = COMPOSE.format(project=self.project, password=PASSWORD, url_password=URL_PASSWORD, port=PORT)
        (self.folder / "docker-compose.yml").write_text(text)
        (self.folder / ".env").write_text("API_TOKEN='in-compose'\n")
        (self.folder / ".env").chmod(0o600)
        self.compose("up", "--detach", "--wait", "store", "app", "web")
        self.compose("up", "seeder")

    def say(self, service: str, *lines: str) -> None:
        """Have a service log lines, as its first process would."""
        script = "".join(f"printf '%s\\n' {_quoted(line)} >/proc/1/fd/1; sleep 0.01; " for line in lines)
        self.compose("exec", "-T", service, "sh", "-euc", script)

    @property
    def data(self) -> Path:
        """The folder of its volume on the host."""
        return Path("/var/lib/docker/volumes") / f"{self.project}_data" / "_data"

    def container(self, service: str) -> str:
        """Name of a service's container."""
        return f"{self.project}-{service}-1"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def inventory(stack: MiniStack, path: Path, **more: Any) -> Path:
    """Two names for this host with a host out of reach in between."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {"first": local, "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1}, "last": local}
    shared = {"maxops_project_name": stack.project, **more}
    path.write_text(json.dumps({"maxops": {"hosts": hosts, "vars": shared}}))
    return path


def play(name: str, inventory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook of the checkout."""
    argv = [str(Path(sys.executable).parent / "ansible-playbook"), f"playbooks/{name}.yml", "-i", str(inventory)]
    environment = dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_SSH_RETRIES="0")
    return subprocess.run(
        [*argv, *words], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
