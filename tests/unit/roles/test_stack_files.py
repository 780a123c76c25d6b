# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role stack writes for the images that people run: its Compose file, its gateway, and what it refuses.

Ansible writes all of it in one run: one host for each set of options.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

HOSTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "later": {"stack_images": {"postgres": "postgres:18", "gitea": "gitea/gitea:1.25", "redis": "redis:8"}},
    "elsewhere": {
        "stack_gateway_port": 8443,
        "stack_gateway_bind": "10.1.2.3",
        "stack_public_url": "https://projects.example.org",
    },
    "every_address": {"stack_gateway_bind": "::"},
    "own_backup": {"stack_images": {"backup": "registry.example.org/backup:1"}},
    "guarded": {
        "stack_openproject_environment": {
            "OPENPROJECT_HEALTH__CHECKS__AUTHENTICATION__PASSWORD": "let $me in",
            "OPENPROJECT_RAILS__RELATIVE__URL__ROOT": "/projects/",
        },
        "stack_gitea_environment": {"GITEA__server__LFS_START_SERVER": False},
    },
    "rootless": {"stack_images": {"gitea": "gitea/gitea:1.25-rootless"}},
    "rootless_pinned": {"stack_images": {"gitea": "gitea/gitea:1.25.1-rootless@sha256:" + "0" * 64}},
    "rootless_address": {"stack_images": {"gitea": "rootless.example.org/gitea/gitea:1.25"}},
    "slim": {"stack_images": {"openproject": "openproject/openproject:17-slim"}},
    "slim_version": {"stack_images": {"openproject": "openproject/openproject:17.1.0-slim"}},
    "slim_name": {"stack_images": {"openproject": "example.org/slimline/openproject:17"}},
    "below_nothing": {"stack_openproject_environment": {"OPENPROJECT_RAILS__RELATIVE__URL__ROOT": "/a; return 200"}},
}

