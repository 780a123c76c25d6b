# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of real stacks: healthy, with every fault that a check detects, and with a service that hangs.

Faults of the whole lab, with their grades, are in test_state_faults.py.
"""

from __future__ import annotations

import datetime
import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, MiniStack, Module, run, wait_until

WELL = {"status": "pass", "openproject": {"status": "pass", "code": 200}, "gitea": {"status": "pass", "code": 200}}
DAY = 86400


class Gateway:
    """A gateway with the answers that a test sets, over HTTP or HTTPS."""

    def __init__(self, certificate: Path | None = None) -> None:
        self.answers: dict[str, tuple[int, str]] = {"/health": (200, json.dumps(WELL)), "/metrics": (200, "")}
        self.delay = 0.0
        gateway = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                time.sleep(gateway.delay)
                status, body = gateway.answers.get(self.path, (404, "not here"))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_words: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    one = Gateway()
    yield one
    one.close()


@pytest.fixture
def health(stack: MiniStack, gateway: Gateway, tmp_path: Path) -> Module:
    """The module on the small stack, with its own gateway."""
    defaults = {
        "project_name": stack.project,
        "repository": str(tmp_path / "repository"),
        "state_dir": str(tmp_path / "state"),
        "gateway_url": gateway.url,
    }
    return Module("health_check", defaults, tmp_path)


def findings(result: dict[str, Any], check: str) -> dict[str, dict[str, Any]]:
    """The findings of one check by subject."""
    return {finding["subject"]: finding for finding in result["findings"] if finding["check"] == check}


def states(result: dict[str, Any], check: str) -> dict[str, str]:
    return {subject: finding["state"] for subject, finding in findings(result, check).items()}


def measure(result: dict[str, Any], name: str, **labels: str) -> float:
    [value] = [
        measure["value"]
        for measure in result["measures"]
        if measure["name"] == name and labels.items() <= measure["labels"].items()
    ]
    return float(value)


def test_lab_is_healthy(tmp_path: Path) -> None:
    lab = Module("health_check", {"project_name": os.environ.get("LAB_PROJECT", "maxoperation")}, tmp_path)
    # Other tests and this machine may have changed the state of the lab's backups, disk, clock and memory.
    result = lab(exclude=["backup", "disk", "clock", "memory"], state_dir=str(tmp_path))
    assert [finding for finding in result["findings"] if finding["state"] != "ok"] == []
    assert (result["state"], result["grade"], result["changed"]) == ("ok", "none", False)
    assert set(states(result, "containers")) == {"postgres", "redis", "openproject", "gitea", "nginx", "backup"}
    assert {"gateway", "gateway /health", "openproject", "gitea", "gitea through the gateway"} <= set(
        states(result, "http")
    )
    assert {"openproject to its database", "gitea to its database"} <= set(states(result, "postgresql"))
    assert measure(result, "service_up", service="gitea") == 1
    assert 0 < measure(result, "postgresql_connections_used_ratio") < 0.8
    assert measure(result, "http_latency_seconds", endpoint="/health") > 0
    assert result["duration"] < 5


# -- containers -----------------------------------------------------------------------------------------------------


def test_stopped_container_is_reported_with_the_command_that_starts_it(health: Module, stack: MiniStack) -> None:
    stack.compose("stop", "--timeout", "0", "app")
    stack.compose("pause", "redis")
    try:
        result = health(checks=["containers", "redis"])
    finally:
        stack.compose("unpause", "redis")
        stack.compose("start", "app")
    containers = findings(result, "containers")
    assert containers["app"]["state"] == "critical"
    assert "exited" in containers["app"]["seen"]
    assert containers["app"]["fix"].endswith("up --detach app")
    assert containers["redis"]["fix"] == f"docker unpause {stack.project}-redis-1"
    assert states(result, "redis") == {}, "that Redis does not answer follows from its container"
    [consequence] = result["consequences"]
    assert (consequence["check"], consequence["follows"]["subject"]) == ("redis", "redis")
    assert "paused" in consequence["seen"]
    assert result["checks"]["redis"]["state"] == "critical"
    assert result["grade"] == "P2"


def test_successful_one_shot_container_is_ok_and_a_restart_loop_is_not(health: Module, stack: MiniStack) -> None:
    made = []
    for name, policy, script in (("seeder", "no", "exit 0"), ("broken", "no", "exit 3"), ("loop", "always", "exit 7")):
        labels = {"com.docker.compose.project": stack.project, "com.docker.compose.service": name}
        words = [f"--label={key}={value}" for key, value in labels.items()]
        argv = [
            "docker",
            "run",
            "--detach",
            f"--restart={policy}",
            *words,
            "maxops-lab/base:trixie",
            "sh",
            "-c",
            script,
        ]
        made.append(run(*argv).stdout.strip())
    try:
        wait_until(lambda: inspected(made[2], "{{.RestartCount}}") >= "3", 20, "the container restarts in a loop")
        result = health(checks=["containers"])
    finally:
        run("docker", "rm", "--force", *made)
    containers = findings(result, "containers")
    assert containers["seeder"]["state"] == "ok"
    assert containers["broken"]["state"] == "critical"
    assert "exit code 3" in containers["broken"]["seen"]
    assert containers["loop"]["state"] == "critical"
    assert "7" in " ".join([containers["loop"]["seen"], *containers["loop"]["evidence"]])
    assert measure(result, "container_restarts", service="loop") >= 3


def inspected(container: str, form: str) -> str:
    return run("docker", "inspect", "--format", form, container).stdout.strip()


def test_missing_project_is_critical(health: Module) -> None:
    result = health(project_name="missing")
    assert result["grade"] == "P1"
    assert "projects here" in findings(result, "containers")["stack"]["seen"]


def test_other_checks_run_without_docker(health: Module) -> None:
    result = health(docker_host="unix:///nowhere.sock")
    assert not result.get("failed")
    assert result["grade"] == "P1"
    assert "correct docker_host" in findings(result, "containers")["docker"]["fix"]
    assert [entry["subject"] for entry in result["findings"] if "Docker daemon" in entry["seen"]] == ["docker"]
    assert states(result, "http")["gateway"] == "ok"
    assert result["checks"]["postgresql"]["state"] == "unknown"
    assert result["checks"]["disk"]["state"] != "unknown"


def test_daemon_that_hangs_does_not_delay_the_other_checks(health: Module, gateway: Gateway, tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as deaf_daemon:
        deaf_daemon.bind(str(path))
        deaf_daemon.listen()
        result = health(docker_host=f"unix://{path}", check_timeout=2)
    assert "no answer within" in findings(result, "containers")["docker"]["seen"]
    assert states(result, "http")["gateway /health"] == "ok"
    assert result["duration"] < 8


# -- HTTP and certificate ---------------------------------------------------------------------------------------------


def test_gateway_that_reports_an_unhealthy_application(health: Module, gateway: Gateway) -> None:
    unhealthy = {**WELL, "status": "fail", "gitea": {"status": "fail", "code": 500}}
    gateway.answers["/health"] = (503, json.dumps(unhealthy))
    result = health(checks=["http"])
    assert findings(result, "http")["gateway /health"]["seen"] == "503: unhealthy: gitea"
    assert result["state"] == "critical"


def test_gateway_of_another_kind_that_answers_is_ok(health: Module, gateway: Gateway) -> None:
    gateway.answers = {"/": (404, "not here")}
    result = health(checks=["http"])
    assert "it is not the gateway of the role stack" in findings(result, "http")["gateway"]["seen"]
    assert states(result, "http")["gateway"] == "ok"
    assert states(result, "http")["applications"] == "unknown", "nothing says that an application works"
    gateway.answers = {"/": (502, "bad gateway")}
    assert states(health(checks=["http"]), "http")["gateway"] == "critical"


def test_slow_answer_is_a_warning(health: Module, gateway: Gateway) -> None:
    gateway.delay = 0.3
    result = health(checks=["http"], thresholds={"http": {"latency_warning": 0.2}})
    assert states(result, "http")["gateway /health"] == "warning"
    assert result["grade"] == "P4"


def test_gateway_that_refuses_connections(health: Module) -> None:
    result = health(checks=["http", "certificate"], gateway_url="http://127.0.0.1:9")
    assert "connection refused" in findings(result, "http")["gateway"]["seen"]
    assert result["grade"] == "P1"


@contextmanager
def deaf() -> Iterator[str]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_service_that_hangs_does_not_delay_the_other_checks(health: Module) -> None:
    with deaf() as url:
        started = time.monotonic()
        result = health(gateway_url=url, check_timeout=4)
        taken = time.monotonic() - started
    assert "no answer within" in findings(result, "http")["gateway"]["seen"]
    assert result["duration"] < 8
    assert taken < 16
    assert result["checks"]["postgresql"]["state"] == "ok"
    assert result["checks"]["redis"]["state"] == "ok"
    assert result["checks"]["postgresql"]["seconds"] < 4


def test_frozen_database_does_not_delay_the_other_checks(health: Module, stack: MiniStack) -> None:
    # By a signal, so that Docker still reports it as running.
    pid = inspected(f"{stack.project}-postgres-1", "{{.State.Pid}}")
    processes = [pid, *Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    run("kill", "-STOP", *processes)
    try:
        result = health(checks=["postgresql", "redis"], check_timeout=3)
    finally:
        run("kill", "-CONT", *processes)
    assert result["duration"] < 3.5
    assert result["checks"]["postgresql"]["state"] in ("critical", "unknown")
    assert result["checks"]["redis"]["state"] == "ok"


def certificate(folder: Path, days: float) -> Path:
    """A key and a certificate that expires in so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    signed = builder.not_valid_before(end - datetime.timedelta(days=90)).not_valid_after(end).sign(key, hashes.SHA256())
    path = folder / "certificate.pem"
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*form) + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.parametrize(
    ("days", "state", "grade"),
    [(60.5, "ok", "none"), (10.5, "warning", "P4"), (1.5, "critical", "P2"), (-2.5, "critical", "P2")],
)
def test_expiry_of_a_certificate(health: Module, tmp_path: Path, days: float, state: str, grade: str) -> None:
    secured = Gateway(certificate(tmp_path, days))
    try:
        result = health(checks=["certificate"], gateway_url=secured.url)
    finally:
        secured.close()
    finding = findings(result, "certificate")["gateway"]
    assert (finding["state"], result["grade"]) == (state, grade)
    assert measure(result, "certificate_expiry_seconds") == pytest.approx(days * DAY, abs=60)


