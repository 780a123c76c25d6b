# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares Gitea's repositories, LFS objects and attachments with their rows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session

from .content import CHECK, Content, columns, files_below, folders_in, missing, pages, rows, size_of
from .git import fsck

NAME = "Gitea"

REPOSITORIES = ("git/repositories", "repositories", "data/gitea-repositories")
LFS = ("git/lfs", "lfs", "data/lfs")
ATTACHMENTS = ("gitea/attachments", "attachments", "data/attachments")

INSIDE = "/data/git/repositories"
"""Where the standard image keeps repositories."""

NEEDED = {"id", "owner_name", "lower_name", "default_branch", "is_mirror"}

READY = 0
"""Status of a finished repository; any other status means that it is still being created or moved."""

LOST = "It is missing from the running application, too, unless it was deleted during the backup: check there."
BROKEN = "Run git fsck on the running application's repository; restore it from a clone, or take an older set."


def applies(session: Session) -> bool:
    """True for a database of Gitea or one of its forks."""
    return columns(session, "repository") >= NEEDED and bool(columns(session, "lfs_meta_object"))


def check(content: Content, session: Session) -> dict[str, int]:
    """Compare rows with the files of the volumes, and check each repository with git; gives the counts."""
    counted = _repositories(content, session)
    counted.update(
        _objects(content, session, "lfs_meta_object", "oid", LFS, _lfs_path, lambda path: path.replace("/", ""))
    )
    counted.update(_objects(content, session, "attachment", "uuid", ATTACHMENTS, _attachment_path, os.path.basename))
    return counted


# -- repositories ---------------------------------------------------------------------------------------------------


def _repositories(content: Content, session: Session) -> dict[str, int]:
    location = content.find_folder(*REPOSITORIES)
    registered: set[str] = set()
    good: list[str] = []
    for identity, owner, name, status in rows(session, "repository", ["owner_name", "lower_name", "status"]):
        path = f"{(owner or '').lower()}/{name}.git"
        registered.add(path)
        if location and _is_repository(os.path.join(location[1], path)):
            good.append(path)
        elif status == READY:
            place = (
                f"{location[0]}: git/repositories/{path}" if location else f"no volume of the set has {REPOSITORIES[0]}"
            )
            content.subject.critical(
                CHECK, f"repository {identity} ({path[:-4]})", f"has no repository ({place})", "a bare repository", LOST
            )
    if location:
        wikis = []
        for path in _bare_folders(location[1]):
            repository = path[: -len(".wiki.git")] + ".git" if path.endswith(".wiki.git") else path
            if repository not in registered:
                content.report_orphan(f"{location[0]}: git/repositories/{path}", "has no row in repository")
            elif path not in registered and _is_repository(os.path.join(location[1], path)):
                wikis.append(path)
        for path, output in fsck(content, _image(content), location[1], INSIDE, [*good, *wikis]).items():
            seen = f"git fsck reports: {output or 'a failure without a message'}"
            subject = f"{location[0]}: git/repositories/{path}"
            content.subject.critical(CHECK, subject, seen, "an intact repository", BROKEN)
    return {"repositories": len(registered), "git_repositories": len(good)}


def _is_repository(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "HEAD")) and os.path.isdir(os.path.join(path, "objects"))


def _bare_folders(top: str) -> Iterator[str]:
    for owner in sorted(folders_in(top)):
        for name in sorted(folders_in(os.path.join(top, owner))):
            if name.endswith(".git"):
                yield f"{owner}/{name}"


def _image(content: Content) -> str | None:
    """An image of the set that has git: that of the application."""
    services = (content.subject.manifest or {}).get("services") or {}
    for name, facts in services.items():
        if any(word in f"{name} {facts.get('image', '')}".lower() for word in ("gitea", "forgejo")):
            for reference in [facts.get("id"), *facts.get("digests", []), facts.get("image")]:
                image_id = content.stack.find_image(reference) if reference else None
                if image_id:
                    return image_id
    return None


# -- LFS objects and attachments --------------------------------------------------------------------------------------


def _lfs_path(oid: str) -> str:
    return f"{oid[:2]}/{oid[2:4]}/{oid[4:]}"


def _attachment_path(uuid: str) -> str:
    return f"{uuid[:1]}/{uuid[1:2]}/{uuid}"


def _objects(
    content: Content,
    session: Session,
    table: str,
    column: str,
    places: tuple[str, ...],
    path_of: Callable[[str], str],
    value_of: Callable[[str], str],
) -> dict[str, int]:
    location = content.find_folder(*places)
    counted = {f"{table}_rows": 0, f"{table}_files": 0}
    for identity, value, size in rows(session, table, [column, "size"]):
        counted[f"{table}_rows"] += 1
        path = path_of(str(value))
        actual = size_of(os.path.join(location[1], path)) if location else None
        place = f"{location[0]}: {places[0]}/{path}" if location else f"no volume of the set has {places[0]}"
        subject = f"{table} {identity} ({value})"
        if actual is None:
            content.subject.critical(CHECK, subject, f"has no file ({place})", f"a file of {size} bytes", LOST)
        elif actual != size:
            content.subject.critical(CHECK, subject, f"has a file of {actual} bytes ({place})", f"{size} bytes", LOST)
    if location:
        for page in pages(files_below(location[1])):
            counted[f"{table}_files"] += len(page)
            paths = {value_of(path): path for path in page}
            for value in missing(session, table, column, list(paths)):
                content.report_orphan(f"{location[0]}: {places[0]}/{paths[value]}", f"has no row in {table}")
    return counted
