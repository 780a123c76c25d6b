"""How much of everything is seeded, and the numbers of the rows."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .. import dates, people, vocabulary
from ..people import Person
from ..prose import Writer
from ..repositories import History

# As with OpenProject's journals: fixed, so that every chunk knows the numbers of its comments.
COMMENTS = (2, 7, 1, 4, 9, 3, 0, 5, 6, 6)
REPOSITORIES, LFS, ATTACHMENTS = "git/repositories", "git/lfs", "gitea/attachments"
UNITS_OF_TEAMS = range(1, 11)
UNITS_OF_REPOSITORIES = range(1, 4)


@dataclass(frozen=True)
class Size:
    label: str
    issues: int
    attachments: int
    histories: tuple[History, ...]

    @property
    def comments(self) -> int:
        return comments_before(self.issues)


SIZES = {
    size.label: size
    for size in (
        Size(
            "small",
            issues=2_000,
            attachments=60,
            histories=(
                History(commits=60, text_files=4, words_per_file=1_500, asset_bytes=110_000, lfs_objects=4),
                *[History(commits=25, text_files=3, words_per_file=400, asset_bytes=8_000)] * 7,
            ),
        ),
        Size(
            "large",
            issues=54_000,
            attachments=1_200,
            histories=(
                *[History(commits=320, text_files=5, words_per_file=6_000, asset_bytes=150_000, lfs_objects=24)] * 3,
                *[History(commits=30, text_files=3, words_per_file=500, asset_bytes=10_000)] * 77,
            ),
        ),
    )
}


def comments_before(issues: int) -> int:
    rounds, rest = divmod(issues, len(COMMENTS))
    return rounds * sum(COMMENTS) + sum(COMMENTS[:rest])


@dataclass(frozen=True)
class Repository:
    number: int
    owner: int
    owner_name: str
    name: str
    history: History
    created: int


@dataclass(frozen=True)
class Plan:
    size: Size
    folder: Path
    first: dict[str, int]
    writer: Writer = field(default_factory=Writer)
    people: list[Person] = field(default_factory=people.all_people)

    @property
    def lfs(self) -> Path:
        return self.folder / LFS

    @property
    def attachment_files(self) -> Path:
        return self.folder / ATTACHMENTS

    def folder_of(self, one: Repository) -> Path:
        return self.folder / REPOSITORIES / one.owner_name.lower() / f"{one.name.lower()}.git"

    def rng(self, what: str) -> random.Random:
        return random.Random(f"gitea {self.size.label} {what}")

    def person(self, rng: random.Random) -> int:
        return self.first["user"] + rng.randrange(len(self.people))

    @property
    def organisations(self) -> range:
        first = self.first["user"] + len(self.people)
        return range(first, first + len(people.TEAMS))

    @cached_property
    def repositories(self) -> list[Repository]:
        rng = self.rng("repositories")
        nouns = vocabulary.sections()["noun"]
        return [
            Repository(
                self.first["repository"] + at,
                *self._owner(at, rng),
                f"{rng.choice(nouns)}-{rng.choice(nouns)}-{at}",
                history,
                rng.randrange(60 * dates.DAY),
            )
            for at, history in enumerate(self.size.histories)
        ]

    def _owner(self, at: int, rng: random.Random) -> tuple[int, str]:
        """Organisations first, and mostly: a person's own repository is the exception."""
        if at < len(people.TEAMS) or rng.random() < 0.7:
            team = at % len(people.TEAMS)
            return self.organisations[team], people.TEAMS[team].lower()
        person = rng.randrange(len(self.people))
        return self.first["user"] + person, self.people[person].login


def counts(size: Size) -> dict[str, int]:
    persons, teams, repositories = len(people.all_people()), len(people.TEAMS), len(size.histories)
    return {
        "user": persons + teams,
        "email_address": persons,
        "team": teams,
        "team_unit": teams * len(UNITS_OF_TEAMS),
        "team_user": persons,
        "org_user": persons,
        "repository": repositories,
        "repo_unit": repositories * len(UNITS_OF_REPOSITORIES),
        "lfs_meta_object": sum(history.lfs_objects for history in size.histories),
        "issue": size.issues,
        "comment": size.comments,
        "attachment": size.attachments,
    }