TASKS = [
    {
        "name": "Load the rules",
        "ansible.builtin.include_vars": {"file": "rules.yml"},
    },
    {
        "name": "Write everything",
        "ansible.builtin.copy": {
            "dest": "{{ written }}/{{ inventory_hostname }}.json",
            "mode": "0600",
            "content": "{{ {"
            "'compose': lookup('ansible.builtin.template', 'docker-compose.yml.j2'),"
            "'gateway': lookup('ansible.builtin.template', 'nginx.conf.j2'),"
            "'refused': __stack_option_rules | rejectattr('good') | map(attribute='say') | list"
            "} | to_json }}",
        },
    },
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """By host: the text of both files, and the sentences of the rules that its options break."""
    folder = tmp_path_factory.mktemp("stack_files")
    role = folder / "roles" / "stack"
    (role / "tasks").mkdir(parents=True)
    (role / "tasks" / "main.yml").write_text(yaml.safe_dump(TASKS), encoding="utf-8")
    for name in ("defaults", "vars", "templates", "files", "meta"):
        (role / name).symlink_to(ROOT / "roles" / "stack" / name)
    common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "written": str(folder)}
    inventory = folder / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"vars": common, "hosts": HOSTS}}), encoding="utf-8")
    play = [{"hosts": "all", "gather_facts": False, "roles": ["stack"]}]
    (folder / "play.yml").write_text(yaml.safe_dump(play), encoding="utf-8")
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), str(folder / "play.yml")]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(argv, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return {name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8")) for name in HOSTS}


def services(written: Mapping[str, Any], host: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(written[host]["compose"])["services"]
    return found


def location(written: Mapping[str, Any], host: str, path: str) -> str:
    """The block of a location of the gateway, without comments."""
    text = re.sub(r"(?m)^ *#.*\n", "", written[host]["gateway"])
    found = re.search(rf"(?ms)^        location {re.escape(path)} \{{\n(.*?)^        \}}", text)
    assert found, f"the gateway has no location {path}"
    return found[1]


# -- OpenProject ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("plain", ["127.0.0.1:9000", "localhost:9000", "127.0.0.1", "localhost"]),
        (
            "elsewhere",
            ["127.0.0.1:8443", "localhost:8443", "10.1.2.3:8443", "127.0.0.1", "localhost", "10.1.2.3"],
        ),
        ("every_address", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000", "127.0.0.1", "localhost", "[::1]"]),
    ],
)
def test_openproject_takes_requests_for_the_gateways_own_addresses(written: Any, host: str, names: list[str]) -> None:
    environment = services(written, host)["openproject"]["environment"]
    assert json.loads(environment["OPENPROJECT_ADDITIONAL__HOST__NAMES"]) == names


def test_health_check_of_openproject_needs_no_program_that_an_image_may_lack(written: Any) -> None:
    for host in HOSTS:
        test = services(written, host)["openproject"]["healthcheck"]["test"]
        assert test[:3] == ["CMD", "bash", "-c"]
        assert not re.search(r"\b(curl|wget|nc|python3?)\b", " ".join(test))


class Application(socketserver.StreamRequestHandler):
    """Answers one request and keeps it."""

    requests: list[str]
    answer: bytes

    def handle(self) -> None:
        lines = []
        while (line := self.rfile.readline().decode().rstrip("\r\n")) != "":
            lines.append(line)
        type(self).requests.append("\n".join(lines))
        self.wfile.write(type(self).answer)


@contextmanager
def application(answer: bytes) -> Iterator[tuple[int, list[str]]]:
    handler = type("Handler", (Application,), {"requests": [], "answer": answer})
    with socketserver.TCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server.server_address[1], handler.requests  # type: ignore[attr-defined]
        server.shutdown()


def check(written: Any, host: str, port: int, folder: Path) -> int:
    """The exit code of the health check in a container whose PATH has no program but base64."""
    folder.mkdir()
    (folder / "base64").symlink_to("/usr/bin/base64")
    container = services(written, host)["openproject"]
    words = [word.replace("$$", "$").replace("/8080", f"/{port}") for word in container["healthcheck"]["test"][1:]]
    environment = {"PATH": str(folder)}
    for name, value in container["environment"].items():
        environment[name] = str(value).replace("$$", "$")
    command = ["/bin/bash", *words[1:]]
    return subprocess.run(command, env=environment, check=False, capture_output=True, timeout=30).returncode


@pytest.mark.parametrize(
    ("answer", "healthy"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.0 200 OK\r\n\r\n", True),
        (b"HTTP/1.1 500 Internal Server Error\r\n\r\n", False),
        (b"HTTP/1.1 401 Unauthorized\r\n\r\n200", False),
        (b"", False),
    ],
)
def test_health_check_of_openproject_reads_the_answer(
    written: Any, tmp_path: Path, answer: bytes, healthy: bool
) -> None:
    with application(answer) as (port, requests):
        assert (check(written, "plain", port, tmp_path / "bin") == 0) is healthy
    [request] = requests
    assert request.startswith("GET /health_checks/default HTTP/1.")
    assert "Authorization" not in request


def test_health_check_of_openproject_fails_while_it_does_not_listen(written: Any, tmp_path: Path) -> None:
    with application(b"") as (port, _):
        pass
    assert check(written, "plain", port, tmp_path / "bin") != 0


def test_health_checks_with_a_password_and_below_a_path(written: Any, tmp_path: Path) -> None:
    login = base64.b64encode(b"health_checks:let $me in").decode()
    with application(b"HTTP/1.1 200 OK\r\n\r\n") as (port, requests):
        assert check(written, "guarded", port, tmp_path / "bin") == 0
    assert requests[0].splitlines()[0] == "GET /projects/health_checks/default HTTP/1.0"
    assert f"Authorization: Basic {login}" in requests[0].splitlines()
    assert "let $me in" not in str(services(written, "guarded")["openproject"]["healthcheck"])
    probe = location(written, "guarded", "= /health/openproject")
    assert "proxy_pass http://$openproject_server/projects/health_checks/database;" in probe
    assert "include /etc/nginx/maxops/health-login.conf;" in probe
    # The login is in a file of its own, and only for OpenProject.
    assert login not in written["guarded"]["gateway"]
    assert "health-login" not in location(written, "guarded", "= /health/gitea")
    assert "health-login" not in written["plain"]["gateway"]


def test_gateway_leads_documents_of_openproject_17_to_the_images_own_web_server(written: Any) -> None:
    block = location(written, "plain", "/hocuspocus")
    assert "proxy_pass http://$collaboration_server;" in block
    assert "set $collaboration_server openproject:80;" in written["plain"]["gateway"]
    # A location with a header of its own would lose those of the server, the upgrade to a web socket among them.
    assert "proxy_set_header" not in block
    assert "proxy_set_header Upgrade $http_upgrade;" in written["plain"]["gateway"]


# -- Gitea ------------------------------------------------------------------------------------------------------------


def test_gateway_leads_container_images_to_gitea_unbuffered_and_of_any_size(written: Any) -> None:
    block = location(written, "plain", "/v2/")
    # Without a path of its own: Gitea gets the address as the client sent it.
    assert "proxy_pass http://$gitea_server;" in block
    assert "proxy_request_buffering off;" in block
    assert "client_max_body_size 0;" in block


def test_git_lfs_is_on_unless_the_operator_turns_it_off(written: Any) -> None:
    assert services(written, "plain")["gitea"]["environment"]["GITEA__server__LFS_START_SERVER"] == "true"
    assert services(written, "guarded")["gitea"]["environment"]["GITEA__server__LFS_START_SERVER"] == "False"


# -- volumes ----------------------------------------------------------------------------------------------------------

DECLARED = {
    "postgres": ["/var/lib/postgresql/data", "/var/lib/postgresql"],
    "backup": ["/var/lib/postgresql/data", "/var/lib/postgresql"],
    "redis": ["/data"],
    "openproject": ["/var/openproject/pgdata", "/var/openproject/assets"],
    "gitea": ["/data"],
}
"""Folders for which the official images declare a volume; PostgreSQL's up to version 17, and from 18 on."""


def mounts(service: Mapping[str, Any]) -> dict[str, str]:
    """Path in the container → what is mounted there."""
    memory = service.get("tmpfs", [])
    found = dict.fromkeys([memory] if isinstance(memory, str) else memory, "tmpfs")
    return found | {mount["target"]: mount["type"] for mount in service["volumes"]}


@pytest.mark.parametrize("host", ["plain", "later", "own_backup"])
def test_no_image_gets_an_anonymous_volume(written: Any, host: str) -> None:
    for name, paths in DECLARED.items():
        assert [path for path in paths if path not in mounts(services(written, host)[name])] == [], name


@pytest.mark.parametrize("host", ["plain", "later"])
def test_data_of_postgresql_is_in_the_named_volume_in_every_version(written: Any, host: str) -> None:
    service = services(written, host)["postgres"]
    assert service["environment"]["PGDATA"] == "/var/lib/postgresql/data"
    assert mounts(service)["/var/lib/postgresql/data"] == "volume"
    assert mounts(service)["/var/lib/postgresql"] == "tmpfs"


def test_role_knows_where_its_compose_file_mounts_something(written: Any) -> None:
    known = yaml.safe_load((ROOT / "roles" / "stack" / "vars" / "main.yml").read_text(encoding="utf-8"))[
        "__stack_mounts"
    ]
    for name, service in services(written, "plain").items():
        assert set(known[name]) <= set(mounts(service)), name


# -- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("rootless", ["'gitea/gitea:1.25-rootless' is the rootless variant", "for example gitea/gitea:1.25."]),
        ("rootless_pinned", ["is the rootless variant", "for example gitea/gitea:1.25.1."]),
        ("slim", ["'openproject/openproject:17-slim' is the slim variant", "for example openproject/openproject:17."]),
        ("slim_version", ["is the slim variant", "for example openproject/openproject:17.1.0."]),
        ("below_nothing", ["OPENPROJECT_RAILS__RELATIVE__URL__ROOT must be a path such as /openproject"]),
    ],
)
def test_what_it_cannot_run_is_refused_in_one_sentence(written: Any, host: str, words: list[str]) -> None:
    [sentence] = written[host]["refused"]
    assert [word for word in words if word not in sentence] == []


@pytest.mark.parametrize(
    "host", ["plain", "later", "elsewhere", "every_address", "own_backup", "guarded", "rootless_address", "slim_name"]
)
def test_what_it_can_run_is_not_refused(written: Any, host: str) -> None:
    assert written[host]["refused"] == []


def test_default_images_are_the_versions_of_the_operations_manual(written: Any) -> None:
    images = {name: service["image"] for name, service in services(written, "plain").items()}
    assert images == {
        "postgres": "postgres:17",
        "redis": "redis:7.4",
        "openproject": "openproject/openproject:14",
        "gitea": "gitea/gitea:1.21",
        "nginx": "nginx:1.27",
        "backup": "postgres:17",
    }


def test_the_gateway_of_the_host_is_never_asked_through_a_proxy() -> None:
    tasks = yaml.safe_load((ROOT / "roles" / "stack" / "tasks" / "run.yml").read_text(encoding="utf-8"))
    [look] = [task["ansible.builtin.uri"] for task in tasks if "ansible.builtin.uri" in task]
    assert look["use_proxy"] is False
