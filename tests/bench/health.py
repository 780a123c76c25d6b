#!/usr/bin/env python3
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures the health check: the module against its slowest check, the playbook against a ping, one host and many.

Run by ``make bench-health`` on the bench's own lab; figures go to build/bench/health.json and, drawn, to
build/bench/health.svg. The module is measured as Ansible sends it to a host, as one zipped program.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from common import CHECKOUT, LAB, PROJECT, publish, say, sh

BIN = Path(sys.executable).parent
ROUNDS = 9
PLAY_ROUNDS = 5
HOSTS = (1, 5, 10, 20)
HANG_LIMIT = 3.0
CHECKS = ("containers", "http", "postgresql", "redis", "disk", "memory", "certificate", "clock", "backup", "images")

# The clock of this machine is not part of the stack.
THRESHOLDS = {"clock": {"unsynchronised": 0}}

PING = "- hosts: all\n  gather_facts: false\n  tasks:\n    - ansible.builtin.ping:\n"


@dataclass
class Run:
    """One run of the module: its result, wall seconds, processor seconds."""

    result: dict[str, Any]
    wall: float
    cpu: float


class Program:
    """The module as Ansible sends it, with its arguments."""

    def __init__(self, folder: Path, **arguments: Any) -> None:
        folder.mkdir()
        options = {"project_name": PROJECT, "repository": LAB["LAB_REPOSITORY"], "state_dir": str(folder), **arguments}
        options["thresholds"] = THRESHOLDS
        argv = [BIN / "ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", "maxops.ops.health_check"]
        argv += ["-e", f"ansible_python_interpreter={sys.executable}", "-a", json.dumps(options)]
        environment = {**LAB, "ANSIBLE_KEEP_REMOTE_FILES": "1", "ANSIBLE_REMOTE_TMP": str(folder)}
        subprocess.run(argv, check=True, capture_output=True, env=environment, cwd=CHECKOUT)
        [self._path] = folder.glob("*/AnsiballZ_health_check.py")

    def run(self) -> Run:
        """Run it once."""
        with tempfile.TemporaryFile() as out:
            started = time.monotonic()
            process = subprocess.Popen([sys.executable, self._path], stdout=out)
            _pid, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            return Run(json.loads(out.read()), wall, usage.ru_utime + usage.ru_stime)


def slowest_seconds(run: Run) -> float:
    """How long the slowest check of a run took in it."""
    return max(float(check["seconds"]) for check in run.result["checks"].values())


def median(runs: list[Run], what: str) -> float:
    return statistics.median(run.result["duration"] if what == "duration" else getattr(run, what) for run in runs)


def healthy_lab() -> None:
    """The bench's stack, with a verified backup set, so that the check has no finding."""
    say("lab …")
    subprocess.run([CHECKOUT / "tests/lab/lab.sh", "up"], check=True, env=LAB, cwd=CHECKOUT)
    for playbook in ("backup", "verify"):
        sh(f"{BIN}/ansible-playbook -i inventories/lab playbooks/{playbook}.yml", cwd=CHECKOUT)


