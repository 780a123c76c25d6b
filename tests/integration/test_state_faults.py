# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in the state of a stack: diagnose names each fault first, and health gives the right grade."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.tests.integration.state_faults import PASSWORD, PROJECT, FaultStack, dead_socket
from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, EVERYTHING, Module, finish, run, running

CHECKS = ["containers", "http", "postgresql", "redis", "disk", "certificate"]
"""The checks of the stack: the host's memory and clock, and backups, have other tests."""


@dataclass(frozen=True)
class Fault:
    """A fault, the cause that diagnose has to name first, and the grade that health has to give."""

    inject: Callable[[FaultStack], AbstractContextManager[None]]
    cause: str
    subject: str
    grade: str
    check: str = "containers"
    """The health check that has to notice the fault."""


FAULTS = {
    "postgres-stopped": Fault(lambda s: s.stopped("postgres"), "service_stopped", "postgres", "P1"),
    "redis-stopped": Fault(lambda s: s.stopped("redis"), "service_stopped", "redis", "P2"),
    "openproject-stopped": Fault(lambda s: s.stopped("openproject"), "service_stopped", "openproject", "P2"),
    "gitea-stopped": Fault(lambda s: s.stopped("gitea"), "service_stopped", "gitea", "P2"),
    "nginx-stopped": Fault(lambda s: s.stopped("nginx"), "service_stopped", "nginx", "P1"),
    "postgres-paused": Fault(lambda s: s.paused("postgres"), "service_paused", "postgres", "P1"),
    "redis-paused": Fault(lambda s: s.paused("redis"), "service_paused", "redis", "P2"),
    "gitea-paused": Fault(lambda s: s.paused("gitea"), "service_paused", "gitea", "P2"),
    "nginx-paused": Fault(lambda s: s.paused("nginx"), "service_paused", "nginx", "P1"),
    "gitea-restarting": Fault(lambda s: s.restarting("gitea"), "service_crashing", "gitea", "P2"),
    "openproject-unhealthy": Fault(lambda s: s.unhealthy("openproject"), "service_unhealthy", "openproject", "P2"),
    "gitea-hanging": Fault(lambda s: s.hanging("gitea"), "service_unhealthy", "gitea", "P2"),
    "redis-volume-permissions": Fault(
        lambda s: s.without_permissions("redis", "redis-data"),
        "volume_permissions",
        f"volume {PROJECT}_redis-data",
        "P2",
    ),
    "gitea-volume-permissions": Fault(
        lambda s: s.without_permissions("gitea", "gitea-data"),
        "volume_permissions",
        f"volume {PROJECT}_gitea-data",
        "P2",
    ),
    "wrong-password": Fault(
        lambda s: s.wrong_password(), "database_password", "database user maxops", "P1", "postgresql"
    ),
    "wrong-password-of-gitea": Fault(
        lambda s: s.wrong_password_of("gitea"), "database_password", "database user maxops", "P2", "http"
    ),
    "wrong-cache-password": Fault(lambda s: s.wrong_cache_password(), "cache_password", "", "P2", "redis"),
    "disk-full": Fault(
        lambda s: s.disk_full(), "disk_full", f"/var/lib/docker/volumes/{PROJECT}_openproject-assets", "P2", "disk"
    ),
    "cache-full": Fault(lambda s: s.cache_full(), "cache_memory", "redis", "P2", "redis"),
    "connections": Fault(lambda s: s.connections(), "database_connections", "postgres", "P2", "postgresql"),
    "idle-transaction": Fault(
        lambda s: s.idle_transaction(), "database_idle_transaction", "session", "P4", "postgresql"
    ),
    "certificate-expired": Fault(
        lambda s: s.certificate(-1), "certificate_expired", "certificate of port", "P2", "certificate"
    ),
    "certificate-10-days": Fault(
        lambda s: s.certificate(10), "certificate_expiring", "certificate of port", "P4", "certificate"
    ),
    "name-missing": Fault(lambda s: s.name_missing(), "dns_name_missing", "postgres", "P1", "http"),
    "port-taken": Fault(lambda s: s.port_taken(), "port_taken", "port 9220", "P1"),
    # Last, because the daemon reports for an hour that the kernel killed a process.
    "openproject-out-of-memory": Fault(lambda s: s.out_of_memory("openproject"), "out_of_memory", "openproject", "P2"),
}

SIMILAR = {
    *("redis-stopped", "openproject-stopped", "redis-paused", "gitea-paused", "nginx-paused", "gitea-hanging"),
    *("gitea-volume-permissions", "wrong-password-of-gitea", "wrong-cache-password"),
}
"""Faults that are similar to another one in the list: they run only with ``make kill``."""


def fault_names() -> list[str]:
    """The faults of this run, by name."""
    return [name for name in FAULTS if EVERYTHING or name not in SIMILAR]


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    """The stack of this file's tests, which inject one fault after the other."""
    with running(FaultStack(tmp_path_factory.mktemp("faults"))) as stack:
        yield stack


