#!/usr/bin/env python3
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures verifications of the large lab: checksums against sha256sum, a rehearsal against a restore.

Run by ``make bench-restore``; figures go to build/bench/restore.json, with those of the restore.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from common import CHECKOUT, LAB, PROJECT, ROOT, large_lab, median_of, publish, say, sh, watched_memory

ROUNDS = 5
REPOSITORY = ROOT / "verify"


def module(name: str, **options: Any) -> dict[str, Any]:
    """Run a module as Ansible runs it on the host; returns its result, time and peak memory."""
    arguments = ROOT / f"arguments-{name}.json"
    values = {"project_name": PROJECT, "repository": str(REPOSITORY), **options}
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": values}))
    full = f"ansible_collections.maxops.ops.plugins.modules.{name}"
    environment = {**LAB, "PYTHONPATH": str(CHECKOUT / ".ansible/collections")}
    started = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", full, str(arguments)], stdout=subprocess.PIPE, env=environment)
    with watched_memory(process) as memory:
        out, _none = process.communicate()
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    if result.get("failed"):
        raise SystemExit(f"bench: {result['msg']}")
    return {**result, "seconds": time.monotonic() - started, "peak_mb": memory["mb"]}


def sha256sum(folder: Path) -> None:
    """The same files by hand, the largest first, one program per core."""
    place = shlex.quote(str(folder))
    largest_first = f"find {place} -type f -printf '%s %p\\n' | sort -rn | cut -d' ' -f2-"
    sh(f"{largest_first} | tr '\\n' '\\0' | xargs -0 -n 1 -P {os.cpu_count()} sha256sum")


def main() -> None:
    large_lab()
    shutil.rmtree(REPOSITORY, ignore_errors=True)
    backup = module("backup")
    folder = Path(backup["path"])
    peaks = [module("verify")["peak_mb"]]
    medians = median_of({"sha256sum": lambda: sha256sum(folder), "checksum": lambda: module("verify")}, ROUNDS)
    say("rehearsal …")
    rehearsal = module("verify", level="rehearse")
    peaks.append(rehearsal["peak_mb"])
    say("restore …")
    restore = module("restore", set=backup["set_id"])
    [verified] = rehearsal["sets"]
    publish(
        "restore",
        {
            "checksum_vs_sha256sum": round(medians["checksum"] / medians["sha256sum"], 3),
            "rehearsal_over_restore": round(rehearsal["seconds"] / restore["seconds"], 3),
            "verify_python_peak_mb": round(max(peaks), 1),
            "verify_seconds": {
                **{name: round(value, 2) for name, value in medians.items()},
                "rehearsal": round(rehearsal["seconds"], 2),
                "restore": round(restore["seconds"], 2),
                "steps": verified["steps"],
            },
        },
    )
    shutil.rmtree(REPOSITORY)


if __name__ == "__main__":
    main()