def measure_module(folder: Path) -> dict[str, Any]:
    """All checks together against the slowest of them, in the same run and alone in its own run, in turns."""
    programs = {name: Program(folder / name, checks=[name]) for name in CHECKS}
    programs["all"] = Program(folder / "all")
    runs: dict[str, list[Run]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, program in programs.items():
            runs[name].append(program.run())
    for run in runs["all"]:
        if run.result["state"] != "ok":
            bad = [finding for finding in run.result["findings"] if finding["state"] != "ok"]
            say(f"  the lab is not healthy, so this is not the healthy case: {json.dumps(bad, indent=1)}")
            break
    alone = {name: median(runs[name], "duration") for name in CHECKS}
    slowest = max(alone, key=lambda name: alone[name])
    say(f"module {median(runs['all'], 'duration'):.3f} s, slowest check {slowest} alone {alone[slowest]:.3f} s")
    own = statistics.median(run.result["duration"] / slowest_seconds(run) for run in runs["all"])
    return {
        "module_over_slowest_check": round(own, 2),
        "module_over_slowest_check_alone": round(median(runs["all"], "duration") / alone[slowest], 2),
        "module_process_over_slowest_check_process": round(
            median(runs["all"], "wall") / max(median(runs[name], "wall") for name in CHECKS), 2
        ),
        "module_seconds": round(median(runs["all"], "duration"), 4),
        "module_process_seconds": round(median(runs["all"], "wall"), 3),
        "cpu_seconds": round(median(runs["all"], "cpu"), 3),
        "check_seconds_alone": {name: round(value, 4) for name, value in alone.items()},
        "slowest_check": slowest,
    }


def measure_playbook(folder: Path) -> dict[str, Any]:
    """health.yml against a play with one ping, on 1 to 20 hosts that are all this machine, in turns."""
    (folder / "ping.yml").write_text(PING)
    medians: dict[str, dict[int, float]] = {"health": {}, "ping": {}}
    for hosts in HOSTS:
        inventory = folder / f"hosts{hosts}.yml"
        inventory.write_text(inventory_of(hosts))
        seconds: dict[str, list[float]] = {"health": [], "ping": []}
        for _ in range(PLAY_ROUNDS):
            for name, playbook in (("ping", folder / "ping.yml"), ("health", CHECKOUT / "playbooks" / "health.yml")):
                started = time.monotonic()
                sh(f"{BIN}/ansible-playbook -i {inventory} {playbook} -e target=all", cwd=CHECKOUT)
                seconds[name].append(time.monotonic() - started)
        for name, values in seconds.items():
            medians[name][hosts] = round(statistics.median(values), 3)
        say(f"{hosts} hosts: health {medians['health'][hosts]:.2f} s, ping {medians['ping'][hosts]:.2f} s")
    draw(medians, CHECKOUT / "build" / "bench" / "health.svg")
    first, last = HOSTS[0], HOSTS[-1]
    return {
        "playbook_over_ping": round(medians["health"][first] / medians["ping"][first], 2),
        f"hosts{last}_over_ping{last}": round(medians["health"][last] / medians["ping"][last], 2),
        "health_seconds_by_hosts": medians["health"],
        "ping_seconds_by_hosts": medians["ping"],
    }


def inventory_of(hosts: int) -> str:
    lines = ["maxops:", "  hosts:", *(f"    host{number:02}: {{}}" for number in range(hosts)), "  vars:"]
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "maxops_project_name": PROJECT,
        "maxops_repository": LAB["LAB_REPOSITORY"],
        "health_thresholds": THRESHOLDS,
    }
    return "\n".join([*lines, *(f"    {name}: {json.dumps(value)}" for name, value in variables.items())]) + "\n"


def measure_hang(folder: Path) -> dict[str, Any]:
    """One service that accepts connections and never answers: the total time is bounded, other checks are as before."""
    container = f"{PROJECT}-gitea-1"
    sh(f"docker exec {container} lab-control slow=60")
    try:
        run = Program(folder / "hang", check_timeout=HANG_LIMIT).run()
    finally:
        # Waiting requests occupy all threads of the stand-in, so it would not receive a reset.
        sh(f"docker restart --time 0 {container} && docker exec {container} lab-control reset")
    checks = run.result["checks"]
    others = {name: check["state"] for name, check in checks.items() if name not in ("http", "containers")}
    say(f"hang: {run.result['duration']:.2f} s with a limit of {HANG_LIMIT:g} s, http {checks['http']}")
    if set(others.values()) != {"ok"} or checks["http"]["state"] != "critical":
        raise SystemExit(f"bench: a hanging service affected others, or was not detected: {checks}")
    return {
        "hang_limit": HANG_LIMIT,
        "hang_seconds": run.result["duration"],
        "hang_process_seconds": round(run.wall, 2),
    }


def draw(medians: dict[str, dict[int, float]], path: Path) -> None:
    """Draw the seconds of both plays by number of hosts."""
    left, top, size = 60, 30, 340
    most = max(max(points.values()) for points in medians.values())

    def place(hosts: int, seconds: float) -> tuple[float, float]:
        return left + size * hosts / HOSTS[-1], top + size * (1 - seconds / most)

    marks = []
    for (name, points), colour in zip(medians.items(), ("steelblue", "gray")):
        places = [place(hosts, seconds) for hosts, seconds in points.items()]
        line = " ".join(f"{x:.0f},{y:.0f}" for x, y in places)
        marks.append(f'<polyline points="{line}" stroke="{colour}" stroke-width="2" fill="none"/>')
        for (x, y), (hosts, seconds) in zip(places, points.items()):
            marks.append(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{colour}"/>')
            marks.append(f'<text x="{x - 12:.0f}" y="{y - 10:.0f}">{seconds:.1f} s</text>')
            marks.append(f'<text x="{x - 6:.0f}" y="{top + size + 20}">{hosts}</text>')
        marks.append(f'<text x="{left + size + 12}" y="{places[-1][1] + 4:.0f}" fill="{colour}">{name}</text>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + size + 80} {top + size + 50}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<path d="M{left},{top} v{size} h{size}" stroke="black" fill="none"/>{"".join(marks)}'
        f'<text x="{left}" y="18">seconds of a play by number of hosts, all on this machine</text></svg>\n'
    )


def main() -> None:
    healthy_lab()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "module").mkdir()
        figures = measure_module(folder / "module")
        figures.update(measure_playbook(folder))
        figures.update(measure_hang(folder))
    publish("health", figures)


if __name__ == "__main__":
    main()
