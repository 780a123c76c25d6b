#!/usr/bin/env python3
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures Gitea's users: one task against a loop of tasks, requests, memory, and growth with the number of users.

Run by ``make bench-users``; figures go to build/bench/users.json and, drawn, to build/bench/users.svg. The stand-in
delays every answer by 20 ms, like an application in another network. ``--small`` stops at a thousand users.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / ".ansible" / "collections"))
from common import CHECKOUT, publish, say

from ansible_collections.maxops.ops.tests.integration.users_support import PASSWORD, Applications

LATENCY = 0.02
LOOP = 50
"""Number of users that the loop creates; its time for a thousand is scaled from that."""

PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - maxops.ops.gitea_user:
        api_url: "{{{{ url }}}}"
        api_token: "{{{{ token }}}}"
        {users}
"""
LOOPED = 'name: "{{ item.name }}"\n        email: "{{ item.email }}"\n        password: "{{ item.password }}"\n        '
LOOPED += 'full_name: "{{ item.full_name }}"\n      loop: "{{ users }}"\n      loop_control: {label: "{{ item.name }}"}'
PLAYS = {
    "one task": PLAY.format(users='users: "{{ users }}"'),
    "loop": PLAY.format(users=LOOPED),
    "nothing": "- hosts: localhost\n  gather_facts: false\n  tasks: []\n",
}


class Bench:
    """Runs plays against one slow Gitea."""

    def __init__(self, folder: Path, applications: Applications) -> None:
        self._folder = folder
        self._token = applications.token("gitea")
        applications.execute("gitea", "lab-control", f"slow={LATENCY}")
        self._url = applications.url("gitea")
        self._applications = applications

    def empty(self) -> None:
        """Remove all users except the administrator, so that every measurement has only its own users."""
        for table in ("email_address", "user"):
            column = "uid" if table == "email_address" else "id"
            self._applications.sql(f'DELETE FROM "{table}" WHERE {column} <> 1', "gitea")

    def run(self, play: str, users: list[dict[str, Any]]) -> tuple[float, dict[str, Any], float]:
        """Seconds of the whole command, the module's result if it is kept, and the module's peak memory in MB."""
        (self._folder / "play.yml").write_text(PLAYS[play])
        variables = {
            "url": self._url,
            "token": self._token,
            "users": users,
            "maxops_results_dir": str(self._folder / "results"),
            "maxops_quiet": True,
        }
        (self._folder / "variables.json").write_text(json.dumps(variables))
        argv = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            str(self._folder / "play.yml"),
            "-i",
            "localhost,",
        ]
        argv += [
            "-c",
            "local",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "-e",
            f"@{self._folder}/variables.json",
        ]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        started = time.monotonic()
        process = subprocess.Popen(
            argv, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        memory = _Memory(process)
        output = process.communicate()[0].decode()
        elapsed = time.monotonic() - started
        if process.returncode:
            raise SystemExit(f"bench: {play} failed:\n{output[-3000:]}")
        kept = self._folder / "results" / "gitea_user-localhost.json"
        return elapsed, json.loads(kept.read_text()) if kept.exists() else {}, memory.peak()


class _Memory:
    """Peak memory of the module's process while a play runs, including Ansible's wrapper."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._peak = 0.0
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def peak(self) -> float:
        self._thread.join()
        return self._peak

    def _watch(self) -> None:
        while self._process.poll() is None:
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    words = (folder / "cmdline").read_bytes().split(b"\0")
                    if len(words) < 2 or b"python" not in words[0] or b"AnsiballZ_gitea_user" not in words[1]:
                        continue
                    status = (folder / "status").read_text()
                except OSError:
                    continue
                peak = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)
                self._peak = max(self._peak, peak * 1024 / 1e6)
            time.sleep(0.05)


def people(prefix: str, count: int) -> list[dict[str, Any]]:
    """Users of one measurement."""
    names = (f"{prefix}{number:05}" for number in range(count))
    return [
        {"name": name, "email": f"{name}@example.test", "full_name": f"User {name}", "password": f"{PASSWORD}{name}"}
        for name in names
    ]


def exponent(points: dict[int, float]) -> float:
    """How time grows: 1 is linear, 2 quadratic; the slope of a line through the points, both axes logarithmic."""
    return statistics.linear_regression([math.log(x) for x in points], [math.log(y) for y in points.values()]).slope


