# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Empties what applications keep in files about the replaced data: sessions, search indexes, lines of SSH keys.

An application may have put links into its volume: nothing outside of the volume is touched through them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Mount, mount_of
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import volume_facts
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.folders import is_inside
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import fsync_path, remove_tree

from .journal import Clearing, Journal, VolumeSwap

SESSION_FILES, INDEX, FOLDER, KEYS = "session files", "index", "folder", "keys"
"""Kinds of clearings in files."""

_SESSION_NAME = re.compile("[0-9a-f]|[0-9a-f]{16,64}")
"""A folder or file of Gitea's sessions: 0/a/0a…"""
_REMOVED = ".maxops-removed"
_GITEA_COMMENT = b"# gitea public key"
_GITEA_LINE = re.compile(rb"command=.*\bserv\s+key-\d+")
_INDEX_FILES = {"index_meta.json", "rupture_meta.json", "store"}


class NotMountedError(MaxopsError):
    """A volume with a file system of its own: this host sees it only while a container uses it."""


@dataclass(frozen=True)
class Place:
    """A file or folder of a container: its path inside and on this host; ``top`` where it is a whole mount."""

    inside: str
    path: str
    top: bool


def clear_files(stack: Stack, journal: Journal, clearing: Clearing) -> list[str]:
    """Do one clearing; returns remarks on what was left alone. Raises MaxopsError or OSError when it fails.

    Sessions and keys on a volume that this host does not see now are left for :func:`clear_late` and for Gitea.
    """
    remarks = []
    places: dict[str, Place] = {}
    for container in stack.of_service(clearing.service):
        for inside in clearing.paths:
            try:
                place = place_of(stack, container, inside, clearing.required)
            except NotMountedError as error:
                remarks += [] if clearing.required else [f"{clearing.what} were left alone: {error}"]
                continue
            if place and os.path.lexists(place.path):
                places.setdefault(place.path, place)
    remarks += [remark for place in places.values() for remark in _clear_place(journal, clearing, place)]
    return list(dict.fromkeys(remarks))


def clear_late(stack: Stack, journal: Journal) -> list[str]:
    """Delete sessions that :func:`clear_files` may not have seen, in the started containers; returns remarks."""
    remarks = []
    for clearing in journal.clearings:
        for container in stack.of_service(clearing.service) if clearing.kind == SESSION_FILES else []:
            for inside in clearing.paths:
                mount = mount_of(inside, container.mounts)
                if mount and _has_own_file_system(_facts(stack, mount)):
                    remarks += _remove_inside(stack, container, inside, clearing.what)
    return remarks


def _remove_inside(stack: Stack, container: Container, inside: str, what: str) -> list[str]:
    argv = ["sh", "-c", 'rm -rf -- "$0"/*', inside]
    try:
        code, output = stack.execute(container, argv)
    except MaxopsError as error:
        code, output = 1, str(error)
    remark = (
        f"{what} in {inside} of {container.name} could not be deleted ({output.strip()}): people may be signed in as "
        f"others until you do: docker exec {container.name} sh -c 'rm -rf {inside}/*'"
    )
    return [remark] if code else []


def put_back(stack: Stack, journal: Journal) -> list[str]:
    """Bring the files of keys back, while the applications are stopped and before the names are changed back.

    Returns remarks on what could not be put back, and stops at nothing. The copies stay, so that it can be repeated.
    Lines that were written from the restored data where there had been none are taken out.
    """
    remarks: list[str] = []
    for path in _key_files(stack, journal, remarks):
        copy = _copy_of(journal, path)
        try:
            if os.path.lexists(copy):
                _write_like(path, *_read(copy))
            elif journal.cleared and os.path.lexists(path) and not _is_swapped(journal, path):
                text, found = _read(path)
                kept = without_gitea_keys(text)
                if kept != text:
                    _write_like(path, kept, found)
        except OSError as error:
            remarks.append(
                f"{path} could not be put back ({error.strerror or error}): SSH keys in it may open Gitea as other "
                "people; write it again with gitea admin regenerate keys"
            )
    return list(dict.fromkeys(remarks))


