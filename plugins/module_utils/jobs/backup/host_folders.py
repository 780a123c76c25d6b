# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which folders of the host and unnamed volumes a backup takes, and which it leaves out.

A folder of the host that a service may write to is data, whether the Compose file calls it a volume or not. A folder
that services only read is configuration, which :mod:`transfer.configuration` takes from the project's folder.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import mount_of
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Mount, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import (
    foreign_binds,
    foreign_containers,
    is_unnamed,
    measure,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.folders import (
    ENGINE,
    RUNTIME,
    SHARED,
    SYSTEM,
    is_inside,
    system_kind,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.data_folder import data_folder
from ansible_collections.maxops.ops.plugins.module_utils.systems.recognition import Recognised
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.transfer.live_databases import find_databases

from .folders import LEGACY_BACKUP_SERVICE, OF_CACHE, VOLUME_RATIO, check_folder
from .live import OF_DATABASE, Found, at_rest, find_in_all
from .options import BackupOptions
from .values import BackupPlan, PreviousParts, VolumePart, estimate_of, is_excluded, quoted

OF_LEGACY = "belongs to the service backup, whose files are backups"
ONLY_READ = "it is outside of the project's folder, and services only read it"
CONFIGURATION = "configuration"
EMPTY = "it is empty; the image asks for a volume there that the service does not use"
_SYSTEM = {
    RUNTIME: "it belongs to the running system and holds nothing to keep",
    ENGINE: "it holds the data of the container engine itself",
    SYSTEM: "it is a folder of the host's system",
    SHARED: "it is a folder of the whole host, not of one application",
}


@dataclass
class HostFolder:
    """A folder that containers mount: ``name`` is its path, or ``SERVICE:TARGET`` for an unnamed volume.

    ``path`` is its real path on the host, ``skip`` are paths below it that are left out of its archive, ``inside`` the
    relative paths of other folders whose files it holds, by their name.
    """

    name: str
    path: str
    docker_name: str = ""
    uses: list[tuple[Container, Mount]] = field(default_factory=list)
    skip: list[str] = field(default_factory=list)
    inside: dict[str, str] = field(default_factory=dict)

    @property
    def writers(self) -> list[Container]:
        """The containers that may write to it, in any state."""
        return [container for container, mount in self.uses if mount.writable]

    def described(self) -> str:
        """Where services have it, in words."""
        places = sorted({f"{container.service} at {mount.target}" for container, mount in self.uses})
        kind = "an unnamed volume" if self.docker_name else "a folder of the host"
        return f"{kind} that service {', '.join(places)} has"


def plan_folders(plan: BackupPlan, options: BackupOptions, previous: PreviousParts) -> None:
    """Add folders of the host and unnamed volumes to the plan, after the volumes.

    Raises MaxopsError for a named folder that no service mounts, and for a named one that holds the repository.
    """
    found = _host_folders(plan, options)
    roles = plan.roles(options.access)
    left = {folder.name: _reason_to_leave(plan.stack, roles, folder) for folder in found}
    if options.folders is None:
        chosen = [folder for folder in found if not left[folder.name]]
    else:
        chosen = _named(plan.stack, options.folders, found)
    for folder in [folder for folder in chosen if is_excluded(folder.name, options.exclude)]:
        left[folder.name] = "excluded"
        plan.left_out.append({"kind": "folder", "name": folder.name, "reason": "excluded"})
        chosen.remove(folder)
    never = [folder.path for folder in found if left[folder.name] in (OF_DATABASE, OF_CACHE, OF_LEGACY, "excluded")]
    for folder in chosen:
        inside = {path for path in never if is_inside(path, folder.path) and path != folder.path}
        folder.skip = sorted(os.path.relpath(path, folder.path) for path in inside)
    kept = _outermost(plan, chosen)
    if options.folders is None:
        for folder in found:
            if not any(_contains(outer, folder) for outer in kept):
                _report(plan, options, folder, left[folder.name])
    _take(plan, options, kept, previous)


# -- which folders there are ----------------------------------------------------------------------------------------


def _host_folders(plan: BackupPlan, options: BackupOptions) -> list[HostFolder]:
    """The folders that containers mount, each once; one that is not on the host any more is a part not taken."""
    found: dict[str, HostFolder] = {}
    for container in plan.stack.containers:
        for mount in container.mounts:
            if mount.kind == "volume" and is_unnamed(mount.name):
                folder = HostFolder(_name_of_unnamed(plan.stack, container, mount), mount.source, mount.name)
            elif mount.kind == "bind" and os.path.isdir(mount.source):
                folder = HostFolder(os.path.normpath(mount.source), os.path.realpath(mount.source))
            else:
                _check_present(plan, options, container, mount)
                continue
            found.setdefault(folder.path, folder).uses.append((container, mount))
    return list(found.values())


def _check_present(plan: BackupPlan, options: BackupOptions, container: Container, mount: Mount) -> None:
    """Report a folder that is no longer on the host; a file or socket is there, and a read-only one is no data."""
    if mount.kind != "bind" or not mount.writable or os.path.lexists(mount.source) or options.folders is not None:
        return
    name = os.path.normpath(mount.source)
    own = container.service in (*plan.roles(options.access).servers, LEGACY_BACKUP_SERVICE)
    reported = any(entry["kind"] == "folder" and entry["name"] == name for entry in plan.left_out)
    if not own and not reported and not system_kind(name) and not is_excluded(name, options.exclude):
        reason = f"service {container.service} has it at {mount.target}, and it is no longer on this host"
        plan.not_taken("folder", name, reason, "put it back, or remove it from the Compose file")


def _name_of_unnamed(stack: Stack, container: Container, mount: Mount) -> str:
    """A name that stays when Docker makes the volume again: by the service, or the container where it has several."""
    several = len(stack.of_service(container.service)) > 1
    return f"{container.name if several else container.service}:{mount.target}"


def _named(stack: Stack, wanted: Sequence[str], found: Sequence[HostFolder]) -> list[HostFolder]:
    """The folders that the option names by their path, also relative to the project's folder, or ``SERVICE:TARGET``."""
    chosen: list[HostFolder] = []
    for name in wanted:
        path = os.path.realpath(os.path.join(stack.working_dir or "/", name))
        folder = next((folder for folder in found if name == folder.name or path == folder.path), None)
        if folder is None:
            raise MaxopsError(
                f'project "{stack.project_name}" mounts no folder "{name}" (it mounts '
                f"{quoted(folder.name for folder in found)}); correct the option folders"
            )
        if not folder.docker_name and system_kind(folder.path, _engine_folder(stack)):
            raise MaxopsError(f'"{name}" is a folder of the system, which no set takes: remove it from folders')
        if folder not in chosen:
            chosen.append(folder)
    return chosen


# -- which are left out ---------------------------------------------------------------------------------------------


def _reason_to_leave(stack: Stack, roles: Recognised, folder: HostFolder) -> str:
    """Why a folder is not taken; empty for one that holds data of an application."""
    kind = "" if folder.docker_name else system_kind(folder.path, _engine_folder(stack))
    if kind:
        return _SYSTEM[kind]
    services = {container.service for container in folder.writers}
    if not services:
        inside = bool(stack.working_dir) and is_inside(folder.path, os.path.realpath(stack.working_dir or ""))
        return CONFIGURATION if inside else ONLY_READ
    if services == {LEGACY_BACKUP_SERVICE}:
        return OF_LEGACY
    if not services <= {*roles.servers, LEGACY_BACKUP_SERVICE}:
        return EMPTY if folder.docker_name and _is_empty(folder.path) else ""
    if roles.database not in services:
        return OF_CACHE
    return OF_DATABASE if folder.docker_name or _holds_server(roles, folder) else ""


def _is_empty(path: str) -> bool:
    with suppress(OSError), os.scandir(path) as entries:
        return next(entries, None) is None
    return False


def _holds_server(roles: Recognised, folder: HostFolder) -> bool:
    """True for the data folder of the database server, and for one that contains a server's files."""
    for container, mount in folder.uses:
        own = container.service == roles.database
        if own and mount_of(data_folder(container), container.mounts) == mount:
            return True
    return any(database.startswith("PostgreSQL") for database in find_databases(folder.path))


def _engine_folder(stack: Stack) -> str:
    return next((inspection.docker_root for inspection in stack.inspections if inspection.docker_root), "")


def _report(plan: BackupPlan, options: BackupOptions, folder: HostFolder, reason: str) -> None:
    """Record a folder that is left out; configuration is not: it is in the set."""
    if reason in ("", "excluded", CONFIGURATION):
        return
    text = f"{folder.described()}: {reason}"
    excluded = is_excluded(folder.name, options.exclude)
    if reason == _SYSTEM[SHARED] and folder.writers and not excluded:
        plan.not_taken("folder", folder.name, text, "let the service mount a folder of its own below it")
        return
    own = reason in (OF_DATABASE, OF_CACHE, OF_LEGACY)
    nothing = reason in (EMPTY, _SYSTEM[RUNTIME])
    plan.left_out.append({"kind": "folder", "name": folder.name, "reason": reason if own else text})
    silent = own or excluded or nothing or (reason in _SYSTEM.values() and not folder.writers)
    if not silent:
        more = "name it in folders to take it" if reason == ONLY_READ else "back it up by other means"
        plan.warnings.append(f"{folder.name} is not in the set: it is {text}; {more}, or name it in exclude")


def _outermost(plan: BackupPlan, chosen: Iterable[HostFolder]) -> list[HostFolder]:
    """The folders without those whose files another part has already."""
    kept: list[HostFolder] = []
    for folder in sorted(chosen, key=lambda folder: (len(folder.path), folder.path)):
        outer = next((f'folder "{other.name}"' for other in kept if _contains(other, folder)), "") or next(
            (part.label for part in plan.volumes if _same_folder(part.folder, folder.path)), ""
        )
        if outer:
            reason = f"its files are in {outer}"
            plan.left_out.append({"kind": "folder", "name": folder.name, "reason": reason})
            for other in kept:
                if _contains(other, folder):
                    other.inside[folder.name] = os.path.relpath(folder.path, other.path)
        else:
            kept.append(folder)
    return kept


def _contains(outer: HostFolder, inner: HostFolder) -> bool:
    skipped = (os.path.join(outer.path, path) for path in outer.skip)
    return is_inside(inner.path, outer.path) and not any(is_inside(inner.path, path) for path in skipped)


def _same_folder(some: str, other: str) -> bool:
    return os.path.isdir(some) and os.path.samefile(some, other)


# -- the parts ------------------------------------------------------------------------------------------------------


def _take(plan: BackupPlan, options: BackupOptions, chosen: Iterable[HostFolder], previous: PreviousParts) -> None:
    folders = [folder for folder in chosen if _is_readable(plan, options, folder)]
    with ThreadPoolExecutor(max_workers=max(1, options.jobs)) as pool:
        sizes = list(pool.map(_measure, folders))
    databases = find_in_all({folder.name: (folder.path, folder.skip) for folder in folders}, options.jobs)
    binds = foreign_binds(plan.stack) if any(databases.values()) else []
    for folder, size in zip(folders, sizes):
        estimate = estimate_of(previous.get(("folder", folder.name)), size, VOLUME_RATIO)
        mounts = sorted({(container.service, mount.target) for container, mount in folder.uses})
        others = [name for name, path, writable in binds if writable and _reaches(path, folder)]
        if folder.docker_name and databases[folder.name]:
            others += foreign_containers(plan.stack, folder.docker_name, writing=True)
        part = VolumePart(
            folder.name,
            folder.docker_name,
            folder.path,
            size,
            estimate,
            (),
            kind="folder",
            skip=tuple(folder.skip),
            mounts=tuple(mounts),
            inside=folder.inside,
        )
        found = Found(databases[folder.name], _users(plan.stack, folder), sorted(set(others)))
        taken = at_rest(plan, options, part, found, named=options.folders is not None)
        if taken:
            plan.volumes.append(taken)


def _measure(folder: HostFolder) -> int:
    """Bytes on the disk without what is left out."""
    skipped = (os.path.join(folder.path, path) for path in folder.skip)
    return max(0, measure(folder.path) - sum(measure(path) for path in skipped if os.path.isdir(path)))


def _is_readable(plan: BackupPlan, options: BackupOptions, folder: HostFolder) -> bool:
    """False for a part not taken. One that holds the repository is none: a restore would rename that with it."""
    if not os.access(folder.path, os.R_OK | os.X_OK):
        plan.not_taken("folder", folder.name, "this user cannot read it", "run as root (become: true)")
        return False
    repository = plan.repository.path
    if options.folders is None and is_inside(os.path.realpath(repository), os.path.realpath(folder.path)):
        reason = f"repository {repository} lies inside it, so each set would hold all earlier ones"
        plan.not_taken("folder", folder.name, reason, "name a repository outside of the folders that are backed up")
        return False
    check_folder("folder", folder.name, folder.path, repository)
    return True


def _users(stack: Stack, folder: HostFolder) -> list[Container]:
    """Containers that may write to what is taken: they mount the folder, or something below or above it."""

    def writes(mount: Mount) -> bool:
        known = mount.kind in ("bind", "volume")
        return mount.writable and known and _reaches(mount.source, folder, mount.kind == "bind")

    return [container for container in stack.containers if any(writes(mount) for mount in container.mounts)]


def _reaches(source: str, folder: HostFolder, is_bind: bool = True) -> bool:
    """True for a mount with files of what is taken. Who has a folder of the whole host, such as /, is no writer."""
    source = os.path.realpath(source)
    if not (is_inside(source, folder.path) or is_inside(folder.path, source)):
        return False
    skips = any(is_inside(source, os.path.join(folder.path, path)) for path in folder.skip)
    return not skips and not (is_bind and system_kind(source))
