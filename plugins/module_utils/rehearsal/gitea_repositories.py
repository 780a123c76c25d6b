# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares Gitea's repositories with their rows, and checks each with git."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence

from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import CHANGED, PRODUCTION, SET, UNCLEAR
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, WARNING, Finding

from .content import CHECK, Content, Location, Reader, folders_in, rows
from .git import LINES, fsck, fsck_live
from .live import present
from .losses import TOO_MANY, Loss, Losses, advice, one_or_few, why_not_changed

PLACES = ("git/repositories", "repositories", "data/gitea-repositories")

STANDARD = "/data/git/repositories"
ROOTLESS = "/var/lib/gitea/git/repositories"
"""Where the images keep repositories."""

# A set must not choose what is replaced in a container.
_SYSTEM = frozenset(
    ["bin", "boot", "dev", "etc", "lib", "lib64", "maxops", "proc", "root", "run", "sbin", "sys", "tmp", "usr"]
)

READY = 0
"""Status of a finished repository; any other status means that it is still being created or moved."""

FIX = "There, restore it from a clone or an older set, or delete it."

LIVE_REPOSITORIES = 20
"""So many damaged repositories are checked in the running application, too."""

_PULL = re.compile(r"(?:(?:error|warning|notice): refs/pull/|notice: ).*")
"""What git says about the dead refs of a pull request, which Gitea creates again; a notice is no fault."""


def check_repositories(content: Content, session: Reader, location: Location | None, root: str) -> dict[str, int]:
    """Compare rows with bare repositories, and run git on each; ``root`` is their configured folder, or empty.

    Without a folder in the set, rows are only counted.
    """
    registered: dict[str, tuple[int, str, str]] = {}
    good: list[str] = []
    absent: list[Loss] = []
    for identity, owner, name, status in rows(session, "repository", ["owner_name", "lower_name", "status"]):
        path = f"{(owner or '').lower()}/{name}.git"
        registered[path] = (identity, owner, name)
        if location is None:
            continue
        if _is_repository(os.path.join(location.path, path)):
            good.append(path)
        elif status == READY:
            seen = f"has no repository ({location.label(path)})"
            subject = f"repository {identity} ({path[:-4]})"
            absent.append(Loss(subject, identity, (owner, name), path, seen, "a bare repository", found=False))
    if location:
        columns = ["owner_name", "lower_name"]
        losses = Losses(content, session.database, "repository", columns, location, _live_is_repository, FIX)
        for loss in absent:
            losses.add(loss)
        losses.report(len(registered))
        wikis = list(_wikis(content, location, registered))
        roots = _roots(location, root, [*good, *wikis])
        _check_with_git(content, session.database, location, roots, [*good, *wikis], registered)
    return {"repositories": len(registered), "git_repositories": len(good)}


def _wikis(content: Content, location: Location, registered: Mapping[str, object]) -> Iterator[str]:
    """The wikis of registered repositories; a folder of no row is reported."""
    for path in _bare_folders(location.path):
        repository = path[: -len(".wiki.git")] + ".git" if path.endswith(".wiki.git") else path
        if repository not in registered:
            content.report_orphan(location.label(path), "has no row in repository")
        elif path not in registered and _is_repository(os.path.join(location.path, path)):
            yield path


def _is_repository(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "HEAD")) and os.path.isdir(os.path.join(path, "objects"))


def _live_is_repository(path: str) -> bool:
    return bool(present(os.path.join(path, "HEAD")) and present(os.path.join(path, "objects")))


def _bare_folders(top: str) -> Iterator[str]:
    for owner in sorted(folders_in(top)):
        for name in sorted(folders_in(os.path.join(top, owner))):
            if name.endswith(".git"):
                yield f"{owner}/{name}"


def _roots(location: Location, configured: str, paths: Sequence[str]) -> list[str]:
    """Where the repositories are in the application's container: they refer to each other by absolute paths."""
    named = []
    for path in paths:
        try:
            with open(os.path.join(location.path, path, "objects/info/alternates"), encoding="utf-8") as stream:
                lines = stream.read().splitlines()
        except (OSError, UnicodeDecodeError):
            continue
        # …/owner/name.git/objects
        named += [os.path.normpath(f"{line}/../../..") for line in lines if line.rstrip("/").endswith(".git/objects")]
    return distinct_roots([configured, *named, STANDARD, ROOTLESS])


def distinct_roots(candidates: Sequence[str]) -> list[str]:
    """The folders that a container may get the repositories at: none of the system's, and none inside another."""
    roots: list[str] = []
    for root in dict.fromkeys(candidates):
        names = root.split("/")
        overlaps = any(f"{root}/".startswith(f"{other}/") or f"{other}/".startswith(f"{root}/") for other in roots)
        if len(names) > 2 and not names[0] and names[1] not in _SYSTEM and ".." not in names and not overlaps:
            roots.append(root)
    return roots[:8]


