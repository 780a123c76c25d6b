"""How much of everything is seeded, and the numbers of the rows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from .. import people
from ..people import Person
from ..prose import Writer

# How many versions the journal keeps of one work package after the other. As the pattern is fixed, every chunk of work
# packages knows the numbers of its journals without looking at the chunks before it.
VERSIONS = (1, 2, 1, 3, 1, 2, 2, 1, 4, 2)
FILES = "files/attachment/file"


@dataclass(frozen=True)
class Size:
    label: str
    work_packages: int
    wiki_pages: int
    small_files: int
    large_files: int

    @property
    def journals(self) -> int:
        return versions_before(self.work_packages)

    @property
    def files(self) -> int:
        return self.small_files + self.large_files


SIZES = {
    size.label: size
    for size in (
        Size("small", work_packages=2_000, wiki_pages=100, small_files=400, large_files=3),
        Size("large", work_packages=115_000, wiki_pages=3_000, small_files=15_500, large_files=40),
    )
}


def versions_before(work_packages: int) -> int:
    rounds, rest = divmod(work_packages, len(VERSIONS))
    return rounds * sum(VERSIONS) + sum(VERSIONS[:rest])


@dataclass(frozen=True)
class Plan:
    size: Size
    folder: Path
    first: dict[str, int]
    writer: Writer = field(default_factory=Writer)
    people: list[Person] = field(default_factory=people.all_people)

    @property
    def files(self) -> Path:
        return self.folder / FILES

    def rng(self, what: str) -> random.Random:
        return random.Random(f"openproject {self.size.label} {what}")

    def any(self, table: str, count: int, rng: random.Random) -> int:
        return self.first[table] + rng.randrange(count)

    def person(self, rng: random.Random) -> int:
        return self.any("users", len(self.people), rng)

    def project(self, rng: random.Random) -> int:
        return self.any("projects", len(people.PROJECTS), rng)


def counts(size: Size) -> dict[str, int]:
    persons, projects = len(people.all_people()), len(people.PROJECTS)
    return {
        "users": persons + len(people.TEAMS),
        "user_passwords": persons,
        "user_preferences": persons,
        "group_users": persons,
        "projects": projects,
        "members": persons * people.PROJECTS_PER_PERSON,
        "member_roles": persons * people.PROJECTS_PER_PERSON,
        "wikis": projects,
        "wiki_pages": size.wiki_pages,
        "work_packages": size.work_packages,
        "work_package_journals": size.journals,
        "journals": size.journals,
        "relations": size.work_packages // 20,
        "attachments": size.files,
    }
