"""OpenProject: people, projects, work packages with their journals, wikis, and attachments with their files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from ..loading import Loader, Step
from . import attachments, organisation, work
from .plan import SIZES, Plan, counts


class OpenProject:
    name = "openproject"
    bulk = ("work_packages", "journals", "work_package_journals", "relations", "attachments", "wiki_pages")
    # In an order in which no row refers to a removed one.
    removal = (
        ("attachments", "id"),
        ("journals", "id"),
        ("work_package_journals", "id"),
        ("relations", "id"),
        ("work_packages", "id"),
        ("wiki_pages", "id"),
        ("wikis", "id"),
        ("member_roles", "id"),
        ("members", "id"),
        ("group_users", "id"),
        ("user_passwords", "id"),
        ("user_preferences", "id"),
        ("users", "id"),
        ("projects", "id"),
    )

    def __init__(self, size: str, folder: Path) -> None:
        self._size, self._folder = SIZES[size], folder
        self.counts = counts(self._size)

    def steps(self, first_ids: dict[str, int]) -> Iterator[tuple[str, Step]]:
        plan = Plan(self._size, self._folder, first_ids)
        yield "people", partial(organisation.load_people, plan)
        yield "projects", partial(organisation.load_projects, plan)
        yield "wikis", partial(organisation.load_wikis, plan)
        for start in range(0, self._size.work_packages, work.AT_ONCE):
            yield f"work packages {start}", partial(work.load_work_packages, plan, start=start)
        yield "relations", partial(work.load_relations, plan)
        for start in range(0, self._size.files, attachments.AT_ONCE):
            yield f"attachments {start}", partial(attachments.load_attachments, plan, start=start)

    @staticmethod
    def remove_files_without_row(loader: Loader, folder: Path) -> None:
        attachments.remove_files_without_row(loader, folder)