# -- PostgreSQL -------------------------------------------------------------------------------------------------------


@contextmanager
def sessions(stack: MiniStack, count: int) -> Iterator[list[Any]]:
    address = inspected(f"{stack.project}-postgres-1", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")
    words = {"host": address, "user": "maxops", "password": "s3'cr:et \\\"$x", "dbname": "openproject"}
    opened = [psycopg2.connect(**words) for _ in range(count)]
    try:
        yield opened
    finally:
        for session in opened:
            session.close()


def test_connections_over_their_limit(health: Module, stack: MiniStack) -> None:
    with sessions(stack, 8):
        # 8 of 97: 90 sessions would be too many for a small machine, so the limits are lowered instead.
        warned = health(checks=["postgresql"], thresholds={"postgresql": {"connections_warning": 7}})
        bad = health(
            checks=["postgresql"],
            thresholds={"postgresql": {"connections_warning": 5, "connections_critical": 7}},
        )
    assert states(warned, "postgresql")["connections"] == "warning"
    assert states(bad, "postgresql")["connections"] == "critical"
    assert (warned["grade"], bad["grade"]) == ("P4", "P2")
    assert measure(bad, "postgresql_connections") >= 8


def test_transaction_that_is_idle_for_long(health: Module, stack: MiniStack) -> None:
    with sessions(stack, 1) as [session]:
        with session.cursor() as cursor:
            cursor.execute("SELECT 1")
        time.sleep(0.7)
        limits = {"idle_transaction_warning": 0.01, "transaction_warning": 0.01, "idle_transaction_critical": 0}
        result = health(checks=["postgresql"], thresholds={"postgresql": limits})
    postgresql = findings(result, "postgresql")
    assert postgresql["oldest idle in transaction"]["state"] == "warning"
    assert postgresql["longest transaction"]["state"] == "warning"
    assert "pg_terminate_backend(" in postgresql["oldest idle in transaction"]["fix"]
    assert measure(result, "postgresql_idle_transaction_seconds") >= 0.7


def test_wrong_password_is_reported_with_its_source(health: Module) -> None:
    result = health(checks=["postgresql"], database_password="wrong")
    finding = findings(result, "postgresql")["administrator"]
    assert finding["state"] == "critical"
    assert "the option database_password" in finding["seen"]
    assert "wrong" not in json.dumps(result["findings"])


def test_stopped_database_is_p1(health: Module, stack: MiniStack) -> None:
    stack.compose("stop", "--timeout", "5", "postgres")
    try:
        result = health()
    finally:
        stack.compose("start", "postgres")
        wait_until(lambda: stack.sql("SELECT 1", check=False) == "1", 30, "PostgreSQL is back")
    assert result["grade"] == "P1"
    assert (result["findings"][0]["check"], result["findings"][0]["subject"]) == ("containers", "postgres")
    assert result["checks"]["postgresql"]["state"] == "critical"
    assert states(result, "postgresql") == {}, "it follows from the container"


# -- Redis ------------------------------------------------------------------------------------------------------------


def evicted_keys(stack: MiniStack, cli: list[str], after: float = 0) -> str:
    time.sleep(after)
    return next(line for line in stack.compose(*cli, "info", "stats").splitlines() if line.startswith("evicted_keys"))


@pytest.mark.parametrize(
    ("policy", "state", "grade"), [("noeviction", "critical", "P2"), ("allkeys-lru", "warning", "P4")]
)
def test_redis_at_its_limit(health: Module, stack: MiniStack, policy: str, state: str, grade: str) -> None:
    cli = ["exec", "-T", "--env", "REDISCLI_AUTH=secret", "redis", "redis-cli"]
    fill = "for number = 1, 5000 do redis.call('set', 'key' .. number, string.rep('x', 200)) end"
    stack.compose(*cli, "eval", fill, "0")
    stack.compose(*cli, "config", "set", "maxmemory-policy", policy, "maxmemory", "1mb")
    try:
        # Redis evicts in slices, in the background: the second check must not meet the rest of the same eviction.
        wait_until(lambda: evicted_keys(stack, cli) == evicted_keys(stack, cli, after=1), 60, "the eviction has ended")
        result = health(checks=["redis"])
        again = health(checks=["redis"], thresholds={"redis": {"evictions_warning": 100}})
    finally:
        stack.compose(*cli, "config", "set", "maxmemory", "0", "maxmemory-policy", "noeviction")
        stack.compose(*cli, "flushall")
        stack.compose(*cli, "config", "resetstat")
    memory = findings(result, "redis")["memory"]
    assert (memory["state"], result["grade"]) == (state, grade), memory
    assert measure(result, "redis_memory_limit_bytes") == 1024 * 1024
    assert states(result, "redis")["evictions"] == ("ok" if policy == "noeviction" else "warning")
    assert states(again, "redis")["evictions"] == "ok", "nothing was evicted since the first check"


# -- host, backup, images ---------------------------------------------------------------------------------------------


def test_disk_over_its_limit(health: Module) -> None:
    tight = {"used_warning": 0.0001, "used_critical": 0.0002}
    result = health(checks=["disk"], thresholds={"disk": tight})
    root = findings(result, "disk")["/"]
    assert root["state"] == "critical"
    assert "docker" in root["evidence"][0]
    assert 0 < measure(result, "disk_used_ratio", mountpoint="/") < 1


def test_disk_that_is_full_in_a_few_days(health: Module, tmp_path: Path) -> None:
    first = health(checks=["disk"])
    kept = next((tmp_path / "state").glob("health-*.json"))
    data = json.loads(kept.read_text())
    [now, used, total] = data["disks"]["/"][-1]
    free = measure(first, "disk_free_bytes", mountpoint="/")
    per_day = free / 5
    data["disks"]["/"] = [[now - age * 3600, used - per_day * age / 24, total] for age in range(48, 0, -1)]
    kept.write_text(json.dumps(data))
    result = health(checks=["disk"])
    assert measure(result, "disk_days_until_full", mountpoint="/") == pytest.approx(5, rel=0.1)
    root = findings(result, "disk")["/"]
    assert root["state"] != "ok"
    assert "full in" in root["seen"]


def test_memory_and_clock(health: Module) -> None:
    # The offset includes the start of the module's process, which takes seconds on a busy machine.
    clock = {"offset_warning": 60, "offset_critical": 600, "unsynchronised": 0}
    near = health(checks=["memory", "clock"], controller_time=time.time(), thresholds={"clock": clock})
    assert set(states(near, "clock").values()) == {"ok"}
    assert 0 < measure(near, "memory_available_ratio") < 1
    far = health(checks=["clock"], controller_time=time.time() - 3600, thresholds={"clock": clock})
    assert states(far, "clock")["offset"] == "critical"
    tight = health(checks=["memory"], thresholds={"memory": {"available_warning": 100}})
    assert states(tight, "memory")["memory"] == "warning"


def test_backups_missing_unverified_and_verified(health: Module, backup: Module, tmp_path: Path) -> None:
    def backup_findings() -> dict[str, dict[str, Any]]:
        return findings(health(checks=["backup"]), "backup")

    assert backup_findings()["newest set"]["state"] == "critical"
    assert not backup().get("failed")
    sets = backup_findings()
    assert (sets["newest set"]["state"], sets["newest verified set"]["state"]) == ("ok", "warning")
    verify = Module("verify", backup.defaults, tmp_path)
    assert verify()["passed"]
    result = health(checks=["backup"])
    assert (result["state"], measure(result, "backup_verify_level")) == ("ok", 1)
    assert 0 <= measure(result, "backup_age_seconds") < 600
    assert measure(result, "backup_size_bytes") > 0
    old = health(checks=["backup"], thresholds={"backup": {"age_warning": 1e-6, "age_critical": 2e-6}})
    assert states(old, "backup")["newest set"] == "critical"
    assert old["grade"] == "P3"


def test_image_name_that_refers_to_another_image(health: Module, stack: MiniStack) -> None:
    name = f"{stack.project}-drift:1"
    run("docker", "tag", "maxops-lab/base:trixie", name)
    label = [f"--label=com.docker.compose.project={stack.project}", "--label=com.docker.compose.service=drifter"]
    made = run("docker", "run", "--detach", *label, name, "sleep", "infinity").stdout.strip()
    try:
        assert states(health(checks=["images"]), "images")["drifter"] == "ok"
        run("docker", "tag", "maxops-lab/redis:8", name)
        assert states(health(checks=["images"]), "images")["drifter"] == "warning"
        run("docker", "rmi", name)
        finding = findings(health(checks=["images"]), "images")["drifter"]
        assert "does not exist on this host any more" in finding["seen"]
    finally:
        run("docker", "rm", "--force", made)
        run("docker", "rmi", name, check=False)


# -- the task and the playbook --------------------------------------------------------------------------------------


def test_fail_on_and_refused_options(health: Module, gateway: Gateway) -> None:
    slow = {"http": {"latency_warning": 1e-9}}
    assert not health(checks=["http"], thresholds=slow, fail_on="critical").get("failed")
    failed = health(checks=["http"], thresholds=slow, fail_on="warning")
    assert failed["failed"]
    assert failed["state"] == "warning"
    assert "grade P4" in failed["msg"]
    unknown = health(checks=["postgresql"], database_service="missing", fail_on="critical")
    assert unknown["failed"], "unknown is not ok"
    for wrong in (
        {"thresholds": {"disk": {"used": 1}}},
        {"checks": ["disk"], "exclude": ["disk"]},
        {"check_timeout": 0},
        {"gateway_url": "localhost:9000"},
    ):
        refused = health(**wrong)
        assert refused["failed"]
        assert "state" not in refused


def test_check_mode_saves_nothing(health: Module, tmp_path: Path) -> None:
    health(checks=["disk"], check_mode=True)
    assert not (tmp_path / "state").exists()


def test_playbook_shows_many_hosts_and_an_unreachable_one(stack: MiniStack, gateway: Gateway, tmp_path: Path) -> None:
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "health_gateway_url": gateway.url,
    }
    away = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
    inventory = tmp_path / "hosts.json"
    hosts = {"healthy": {**common}, "down": {**common, "health_gateway_url": "http://127.0.0.1:9"}, "away": away}
    inventory.write_text(json.dumps({"maxops": {"hosts": hosts}}))
    words = {
        "maxops_project_name": stack.project,
        "maxops_repository": str(tmp_path / "repository"),
        "maxops_results_dir": str(tmp_path / "results"),
        "health_state_dir": str(tmp_path / "state"),
        "health_checks": ["http", "redis"],
    }
    argv = ["ansible-playbook", "-i", str(inventory), "playbooks/health.yml", "-e", json.dumps(words)]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd=CHECKOUT, env=environment)
    assert done.returncode == 4, done.stdout + done.stderr
    lines = [line.split()[:3] for line in done.stdout.splitlines()]
    start = lines.index(["HOST", "STATE", "GRADE"])
    assert lines[start + 1 : start + 4] == [
        ["away", "UNREACHABLE", "?"],
        ["down", "CRITICAL", "P1"],
        ["healthy", "ok", "none"],
    ]
    output = " ".join((done.stdout + done.stderr).split())
    assert "down is critical, grade P1: http gateway: connection refused" in output
    assert "away is unreachable: Failed to connect to the host" in output
    recap = {line.split()[0]: line for line in done.stdout.splitlines() if " failed=" in line}
    assert "failed=1" in recap["down"]
    assert "failed=0" in recap["healthy"], "only the host with the fault is marked failed"
    kept = {path.name: json.loads(path.read_text()) for path in (tmp_path / "results").iterdir()}
    assert set(kept) == {f"health-{host}.json" for host in hosts}
    assert kept["health-down.json"]["grade"] == "P1"
    done = subprocess.run(
        [*argv, "--check", "-l", "healthy"], check=False, capture_output=True, text=True, cwd=CHECKOUT, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
