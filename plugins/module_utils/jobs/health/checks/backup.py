# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the backups: is there a young one, and a young one that was proved? Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import moment_of
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LEVELS, Verdict
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, OK, WARNING, Finding, judged

from ..view import View

CHECK = "backup"
MAKE = "make one now (backup.yml); see whether the schedule runs, and its log"


def check_backup(view: View) -> Iterator[Finding]:
    """The age of the newest set, and of the newest that a verification has passed."""
    repository = Repository(view.options.repository)
    repository.check_readable()
    newest: KeptSet | None = None
    verified: tuple[KeptSet, Verdict] | None = None
    spoilt = []
    for kept in repository.newest_first():
        if kept.manifest is None:
            spoilt.append(kept.set_id)
        elif kept.manifest.get("project") == view.options.access.project_name:
            newest = newest or kept
            verdict = repository.verdict(kept)
            if verdict is not None and verdict.passed:
                verified = (kept, verdict)
                break
    yield _newest(view, newest, repository.path)
    if newest:
        yield _verified(view, newest, verified, repository)
    if spoilt:
        said = f"{spoilt[0]}{f' and {len(spoilt) - 1} more' if len(spoilt) > 1 else ''} cannot be used"
        fix = "see why: backups.yml; a set that is not whole never counts"
        yield Finding(CHECK, "sets that are not whole", WARNING, said, "none", (repository.path,), fix)


def _hours(view: View, kept: KeptSet) -> float:
    return (view.now - moment_of(kept.set_id).timestamp()) / 3600


def _age(hours: float) -> str:
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _newest(view: View, newest: KeptSet | None, path: str) -> Finding:
    warning, critical = view.limit(CHECK, "age_warning"), view.limit(CHECK, "age_critical")
    limit = f"a set that is no older than {warning:g} h"
    if newest is None:
        there = "no set of this stack is there" if os.path.isdir(path) else "there is no such folder"
        return Finding(CHECK, "newest set", CRITICAL, there, limit, (path,), MAKE)
    hours = _hours(view, newest)
    manifest: dict[str, Any] = newest.manifest or {}
    view.measure("backup_age_seconds", round(hours * 3600))
    view.measure("backup_size_bytes", newest.size)
    if isinstance(manifest.get("duration"), (int, float)):
        view.measure("backup_duration_seconds", manifest["duration"])
    state = judged(hours, warning, critical)
    return Finding(CHECK, "newest set", state, f"{_age(hours)} old", limit, (newest.path,), MAKE if state != OK else "")


def _verified(view: View, newest: KeptSet, found: tuple[KeptSet, Verdict] | None, repository: Repository) -> Finding:
    warning, critical = view.limit(CHECK, "verified_warning"), view.limit(CHECK, "verified_critical")
    limit = f"a verified set that is no older than {warning:g} h"
    fix = "verify it: ansible-playbook maxops.ops.verify"
    latest = repository.verdict(newest)
    view.measure(
        "backup_verify_level", LEVELS.index(latest.level) + 1 if latest and latest.passed and latest.level else 0
    )
    if latest is not None and not latest.passed:
        said = f"the newest set {newest.set_id} has failed its verification"
        fix = "see what is wrong with it (verify.yml), and make another one now (backup.yml)"
        return Finding(CHECK, "newest verified set", CRITICAL, said, limit, (newest.path,), fix)
    if found is None:
        return Finding(
            CHECK, "newest verified set", WARNING, "no set was ever verified", limit, (repository.path,), fix
        )
    kept, verdict = found
    hours = _hours(view, kept)
    view.measure("backup_verified_age_seconds", round(hours * 3600))
    if verdict.recovery_seconds is not None:
        view.measure("backup_recovery_seconds", verdict.recovery_seconds)
    state = judged(hours, warning, critical)
    seen = f"{_age(hours)} old, proved by {verdict.level}"
    return Finding(CHECK, "newest verified set", state, seen, limit, (kept.path,), fix if state != OK else "")
