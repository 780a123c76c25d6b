# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A monitored host: the schedule, the check runs, and a real Prometheus that reads the metrics.

Everything is in a temporary folder of the test; nothing stays in the machine's cron or systemd.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, MiniStack, run, wait_until
from ansible_collections.maxops.ops.tests.integration.webhook import Webhook, webhook

TOOLS = Path("/var/lib/maxops-lab/tools")
TOKEN = "s3cr3t-t0ken"
HERE = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
AWAY = {"ansible_host": "127.0.0.1", "ansible_port": 1}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class MonitoredHost:
    """A host that the role set up, and one that is unreachable."""

    def __init__(self, root: Path, stack: MiniStack, hook: Webhook) -> None:
        self.root = root
        self.hook = hook
        self.stack = stack
        self.node_exporter = free_port()
        self.script = root / "opt" / "monitor"
        self.metrics = root / "textfile" / f"maxops-{stack.project}.prom"
        variables = {
            "maxops_project_name": stack.project,
            "maxops_repository": str(root / "repository"),
            "stack_gateway_port": int(os.environ.get("LAB_PORT", "9000")),
            "monitoring_dir": str(root / "opt"),
            "monitoring_schedule": "cron",
            "monitoring_cron_dir": str(root / "cron.d"),
            "monitoring_unit_dir": str(root / "units"),
            # Only the checks that a stack of three services can pass.
            "monitoring_exclude": ["http", "certificate", "backup", "clock", "images"],
            "monitoring_alert_urls": [hook.url(TOKEN)],
            "monitoring_alert_after": 1,
            "monitoring_alert_recover_after": 1,
            "monitoring_alert_state_file": str(root / "state" / "alerts.json"),
            "monitoring_ping_url": hook.ping_url(TOKEN),
            "monitoring_textfile_dir": str(root / "textfile"),
            "monitoring_prometheus_dir": str(root / "prometheus"),
            "monitoring_prometheus_hosts": ["here"],
            "monitoring_node_exporter_port": self.node_exporter,
        }
        self.inventory = root / "hosts.yml"
        hosts = {"maxops": {"hosts": {"gone": AWAY, "here": HERE}, "vars": variables}}
        self.inventory.write_text(yaml.safe_dump(hosts))
        for folder in ("cron.d", "prometheus"):
            (root / folder).mkdir()

    def play(self, *words: str, **variables: Any) -> str:
        """Run the playbook; returns its output."""
        argv = [str(Path(sys.executable).with_name("ansible-playbook")), "playbooks/monitoring.yml"]
        argv += ["-i", str(self.inventory), "-e", json.dumps(variables), *words]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        done = run(*argv, check=False, cwd=CHECKOUT, env={**environment, "ANSIBLE_NOCOLOR": "1"})
        assert TOKEN not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def run_checks(self, job: str = "health", *words: str) -> subprocess.CompletedProcess[str]:
        """One check run, as the schedule starts it: with an almost empty environment."""
        command = f"{self.script} {job} {' '.join(words)}"
        return run("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "/bin/sh", "-c", command, check=False)

    def files(self) -> set[str]:
        """Paths below the folder, without those that the test itself created."""
        paths = {str(path.relative_to(self.root)) for path in self.root.rglob("*")}
        return paths - {"hosts.yml", "cron.d", "prometheus"}


def recap(output: str, host: str) -> dict[str, int]:
    [line] = re.findall(rf"^{host}\s+: (.*)$", output.rpartition("PLAY RECAP")[2], re.MULTILINE)
    return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", line)}


@pytest.fixture(scope="module")
def watched(stack: MiniStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MonitoredHost]:
    """The host after a run in check mode and a real one."""
    with webhook() as hook:
        host = MonitoredHost(tmp_path_factory.mktemp("watched"), stack, hook)
        host.foreseen = host.play("--check", "--diff")
        host.left_by_check_mode = host.files()
        host.first = host.play()
        assert recap(host.first, "here")["failed"] == 0, host.first
        yield host


def test_check_mode_on_a_bare_host_shows_all_changes_and_creates_nothing(watched):
    assert watched.left_by_check_mode == set()
    assert recap(watched.foreseen, "here")["failed"] == 0, watched.foreseen
    for words in ("Would create", "Would install", "virtual environment, collection, settings, schedule"):
        assert words in watched.foreseen


def test_unreachable_host_is_a_line_of_the_table_and_does_not_stop_the_others(watched):
    table = watched.first[watched.first.index("HOST ") :].splitlines()
    assert table[1].split()[:2] == ["gone", "UNREACHABLE"]
    assert "Failed to connect" in table[1]
    assert table[2].split()[:3] == ["here", "cron", "1"]
    assert recap(watched.first, "gone")["unreachable"] == 1


def test_checks_ran_once_at_the_end_of_the_play(watched, stack):
    assert f'maxops_service_up{{project="{stack.project}",service="app"}} 1' in watched.metrics.read_text()
    assert watched.metrics.stat().st_mode & 0o777 == 0o644
    assert watched.hook.pings == [f"/ping/{TOKEN}"]


def test_secrets_are_in_one_file_of_root_and_not_in_the_process_list(watched):
    files = [path for path in watched.root.rglob("*") if path.is_file() and "venv" not in path.parts]
    assert {path.name for path in files if TOKEN.encode() in path.read_bytes()} == {"hosts.yml", "vars.json"}
    assert (watched.root / "opt" / "vars.json").stat().st_mode & 0o777 == 0o600
    command_lines = set()
    with subprocess.Popen([watched.script, "health"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    command_lines.add(path.read_bytes())
            time.sleep(0.1)
    assert process.returncode == 0
    assert any(b"ansible-playbook" in line for line in command_lines)
    assert not [line for line in command_lines if TOKEN.encode() in line]


def test_script_passes_shellcheck(watched):
    done = subprocess.run(["shellcheck", str(watched.script)], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_cron_starts_runs_that_keep_only_the_last_output(watched):
    table = (watched.root / "cron.d" / "maxops").read_text()
    line = r"^(\*/\d+) \* \* \* \* root \S+/opt/monitor (\w+) --cron (\d+)$"
    jobs = re.findall(line, table, re.MULTILINE)
    assert [(when, job) for when, job, _ in jobs] == [("*/5", "health"), ("*/15", "disk")]
    assert all(0 <= int(delay) <= 30 for *_, delay in jobs)
    done = watched.run_checks("disk", "--cron", "0")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    log = (watched.root / "state" / "disk.log").read_text()
    assert "failed=0" in log
    assert not list(Path("/dev/shm").glob("maxops-run.*")), "a run leaves nothing behind"


def test_runs_never_overlap_and_stop_at_the_timeout(watched):
    before = watched.metrics.stat().st_mtime_ns
    with open(watched.root / "opt" / ".lock-health", "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = watched.run_checks()
    assert done.returncode == 75
    assert "The previous health run is still active; skipping this one." in done.stderr
    assert watched.metrics.stat().st_mtime_ns == before
    hasty = watched.script.with_name("hasty")
    hasty.write_text(watched.script.read_text().replace("--kill-after=10 240", "--kill-after=10 0.2"))
    hasty.chmod(0o755)
    done = run(hasty, "health", check=False)
    hasty.unlink()
    assert done.returncode == 124
    assert "took longer than 240 s and was stopped" in done.stderr


def test_mistyped_address_is_refused_before_anything_changes(watched):
    settings = (watched.root / "opt" / "vars.json").read_bytes()
    shown = watched.play("--limit", "here", monitoring_alert_urls=[watched.hook.url(TOKEN), "nosuch://x"])
    assert recap(shown, "here")["failed"] == 1
    assert "nosuch (address 2): apprise does not support this address" in shown
    assert (watched.root / "opt" / "vars.json").read_bytes() == settings


def test_test_message_reaches_every_address(watched):
    watched.hook.titles()
    shown = watched.play("--limit", "here", monitoring_test=True)
    assert recap(shown, "here")["failed"] == 0, shown
    assert "test message delivered to 1 address" in shown
    assert watched.hook.titles() == ["[MaxOps] here: test message"]


# -- Prometheus -------------------------------------------------------------------------------------------------------


class Prometheus:
    """A real Prometheus with the shipped scrape configuration and rules, every second."""

    def __init__(self, watched: MonitoredHost, folder: Path) -> None:
        self.port = free_port()
        given = watched.root / "prometheus"
        rules = (given / "maxops_rules.yml").read_text()
        (folder / "rules.yml").write_text(re.sub(r"for: \w+", "for: 1s", rules))
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": ["rules.yml"],
            **yaml.safe_load((given / "maxops_scrape.yml").read_text()),
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration))
        self.processes = [
            subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for argv in (
                [
                    TOOLS / "prometheus-node-exporter",
                    "--collector.disable-defaults",
                    "--collector.textfile",
                    f"--collector.textfile.directory={watched.root}/textfile",
                    f"--web.listen-address=127.0.0.1:{watched.node_exporter}",
                ],
                [
                    TOOLS / "prometheus",
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address=127.0.0.1:{self.port}",
                ],
            )
        ]

    def ask(self, path: str) -> Any:
        """The data of an answer of its API; None while it starts."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}", timeout=5) as answer:
                return json.load(answer)["data"]
        except OSError:
            return None

    def value(self, query: str) -> float | None:
        """The newest value of a query with one series."""
        series = (self.ask(f"query?query={quote(query)}") or {"result": []})["result"]
        return float(series[0]["value"][1]) if series else None

    def firing(self) -> set[tuple[str, str]]:
        """Names and services of alerts that fire."""
        alerts = (self.ask("alerts") or {"alerts": []})["alerts"]
        return {
            (alert["labels"]["alertname"], alert["labels"].get("service", ""))
            for alert in alerts
            if alert["state"] == "firing"
        }

    def close(self) -> None:
        """Stop it."""
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def prometheus(watched: MonitoredHost, tmp_path: Path) -> Iterator[Prometheus]:
    server = Prometheus(watched, tmp_path)
    try:
        yield server
    finally:
        server.close()


def test_alert_fires_when_a_service_stops_and_ends_when_it_is_back(watched, prometheus):
    down = ("MaxOpsServiceDown", "app")
    up = f'maxops_service_up{{host="here", project="{watched.stack.project}", service="app"}}'
    wait_until(lambda: prometheus.value(up) == 1, 10, "the service is up for Prometheus")
    wait_until(lambda: prometheus.value('nginx_connections_active{host="here"}') is not None, 10, "the gateway is read")
    assert prometheus.value("maxops_health_last_run_timestamp_seconds") > time.time() - 300
    assert down not in prometheus.firing()
    watched.hook.titles()
    watched.stack.compose("stop", "app")
    try:
        assert watched.run_checks().returncode == 0
        wait_until(lambda: down in prometheus.firing(), 10, "the alert fires")
        [title] = watched.hook.titles()
        assert re.match(r"\[MaxOps\] here: 1 critical", title)
    finally:
        watched.stack.compose("start", "app")
    assert watched.run_checks().returncode == 0
    wait_until(lambda: down not in prometheus.firing(), 10, "the alert ends")
    assert "1 recovered" in " ".join(watched.hook.titles())


# -- another schedule, and none ---------------------------------------------------------------------------------------


def test_second_run_changes_nothing(watched):
    venv = (watched.root / "opt" / "venv" / ".made-of").stat().st_mtime_ns
    last_run = watched.metrics.stat().st_mtime_ns
    again = watched.play("--limit", "here")
    assert recap(again, "here")["changed"] == 0, again
    assert "nothing to change" in again
    assert (watched.root / "opt" / "venv" / ".made-of").stat().st_mtime_ns == venv
    assert watched.metrics.stat().st_mtime_ns == last_run


def test_systemd_takes_over_from_cron(watched):
    words = ["--limit", "here", "--tags", "monitoring_schedule"]
    output = watched.play(*words, monitoring_schedule="systemd")
    assert recap(output, "here")["failed"] == 0, output
    assert not (watched.root / "cron.d" / "maxops").exists(), "one schedule is enough"
    units = sorted((watched.root / "units").glob("maxops-*"))
    names = ["maxops-disk.service", "maxops-disk.timer", "maxops-health.service", "maxops-health.timer"]
    assert [unit.name for unit in units] == names
    wanted = {path.name: path.readlink() for path in (watched.root / "units" / "timers.target.wants").iterdir()}
    assert wanted == {unit.name: unit for unit in units if unit.suffix == ".timer"}
    if shutil.which("systemd-analyze"):
        done = run("systemd-analyze", "verify", "--man=no", *units, check=False)
        assert [line for line in (done.stdout + done.stderr).splitlines() if "maxops" in line] == []
    assert recap(watched.play(*words, monitoring_schedule="systemd"), "here")["changed"] == 0


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "odd": ({"monitoring_health_minutes": 7}, "minutes have to divide an hour"),
    "broad": ({"monitoring_dir": "/opt"}, "is this role's own folder and is removed as a whole"),
    "bare": ({"monitoring_python": "/no/such/python"}, "/no/such/python of bare does not work"),
}


def test_invalid_options_are_refused_with_the_reason(watched, tmp_path):
    hosts = yaml.safe_load(watched.inventory.read_text())
    hosts["maxops"]["hosts"] = {name: {**HERE, **given} for name, (given, _) in REFUSED.items()}
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump(hosts))
    before = watched.files()
    output = watched.play("-i", str(inventory), "--limit", ",".join(REFUSED))
    words = re.sub(r"\s+", " ", output)
    assert [sentence for _, sentence in REFUSED.values() if sentence not in words] == []
    assert [recap(output, name)["failed"] for name in REFUSED] == [1] * len(REFUSED)
    assert watched.files() == before


def test_absent_removes_everything(watched):
    output = watched.play("--limit", "here", monitoring_state="absent")
    assert recap(output, "here")["failed"] == 0, output
    assert "here: not monitored any more" in output
    assert watched.files() <= {"units", "units/timers.target.wants", "textfile", "state"}
