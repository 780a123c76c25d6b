# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea: repositories, LFS objects and attachments against their rows. Private to this collection."""

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
"""Where the normal image keeps repositories."""

NEEDED = {"id", "owner_name", "lower_name", "default_branch", "is_mirror"}

READY = 0
"""Status of a repository; any other is one that is still being made or moved."""

LOST = "The running application lacks it, too, unless it was deleted during the backup: look it up there."
BROKEN = "Run git fsck on the running application's repository; mend it from a clone, or take an older set."


def applies(session: Session) -> bool:
    """True for a database of Gitea or one of its relatives."""
    return columns(session, "repository") >= NEEDED and bool(columns(session, "lfs_meta_object"))


def check(content: Content, session: Session) -> dict[str, int]:
    """Compare rows with what is in the volumes, and have git check each repository; gives how many there were."""
    counted = _repositories(content, session)
    counted.update(
        _objects(content, session, "lfs_meta_object", "oid", LFS, _lfs_path, lambda path: path.replace("/", ""))
    )
    counted.update(_objects(content, session, "attachment", "uuid", ATTACHMENTS, _attachment_path, os.path.basename))
    return counted


# -- repositories ---------------------------------------------------------------------------------------------------


def _repositories(content: Content, session: Session) -> dict[str, int]:
    found = content.find_folder(*REPOSITORIES)
    known: set[str] = set()
    good: list[str] = []
    for identity, owner, name, status in rows(session, "repository", ["owner_name", "lower_name", "status"]):
        path = f"{(owner or '').lower()}/{name}.git"
        known.add(path)
        if found and _is_repository(os.path.join(found[1], path)):
            good.append(path)
        elif status == READY:
            place = f"{found[0]}: git/repositories/{path}" if found else f"no volume of the set has {REPOSITORIES[0]}"
            content.subject.critical(
                CHECK, f"repository {identity} ({path[:-4]})", f"has no repository ({place})", "a bare repository", LOST
            )
    if found:
        wikis = []
        for path in _bare_folders(found[1]):
            repository = path[: -len(".wiki.git")] + ".git" if path.endswith(".wiki.git") else path
            if repository not in known:
                content.orphan(f"{found[0]}: git/repositories/{path}", "has no row in repository")
            elif path not in known and _is_repository(os.path.join(found[1], path)):
                wikis.append(path)
        for path, said in fsck(content, _image(content), found[1], INSIDE, [*good, *wikis]).items():
            told = f"git fsck says: {said or 'nothing, but fails'}"
            content.subject.critical(CHECK, f"{found[0]}: git/repositories/{path}", told, "a whole repository", BROKEN)
    return {"repositories": len(known), "git_repositories": len(good)}


def _is_repository(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "HEAD")) and os.path.isdir(os.path.join(path, "objects"))


def _bare_folders(top: str) -> Iterator[str]:
    for owner in sorted(folders_in(top)):
        for name in sorted(folders_in(os.path.join(top, owner))):
            if name.endswith(".git"):
                yield f"{owner}/{name}"


def _image(content: Content) -> str | None:
    """An image of the set that has git: the application's own."""
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
    found = content.find_folder(*places)
    counted = {f"{table}_rows": 0, f"{table}_files": 0}
    for identity, value, size in rows(session, table, [column, "size"]):
        counted[f"{table}_rows"] += 1
        path = path_of(str(value))
        there = size_of(os.path.join(found[1], path)) if found else None
        place = f"{found[0]}: {places[0]}/{path}" if found else f"no volume of the set has {places[0]}"
        subject = f"{table} {identity} ({value})"
        if there is None:
            content.subject.critical(CHECK, subject, f"has no file ({place})", f"a file of {size} bytes", LOST)
        elif there != size:
            content.subject.critical(CHECK, subject, f"has a file of {there} bytes ({place})", f"{size} bytes", LOST)
    if found:
        for page in pages(files_below(found[1])):
            counted[f"{table}_files"] += len(page)
            paths = {value_of(path): path for path in page}
            for value in missing(session, table, column, list(paths)):
                content.orphan(f"{found[0]}: {places[0]}/{paths[value]}", f"has no row in {table}")
    return counted
