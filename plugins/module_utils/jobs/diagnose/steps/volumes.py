# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: do they exist, and may the service write to them?"""

from __future__ import annotations

import os
import shlex
import stat
import time
from collections.abc import Sequence

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, StepResult
from ..stack_view import StackView
from .identities import Identity, workers_of
from .ownership import Foreign, has_own, look_below

SECONDS = 4.0
"""How long all volumes may be looked through."""
LISTED = 5


def check_volumes(view: StackView) -> StepResult:
    """Whether each service may write to its volumes, as the user that it runs as."""
    result = StepResult()
    count = 0
    cut = []
    until = time.monotonic() + SECONDS
    for inspection in view.inspections:
        if inspection.done:
            continue
        for mount in inspection.container.mounts:
            if mount.kind not in ("volume", "bind"):
                continue
            count += 1
            try:
                facts = os.stat(mount.source)
                if mount.writable:
                    causes, folders = _unusable(view, inspection, mount, facts, until)
                    result.causes += causes
                    cut += [f"{_subject(mount)} ({folders:,})"] if folders else []
            except FileNotFoundError:
                result.causes += _missing(inspection, mount)
            except OSError as error:
                result.unknown.append(f"{mount.source}: {error.strerror}; run as root (become: true)")
    result.seen = f"{count} volumes and folders exist, and their services may use them"
    if cut:
        result.seen += f"; only the upper folders were looked at, in {SECONDS:g} s: {', '.join(cut)}"
    return result


def _missing(inspection: Inspection, mount: Mount) -> list[Cause]:
    source = shlex.quote(mount.source)
    create = f"docker volume create {mount.name}" if mount.kind == "volume" else f"mkdir -p {source}"
    seen = f"{mount.source} does not exist, and {inspection.name} mounts it at {mount.target}"
    fix = f"{create} && docker restart {inspection.name}; restore its content: ansible-playbook maxops.ops.restore"
    evidence = ("it works with the folder that was removed, until its next start",) if inspection.healthy else ()
    return [Cause.of("volume_missing", _subject(mount), CERTAIN, seen, fix, evidence, (inspection.service,))]


def _unusable(
    view: StackView, inspection: Inspection, mount: Mount, facts: os.stat_result, until: float
) -> tuple[list[Cause], int]:
    """The causes in one mount; and how many folders were looked at, where that was not all of them, else 0."""
    workers = workers_of(view, inspection, mount)
    is_folder = stat.S_ISDIR(facts.st_mode)
    if not workers or not (is_folder or stat.S_ISREG(facts.st_mode)):
        return [], 0
    if not any(worker.may_use(facts) for worker in workers):
        readable = any(worker.may_read(facts) for worker in workers)
        # In many images the folder itself belongs to root, and what the service writes is in folders of its own.
        if not (readable and is_folder and has_own(mount.source, workers)):
            return [_of_mount(inspection, mount, facts, workers[0], readable)], 0
    if not is_folder:
        return [], 0
    look = look_below(mount.source, workers, until)
    causes = [
        _of_content(inspection, mount, found, workers[0], likelihood)
        for likelihood in (LIKELY, POSSIBLE)
        if (found := [one for one in look.foreign if _likelihood_of(inspection, one) == likelihood])
    ]
    return causes, 0 if look.complete else look.folders


def _of_mount(inspection: Inspection, mount: Mount, facts: os.stat_result, worker: Identity, readable: bool) -> Cause:
    seen = (
        f"{mount.source} belongs to {facts.st_uid}:{facts.st_gid} with mode {stat.S_IMODE(facts.st_mode):04o}, but "
        f"{inspection.service} runs as user {worker.user}"
    )
    if readable:
        seen += ", which may read it, but not write there"
    # A folder that it may read keeps a service from starting only if it has to write there.
    works = inspection.healthy
    likelihood = (POSSIBLE if works else LIKELY) if readable else CERTAIN
    if likelihood == CERTAIN and not works and not inspection.failed:
        likelihood = LIKELY  # it was stopped on purpose, or has not started yet
    source = shlex.quote(mount.source)
    restart = "" if works else f" && docker restart {inspection.name}"
    fix = f"chown {worker.user}:{worker.group} {source} && chmod u+rwx {source}{restart}"
    evidence = (f"mounted at {mount.target}",)
    return Cause.of("volume_permissions", _subject(mount), likelihood, seen, fix, evidence, (inspection.service,))


def _likelihood_of(inspection: Inspection, foreign: Foreign) -> str:
    """A service that works may not need it, such as a dump that an administrator left; it needs each repository."""
    return POSSIBLE if inspection.healthy and not foreign.in_repository else LIKELY


def _of_content(
    inspection: Inspection, mount: Mount, found: Sequence[Foreign], worker: Identity, likelihood: str
) -> Cause:
    first = found[0]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    what = "write there" if first.readable else "read it"
    seen = (
        f"{first.path} belongs to {first.facts.st_uid}:{first.facts.st_gid} with mode "
        f"{stat.S_IMODE(first.facts.st_mode):04o}{more}: {inspection.service} runs as user {worker.user}, "
        f"and cannot {what}"
    )
    paths = " ".join(shlex.quote(one.path) for one in found[:LISTED])
    owner = f"{worker.user}:{worker.group}"
    fix = f"chown -R {owner} {paths} && chmod -R u+rwX {paths}"
    evidence = [f"mounted at {mount.target}"]
    if first.in_repository:
        evidence.append("each push to this repository writes there: it is refused until then")
    if len(found) > LISTED:
        evidence.append(f"{len(found) - LISTED:,} more are not in the command: run the diagnosis again after it")
    return Cause.of(
        "volume_permissions", _subject(mount), likelihood, seen, fix, tuple(evidence), (inspection.service,)
    )


def _subject(mount: Mount) -> str:
    return f"volume {mount.name}" if mount.kind == "volume" else mount.source