@pytest.fixture
def diagnose(tmp_path: Path) -> Module:
    """The module diagnose for that stack."""
    return Module("diagnose", {"project_name": PROJECT, "idle_transaction_seconds": 1}, tmp_path)


@pytest.fixture
def health(tmp_path: Path) -> Module:
    """The module health_check for that stack, with an empty state folder."""
    thresholds = {
        "containers": {"restarts_warning": 0, "restarts_critical": 0},
        "postgresql": {"idle_transaction_warning": 0.01},
        # The machine that runs the tests may be busy, and its disk may be nearly full.
        "http": {"latency_warning": 0, "latency_critical": 0},
        "redis": {"latency_warning": 0, "latency_critical": 0},
        "disk": {"used_warning": 0, "days_warning": 0, "days_critical": 0},
    }
    defaults = {
        "project_name": PROJECT,
        "checks": CHECKS,
        "thresholds": thresholds,
        "check_timeout": 3,
        "state_dir": str(tmp_path / "state"),
        "repository": str(tmp_path / "none"),
    }
    return Module("health_check", defaults, tmp_path)


def both(diagnose: Module, health: Module, **arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results of diagnose and health_check, run at the same time."""
    processes = diagnose.start(**arguments), health.start(**arguments)
    return finish(processes[0]), finish(processes[1])


def not_ok(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings or steps whose state is not ok."""
    return [result for result in results if result["state"] != "ok"]


def test_healthy_stack_has_no_cause_and_no_grade(faults: FaultStack, diagnose: Module, health: Module) -> None:
    """All steps of a diagnosis are ok, and health gives no grade."""
    diagnosis, report = both(diagnose, health)
    assert (diagnosis["causes"], diagnosis["healthy"]) == ([], True), diagnosis
    assert report["grade"] == "none", not_ok(report["findings"])
    assert not_ok(diagnosis["steps"]) == []


@pytest.mark.parametrize("name", fault_names())
def test_fault_is_named_first_and_graded(faults: FaultStack, diagnose: Module, health: Module, name: str) -> None:
    """A diagnosis lists the fault itself before its consequences."""
    fault = FAULTS[name]
    with fault.inject(faults):
        diagnosis, report = both(diagnose, health)
    faults.wait_healthy()
    first = diagnosis["causes"][0] if diagnosis["causes"] else {}
    assert first.get("check") == fault.cause, diagnosis
    assert fault.subject in first["subject"], first
    assert first["fix"], first
    # With a certificate that is valid for ten more days, all services still work.
    assert diagnosis["healthy"] is (first["likelihood"] == "possible"), diagnosis
    bad = not_ok(report["findings"])
    assert report["grade"] == fault.grade, (report["grade"], bad)
    # The check that notices the fault itself, or a consequence of it.
    assert fault.check in {finding["check"] for finding in bad + report["consequences"]}, bad
    assert PASSWORD not in json.dumps([diagnosis, report])


def test_configuration_faults_are_named_without_values(faults: FaultStack, diagnose: Module) -> None:
    """An invalid file is named with its line, and a difference with its key."""
    env, ini = faults.folder / ".env", faults.volume("gitea-data") / "gitea" / "conf" / "app.ini"
    right_env, right_ini = env.read_text(), ini.read_text()
    try:
        ini.write_text(right_ini + "\nPASSWD hush-hush\n")
        invalid = diagnose()
        assert invalid["causes"][0]["check"] == "configuration_unreadable", invalid
        assert f"see line {len(right_ini.splitlines()) + 2}" in invalid["causes"][0]["seen"]
        ini.write_text(right_ini)
        env.write_text("POSTGRES_PASSWORD=hush-hush\n")
        differing = diagnose()
        env.write_text("")
        missing = diagnose()
    finally:
        ini.write_text(right_ini)
        env.write_text(right_env)
    assert {cause["check"] for cause in differing["causes"]} == {"configuration_differs"}, differing
    evidence = {cause["subject"]: cause["evidence"] for cause in differing["causes"]}
    assert evidence["gitea"] == ["GITEA__database__PASSWD: another value (***)"]
    assert set(evidence) == {"gitea", "openproject", "postgres"}
    assert missing["causes"][0]["check"] == "configuration_unreadable", missing
    assert "POSTGRES_PASSWORD" in missing["causes"][0]["seen"]
    assert "hush-hush" not in json.dumps([invalid, differing, missing])


def test_repository_of_root_is_found_in_a_healthy_stack(faults: FaultStack, diagnose: Module) -> None:
    """Gitea works, and each push to the repository fails; what belongs to root on purpose is no cause."""
    data = faults.volume("gitea-data")
    root, ssh = data.stat(), data / "ssh"
    git = data / "git"
    repository = git / "repositories" / "acme" / "app.git"
    (repository / "objects").mkdir(parents=True)
    ssh.mkdir(exist_ok=True)
    worker = (data / "gitea" / "conf" / "app.ini").stat().st_uid
    try:
        # As the official image has it.
        shutil.chown(data, 0, 0)
        data.chmod(0o755)
        shutil.chown(ssh, 0, 0)
        ssh.chmod(0o700)
        for folder in (git, *git.rglob("*")):
            shutil.chown(folder, worker, worker)
        right = diagnose()
        shutil.chown(repository, 0, 0)
        faulty = diagnose()
    finally:
        shutil.rmtree(repository.parent)
        shutil.chown(data, root.st_uid, root.st_gid)
        data.chmod(root.st_mode & 0o7777)
    assert (right["causes"], right["healthy"]) == ([], True), right
    [cause] = faulty["causes"]
    assert (cause["check"], cause["likelihood"]) == ("volume_permissions", "likely"), faulty
    assert cause["fix"].startswith(f"chown -R {worker}:"), cause
    assert str(repository) in cause["fix"]


def test_override_that_was_added_later_leaves_a_healthy_stack(faults: FaultStack, diagnose: Module) -> None:
    """Compose creates only the service that it changes; a dollar sign in its value is no difference."""
    override = faults.folder / "docker-compose.override.yml"
    environment = {"FOO": "a$$b", "GITEA__LOG_0x2E_CONSOLE__LEVEL": "Info"}
    override.write_text(json.dumps({"services": {"gitea": {"environment": environment}}}))
    try:
        faults.compose("up", "--detach", "--no-deps", "--wait", "gitea")
        right = diagnose()
        environment["FOO"] = "other"
        override.write_text(json.dumps({"services": {"gitea": {"environment": environment}}}))
        differing = diagnose()
    finally:
        override.unlink()
        faults.compose("up", "--detach", "--no-deps", "gitea")
        faults.wait_healthy()
    assert right["causes"] == [], right
    [cause] = differing["causes"]
    assert (cause["check"], cause["evidence"]) == ("configuration_differs", ["FOO: another value (***)"])
    assert f"--file {override} up --detach gitea" in cause["fix"]


def test_daemon_that_hangs_is_named_within_its_time(diagnose: Module, tmp_path: Path) -> None:
    """A daemon that accepts connections and does not answer does not delay the diagnosis beyond its time limit."""
    path = tmp_path / "hanging.sock"
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(path))
        hanging.listen()
        diagnosis = diagnose(docker_host=f"unix://{path}", step_timeout=1)
    assert diagnosis["causes"][0]["check"] == "docker_daemon_down", diagnosis
    assert diagnosis["duration"] < 5


