"""Repositories: every row with its bare repository, and the LFS objects that it points to."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from .. import dates, repositories
from ..dates import unix
from ..loading import Loader, line
from ..repositories import LfsObject
from .plan import ATTACHMENTS, LFS, REPOSITORIES, UNITS_OF_REPOSITORIES, Plan, Repository


def load_repository(plan: Plan, one: Repository, loader: Loader) -> None:
    rng = plan.rng(f"repository {one.name}")
    at = one.number - plan.first["repository"]
    loader.progress.doing = f"repository {at} of {len(plan.repositories)}"
    objects = [LfsObject(rng.randbytes(rng.randrange(100_000, 900_000))) for _ in range(one.history.lfs_objects)]
    for lfs_object in objects:
        lfs_object.write_below(plan.lfs)
    authors = rng.sample(plan.people, 9)
    folder = plan.folder_of(one)
    given = repositories.create(folder, one.history, objects, authors, rng, plan.writer)
    git_size, lfs_size = repositories.size_of(folder), sum(len(lfs_object.data) for lfs_object in objects)
    updated = dates.LENGTH - 1 - rng.randrange(60 * dates.DAY)
    loader.copy(
        "repository",
        "id, owner_id, owner_name, lower_name, name, description, default_branch, is_private, is_empty, is_archived,"
        " is_mirror, size, git_size, lfs_size, created_unix, updated_unix, num_watches, num_stars, num_forks, num_issues,"
        " num_closed_issues, num_pulls, num_closed_pulls",
        [
            line(one.number, one.owner, one.owner_name, one.name, one.name, plan.writer.copy(rng, 25), "main",
                 rng.random() < 0.3, False, False, False, git_size + lfs_size, git_size, lfs_size, unix(one.created),
                 unix(updated), 0, rng.randrange(12), 0, 0, 0, 0, 0)
        ],
    )
    loader.copy(
        "repo_unit",
        "id, repo_id, type, config, created_unix",
        (
            line(plan.first["repo_unit"] + len(UNITS_OF_REPOSITORIES) * at + unit - 1, one.number, unit, "{}", unix(one.created))
            for unit in UNITS_OF_REPOSITORIES
        ),
    )
    before = sum(repository.history.lfs_objects for repository in plan.repositories[:at])
    loader.copy(
        "lfs_meta_object",
        "id, oid, size, repository_id, created_unix, updated_unix",
        (
            line(plan.first["lfs_meta_object"] + before + number, lfs_object.oid, len(lfs_object.data), one.number,
                 unix(one.created), unix(one.created))
            for number, lfs_object in enumerate(objects)
        ),
    )
    loader.progress.add(given + lfs_size)


def remove_files_without_row(loader: Loader, folder: Path) -> None:
    names = set(loader.column("SELECT lower(owner_name) || '/' || lower_name || '.git' FROM repository"))
    root = folder / REPOSITORIES
    for path in root.glob("*/*"):
        if str(path.relative_to(root)).replace(".wiki.git", ".git") not in names:
            shutil.rmtree(path)
    uuids = set(loader.column("SELECT uuid::text FROM attachment"))
    _remove_files_but(folder / ATTACHMENTS, lambda path: path.name in uuids)
    oids = set(loader.column("SELECT oid FROM lfs_meta_object"))
    _remove_files_but(folder / LFS, lambda path: "".join(path.parts[-3:]) in oids)


def _remove_files_but(folder: Path, is_kept: Callable[[Path], bool]) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and not is_kept(path):
            path.unlink()