def has_copies(stack: Stack, journal: Journal) -> bool:
    """True where lines were taken out of a file of keys."""
    return any(os.path.lexists(_copy_of(journal, path)) for path in _key_files(stack, journal, []))


def remove_copies(stack: Stack, journal: Journal) -> None:
    """Remove the copies of the files of keys, when the restore is done or undone. What cannot be removed stays."""
    for path in _key_files(stack, journal, []):
        with suppress(OSError):
            os.unlink(_copy_of(journal, path))


def check_places(stack: Stack, journal: Journal, loaded: bool = False) -> None:
    """Raise MaxopsError where :func:`clear_files` would find a link that leads out of a mount; changes nothing.

    Files in the folders that are swapped are only looked at when their data is ``loaded``, and there.
    """
    for clearing in journal.clearings:
        for container in stack.of_service(clearing.service) if clearing.paths and clearing.required else []:
            for inside in clearing.paths:
                with suppress(NotMountedError):
                    place_of(stack, container, inside, follow=True, swaps=journal.volumes, loaded=loaded)


def keeps_keys_apart(stack: Stack, journal: Journal, service: str) -> bool:
    """True where a service's files of keys are on a volume that this host does not see while it is stopped."""
    return any(
        mount is not None and _may_be_apart(stack, mount)
        for clearing in journal.clearings
        if clearing.kind == KEYS and clearing.service == service
        for container in stack.of_service(service)
        for inside in clearing.paths
        for mount in [mount_of(inside, container.mounts)]
    )


def place_of(
    stack: Stack,
    container: Container,
    inside: str,
    follow: bool = False,
    swaps: Sequence[VolumeSwap] = (),
    loaded: bool = False,
) -> Place | None:
    """Where a container's file is on this host; None where it is not on a writable volume or bind mount.

    With ``follow`` it is the file that a link leads to. Raises MaxopsError where a link would lead out of the mount:
    the application may have made that link.

    With ``swaps``, which are not done yet, what is in their folders is looked for in the data that is ``loaded``; None
    as long as it is not.
    """
    mount = mount_of(inside, container.mounts)
    if mount is None or mount.kind not in ("volume", "bind") or not mount.writable:
        return None
    top = os.path.realpath(_folder(stack, mount))
    for swap in swaps:
        folder = os.path.realpath(swap.folder)
        if is_inside(os.path.join(top, os.path.relpath(inside, mount.target)), folder):
            if not loaded or not is_inside(top, folder):
                return None
            top = os.path.realpath(os.path.join(swap.new, os.path.relpath(top, folder)))
    rest = os.path.normpath(inside)[len(mount.target.rstrip("/")) :].strip("/")
    if not rest:
        return Place(inside, top, True)
    folder, name = os.path.split(os.path.join(top, rest))
    path = os.path.realpath(os.path.join(folder, name)) if follow else os.path.join(os.path.realpath(folder), name)
    if not path.startswith(f"{top}/"):
        raise MaxopsError(
            f"{inside} of {container.name} is behind a link that leads out of {mount.name or mount.source}: replace "
            "the link by what it leads to"
        )
    return Place(inside, path, False)


def _folder(stack: Stack, mount: Mount) -> str:
    """A mount's folder on this host, also while no container uses it. Raises NotMountedError where there is none."""
    facts = _facts(stack, mount)
    options = facts.get("Options") or {}
    if _has_own_file_system(facts) and not os.path.ismount(mount.source):
        raise NotMountedError(f"volume {mount.name} is only mounted while a container uses it")
    return str(options.get("device") or mount.source) if _is_bind(options) else mount.source


def _facts(stack: Stack, mount: Mount) -> Mapping[str, Any]:
    return (volume_facts(stack, mount.name) or {}) if mount.kind == "volume" else {}


def _may_be_apart(stack: Stack, mount: Mount) -> bool:
    """True too where the daemon does not say it: nothing may fail any more when the services have started."""
    try:
        return _has_own_file_system(_facts(stack, mount))
    except MaxopsError:
        return True


