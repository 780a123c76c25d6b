# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the backups: the age of the newest copies, verified ones too, and what has shrunk or was not taken."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import moment_of
from ansible_collections.maxops.ops.plugins.module_utils.storage.changes import open_changes_of
from ansible_collections.maxops.ops.plugins.module_utils.storage.coverage import (
    Key,
    label,
    labels,
    parts_of,
    stack_parts,
)
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Ownership, here
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import LEVELS
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, OK, WARNING, Finding, judged

from ..view import View

CHECK = "backup"
MAKE = "make one now (ansible-playbook maxops.ops.backup); check that the schedule runs, and its log"


ACCEPT = (
    "find out what happened, and restore it; if it is intended, accept it: "
    'ansible-playbook maxops.ops.backup -e \'{"backup_accept_changes": ["PART"]}\''
)


def check_backup(view: View) -> Iterator[Finding]:
    """The age of the newest copy of every part of the stack, also of the verified ones, and what has shrunk."""
    repository = Repository(view.options.repository)
    repository.check_readable()
    sets = repository.sets()
    ownership = here(view.options.access.project_name).split(sets)
    own = ownership.own
    yield _newest(view, ownership, repository.path)
    if own:
        yield _verified(view, own, repository)
    yield from _lacks_and_changes(view, own)
    unusable = [kept.set_id for kept in sets if kept.manifest is None]
    if unusable:
        more = f" and {len(unusable) - 1} more" if len(unusable) > 1 else ""
        fix = "see why: ansible-playbook maxops.ops.backups; an incomplete set never counts"
        seen = f"{unusable[-1]}{more} cannot be used"
        yield Finding(CHECK, "incomplete sets", WARNING, seen, "none", (repository.path,), fix)


def _lacks_and_changes(view: View, own: Sequence[KeptSet]) -> Iterator[Finding]:
    """What the newest set could not take, and what has shrunk without being accepted."""
    if not own:
        return
    manifest: dict[str, Any] = own[-1].manifest or {}
    for entry in manifest.get("incomplete", []):
        seen = f"could not be taken into {own[-1].set_id}: {entry['reason']}"
        fix = f"{entry['fix']}, or name it in backup_exclude"
        yield Finding(CHECK, f"{entry['kind']} {entry['name']}", CRITICAL, seen, "in every set", (own[-1].path,), fix)
    changes = open_changes_of(own)
    view.measure("backup_unaccepted_changes", len(changes))
    view.measure("backup_parts_not_taken", len(manifest.get("incomplete", [])))
    for change in changes:
        subject = label(change.key)
        limit = "as in earlier sets, or accepted"
        yield Finding(
            CHECK, subject, WARNING, change.sentence(), limit, (own[-1].path,), ACCEPT.replace("PART", subject)
        )


def _oldest_copy(sets: Sequence[KeptSet], parts: Collection[Key]) -> tuple[KeptSet | None, list[Key]]:
    """The newest set that has the part whose newest copy is the oldest, with such parts; None without any copy.

    With everything in the newest set, this is the newest set.
    """
    newest: dict[Key, KeptSet] = {key: kept for kept in sets for key in parts_of(kept.manifest) if key in parts}
    missing = sorted(set(parts) - set(newest))
    if missing or not newest:
        return None, missing
    oldest = min(newest.values(), key=lambda kept: kept.set_id)
    return oldest, sorted(key for key, kept in newest.items() if kept.set_id == oldest.set_id)


def _hours(view: View, kept: KeptSet) -> float:
    return (view.now - moment_of(kept.set_id).timestamp()) / 3600


def _age(hours: float) -> str:
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _newest(view: View, ownership: Ownership, path: str) -> Finding:
    warning, critical = view.limit(CHECK, "age_warning"), view.limit(CHECK, "age_critical")
    limit = f"a set at most {warning:g} h old"
    own = ownership.own
    if not own:
        seen = "no set of this stack" if os.path.isdir(path) else "the folder does not exist"
        if ownership.others:
            seen = f"no set of this stack on this host, only sets of {', '.join(ownership.other_hosts)}"
        return Finding(CHECK, "newest set", CRITICAL, seen, limit, (path,), MAKE)
    newest = own[-1]
    manifest: dict[str, Any] = newest.manifest or {}
    view.measure("backup_size_bytes", newest.size)
    if isinstance(manifest.get("duration"), (int, float)):
        view.measure("backup_duration_seconds", manifest["duration"])
    oldest, parts = _oldest_copy(own, stack_parts(own))
    if oldest is None:
        seen = f"no set has {labels(parts)}"
        return Finding(CHECK, "newest set", CRITICAL, seen, limit, (newest.path,), MAKE)
    hours = _hours(view, oldest)
    view.measure("backup_age_seconds", round(hours * 3600))
    state = judged(hours, warning, critical)
    seen = f"{_age(hours)} old"
    if oldest is not newest:
        seen = f"{_age(_hours(view, newest))} old, but the newest copy of {labels(parts)} is {seen} ({oldest.set_id})"
    return Finding(CHECK, "newest set", state, seen, limit, (newest.path,), MAKE if state != OK else "")


def _verified(view: View, own: Sequence[KeptSet], repository: Repository) -> Finding:
    warning, critical = view.limit(CHECK, "verified_warning"), view.limit(CHECK, "verified_critical")
    limit = f"a verified set at most {warning:g} h old"
    fix = "verify it: ansible-playbook maxops.ops.verify"
    newest = own[-1]
    latest = repository.verdict(newest)
    view.measure(
        "backup_verify_level", LEVELS.index(latest.level) + 1 if latest and latest.passed and latest.level else 0
    )
    if latest is not None and not latest.passed:
        seen = f"the newest set {newest.set_id} failed its verification"
        fix = (
            "see what is wrong with it (ansible-playbook maxops.ops.verify), and make a new one now (ansible-playbook "
            "maxops.ops.backup)"
        )
        return Finding(CHECK, "newest verified set", CRITICAL, seen, limit, (newest.path,), fix)
    verified = [kept for kept in own if repository.is_verified(kept)]
    kept, parts = _oldest_copy(verified, stack_parts(own))
    if kept is None:
        seen = f"no verified set has {labels(parts)}" if verified else "no set has ever been verified"
        return Finding(CHECK, "newest verified set", WARNING, seen, limit, (repository.path,), fix)
    hours = _hours(view, kept)
    verdict = repository.verdict(kept)
    view.measure("backup_verified_age_seconds", round(hours * 3600))
    if verdict and verdict.recovery_seconds is not None:
        view.measure("backup_recovery_seconds", verdict.recovery_seconds)
    state = judged(hours, warning, critical)
    seen = f"{_age(hours)} old, verified by {verdict.level if verdict else None}"
    return Finding(CHECK, "newest verified set", state, seen, limit, (kept.path,), fix if state != OK else "")
