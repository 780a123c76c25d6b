# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ending of a backup: what its set lacks, what has shrunk, what retention removes, and whether the run failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.changes import (
    HELD,
    Change,
    accept_advice,
    change_of,
    is_accepted,
    review,
    unaccepted,
)
from ansible_collections.maxops.ops.plugins.module_utils.storage.coverage import parts_of, scope_of
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError

from .options import FAIL, BackupOptions
from .values import BackupPlan, is_excluded
from .volumes import has_files

SHOWN = 5
"""Parts that a message names in full."""


def identity(plan: BackupPlan, options: BackupOptions) -> dict[str, Any]:
    """The keys of a manifest that say where the set belongs, what it was meant to hold, and what it lacks of that."""
    return {
        "project": plan.origin.project,
        "host": plan.origin.host,
        "machine_id": plan.origin.machine_id,
        "scope": scope_of(options),
        "incomplete": incomplete(plan, options),
    }


def incomplete(plan: BackupPlan, options: BackupOptions) -> list[dict[str, str]]:
    """The parts that could not be taken and that the operator has not excluded, with reason and fix."""
    return [entry for entry in plan.lacking if not is_excluded(entry["name"], options.exclude)]


def expected(plan: BackupPlan, parts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The parts of a planned set with what is known of their content: rows as in the newest set, files as they are."""
    own = plan.repository.of(plan.origin).own
    rows = {key: part["rows"] for kept in own for key, part in parts_of(kept.manifest).items() if "rows" in part}
    empty = {(part.kind, part.name) for part in plan.volumes if not has_files(part.folder)}
    known: list[dict[str, Any]] = []
    for part in parts:
        key = part["kind"], part["name"]
        known.append({**part, "empty": key in empty, **({"rows": rows[key]} if key in rows else {})})
    return known


def shrunk(plan: BackupPlan, options: BackupOptions, manifest: Mapping[str, Any]) -> tuple[list[Change], list[str]]:
    """The changes of a new set against the earlier ones of this host, and the remarks on them for the operator."""
    changes = review(plan.repository.of(plan.origin).own, manifest, options.accept_changes)
    remarks = [f"{change.sentence()}; {accept_advice([change])}" for change in changes if not change.accepted]
    remarks += [f"{change.sentence()} (accepted)" for change in changes if change.accepted]
    remarks += [
        f"accept_changes names {name}, which has not changed: remove it there, so that a later change is not accepted"
        for name in options.accept_changes
        if not any(is_accepted(change.key, name) for change in changes)
    ]
    return changes, remarks


def holds(manifest: Mapping[str, Any]) -> list[str]:
    """Why retention must not remove anything after this set, if anything speaks against it."""
    reasons = [change.sentence() for change in unaccepted(manifest)]
    reasons += [_lack(entry) for entry in manifest["incomplete"]]
    return reasons


def retain(
    plan: BackupPlan, options: BackupOptions, set_id: str, manifest: Mapping[str, Any], check_mode: bool = False
) -> dict[str, Any]:
    """Apply retention after a set was made, or say what it would do; returns the result ``retention``.

    What cannot be removed is a warning of the plan: the set is complete, and what it lacks has to be said as well.
    """
    repository = plan.repository
    removed: list[str] = []
    reasons: dict[str, list[str]] = {}
    held = holds(manifest)
    try:
        planned = manifest if check_mode else None
        reasons = repository.reasons_to_keep(plan.origin, options.retention, set_id, planned)
        for old_id in [old_id for old_id, why in reasons.items() if not why]:
            if held:
                reasons[old_id].append(HELD)
            elif check_mode:
                removed.append(old_id)
            else:
                why = _remove(plan, old_id)
                reasons[old_id] += why
                removed += [] if why else [old_id]
    except Cancelled as error:
        raise MaxopsError(
            f"backup set {set_id} was made and is complete, but retention did not finish (the job was stopped; "
            f"removed: {', '.join(removed) or 'none'}): fix the cause; the next backup removes the remaining sets"
        ) from error
    except OSError as error:
        plan.warnings.append(
            f"backup set {set_id} was made and is complete, but retention removed nothing ({_cause(error)}): "
            "fix the cause; the next backup removes the sets"
        )
    return {"kept": {old_id: why for old_id, why in reasons.items() if why}, "removed": removed, "held": held}


def _remove(plan: BackupPlan, set_id: str) -> list[str]:
    """Remove one set; returns why it stays, if it does. A failure is a warning, and keeps no other set."""
    try:
        return [] if plan.repository.remove(set_id) else ["in use"]
    except OSError as error:
        stays = plan.repository.has(set_id)
        what = f"set {set_id}" if stays else f"what is left of set {set_id} in {plan.repository.staging_path}"
        plan.warnings.append(
            f"retention cannot remove {what} ({_cause(error)}): fix the cause; the next backup tries again"
        )
        return ["cannot be removed"] if stays else []


def _cause(error: OSError) -> str:
    return f"{error.strerror}: {error.filename}"


def failure(manifest: Mapping[str, Any], options: BackupOptions, path: str, check_mode: bool) -> str:
    """Why the run failed although it made a set, beginning with what is wrong; an empty text for a success."""
    sentences = [
        f'{_lack(entry)}; {entry["fix"]}, or name it in exclude ("{entry["name"]}")' for entry in manifest["incomplete"]
    ]
    changes = [change_of(entry) for entry in manifest["shrunk"] if not entry["accepted"]]
    if options.on_change == FAIL and changes:
        sentences += [change.sentence() for change in changes[:-1]]
        sentences.append(f"{changes[-1].sentence()}; {accept_advice(changes)}")
    if not sentences:
        return ""
    more = f" (and {len(sentences) - SHOWN} more)" if len(sentences) > SHOWN else ""
    made = "would be made" if check_mode else "was made"
    what = "of everything else" if manifest["incomplete"] else "nevertheless"
    return (
        f"{' | '.join(sentences[:SHOWN])}{more}. Set {manifest['set_id']} {made} {what} ({path}), and no earlier set "
        f"{'would be' if check_mode else 'was'} removed"
    )


def _lack(entry: Mapping[str, str]) -> str:
    return f'{entry["kind"]} "{entry["name"]}" is not in the set: {entry["reason"]}'
