"""Gitea: people, organisations, bare repositories with history, issues with comments, attachments and LFS objects."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..loading import Loader, Step
from . import accounts, code, issues
from .plan import SIZES, Plan, counts


class Gitea:
    name = "gitea"
    bulk = ("issue", "comment", "attachment", "lfs_meta_object")
    removal = (
        ("attachment", "id"),
        ("lfs_meta_object", "id"),
        ("comment", "id"),
        ("issue", "id"),
        ("issue_index", "group_id:repository"),
        ("repo_unit", "id"),
        ("repository", "id"),
        ("team_user", "id"),
        ("team_unit", "id"),
        ("team", "id"),
        ("org_user", "id"),
        ("email_address", "id"),
        ("user", "id"),
    )

    def __init__(self, size: str, folder: Path) -> None:
        self._size, self._folder = SIZES[size], folder
        self.counts = counts(self._size)

    def steps(self, first_ids: dict[str, int]) -> Iterator[tuple[str, Step]]:
        plan = Plan(self._size, self._folder, first_ids)
        yield "people", partial(accounts.load_people, plan)
        yield "organisations", partial(accounts.load_organisations, plan)
        for start in range(0, self._size.issues, issues.ISSUES_AT_ONCE):
            yield f"issues {start}", partial(issues.load_issues, plan, start=start)
        for one in plan.repositories:
            yield f"repository {one.number}", partial(code.load_repository, plan, one)
        for start in range(0, self._size.attachments, issues.FILES_AT_ONCE):
            yield f"attachments {start}", partial(issues.load_attachments, plan, start=start)
        yield "counters", partial(issues.load_counters, plan)

    @staticmethod
    def remove_files_without_row(loader: Loader, folder: Path) -> None:
        code.remove_files_without_row(loader, folder)
