# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares Gitea's repositories, LFS objects, attachments, packages and avatars with their rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, WARNING

from .content import Content, Location, Reader, columns, count, files_below, missing, pages, rows, size_of
from .coverage import object_storage, report_missing, report_object_storage
from .gitea_repositories import PLACES as REPOSITORIES
from .gitea_repositories import READY, check_repositories
from .gitea_settings import GiteaSettings, read_settings
from .hashes import Named, compare_hashes
from .live import live_size
from .losses import Loss, Losses

NAME = "Gitea"

WORDS = ("gitea", "forgejo")
"""What the names and mount points of its data contain."""

NEEDED = {"id", "owner_name", "lower_name", "default_branch", "is_mirror"}

UNFINISHED = "tmp"
"""Subfolder of each storage for uploads that have not ended."""

NOT_COMPARED = "Gitea: logs and artifacts of Actions, archives of repositories, the content of attachments and avatars"

FIX = "There, restore the file from an older set or a clone, or delete what refers to it."


@dataclass(frozen=True)
class Files:
    """The files of one table, named by a column: ``path_of`` gives the path below the folder for a value.

    ``words`` name the kind in the manifest, ``title`` in messages. ``hashed`` files are named by their SHA-256;
    ``size`` is the column with their size in bytes; a missing ``minor`` file is a warning only.
    """

    kind: str
    table: str
    title: str
    column: str
    places: tuple[str, ...]
    path_of: Callable[[str], str]
    words: tuple[str, ...]
    size: str = "size"
    hashed: bool = False
    minor: bool = False
    condition: str = "true"

    def value_of(self, path: str) -> str:
        """The value in the column for the path of a file."""
        return path.replace("/", "") if self.kind == "lfs" else os.path.basename(path)


def _lfs_path(oid: str) -> str:
    return f"{oid[:2]}/{oid[2:4]}/{oid[4:]}"


def _attachment_path(uuid: str) -> str:
    return f"{uuid[:1]}/{uuid[1:2]}/{uuid}"


def _package_path(digest: str) -> str:
    return f"{digest[:2]}/{digest[2:4]}/{digest}"


KINDS = (
    Files(
        "lfs",
        "lfs_meta_object",
        "LFS objects",
        "oid",
        ("git/lfs", "lfs", "data/lfs"),
        _lfs_path,
        ("lfs", "lfs objects"),
        hashed=True,
    ),
    Files(
        "attachments",
        "attachment",
        "attachments",
        "uuid",
        ("gitea/attachments", "attachments", "data/attachments"),
        _attachment_path,
        ("attachment", "attachments"),
    ),
    Files(
        "packages",
        "package_blob",
        "package files",
        "hash_sha256",
        ("gitea/packages", "packages", "data/packages"),
        _package_path,
        ("package", "packages"),
        hashed=True,
    ),
    Files(
        "avatars",
        "user",
        "avatars of people",
        "avatar",
        ("gitea/avatars", "avatars", "data/avatars"),
        str,
        ("avatar", "avatars"),
        size="",
        minor=True,
        condition="use_custom_avatar AND coalesce(avatar, '') <> ''",
    ),
    Files(
        "repo-avatars",
        "repository",
        "avatars of repositories",
        "avatar",
        ("gitea/repo-avatars", "repo-avatars", "data/repo-avatars"),
        str,
        ("repo-avatar", "repo-avatars"),
        size="",
        minor=True,
        condition="coalesce(avatar, '') <> ''",
    ),
)


def applies(session: Reader) -> bool:
    """True for a database of Gitea or one of its forks."""
    return columns(session, "repository") >= NEEDED and bool(columns(session, "lfs_meta_object"))


def check(content: Content, session: Reader) -> dict[str, int]:
    """Compare rows with the files of the set, and check each repository with git; gives the counts."""
    content.not_compared.append(NOT_COMPARED)
    settings = read_settings(content)
    kinds = [replace(files, condition=_condition(session, files)) for files in KINDS if _has_table(session, files)]
    outside = {files.title: _outside(content, settings, files) for files in kinds}
    report_object_storage(content, NAME, {title: place for title, place in outside.items() if place})
    kinds = [
        replace(files, places=settings.places(files.kind, files.places)) for files in kinds if not outside[files.title]
    ]
    places = settings.places("repositories", REPOSITORIES)
    found = content.find_folder(*places)
    locations = {files.kind: _find(content, files, found) for files in kinds}
    _report_missing(content, session, kinds, locations, found, places)
    counted = check_repositories(content, session, found, settings.folder("repositories"))
    for files in kinds:
        numbers = _compare(content, session, files, locations[files.kind])
        counted.update(numbers if any(numbers.values()) or not files.minor else {})
    return counted


