#!/usr/bin/env python3
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures a backup of the large lab against the manual's commands and the best hand-typed pipeline.

Run by ``make bench-backup``; figures go to build/bench/backup.json. Ratios of one run, never a limit on time.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from common import (
    CHECKOUT,
    LAB,
    PROJECT,
    ROOT,
    large_lab,
    median_of,
    p95,
    publish,
    say,
    seconds,
    sh,
    watched_latency,
    watched_memory,
)

ROUNDS = 3
OUT = ROOT / "by-hand"
REPOSITORY = ROOT / "repository"
COMPOSE = f"docker compose -p {PROJECT} exec -T postgres"
DATABASES = ("openproject", "gitea")
VOLUMES = ("openproject-assets", "gitea-data")


def fresh(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def manual() -> None:
    """Sections 2.2 and 2.4 of the previous manual: pg_dump | gzip, then tar czf in a container."""
    for database in DATABASES:
        sh(f"{COMPOSE} pg_dump -U maxops -d {database} | gzip > {OUT}/{database}.sql.gz")
    for volume in VOLUMES:
        mounts = f"-v {PROJECT}_{volume}:/data -v {OUT}:/backup"
        sh(f"docker run --rm {mounts} maxops-lab/base:trixie tar czf /backup/{volume}.tar.gz -C /data .")


def best() -> None:
    """The commands of an expert: parallel dumps in the database's container, volumes by tar and all-core zstd."""
    for database in DATABASES:
        sh(f"{COMPOSE} pg_dump -U maxops -Fd -j2 -Z zstd:1 -f /tmp/by-hand-{database} {database}")
    for volume in VOLUMES:
        folder = f"/var/lib/docker/volumes/{PROJECT}_{volume}/_data"
        sh(f"tar -C {folder} -c . | zstd -q -T0 -3 -o {OUT}/{volume}.tar.zst")


def remove_best() -> None:
    sh(f"{COMPOSE} sh -c 'rm -rf /tmp/by-hand-*'; rm -rf {OUT}/*")


def module(**options: Any) -> dict[str, Any]:
    """Run the module as Ansible runs it on the host; returns its result and peak memory."""
    arguments = ROOT / "arguments.json"
    values = {"project_name": PROJECT, "repository": str(REPOSITORY), **options}
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": values}))
    name = "ansible_collections.maxops.ops.plugins.modules.backup"
    environment = {**LAB, "PYTHONPATH": str(CHECKOUT / ".ansible/collections")}
    process = subprocess.Popen([sys.executable, "-m", name, str(arguments)], stdout=subprocess.PIPE, env=environment)
    with watched_memory(process) as memory:
        out, _none = process.communicate()
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    if result.get("failed"):
        raise SystemExit(f"bench: {result['msg']}")
    return {**result, "peak_mb": memory["mb"]}


def playbook() -> None:
    """The whole command that an operator types."""
    sh("ansible-playbook playbooks/backup.yml", cwd=CHECKOUT)


def latencies() -> tuple[float, float]:
    """p95 of the gateway's answers, idle and while backups run."""
    with watched_latency("/health/openproject") as idle:
        time.sleep(15)
    with watched_latency("/health/openproject") as busy:
        for _ in range(3):
            module()
    return p95(idle), p95(busy)


def main() -> None:
    large_lab()
    fresh(OUT)
    fresh(REPOSITORY)
    say("warming up …")
    first = module()
    remove_best()
    works = {"best": best, "module": module, "playbook": playbook}
    medians = median_of(works | {"clean": remove_best}, ROUNDS)
    say("the manual's commands …")
    medians["manual"] = seconds(manual)
    remove_best()
    say("latency of the gateway …")
    idle, busy = latencies()
    last = module()
    publish(
        "backup",
        {
            "speedup_vs_manual": round(medians["manual"] / medians["playbook"], 2),
            "ratio_to_best": round(medians["playbook"] / medians["best"], 3),
            "ratio_to_best_module": round(medians["module"] / medians["best"], 3),
            "python_peak_mb": round(max(first["peak_mb"], last["peak_mb"]), 1),
            "latency_p95_ratio": round(busy / idle, 2),
            "latency_p95_idle_ms": round(idle * 1000, 1),
            "latency_p95_busy_ms": round(busy * 1000, 1),
            "seconds": {name: round(value, 2) for name, value in medians.items() if name != "clean"},
            "parts": {part["name"]: [part["source_bytes"], part["bytes"], part["duration"]] for part in last["parts"]},
            "set_bytes": last["bytes"],
        },
    )


if __name__ == "__main__":
    main()
