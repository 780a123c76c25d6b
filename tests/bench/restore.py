#!/usr/bin/env python3
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures restores of the large lab against the manual's commands and the best commands of an expert.

Run by ``make bench-restore``; figures go to build/bench/restore.json. Ratios of one run, never a limit on time.
Names of one or more measurements on the command line run only these.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from common import CHECKOUT, LAB, PROJECT, ROOT, large_lab, publish, say, seconds, sh, watched_memory

ROUNDS = 3
OUT = ROOT / "restore-by-hand"
SMALL = {
    **LAB,
    "LAB_PROJECT": "maxbenchsmall",
    "LAB_PORT": "9401",
    "LAB_STACK_DIR": str(ROOT / "stack-small"),
    "LAB_REPOSITORY": str(ROOT / "repository-small"),
}
COMPOSE = f"docker compose -p {PROJECT} exec -T postgres"
DATABASES = ("openproject", "gitea")
VOLUMES = ("openproject-assets", "gitea-data")
peaks: list[float] = []


def module(name: str, project: str = PROJECT, **options: Any) -> dict[str, Any]:
    """A module as Ansible runs it on the host."""
    arguments = ROOT / f"arguments-{name}.json"
    values = {"project_name": project, "repository": str(ROOT / f"restore-{project}"), **options}
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": values}))
    full = f"ansible_collections.maxops.ops.plugins.modules.{name}"
    environment = {**LAB, "PYTHONPATH": str(CHECKOUT / ".ansible/collections")}
    process = subprocess.Popen([sys.executable, "-m", full, str(arguments)], stdout=subprocess.PIPE, env=environment)
    with watched_memory(process) as memory:
        out, _none = process.communicate()
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    if result.get("failed"):
        raise SystemExit(f"bench: {result['msg']}")
    if name == "restore":
        peaks.append(memory["mb"])
    return result


def restore(project: str = PROJECT, **options: Any) -> dict[str, Any]:
    """A restore of the newest set."""
    return module("restore", project, set="latest", **options)


def undo(project: str = PROJECT) -> None:
    """Swap back, and remove the restored data.

    Only after the last round: for minutes after many files were removed, ext4 creates new ones several times slower: it
    does not reuse the inodes that were just freed, and checks all of them every time.
    """
    module("restore", project, state="previous", keep_previous=0)


def small_lab() -> None:
    """One more stack, with little data."""
    say("small lab …")
    for words in (("up",), ("seed", "small")):
        subprocess.run([CHECKOUT / "tests/lab/lab.sh", *words], check=True, env=SMALL, cwd=CHECKOUT)


def prepare_by_hand() -> None:
    """The sources of all restores: legacy dumps, and dumps and archives of an expert."""
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for database in DATABASES:
        sh(f"{COMPOSE} pg_dump -U maxops -d {database} | gzip > {OUT}/{database}.sql.gz")
        sh(f"{COMPOSE} rm -rf /tmp/by-hand-{database}")
        sh(f"{COMPOSE} pg_dump -U maxops -Fd -j2 -Z zstd:1 -f /tmp/by-hand-{database} {database}")
    for volume in VOLUMES:
        folder = f"/var/lib/docker/volumes/{PROJECT}_{volume}/_data"
        sh(f"tar -C {folder} -c . | zstd -q -T0 -3 -o {OUT}/{volume}.tar.zst")


def empty_databases() -> None:
    for database in DATABASES:
        sh(f"{COMPOSE} dropdb -U maxops --if-exists by_hand_{database}")
        sh(f"{COMPOSE} createdb -U maxops -T template0 by_hand_{database}")


def manual() -> None:
    """Section 2.3 of the previous manual, into empty databases: into full ones it fails on every table."""
    for database in DATABASES:
        sh(f"gunzip -c {OUT}/{database}.sql.gz | {COMPOSE} psql -q -U maxops -d by_hand_{database}")


def best() -> None:
    """The commands of an expert: parallel restores in the database's container, volumes by zstd and tar."""
    for database in DATABASES:
        sh(f"{COMPOSE} pg_restore -U maxops -j2 -d by_hand_{database} /tmp/by-hand-{database}")
    folder = tempfile.mkdtemp(prefix="unpacked-", dir=OUT)
    for volume in VOLUMES:
        sh(f"mkdir {folder}/{volume}; zstd -dqc {OUT}/{volume}.tar.zst | tar -x -C {folder}/{volume}")


def nothing() -> None:
    """Nothing to prepare."""


def clean_by_hand() -> None:
    for database in DATABASES:
        sh(f"{COMPOSE} dropdb -U maxops --if-exists by_hand_{database}; {COMPOSE} rm -rf /tmp/by-hand-{database}")
    shutil.rmtree(OUT, ignore_errors=True)


def speed() -> None:
    """Time of a restore, against the manual and against the best by hand."""
    prepare_by_hand()
    # name → (before the clock starts, what is measured)
    works = {
        "manual": (empty_databases, manual),
        "best": (empty_databases, best),
        "databases": (nothing, lambda: restore(databases=list(DATABASES))),
        "whole": (nothing, restore),
    }
    rounds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(ROUNDS):
        for name, (before, work) in works.items():
            before()
            # Writes of the previous work must not count here.
            sh(f"{COMPOSE} psql -q -U maxops -d postgres -c CHECKPOINT; sync")
            rounds[name].append(seconds(work))
            say(f"  round {number + 1}: {name} {rounds[name][-1]:.2f} s")
    medians = {name: statistics.median(values) for name, values in rounds.items()}
    publish(
        "restore",
        {
            "speedup_vs_manual": round(medians["manual"] / medians["databases"], 3),
            "ratio_to_best": round(medians["whole"] / medians["best"], 3),
            "restore_seconds": {name: round(value, 2) for name, value in medians.items()},
        },
    )
    clean_by_hand()
    for _restored in range(2 * ROUNDS):
        undo()


def downtime() -> None:
    """How long the applications are down, with much data and with little."""
    small_lab()
    module("backup", SMALL["LAB_PROJECT"])
    results_of: dict[str, list[dict[str, Any]]] = {SMALL["LAB_PROJECT"]: [], PROJECT: []}
    for _round in range(ROUNDS):
        for project, results in results_of.items():
            results.append(restore(project))
            say(f"  {project}: down {results[-1]['downtime']} s, swap {results[-1]['swap_seconds']} s")
    small, large = ([result["downtime"] for result in results] for results in results_of.values())
    publish(
        "restore",
        {
            "downtime_large_over_small": round(statistics.median(large) / statistics.median(small), 3),
            "downtime_seconds": {"small": small, "large": large},
            "swap_seconds": max(result["swap_seconds"] for results in results_of.values() for result in results),
            "steps": results_of[PROJECT][-1]["steps"],
        },
    )
    for project in results_of:
        for _round in range(ROUNDS):
            undo(project)


MEASUREMENTS = {"speed": speed, "downtime": downtime}


def main() -> None:
    started = time.monotonic()
    large_lab()
    module("backup")
    for name in sys.argv[1:] or MEASUREMENTS:
        MEASUREMENTS[name]()
    publish("restore", {"python_peak_mb": round(max(peaks), 1)})
    for project in (PROJECT, SMALL["LAB_PROJECT"]):
        shutil.rmtree(ROOT / f"restore-{project}", ignore_errors=True)
    say(f"{time.monotonic() - started:.0f} s in total")


if __name__ == "__main__":
    main()
