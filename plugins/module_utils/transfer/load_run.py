# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One load of a database: its programs and their failures, its rows, and what a person should know about it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.snapshot import Snapshot
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, HostFault, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, StageResult
from ansible_collections.maxops.ops.plugins.module_utils.tools.progress import Part

from . import load_failures, search_path
from .load_target import YIELDING, Target


@dataclass
class Loading:
    """A load into the new database ``name``.

    ``remarks`` are for a person to act on, ``faults`` are faults of production's own data that the load has got over,
    and ``notes`` are differences that are normal on another server.
    """

    target: Target
    source: str
    folder: str
    name: str
    cancellation: Cancellation
    meter: Part
    remarks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def run(self, argv: Sequence[str]) -> StageResult:
        """Run a program of the server; the caller must check for failure."""
        started = time.monotonic()
        with self.target.session() as session:
            settings = self.target.settings(session)
            self.meter.measure = lambda: databases.size(session, self.name)
            try:
                return self.target.run(argv, self.folder, settings, self.cancellation)
            finally:
                self.meter.measure = None
                self.seconds = round(self.seconds + time.monotonic() - started, 3)

    def failure(self, result: StageResult, schemas: Sequence[str] = ("public",)) -> MaxopsError:
        """The error for a program that failed."""
        container = self.target.server.container
        subject = f'"{self.source}" could not be loaded into the new database "{self.name}" in container {container}'
        memory = self.target.memory.describe()
        return load_failures.failure(subject, result, container, memory, search_path.in_sql(schemas))

    def result(self, rows: Mapping[str, int]) -> dict[str, Any]:
        """The result of a load: rows by table, seconds, remarks, faults and notes."""
        texts = {"remarks": self.remarks, "faults": self.faults, "notes": self.notes}
        return {"rows": rows, "load_seconds": self.seconds, **texts}


def count_and_analyze(loading: Loading) -> tuple[dict[str, int], dict[str, str]]:
    """Count all rows, and analyze: without statistics the first hours after a restore would be slow.

    Both read every table, so they run at the same time. Returns the rows by table, and the roots of hash partitions.
    """
    server, name, cancellation = loading.target.server, loading.name, loading.cancellation

    def analyze() -> None:
        with Session(server, name, cancellation) as session:
            if databases.is_superuser(session):
                for setting, value in YIELDING.items():
                    session.run("prepare", "SELECT set_config(%s, %s, false)", [setting, value])
            session.run("analyze", "ANALYZE")

    with ThreadPoolExecutor(1, thread_name_prefix="analyze") as pool:
        analyzing = pool.submit(analyze)
        with Snapshot(server, name, cancellation) as snapshot:
            rows, roots = snapshot.row_counts(), snapshot.hash_partitions()
        try:
            analyzing.result()
        except (Cancelled, HostFault):
            raise
        except MaxopsError as error:
            # An index on an expression may call a function that fails; the rows are complete without statistics.
            loading.remarks.append(f"{error}; its statistics are not complete: run ANALYZE after that is fixed")
    return rows, roots


def row_differences(
    expected: Mapping[str, int], loaded: Mapping[str, int], roots: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Tables whose exact number of rows differs from the expected one; None where a table is missing on one side.

    ``roots`` are tables whose rows may be in other partitions after a load: only the sum of each root is compared.
    """
    before, after = _summed(expected, roots or {}), _summed(loaded, roots or {})
    return [
        {"table": table, "expected": before.get(table), "found": after.get(table)}
        for table in sorted({*before, *after})
        if before.get(table) != after.get(table)
    ]


def _summed(rows: Mapping[str, int], roots: Mapping[str, str]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for table, count in rows.items():
        name = roots.get(table, table)
        sums[name] = sums.get(name, 0) + count
    return sums
