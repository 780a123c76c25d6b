# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault that the state of a stack can have: the diagnosis names it first, and health gives the right grade."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.tests.integration.state_faults import PASSWORD, PROJECT, FaultStack, nobody_listens
from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, Module, finish, run, running

CHECKS = ["containers", "http", "postgresql", "redis", "disk", "certificate"]
"""What is about the stack: the machine's own memory and clock, and backups, are for other tests."""


@dataclass(frozen=True)
class Case:
    """A fault, the cause that the diagnosis has to name first, and the grade that health has to give."""

    inject: Callable[[FaultStack], AbstractContextManager[None]]
    cause: str
    subject: str
    grade: str
    check: str = "containers"
    """The check of health that has to notice it."""


CASES = {
    "postgres-stopped": Case(lambda s: s.stopped("postgres"), "service_stopped", "postgres", "P1"),
    "redis-stopped": Case(lambda s: s.stopped("redis"), "service_stopped", "redis", "P2"),
    "openproject-stopped": Case(lambda s: s.stopped("openproject"), "service_stopped", "openproject", "P2"),
    "gitea-stopped": Case(lambda s: s.stopped("gitea"), "service_stopped", "gitea", "P2"),
    "nginx-stopped": Case(lambda s: s.stopped("nginx"), "service_stopped", "nginx", "P1"),
    "postgres-paused": Case(lambda s: s.paused("postgres"), "service_paused", "postgres", "P1"),
    "redis-paused": Case(lambda s: s.paused("redis"), "service_paused", "redis", "P2"),
    "gitea-paused": Case(lambda s: s.paused("gitea"), "service_paused", "gitea", "P2"),
    "nginx-paused": Case(lambda s: s.paused("nginx"), "service_paused", "nginx", "P1"),
    "gitea-restarting": Case(lambda s: s.restarting("gitea"), "service_crashing", "gitea", "P2"),
    "openproject-unhealthy": Case(lambda s: s.unhealthy("openproject"), "service_unhealthy", "openproject", "P2"),
    "gitea-hanging": Case(lambda s: s.hanging("gitea"), "service_unhealthy", "gitea", "P2"),
    "redis-volume-permissions": Case(
        lambda s: s.without_permissions("redis", "redis-data"),
        "volume_permissions",
        f"volume {PROJECT}_redis-data",
        "P2",
    ),
    "gitea-volume-permissions": Case(
        lambda s: s.without_permissions("gitea", "gitea-data"),
        "volume_permissions",
        f"volume {PROJECT}_gitea-data",
        "P2",
    ),
    "wrong-password": Case(
        lambda s: s.wrong_password(), "database_password", "database user maxops", "P1", "postgresql"
    ),
    "wrong-password-of-gitea": Case(
        lambda s: s.wrong_password_of("gitea"), "database_password", "database user maxops", "P2", "http"
    ),
    "wrong-cache-password": Case(lambda s: s.wrong_cache_password(), "cache_password", "", "P2", "redis"),
    "disk-full": Case(
        lambda s: s.disk_full(), "disk_full", f"/var/lib/docker/volumes/{PROJECT}_openproject-assets", "P2", "disk"
    ),
    "cache-full": Case(lambda s: s.cache_full(), "cache_memory", "redis", "P2", "redis"),
    "connections": Case(lambda s: s.connections(), "database_connections", "postgres", "P2", "postgresql"),
    "idle-transaction": Case(
        lambda s: s.idle_transaction(), "database_idle_transaction", "session", "P4", "postgresql"
    ),
    "certificate-expired": Case(
        lambda s: s.certificate(-1), "certificate_expired", "certificate of port", "P2", "certificate"
    ),
    "certificate-10-days": Case(
        lambda s: s.certificate(10), "certificate_expiring", "certificate of port", "P4", "certificate"
    ),
    "name-missing": Case(lambda s: s.name_missing(), "dns_name_missing", "postgres", "P1", "http"),
    "port-taken": Case(lambda s: s.port_taken(), "port_taken", "port 9220", "P1"),
    # Last, because the daemon remembers for an hour that the kernel ended something.
    "openproject-out-of-memory": Case(lambda s: s.out_of_memory("openproject"), "out_of_memory", "openproject", "P2"),
}

ALIKE = {
    *("redis-stopped", "openproject-stopped", "redis-paused", "gitea-paused", "nginx-paused", "gitea-hanging"),
    *("gitea-volume-permissions", "wrong-password-of-gitea", "wrong-cache-password"),
}
"""Faults of which another one of nearly the same kind is tried, too; these are for when there is time."""


def cases() -> list[Any]:
    """All faults by name, those that are like another one marked as slow."""
    return [pytest.param(name, marks=[pytest.mark.slow] if name in ALIKE else []) for name in CASES]


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    """The stack that all faults of this file are done to, one after the other."""
    with running(FaultStack(tmp_path_factory.mktemp("faults"))) as stack:
        yield stack


@pytest.fixture
def diagnose(tmp_path: Path) -> Module:
    """The module diagnose on that stack."""
    return Module("diagnose", {"project_name": PROJECT, "idle_transaction_seconds": 1}, tmp_path)


