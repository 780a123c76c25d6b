"""Work packages, their journals and their relations."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from .. import dates
from ..dates import stamp
from ..loading import Loader, line
from .plan import VERSIONS, Plan, versions_before

AT_ONCE = 5_000
# PostgreSQL compresses rows beyond 2 kB: slow to seed, and no longer the text that a dump has to compress.
LONGEST_DESCRIPTION = 260
COMMON = (
    "type_id, project_id, subject, description, status_id, assigned_to_id, priority_id, author_id, done_ratio, start_date,"
    " due_date"
)


@dataclass(frozen=True)
class WorkPackage:
    number: int
    shared: bytes
    author: int
    moments: tuple[int, ...]
    first_journal: int


def load_work_packages(plan: Plan, loader: Loader, start: int) -> None:
    stop = min(start + AT_ONCE, plan.size.work_packages)
    rng = plan.rng(f"work packages {start}")
    loader.progress.doing = f"work package {start} of {plan.size.work_packages}"
    chunk = list(_work_packages(plan, loader, rng, start, stop))
    loader.copy(
        "work_packages",
        f"id, lock_version, created_at, updated_at, {COMMON}",
        (
            line(one.number, len(one.moments) - 1, stamp(one.moments[0]), stamp(one.moments[-1]),
                 one.shared % _description(plan, rng))
            for one in chunk
        ),
    )
    journal_data = plan.first["work_package_journals"] - plan.first["journals"]
    loader.copy(
        "work_package_journals",
        f"id, {COMMON}",
        (
            line(one.first_journal + version + journal_data, one.shared % _description(plan, rng))
            for one in chunk
            for version in range(len(one.moments))
        ),
    )
    loader.copy(
        "journals",
        "id, journable_type, journable_id, user_id, notes, created_at, updated_at, version, data_type, data_id, validity_period",
        _journals(plan, chunk, rng, journal_data),
    )


def _work_packages(plan: Plan, loader: Loader, rng: random.Random, start: int, stop: int) -> Iterator[WorkPackage]:
    types = loader.column("SELECT id FROM types ORDER BY id")
    statuses = loader.column("SELECT id FROM statuses ORDER BY id")
    priorities = loader.column("SELECT id FROM enumerations WHERE type = 'IssuePriority' ORDER BY id")
    for at in range(start, stop):
        moments = [dates.moment(rng)]
        for _version in range(VERSIONS[at % len(VERSIONS)] - 1):
            moments.append(moments[-1] + 60 + rng.randrange(1 + (dates.LENGTH - moments[-1]) // 2))
        title, author = plan.writer.title(rng), plan.person(rng)
        begins = moments[0] + rng.randrange(30 * dates.DAY)
        yield WorkPackage(
            number=plan.first["work_packages"] + at,
            # Everything that a work package and its versions have in common, with a gap for the description.
            shared=line(
                rng.choice(types), plan.project(rng), title, "%b", rng.choice(statuses),
                plan.person(rng) if rng.random() < 0.8 else None, rng.choice(priorities), author,
                rng.randrange(0, 101, 10), dates.date(begins), dates.date(begins + rng.randrange(60 * dates.DAY)),
            ).rstrip(b"\n"),
            author=author,
            moments=tuple(moments),
            first_journal=plan.first["journals"] + versions_before(at),
        )


def _description(plan: Plan, rng: random.Random) -> bytes:
    return plan.writer.copy(rng, min(LONGEST_DESCRIPTION, int(rng.lognormvariate(4.9, 0.5))))


def _journals(plan: Plan, chunk: list[WorkPackage], rng: random.Random, journal_data: int) -> Iterator[bytes]:
    for one in chunk:
        last = len(one.moments) - 1
        for version, written in enumerate(one.moments):
            until = f'"{stamp(one.moments[version + 1])}"' if version < last else ""
            number = one.first_journal + version
            notes = b"" if version == 0 and rng.random() < 0.3 else _description(plan, rng)
            author = one.author if version == 0 else plan.person(rng)
            yield line(number, "WorkPackage", one.number, author, notes, stamp(written), stamp(written), version + 1,
                       "Journal::WorkPackageJournal", number + journal_data, f'["{stamp(written)}",{until})')


def load_relations(plan: Plan, loader: Loader) -> None:
    rng = plan.rng("relations")
    count = plan.size.work_packages
    first = plan.first["work_packages"]
    kinds = ("relates", "blocks", "follows", "duplicates")
    loader.copy(
        "relations",
        "id, from_id, to_id, relation_type",
        (
            line(plan.first["relations"] + at, *(first + one for one in rng.sample(range(count), 2)), rng.choice(kinds))
            for at in range(count // 20)
        ),
    )
