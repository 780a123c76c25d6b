# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles stack and host on the running lab (the environment of tests/lab/lab.sh can name another one)."""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROJECT = os.environ.get("LAB_PROJECT", "maxoperation")
PORT = int(os.environ.get("LAB_PORT", "9000"))
FOLDER = Path(os.environ.get("LAB_STACK_DIR", "/var/lib/maxops-lab/stack"))
SERVICES = ["backup", "gitea", "nginx", "openproject", "postgres", "redis"]
WELL = {"status": "pass", "code": 200}
KILL = """kill_all() { for folder in /proc/[0-9]*; do
  [[ $(tr '\\0' ' ' < $folder/cmdline 2>/dev/null) != "$1 " ]] || kill "${folder#/proc/}"
done; }; kill_all"""
"""The images have no pkill."""


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT)
    assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


def compose(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return run("docker", "compose", "--project-directory", FOLDER, "--project-name", PROJECT, *words, check=check)


def deploy(*words: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    return run(
        Path(sys.executable).with_name("ansible-playbook"), ROOT / "playbooks" / "deploy.yml", *words, check=check
    )


def recap(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", done.stdout.rpartition("PLAY RECAP")[2])}


def get(path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=15) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def answer_of(path: str, **headers: str) -> tuple[int, dict[str, str]]:
    """The status and the headers of the gateway's answer, also of one that is no HTTP error to urllib, such as 101."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=15)
    try:
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders())
    finally:
        connection.close()


def health() -> tuple[int, dict[str, Any]]:
    code, body = get("/health")
    return code, json.loads(body)


def wait_for_health(seconds: int = 30) -> None:
    end = time.monotonic() + seconds
    while (seen := health())[0] != 200:
        assert time.monotonic() < end, f"not healthy after {seconds} s: {seen}"
        time.sleep(0.2)


def secrets() -> dict[str, str]:
    lines = (FOLDER / ".env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def containers() -> dict[str, dict[str, Any]]:
    identities = compose("ps", "--all", "--quiet").stdout.split()
    found = json.loads(run("docker", "inspect", *identities).stdout)
    return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in found}


def starts() -> dict[str, tuple[str, str]]:
    """Id and start time of every container."""
    return {name: (facts["Id"], facts["State"]["StartedAt"]) for name, facts in containers().items()}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def trouble(cause: list[str], repair: list[str]) -> Iterator[None]:
    compose(*cause)
    try:
        yield
    finally:
        compose(*repair)
        wait_for_health()


@pytest.fixture(scope="module", autouse=True)
def lab() -> None:
    try:
        seen = health()
    except OSError as error:
        seen = (0, {"error": str(error)})
    assert seen[0] == 200, f"the lab {PROJECT} is not up ({seen[1]}): tests/lab/lab.sh up"


# -- the gateway ------------------------------------------------------------------------------------------------------


def test_health_reports_both_applications():
    assert health() == (200, {"status": "pass", "openproject": WELL, "gitea": WELL})
    assert get("/health/openproject")[0] == 200
    assert json.loads(get("/health/gitea")[1])["status"] == "pass"


def test_both_applications_answer():
    assert get("/")[0] == 200
    assert "version" in json.loads(get("/git/api/v1/version")[1])


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}", "localhost"])
def test_openproject_answers_to_the_gateways_own_names(host):
    assert answer_of("/", Host=host)[0] == 200


def test_openproject_refuses_a_foreign_name():
    assert answer_of("/", Host="elsewhere.example.org")[0] == 400


def test_container_registry_of_gitea_is_at_the_root_of_the_gateway():
    code, headers = answer_of("/v2/")
    assert code == 401
    assert headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert f":{PORT}/git/v2/token" in headers["WWW-Authenticate"]


def test_documents_of_openproject_17_are_reached_by_a_web_socket():
    websocket = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
    key = {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    # The image of 14 has nothing there.
    assert answer_of("/hocuspocus", **websocket, **key)[0] == 503
    server = "python3 -m standins.openproject.collaboration"
    compose("exec", "-T", "-d", "openproject", "lab-entrypoint", *server.split())
    try:
        end = time.monotonic() + 30
        while (seen := answer_of("/hocuspocus", **websocket, **key))[0] == 503:
            assert time.monotonic() < end, "the stand-in's web server did not start"
            time.sleep(0.2)
    finally:
        compose("exec", "-T", "openproject", "bash", "-c", f"{KILL} '{server}'")
    assert seen[0] == 101
    # The example of RFC 6455: the answer is that of the server behind the gateway.
    assert seen[1]["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_metrics_have_the_format_of_prometheus():
    code, text = get("/metrics")
    assert code == 200
    for name in ("active", "reading", "writing", "waiting"):
        metric = f"nginx_connections_{name}"
        assert re.search(rf"^# HELP {metric} \S.*\n# TYPE {metric} gauge\n{metric} \d+$", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("service", "other", "path"), [("openproject", "gitea", "/"), ("gitea", "openproject", "/git/")]
)
def test_a_stopped_application_is_named_and_the_other_still_works(service, other, path):
    with trouble(cause=["stop", service], repair=["start", service]):
        code, report = health()
        assert (code, report["status"], report[service]["status"]) == (503, "fail", "fail")
        assert report[other] == WELL
        assert get(f"/health/{service}")[0] == 503
        assert get(f"/health/{other}")[0] == 200
        code, text = get(path)
        assert code == 503
        assert "does not answer" in text
        # A gateway that starts while an application is down must come up all the same.
        compose("restart", "nginx")
        for _ in range(50):
            try:
                assert health()[0] == 503
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the gateway did not start while an application was down")


def test_an_unhealthy_application_is_named():
    control = ["exec", "-T", "gitea", "lab-control"]
    with trouble(cause=[*control, "unhealthy=1"], repair=[*control, "reset"]):
        code, report = health()
        assert code == 503
        assert report["gitea"]["status"] == "fail"
        assert report["openproject"] == WELL


# -- what runs --------------------------------------------------------------------------------------------------------


def test_every_service_is_watched_restarted_and_limited():
    end = time.monotonic() + 30
    # An application that a test before this one started again has not been asked yet.
    while "starting" in [container["State"]["Health"]["Status"] for container in containers().values()]:
        assert time.monotonic() < end, "a service still starts after 30 s"
        time.sleep(0.5)
    found = containers()
    assert sorted(found) == SERVICES
    for name, container in found.items():
        assert container["State"]["Health"]["Status"] == "healthy", name
        assert container["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped", name
        assert container["HostConfig"]["LogConfig"]["Config"]["max-size"], name


def test_only_the_gateway_can_be_reached_and_only_from_this_host():
    published = {
        name: [binding for bindings in container["HostConfig"]["PortBindings"].values() for binding in bindings]
        for name, container in containers().items()
        if container["HostConfig"]["PortBindings"]
    }
    assert published == {"nginx": [{"HostIp": "127.0.0.1", "HostPort": str(PORT)}]}


def test_health_check_of_openproject_needs_no_program_of_the_image_but_bash():
    """Version 17.2.0 of the image has no curl."""
    kind, shell, *words = containers()["openproject"]["Config"]["Healthcheck"]["Test"]
    assert (kind, shell) == ("CMD", "bash")
    compose("exec", "-T", "openproject", "/usr/bin/env", "PATH=/nonexistent", "/bin/bash", *words)


def test_no_service_has_an_anonymous_volume():
    volumes = {
        f"{name}: {mount['Name']}"
        for name, container in containers().items()
        for mount in container["Mounts"]
        if mount["Type"] == "volume" and not mount["Name"].startswith(f"{PROJECT}_")
    }
    assert volumes == set()


def test_the_databases_exist_and_belong_to_maxops():
    query = "SELECT datname, pg_get_userbyid(datdba) FROM pg_database WHERE NOT datistemplate ORDER BY 1"
    seen = compose("exec", "-T", "postgres", "psql", "-U", "maxops", "-Atc", query).stdout.split()
    assert seen == ["gitea|maxops", "openproject|maxops", "postgres|maxops"]


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_secrets_are_long_different_and_readable_by_root_only():
    state = (FOLDER / ".env").stat()
    assert (state.st_mode & 0o777, state.st_uid) == (0o600, 0)
    values = secrets()
    assert len(values) >= 6
    assert min(map(len, values.values())) >= 32
    assert len(set(values.values())) == len(values)


def test_secrets_are_in_no_other_file_and_no_process_list():
    values = secrets().values()
    files = [path for path in FOLDER.rglob("*") if path.is_file() and path.name != ".env" and path.stat().st_size < 1e6]
    texts = {str(path): path.read_bytes() for path in files}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            texts[str(path)] = path.read_bytes()
    assert [name for name, text in texts.items() if any(value.encode() in text for value in values)] == []


def test_no_default_password_opens_anything():
    guesses = "maxops postgres openproject gitea password changeme admin p4ssw0rd"
    attempt = "PGPASSWORD=$word psql -h postgres -U maxops -d postgres -c 'SELECT 1'"
    script = f"for word in {guesses}; do {attempt} && exit 0; done; exit 7"
    seen = compose("exec", "-T", "backup", "bash", "-c", script, check=False)
    assert seen.returncode == 7, seen.stdout
    assert "password authentication failed" in seen.stderr
    assert "NOAUTH" in compose("exec", "-T", "-e", "REDISCLI_AUTH=", "redis", "redis-cli", "ping", check=False).stdout
    given = containers()["openproject"]["Config"]["Env"]
    assert f"OPENPROJECT_SEED__ADMIN__USER__PASSWORD={secrets()['OPENPROJECT_ADMIN_PASSWORD']}" in given


# -- the role ---------------------------------------------------------------------------------------------------------


def test_a_second_run_changes_nothing(tmp_path):
    before = starts()
    env = (FOLDER / ".env").read_bytes()
    done = deploy("-e", f"maxops_results_dir={tmp_path}/results")
    assert recap(done)["changed"] == 0, done.stdout
    assert starts() == before
    assert (FOLDER / ".env").read_bytes() == env
    assert f"http://127.0.0.1:{PORT}/" in done.stdout
    assert not any(value in done.stdout for value in secrets().values())
    [result] = (tmp_path / "results").glob("deploy-*.json")
    assert json.loads(result.read_text(encoding="utf-8"))["health"]["status"] == "pass"


def test_check_mode_on_a_bare_host_predicts_and_leaves_nothing(tmp_path):
    folder = tmp_path / "stack"
    given = {"maxops_project_name": "maxops-bare", "stack_dir": str(folder), "stack_gateway_port": free_port()}
    done = deploy("--check", "--diff", "-e", json.dumps(given))
    assert recap(done)["changed"] >= 5, done.stdout
    assert "Would start" in done.stdout
    assert not folder.exists()
    assert run("docker", "ps", "-aq", "--filter", "label=com.docker.compose.project=maxops-bare").stdout == ""


def test_check_mode_on_the_running_stack_predicts_a_change_and_makes_none():
    before = (FOLDER / "docker-compose.yml").read_bytes()
    redis = containers()["redis"]["Id"]
    done = deploy("--check", "--diff", "-e", '{"stack_memory_limits": {"redis": "512m"}}')
    assert recap(done)["changed"] >= 1, done.stdout
    assert '+    mem_limit: "512m"' in done.stdout
    assert (FOLDER / "docker-compose.yml").read_bytes() == before
    assert containers()["redis"]["Id"] == redis


OTHER_VOLUME = "maxops-stacktest/redis:1"
IMAGES = {
    name: f"maxops-lab/{image}"
    for name, image in {
        "postgres": "postgres:17",
        "nginx": "nginx:1",
        "openproject": "openproject:14.6.3",
        "gitea": "gitea:1.21.11",
        "backup": "backup:1",
    }.items()
}
REFUSED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "options": (
        {
            "stack_dir": "relative/path",
            "stack_project_name": "Two Words",
            "stack_images": {"gitea": "x; reboot", "openproject": "openproject/openproject:17-slim"},
            "stack_public_url": 'http://x"; return 200;',
            "stack_gateway_metrics_allow": ["0.0.0.0/0; }"],
            "stack_gitea_environment": {"A B": "c"},
            "stack_postgres_settings": {"fsync; x": "off"},
        },
        [
            "stack_dir: 'relative/path' must be an absolute path",
            "'Two Words' is not a valid name of a Compose project",
            "not a valid image name: 'x; reboot'",
            "'openproject/openproject:17-slim' is the slim variant of OpenProject",
            "must be http://NAME",
            "not an address or network: '0.0.0.0/0; }'",
            "not a valid name of a variable: 'A B'",
            "not a valid name of a PostgreSQL setting: 'fsync; x'",
        ],
    ),
    "rootless": (
        {"stack_images": {"gitea": "gitea/gitea:1.25-rootless"}},
        ["'gitea/gitea:1.25-rootless' is the rootless variant of Gitea", "for example gitea/gitea:1.25."],
    ),
    "volume": (
        {"stack_images": {**IMAGES, "redis": OTHER_VOLUME}},
        [f"{OTHER_VOLUME}, for redis, declares a volume at /elsewhere, where this role mounts nothing"],
    ),
    "never": (
        {"stack_images": {**IMAGES, "redis": "maxops-lab/no-such-image:1"}, "stack_pull": "never"},
        ["never does not have maxops-lab/no-such-image:1, and stack_pull is never"],
    ),
    "unknown": (
        {"stack_images": {**IMAGES, "redis": "127.0.0.1:1/no-such-image:1"}, "stack_pull": "missing"},
        ["unknown could not pull 127.0.0.1:1/no-such-image:1: "],
    ),
    "taken": ({"stack_gateway_port": PORT}, [f"Port {PORT} on 127.0.0.1 of taken is already in use"]),
    "other": (
        {"stack_project_name": PROJECT},
        [f"The Compose project {PROJECT} already runs on other from {FOLDER}"],
    ),
    "foreign": ({"stack_dir": "{{ there }}/foreign"}, ["/foreign/compose.yaml was not written by this role"]),
    "lost": ({"stack_project_name": "maxops-lost"}, ["maxops-lost_postgres-data holds a database already"]),
}


def test_conflicts_are_named_and_nothing_is_changed(tmp_path):
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "compose.yaml").write_text("services: {}\n", encoding="utf-8")
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "there": str(tmp_path),
        "stack_project_name": "maxops-refused",
        "stack_dir": "{{ there }}/new",
        "stack_gateway_port": free_port(),
    }
    hosts = {name: given for name, (given, _) in REFUSED.items()}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"maxops": {"vars": common, "hosts": hosts}}), encoding="utf-8")
    run("docker", "volume", "create", "maxops-lost_postgres-data")
    (tmp_path / "Dockerfile").write_text("FROM maxops-lab/redis:8\nVOLUME /elsewhere\n", encoding="utf-8")
    run("docker", "build", "--quiet", "--tag", OTHER_VOLUME, tmp_path)
    (tmp_path / "Dockerfile").unlink()
    try:
        done = deploy("-i", inventory, check=False)
    finally:
        run("docker", "volume", "rm", "maxops-lost_postgres-data")
        run("docker", "image", "rm", OTHER_VOLUME)
    output = re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert [words for _, sentences in REFUSED.values() for words in sentences if words not in output] == []
    assert len(re.findall(r"failed=1\b", output)) == len(REFUSED)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["foreign", "hosts.yml"]
