# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: are they there, and may the service write to them? Private to this collection."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from ..cause import CERTAIN, LIKELY, Cause, Report
from ..scene import Scene

ENTRIES = 200
_DAC_OVERRIDE = 1 << 1


@dataclass(frozen=True)
class Identity:
    """As whom a process works; ``mighty`` when permissions do not bind it."""

    user: int
    groups: frozenset[int]
    mighty: bool = False

    def may_use(self, facts: os.stat_result) -> bool:
        """Whether it may list, enter and write a folder, or write a file."""
        wanted = 7 if stat.S_ISDIR(facts.st_mode) else 6
        shift = 6 if facts.st_uid == self.user else 3 if facts.st_gid in self.groups else 0
        return self.mighty or (facts.st_mode >> shift) & wanted == wanted


def look_at_volumes(scene: Scene) -> Report:
    """Whether each service may write to its volumes, as the user that it runs as."""
    report = Report()
    count = 0
    for look in scene.inspections:
        if look.done:
            continue
        for mount in look.container.mounts:
            if mount.kind not in ("volume", "bind"):
                continue
            count += 1
            try:
                facts = os.stat(mount.source)
                report.causes += _unusable(scene, look, mount, facts) if mount.writable else []
            except FileNotFoundError:
                report.causes += _missing(look, mount)
            except OSError as error:
                report.unknown.append(f"{mount.source}: {error.strerror}; run as root (become: true)")
    report.seen = f"{count} volumes and folders are there, and their services may use them"
    return report


def _missing(look: Inspection, mount: Mount) -> list[Cause]:
    make = f"docker volume create {mount.name}" if mount.kind == "volume" else f"mkdir -p {mount.source}"
    seen = f"{mount.source} is not there, and {look.name} mounts it at {mount.target}"
    fix = f"{make} && docker restart {look.name}; its content comes back with restore.yml"
    return [Cause.of("volume_missing", _subject(mount), CERTAIN, seen, fix, services=(look.service,))]


def _unusable(scene: Scene, look: Inspection, mount: Mount, facts: os.stat_result) -> list[Cause]:
    identities = list(identities_of(look.pid)) if look.pid else []
    # Root in a container is a supervisor or a helper there; the service's own work is done as somebody else.
    workers = [each for each in identities if not each.mighty]
    known = bool(identities)
    if not known:
        workers = _expected(scene, look, mount)
    if not workers or any(each.may_use(facts) for each in workers):
        return []
    worker = workers[0]
    healthy = look.running and not look.crashing and look.health in ("healthy", "")
    likelihood = CERTAIN if known or not look.well else LIKELY
    seen = (
        f"{mount.source} belongs to {facts.st_uid}:{facts.st_gid} with mode {stat.S_IMODE(facts.st_mode):04o}, and "
        f"{look.service} works as user {worker.user}"
    )
    group = min(worker.groups, default=worker.user)
    restart = "" if healthy else f" && docker restart {look.name}"
    fix = f"chown {worker.user}:{group} {mount.source} && chmod u+rwx {mount.source}{restart}"
    told = (f"mounted at {mount.target}",)
    return [Cause.of("volume_permissions", _subject(mount), likelihood, seen, fix, told, (look.service,))]


def _subject(mount: Mount) -> str:
    return f"volume {mount.name}" if mount.kind == "volume" else mount.source


# -- as whom a service works --------------------------------------------------------------------------------------


def identities_of(pid: int) -> Iterator[Identity]:
    """As whom a process and all that it has started work."""
    waiting = [pid]
    while waiting:
        each = waiting.pop()
        with suppress(OSError):
            yield _identity_of(each)
            waiting += _children(each)


def _children(pid: int) -> list[int]:
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
        return [int(word) for word in stream.read().split()]


def _identity_of(pid: int) -> Identity:
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as stream:
        told = dict(line.rstrip("\n").partition(":")[::2] for line in stream)
    # Effective ids: the second of real, effective, saved and of the file system.
    user, group = int(told["Uid"].split()[1]), int(told["Gid"].split()[1])
    groups = frozenset((group, *(int(word) for word in told.get("Groups", "").split())))
    return Identity(user, groups, bool(int(told.get("CapEff", "0").strip(), 16) & _DAC_OVERRIDE))


def _expected(scene: Scene, look: Inspection, mount: Mount) -> list[Identity]:
    """As whom a service that does not run would work: its container's user, else whom its files belong to."""
    name, _colon, group = look.user.partition(":")
    if name and name not in ("0", "root"):
        user = int(name) if name.isdigit() else _number_of(scene, look, name)
        if user is not None:
            return [Identity(user, frozenset({int(group)} if group.isdigit() else {user}))]
    owner = _owner_of_content(mount.source)
    return [Identity(owner[0], frozenset({owner[1]}))] if owner and owner[0] else []


def _number_of(scene: Scene, look: Inspection, name: str) -> int | None:
    with suppress(MaxopsError, OSError, ValueError):
        rows = [line.split(":") for line in scene.file_in(look, "/etc/passwd").splitlines()]
        return next((int(row[2]) for row in rows if row[0] == name and len(row) > 2), None)
    return None


def _owner_of_content(folder: str) -> tuple[int, int] | None:
    """Whom most of what lies in a folder belongs to; None for an empty one."""
    owners: Counter[tuple[int, int]] = Counter()
    with suppress(OSError):
        for name in _some(folder):
            facts = os.lstat(os.path.join(folder, name))
            owners[facts.st_uid, facts.st_gid] += 1
    return owners.most_common(1)[0][0] if owners else None


def _some(folder: str) -> Sequence[str]:
    return os.listdir(folder)[:ENTRIES] if os.path.isdir(folder) else []