def test_invalid_options_are_refused(diagnose: Module, faults: FaultStack) -> None:
    """The error names the invalid value and a valid one."""
    assert "name one of them" in diagnose(services=["nope"])["msg"]
    assert "write 9000, or 9000-9022" in diagnose(ports=["70000"])["msg"]
    assert "disk_percent is 0" in diagnose(disk_percent=0)["msg"]


def test_daemon_that_does_not_answer_is_named_first(diagnose: Module, health: Module, tmp_path: Path) -> None:
    """Without Docker the stack cannot be checked, but the host still is."""
    diagnosis, report = both(diagnose, health, docker_host=dead_socket(tmp_path))
    assert diagnosis["causes"][0]["check"] == "docker_daemon_down", diagnosis
    assert "systemctl start docker" in diagnosis["causes"][0]["fix"]
    states = {step["step"]: step["state"] for step in diagnosis["steps"]}
    assert states["database"] == "unknown"
    assert states["disk"] != "unknown"
    assert report["grade"] == "P1", report


def test_playbook_lists_all_hosts_the_worst_first(faults: FaultStack, diagnose: Module, tmp_path: Path) -> None:
    """In check mode, with a host with a fault, one without a Docker daemon and one that cannot be reached."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {
        "faulty": local,
        "a-down": {**local, "diagnose_docker_host": dead_socket(tmp_path)},
        "gone": {"ansible_host": "127.0.0.1", "ansible_port": 1},
    }
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"maxops": {"hosts": hosts, "vars": {"maxops_project_name": PROJECT}}}))
    words = ["-i", inventory, "--check", "-e", f"maxops_results_dir={tmp_path}"]
    with faults.stopped("gitea"):
        playbook = Path(sys.executable).with_name("ansible-playbook")
        environment = dict(os.environ, ANSIBLE_NOCOLOR="1", ANSIBLE_SSH_RETRIES="0")
        others = diagnose(services=["openproject"])
        done = run(playbook, "playbooks/diagnose.yml", *words, check=False, cwd=CHECKOUT, env=environment)
    faults.wait_healthy()
    assert (others["causes"], others["healthy"]) == ([], True), "OpenProject does not depend on Gitea"
    assert "gitea" not in json.dumps([step["seen"] for step in others["steps"] if step["step"] == "containers"])
    lines = done.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("HOST "))
    table = [line.split()[:4] for line in lines[start + 1 : start + 4]]
    assert table[0][:2] == ["gone", "UNREACHABLE"], done.stdout
    assert table[1:] == [["a-down", "certain", "docker", "daemon"], ["faulty", "certain", "service", "stopped"]]
    saved = json.loads((tmp_path / "diagnose-faulty.check.json").read_text())
    assert saved["causes"][0]["fix"] == f"docker start {faults.name('gitea')}"
    assert saved["changed"] is False