def draw(points: dict[int, float], path: Path) -> None:
    """Seconds by number of users, both axes logarithmic, beside the straight line of linear growth."""
    left, top, size = 70, 30, 340
    low, high = math.log10(min(points)), math.log10(max(points))
    lowest = math.floor(math.log10(min(points.values())))
    highest = math.ceil(math.log10(max(points.values())))

    def place(users: float, seconds: float) -> tuple[float, float]:
        x = left + size * (math.log10(users) - low) / (high - low)
        return x, top + size * (highest - math.log10(seconds)) / (highest - lowest)

    last = max(points)
    ideal = [place(users, points[last] * users / last) for users in (min(points), last)]
    marks = "".join(
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4"/><text x="{x - 12:.0f}" y="{y - 10:.0f}">{seconds:.1f} s</text>'
        f'<text x="{x - 16:.0f}" y="{top + size + 20}">{users:,}</text>'
        for users, seconds in points.items()
        for x, y in [place(users, seconds)]
    )
    line = " ".join(f"{x:.0f},{y:.0f}" for x, y in (place(users, seconds) for users, seconds in points.items()))
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + size + 60} {top + size + 50}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>'
        f'<path d="M{left},{top} v{size} h{size}" stroke="black" fill="none"/>'
        f'<polyline points="{ideal[0][0]:.0f},{ideal[0][1]:.0f} {ideal[1][0]:.0f},{ideal[1][1]:.0f}" stroke="silver" '
        f'stroke-dasharray="4"/><polyline points="{line}" stroke="steelblue" stroke-width="2" fill="none"/>{marks}'
        f'<text x="{left}" y="18">seconds by number of new users (dashed: linear)</text></svg>\n'
    )


def main() -> None:
    sizes = [100, 1000] if "--small" in sys.argv else [100, 1000, 10000]
    with tempfile.TemporaryDirectory() as name:
        applications = Applications(Path(name), "maxusersbench")
        applications.down()
        try:
            applications.up()
            measure(Bench(Path(name), applications), sizes)
        finally:
            applications.down()


def measure(bench: Bench, sizes: list[int]) -> None:
    start, _result, _memory = bench.run("nothing", [])
    loop, _result, _memory = bench.run("loop", people("loop", LOOP))
    scaled = start + (loop - start) * 1000 / LOOP
    say(f"loop: {LOOP} users {loop:.1f} s, so 1,000 would take {scaled:.0f} s (ansible-playbook alone {start:.1f} s)")
    points: dict[int, float] = {}
    peaks: dict[int, float] = {}
    figures: dict[str, Any] = {
        "loop_measured_on": LOOP,
        "loop_seconds_1000_scaled": round(scaled, 1),
        "latency": LATENCY,
    }
    for size in sizes:
        bench.empty()
        users = people(f"n{size}-", size)
        elapsed, result, peaks[size] = bench.run("one task", users)
        points[size] = result["duration"]
        say(f"one task: {size} users {elapsed:.1f} s, module {points[size]:.1f} s, {peaks[size]:.0f} MB")
        if size == 1000:
            figures["one_task_seconds_1000"] = round(elapsed, 2)
            figures["speedup_vs_loop"] = round(scaled / elapsed, 1)
            figures["noop_requests"], figures["changed10_requests"] = again(bench, users)
    figures["seconds"] = points
    figures["exponent"] = round(exponent(points), 2)
    figures[f"peak_mb_{sizes[-1]}"] = round(peaks[sizes[-1]], 1)
    publish("users", figures)
    draw(points, CHECKOUT / "build" / "bench" / "users.svg")


def again(bench: Bench, users: list[dict[str, Any]]) -> tuple[int, int]:
    """Requests of a run without changes, and of a run with ten changes."""
    _elapsed, result, _memory = bench.run("one task", users)
    if result["changed"]:
        raise SystemExit(f"bench: the second run changed something: {result['counts']}")
    for user in users[::100]:
        user["full_name"] += "!"
    _elapsed, changed, _memory = bench.run("one task", users)
    if changed["counts"]["changed"] != 10:
        raise SystemExit(f"bench: not ten changes: {changed['counts']}")
    return result["requests"], changed["requests"]


if __name__ == "__main__":
    main()
