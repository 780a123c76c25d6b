# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Common parts of the measurements: their own large lab, a clock, and the file for the figures."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
ROOT = Path("/var/lib/maxops-lab/bench")
PROJECT = "maxbench"
PORT = "9400"
LAB = {
    **os.environ,
    "LAB_PROJECT": PROJECT,
    "LAB_PORT": PORT,
    "LAB_STACK_DIR": str(ROOT / "stack"),
    "LAB_REPOSITORY": str(ROOT / "repository"),
    "MAXOPS_QUIET": "true",
}


def say(text: str) -> None:
    """Print a line of progress."""
    print(text, flush=True)


def sh(script: str, **options: Any) -> str:
    """Run a shell script as an operator would type it; any stage that fails is a failure."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], check=False, capture_output=True, text=True, env=LAB, **options
    )
    if done.returncode:
        raise SystemExit(f"bench: {script}\n{done.stdout}{done.stderr}")
    return done.stdout


def seconds(work: Callable[[], Any]) -> float:
    """How long a function takes, in seconds, after the disk was synchronised."""
    os.sync()
    started = time.monotonic()
    work()
    return time.monotonic() - started


def median_of(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The median time of every function, measured in turns so that a slow minute of the machine affects all."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds):
        for name, work in works.items():
            # Writes of the previous work must not count here.
            os.sync()
            times[name].append(seconds(work))
            say(f"  round {number + 1}: {name} {times[name][-1]:.2f} s")
    return {name: statistics.median(values) for name, values in times.items()}


def large_lab() -> None:
    """Start the benchmark's own stack and fill it; existing data is reused."""
    say("large lab …")
    subprocess.run([CHECKOUT / "tests/lab/lab.sh", "up"], check=True, env=LAB, cwd=CHECKOUT)
    subprocess.run([CHECKOUT / "tests/lab/lab.sh", "seed", "large"], check=True, env=LAB, cwd=CHECKOUT)


@contextmanager
def watched_memory(process: subprocess.Popen[Any]) -> Iterator[dict[str, float]]:
    """Peak memory of a running process in MB, without that of the programs it starts."""
    peak = {"mb": 0.0}

    def watch() -> None:
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text()
            except OSError:
                return
            for line in status.splitlines():
                if line.startswith("VmHWM:"):
                    peak["mb"] = max(peak["mb"], int(line.split()[1]) * 1024 / 1e6)
            time.sleep(0.02)

    thread = threading.Thread(target=watch)
    thread.start()
    yield peak
    thread.join()


@contextmanager
def watched_latency(path: str) -> Iterator[list[float]]:
    """Seconds that the gateway takes to answer, requested ten times a second while the block runs."""
    stop = threading.Event()
    latencies: list[float] = []

    def ask() -> None:
        while not stop.wait(0.1):
            started = time.monotonic()
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}{path}", timeout=30) as answer:
                answer.read()
            latencies.append(time.monotonic() - started)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield latencies
    finally:
        stop.set()
        thread.join()


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20)[-1]


def publish(name: str, figures: dict[str, Any]) -> None:
    """Merge figures into build/bench/NAME.json, with the machine they were measured on."""
    path = CHECKOUT / "build" / "bench" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    published = json.loads(path.read_text()) if path.exists() else {}
    machine = {"cores": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
    published.update({**figures, "machine": machine, "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})
    path.write_text(json.dumps(published, indent=2, sort_keys=True) + "\n")
    say(f"{path.relative_to(CHECKOUT)}:\n{path.read_text()}")