def _has_own_file_system(facts: Mapping[str, Any]) -> bool:
    options = facts.get("Options") or {}
    return facts.get("Driver", "local") != "local" or bool(options.get("device") and not _is_bind(options))


def _is_bind(options: Mapping[str, Any]) -> bool:
    return "bind" in str(options.get("o", "")).split(",")


def _clear_place(journal: Journal, clearing: Clearing, place: Place) -> Iterator[str]:
    if clearing.kind == KEYS:
        yield from _strip_keys(journal, place.path)
    elif os.path.islink(place.path):
        yield f"{clearing.what}: {place.path} is a link and was left alone"
    elif clearing.kind == SESSION_FILES:
        _remove_sessions(place)
    elif clearing.kind != INDEX or _is_index(place):
        # A whole mount stays, without its content.
        for path in [os.path.join(place.path, name) for name in os.listdir(place.path)] if place.top else [place.path]:
            _discard(path)


def _remove_sessions(place: Place) -> None:
    """Delete Gitea's session files; everything in a folder that is only for them."""
    everything = os.path.basename(place.inside) == "sessions"
    for name in os.listdir(place.path) if os.path.isdir(place.path) else []:
        if everything or _SESSION_NAME.fullmatch(name):
            remove_tree(os.path.join(place.path, name))


def _is_index(place: Place) -> bool:
    name = os.path.basename(place.inside)
    if name == "indexers" or name.endswith(".bleve"):
        return True
    return os.path.isdir(place.path) and bool(_INDEX_FILES & set(os.listdir(place.path)))


def _discard(path: str) -> None:
    """Remove a folder at once: a half removed index keeps Gitea from starting, a missing one is made again."""
    remove_tree(path + _REMOVED)
    os.rename(path, path + _REMOVED)
    fsync_path(os.path.dirname(path))
    remove_tree(path + _REMOVED)


def _strip_keys(journal: Journal, path: str) -> Iterator[str]:
    """Take Gitea's lines out of a file of keys, and keep a copy of the file until the restore is done.

    Other lines stay: on a host whose own user shares the file with Gitea, they are that user's.
    """
    text, found = _read(path)
    kept = without_gitea_keys(text)
    if kept == text:
        return
    copy = _copy_of(journal, path)
    if not os.path.lexists(copy):
        _write_like(copy, text, found)
    _write_like(path, kept, found)
    if os.path.basename(path) == "authorized_principals":
        yield (
            f"the certificates' principals in {path} were removed: write them again in Gitea's site administration, "
            "maintenance, task resync_all_sshprincipals"
        )


def _read(path: str) -> tuple[bytes, os.stat_result]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(), os.fstat(stream.fileno())


def without_gitea_keys(text: bytes) -> bytes:
    """The lines of an authorized_keys file that Gitea did not write."""
    lines = text.splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(_GITEA_COMMENT) and not _GITEA_LINE.search(line))


def _write_like(path: str, text: bytes, like: os.stat_result) -> None:
    temporary = f"{path}.maxops-new"
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text)
        stream.flush()
        os.fchown(stream.fileno(), like.st_uid, like.st_gid)
        os.fchmod(stream.fileno(), like.st_mode & 0o7777)
        os.fsync(stream.fileno())
    os.rename(temporary, path)
    fsync_path(os.path.dirname(path))


def _copy_of(journal: Journal, path: str) -> str:
    return f"{path}.maxops-{journal.id}"


def _is_swapped(journal: Journal, path: str) -> bool:
    return any(is_inside(path, os.path.realpath(volume.folder)) for volume in journal.volumes)


def _key_files(stack: Stack, journal: Journal, remarks: list[str]) -> Iterator[str]:
    """The files of keys on this host; a place that cannot be found is skipped with a remark."""
    for clearing in journal.clearings:
        for container in stack.of_service(clearing.service) if clearing.kind == KEYS else []:
            for inside in clearing.paths:
                try:
                    place = place_of(stack, container, inside, follow=True)
                except NotMountedError:
                    continue
                except (MaxopsError, OSError) as error:
                    remarks.append(f"{clearing.what}: {error}")
                    continue
                if place:
                    yield place.path