def _image(content: Content) -> str | None:
    """An image of the set that has git: that of the application."""
    recorded = ((content.manifest.get("recognised") or {}).get("applications") or {}).get("gitea") or ()
    for name, facts in (content.manifest.get("services") or {}).items():
        if name in recorded or any(word in f"{name} {facts.get('image', '')}".lower() for word in ("gitea", "forgejo")):
            for reference in [facts.get("id"), *facts.get("digests", []), facts.get("image")]:
                image_id = content.stack.find_image(reference) if reference else None
                if image_id:
                    return image_id
    return None


# -- git --------------------------------------------------------------------------------------------------------------


def _check_with_git(
    content: Content,
    database: str,
    location: Location,
    roots: Sequence[str],
    paths: Sequence[str],
    registered: Mapping[str, tuple[int, str, str]],
) -> None:
    image = _image(content)
    bad = fsck(content, image, location.path, roots, paths)
    if not bad:
        return
    owners = {path: registered[_owner_of(path, registered)] for path in bad}
    identities = [identity for identity, _owner, _name in owners.values()]
    names = ["owner_name", "lower_name"]
    there = content.live.rows(database, "repository", names, identities, len(registered), content.cancellation)
    alive, problem = _live_complaints(content, image, location, roots, list(bad)[:LIVE_REPOSITORIES])
    problem = problem or content.live.problem
    gone = {
        path
        for path, (identity, *names_of_row) in owners.items()
        if there is not None and list(there.get(identity, ())) != names_of_row
    }
    faulty = sum(_is_same(lines, alive.get(path)) and path not in gone for path, lines in bad.items())
    for path, lines in bad.items():
        few = one_or_few(len(gone) if path in gone else faulty, len(paths))
        state, cause, evidence = judged(lines, alive.get(path), path in gone, content.paused, few)
        if cause == UNCLEAR and path in gone:
            evidence = f"its row has changed since, {why_not_changed(content.paused, len(gone))}; {evidence}"
        elif cause == UNCLEAR and problem:
            evidence = f"{evidence}: {problem}"
        fix = TOO_MANY if cause == UNCLEAR and path in gone and not content.paused else advice(cause, FIX)
        seen = f"git fsck reports: {'; '.join(lines[-3:]) or 'a failure without a message'}"
        finding = Finding(CHECK, location.label(path), state, seen, "an intact repository", (evidence,), fix, cause)
        content.subject.findings.add(finding)


def _owner_of(path: str, registered: Mapping[str, object]) -> str:
    """The path of the repository that a wiki belongs to; a repository's own path."""
    return path if path in registered else path[: -len(".wiki.git")] + ".git"


def _live_complaints(
    content: Content, image: str | None, location: Location, roots: Sequence[str], paths: Sequence[str]
) -> tuple[dict[str, list[str]], str]:
    """What git says about the same repositories of the running application, and why it could not be asked."""
    top = content.live_path(location, "")
    there = [path for path in paths if top and _is_repository(os.path.join(top, path))]
    if not top or not there:
        return {}, ""
    try:
        complaints = fsck_live(content, image, top, roots, there)
    except MaxopsError as error:
        return {}, str(error)
    return {path: complaints.get(path, []) for path in there}, ""


def _is_whole(lines: Sequence[str]) -> bool:
    """Whether this is all that git says: what was cut off may be worse than what is there."""
    return 0 < len(lines) < LINES


def _is_pull(lines: Sequence[str]) -> bool:
    return _is_whole(lines) and all(_PULL.fullmatch(line) for line in lines)


def _is_same(lines: Sequence[str], alive: Sequence[str] | None) -> bool:
    """Whether the running application's repository has the same damage; dead refs of pull requests are none."""
    return alive is not None and _is_whole(lines) and not _is_pull(lines) and set(lines) <= set(alive)


def judged(
    lines: Sequence[str], alive: Sequence[str] | None, gone: bool, paused: bool, few: bool
) -> tuple[str, str, str]:
    """State, cause and evidence of a damaged repository.

    ``lines`` is what git says about the set's copy, ``alive`` about the running application's (None: unknown), ``gone``
    whether its row was deleted or renamed there, ``few`` whether only few repositories are like this one.
    """
    whole, pull = _is_whole(lines), _is_pull(lines)
    if gone and not paused and few:
        return WARNING, CHANGED, "its row is gone from the running database, or has another name"
    if alive is None:
        return (WARNING if pull else CRITICAL), UNCLEAR, "the running application's repository could not be checked"
    if whole and set(lines) <= set(alive):
        return (WARNING if few or pull else CRITICAL), PRODUCTION, "the running application's repository has it, too"
    if pull:
        return WARNING, SET, "it is a dead ref of a pull request, which Gitea creates again"
    if alive:
        return CRITICAL, SET if whole else UNCLEAR, "git says something else about the running application's repository"
    written = (
        "" if paused else "; if it was written while it was copied, a backup with quiesce pause does not have this"
    )
    return CRITICAL, SET, f"the running application's repository is intact{written}"