@pytest.fixture
def health(tmp_path: Path) -> Module:
    """The module health_check on that stack, without a memory of what was before."""
    thresholds = {
        "containers": {"restarts_warning": 0, "restarts_critical": 0},
        "postgresql": {"idle_transaction_warning": 0.01},
        # The machine that runs the tests may be busy, and its own disk well filled.
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
    """Diagnosis and health at the same time."""
    running = diagnose.start(**arguments), health.start(**arguments)
    return finish(running[0]), finish(running[1])


def test_nothing_is_found_where_nothing_is_wrong(faults: FaultStack, diagnose: Module, health: Module) -> None:
    """A stack that is well has no cause to name, and no grade."""
    diagnosis, seen = both(diagnose, health)
    assert (diagnosis["causes"], diagnosis["healthy"]) == ([], True), diagnosis
    assert seen["grade"] == "none", [each for each in seen["findings"] if each["state"] != "ok"]
    assert [each for each in diagnosis["steps"] if each["state"] != "ok"] == []


@pytest.mark.parametrize("name", cases())
def test_fault_is_named_first_and_graded(faults: FaultStack, diagnose: Module, health: Module, name: str) -> None:
    """Whatever else a fault brings about, the diagnosis begins with the fault itself."""
    case = CASES[name]
    with case.inject(faults):
        diagnosis, seen = both(diagnose, health)
    faults.wait_well()
    first = diagnosis["causes"][0] if diagnosis["causes"] else {}
    assert first.get("check") == case.cause, diagnosis
    assert case.subject in first["subject"], first
    assert first["fix"], first
    # A certificate that still has ten days keeps nobody from working.
    assert diagnosis["healthy"] is (first["likelihood"] == "possible"), diagnosis
    bad = [each for each in seen["findings"] if each["state"] != "ok"]
    assert seen["grade"] == case.grade, (seen["grade"], bad)
    assert case.check in {each["check"] for each in bad}, bad
    assert PASSWORD not in json.dumps([diagnosis, seen])


def test_configuration_is_judged_without_showing_it(faults: FaultStack, diagnose: Module) -> None:
    """What cannot be read is named by its place, and what differs by its key."""
    env, ini = faults.folder / ".env", faults.volume("gitea-data") / "gitea" / "conf" / "app.ini"
    right_env, right_ini = env.read_text(), ini.read_text()
    try:
        ini.write_text(right_ini + "\nPASSWD hush-hush\n")
        seen = diagnose()
        assert seen["causes"][0]["check"] == "configuration_unreadable", seen
        assert f"see line {len(right_ini.splitlines()) + 2}" in seen["causes"][0]["seen"]
        ini.write_text(right_ini)
        env.write_text("POSTGRES_PASSWORD=hush-hush\n")
        differing = diagnose()
        env.write_text("")
        missing = diagnose()
    finally:
        ini.write_text(right_ini)
        env.write_text(right_env)
    assert {each["check"] for each in differing["causes"]} == {"configuration_differs"}, differing
    told = {each["subject"]: each["evidence"] for each in differing["causes"]}
    assert told["gitea"] == ["GITEA__database__PASSWD: another value (***)"]
    assert set(told) == {"gitea", "openproject", "postgres"}
    assert missing["causes"][0]["check"] == "configuration_unreadable", missing
    assert "POSTGRES_PASSWORD" in missing["causes"][0]["seen"]
    assert "hush-hush" not in json.dumps([seen, differing, missing])


def test_daemon_that_hangs_is_named_within_its_time(diagnose: Module, tmp_path: Path) -> None:
    """A daemon that takes connections and says nothing holds nobody for longer than was said."""
    path = tmp_path / "hanging.sock"
    with socket.socket(socket.AF_UNIX) as hanging:
        hanging.bind(str(path))
        hanging.listen()
        diagnosis = diagnose(docker_host=f"unix://{path}", step_timeout=1)
    assert diagnosis["causes"][0]["check"] == "docker_daemon_down", diagnosis
    assert diagnosis["duration"] < 5


def test_input_that_makes_no_sense_is_refused(diagnose: Module, faults: FaultStack) -> None:
    """What is wrong is named, with what would be right."""
    assert "name one of them" in diagnose(services=["nope"])["msg"]
    assert "write 9000, or 9000-9022" in diagnose(ports=["70000"])["msg"]
    assert "disk_percent is 0" in diagnose(disk_percent=0)["msg"]


def test_daemon_that_does_not_answer_is_named_first(diagnose: Module, health: Module, tmp_path: Path) -> None:
    """Without Docker nothing of the stack can be seen, and what can be seen is told all the same."""
    diagnosis, seen = both(diagnose, health, docker_host=nobody_listens(tmp_path))
    assert diagnosis["causes"][0]["check"] == "docker_daemon_down", diagnosis
    assert "systemctl start docker" in diagnosis["causes"][0]["fix"]
    verdicts = {each["step"]: each["state"] for each in diagnosis["steps"]}
    assert verdicts["database"] == "unknown"
    assert verdicts["disk"] != "unknown"
    assert seen["grade"] == "P1", seen


def test_playbook_tells_of_all_hosts_the_worst_first(faults: FaultStack, diagnose: Module, tmp_path: Path) -> None:
    """In check mode, with one host that is ill, one without a Docker daemon and one that cannot be reached."""
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {
        "ill": local,
        "a-down": {**local, "diagnose_docker_host": nobody_listens(tmp_path)},
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
    faults.wait_well()
    assert (others["causes"], others["healthy"]) == ([], True), "what OpenProject does not need is not its business"
    lines = done.stdout.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("HOST "))
    table = [line.split()[:4] for line in lines[start + 1 : start + 4]]
    assert table[0][:2] == ["gone", "UNREACHABLE"], done.stdout
    assert table[1:] == [["a-down", "certain", "docker", "daemon"], ["ill", "certain", "service", "stopped"]]
    kept = json.loads((tmp_path / "diagnose-ill.json").read_text())
    assert kept["causes"][0]["fix"] == f"docker start {faults.name('gitea')}"
    assert kept["changed"] is False
