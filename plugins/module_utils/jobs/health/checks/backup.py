# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the backups: the age of the newest set, and of the newest verified set."""

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
MAKE = "make one now (backup.yml); check that the schedule runs, and its log"


def check_backup(view: View) -> Iterator[Finding]:
    """The age of the newest set, and of the newest set that passed a verification."""
    repository = Repository(view.options.repository)
    repository.check_readable()
    newest: KeptSet | None = None
    verified: tuple[KeptSet, Verdict] | None = None
    unusable = []
    for kept in repository.newest_first():
        if kept.manifest is None:
            unusable.append(kept.set_id)
        elif kept.manifest.get("project") == view.options.access.project_name:
            newest = newest or kept
            verdict = repository.verdict(kept)
            if verdict is not None and verdict.passed:
                verified = (kept, verdict)
                break
    yield _newest(view, newest, repository.path)
    if newest:
        yield _verified(view, newest, verified, repository)
    if unusable:
        more = f" and {len(unusable) - 1} more" if len(unusable) > 1 else ""
        fix = "see why: backups.yml; an incomplete set never counts"
        seen = f"{unusable[0]}{more} cannot be used"
        yield Finding(CHECK, "incomplete sets", WARNING, seen, "none", (repository.path,), fix)


def _hours(view: View, kept: KeptSet) -> float:
    return (view.now - moment_of(kept.set_id).timestamp()) / 3600


def _age(hours: float) -> str:
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _newest(view: View, newest: KeptSet | None, path: str) -> Finding:
    warning, critical = view.limit(CHECK, "age_warning"), view.limit(CHECK, "age_critical")
    limit = f"a set at most {warning:g} h old"
    if newest is None:
        seen = "no set of this stack" if os.path.isdir(path) else "the folder does not exist"
        return Finding(CHECK, "newest set", CRITICAL, seen, limit, (path,), MAKE)
    hours = _hours(view, newest)
    manifest: dict[str, Any] = newest.manifest or {}
    view.measure("backup_age_seconds", round(hours * 3600))
    view.measure("backup_size_bytes", newest.size)
    if isinstance(manifest.get("duration"), (int, float)):
        view.measure("backup_duration_seconds", manifest["duration"])
    state = judged(hours, warning, critical)
    return Finding(CHECK, "newest set", state, f"{_age(hours)} old", limit, (newest.path,), MAKE if state != OK else "")


def _verified(view: View, newest: KeptSet, verified: tuple[KeptSet, Verdict] | None, repository: Repository) -> Finding:
    warning, critical = view.limit(CHECK, "verified_warning"), view.limit(CHECK, "verified_critical")
    limit = f"a verified set at most {warning:g} h old"
    fix = "verify it: ansible-playbook maxops.ops.verify"
    latest = repository.verdict(newest)
    view.measure(
        "backup_verify_level", LEVELS.index(latest.level) + 1 if latest and latest.passed and latest.level else 0
    )
    if latest is not None and not latest.passed:
        seen = f"the newest set {newest.set_id} failed its verification"
        fix = "see what is wrong with it (verify.yml), and make a new one now (backup.yml)"
        return Finding(CHECK, "newest verified set", CRITICAL, seen, limit, (newest.path,), fix)
    if verified is None:
        return Finding(
            CHECK, "newest verified set", WARNING, "no set has ever been verified", limit, (repository.path,), fix
        )
    kept, verdict = verified
    hours = _hours(view, kept)
    view.measure("backup_verified_age_seconds", round(hours * 3600))
    if verdict.recovery_seconds is not None:
        view.measure("backup_recovery_seconds", verdict.recovery_seconds)
    state = judged(hours, warning, critical)
    seen = f"{_age(hours)} old, verified by {verdict.level}"
    return Finding(CHECK, "newest verified set", state, seen, limit, (kept.path,), fix if state != OK else "")