def _has_table(session: Reader, files: Files) -> bool:
    present = columns(session, files.table)
    needed = {files.column, files.size} - {""}
    return present >= (needed | {"use_custom_avatar"} if files.table == "user" else needed)


def _condition(session: Reader, files: Files) -> str:
    """Forgejo has attachments that are only a link to another server."""
    if files.kind == "attachments" and "external_url" in columns(session, files.table):
        return "coalesce(external_url, '') = ''"
    return files.condition


def _find(content: Content, files: Files, repositories: Location | None) -> Location | None:
    """The folder of a kind, beside the repositories if possible: other volumes have folders of such names, too."""
    own = {name for name in content.volumes if any(word in name.lower() for word in WORDS)}
    own |= {repositories.part} if repositories else set()
    sure = [place for place in files.places if "/" in place]
    return content.find_folder(*files.places, parts=own) or content.find_folder(*sure)


def _outside(content: Content, settings: GiteaSettings, files: Files) -> str:
    entries = [*(content.manifest.get("object_storage") or []), *settings.object_storage()]
    return object_storage(entries, NAME, files.words)


def _report_missing(
    content: Content,
    session: Reader,
    kinds: Sequence[Files],
    locations: dict[str, Location | None],
    repositories: Location | None,
    places: Sequence[str],
) -> None:
    """Report the kinds of files whose folder is not in the set; avatars alone do not matter."""
    found = [location for location in (repositories, *locations.values()) if location]
    lost: dict[str, tuple[int, Sequence[str]]] = {
        files.title: (count(session, files.table, files.condition), files.places)
        for files in kinds
        if locations[files.kind] is None and not files.minor
    }
    if repositories is None:
        lost["repositories"] = (count(session, "repository", f"status = {READY}"), places)
    report_missing(content, NAME, WORDS, lost, found[0].part if found else None)


def _compare(content: Content, session: Reader, files: Files, location: Location | None) -> dict[str, int]:
    name = files.table if not files.minor else files.kind.replace("-", "_")
    if location is None:
        return {f"{name}_rows": count(session, files.table, files.condition), f"{name}_files": 0}
    number, wrong = _rows(content, session, files, location)
    found = 0
    for page in pages(files_below(location.path, [UNFINISHED])):
        found += len(page)
        paths = {files.value_of(path): path for path in page}
        if files.minor:
            continue
        orphans = set(missing(session, files.table, files.column, list(paths)))
        for value in sorted(orphans):
            content.report_orphan(location.label(paths[value]), f"has no row in {files.table}")
        if files.hashed:
            named = [Named(value, path) for value, path in paths.items() if value not in orphans | wrong]
            compare_hashes(content, location, files.table, named)
    return {f"{name}_rows": number, f"{name}_files": found}


def _rows(content: Content, session: Reader, files: Files, location: Location) -> tuple[int, set[str]]:
    """Look for the file of each row; gives the number of rows, and the values whose file is missing or too short."""
    names = [files.column, *([files.size] if files.size else [])]
    observe = live_size if files.size else _live_is_there
    state = WARNING if files.minor else CRITICAL
    losses = Losses(content, session.database, files.table, names, location, observe, FIX, state)
    number, wrong = 0, set()
    for identity, value, *sizes in rows(session, files.table, names, files.condition):
        number += 1
        path = files.path_of(str(value))
        actual = size_of(os.path.join(location.path, path))
        size = sizes[0] if sizes else None
        if actual is not None and size in (None, actual):
            continue
        wrong.add(str(value))
        place = location.label(path)
        seen = f"has no file ({place})" if actual is None else f"has a file of {actual} bytes ({place})"
        limit = f"{size} bytes" if actual is not None else "a file" if size is None else f"a file of {size} bytes"
        found = actual if files.size else False
        subject = f"{files.table} {identity} ({value})"
        losses.add(Loss(subject, identity, (value, *sizes), path, seen, limit, found))
    losses.report(number)
    return number, wrong


def _live_is_there(path: str) -> bool:
    return live_size(path) is not None
