# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the content of files that are named by their SHA-256, several at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import PRODUCTION, SET, UNCLEAR
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import sha256_of
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, WARNING, Finding
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import for_each

from .content import CHECK, Content, Location
from .live import FEW
from .losses import advice, one_or_few

STEP = "rehearse content hashes"
"""Its time in the steps of a verification: it reads each of these files once more."""

FIX = "There, replace the file by its original: push the LFS object or the package again, or restore an older set."

_EVIDENCE = {
    SET: "the running application's file is right",
    PRODUCTION: "the running application has the same wrong content",
}


@dataclass(frozen=True)
class Named:
    """A file that is named by its SHA-256 (64 hex digits), and its path below its folder."""

    digest: str
    path: str


def compare_hashes(content: Content, location: Location, table: str, files: Sequence[Named]) -> None:
    """Report each file whose content has another SHA-256 than its name; a few such files of production are warnings."""
    begun = time.monotonic()
    wrong: list[tuple[Named, str]] = []

    def compare(named: Named) -> None:
        found = _digest(content, os.path.join(location.path, named.path))
        if found != named.digest.lower():
            wrong.append((named, found))

    for_each(files, compare, content.jobs, content.cancellation)
    steps = content.subject.steps
    wrong.sort(key=lambda entry: entry[0].path)
    causes = [_cause(content, location, *entry, number) for number, entry in enumerate(wrong, start=1)]
    few = one_or_few(causes.count(PRODUCTION), len(files))
    for (named, found), cause in zip(wrong, causes):
        state = WARNING if cause == PRODUCTION and few else CRITICAL
        seen = f"its content has the SHA-256 {found} ({location.label(named.path)})"
        fix = advice(cause, FIX)
        evidence = _EVIDENCE.get(cause) or content.live.problem or f"only {FEW} files are compared with production"
        subject = f"{table} {named.digest}"
        content.subject.findings.add(
            Finding(CHECK, subject, state, seen, "the content that its name stands for", (evidence,), fix, cause)
        )
    steps[STEP] = round(steps.get(STEP, 0.0) + time.monotonic() - begun, 3)


def _cause(content: Content, location: Location, named: Named, found: str, number: int) -> str:
    live = content.live_path(location, named.path)
    if live is None or number > FEW:
        return UNCLEAR
    try:
        there = _digest(content, live)
    except (OSError, MaxopsError):
        return UNCLEAR
    return PRODUCTION if there == found else SET


def _digest(content: Content, path: str) -> str:
    return sha256_of(path, lambda _count: content.cancellation.check())[1]
