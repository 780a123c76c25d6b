"""People, projects, memberships and wikis."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

from .. import dates, people
from ..dates import stamp
from ..loading import Loader, line
from .plan import Plan

ACTIVE, LOCKED = 1, 3


def load_people(plan: Plan, loader: Loader) -> None:
    rng = plan.rng("people")
    joined = [rng.randrange(90 * dates.DAY) for _person in plan.people]
    seen = [dates.LENGTH - 1 - rng.randrange(20 * dates.DAY) for _person in plan.people]
    first = plan.first["users"]
    groups = range(first + len(plan.people), first + len(plan.people) + len(people.TEAMS))
    loader.copy(
        "users",
        "id, login, firstname, lastname, mail, status, last_login_on, language, created_at, updated_at, type, first_login",
        (
            line(first + at, one.login, one.first_name, one.last_name, one.mail, LOCKED if at == people.LOCKED else ACTIVE,
                 stamp(seen[at]), one.language, stamp(joined[at]), stamp(seen[at]), "User", False)
            for at, one in enumerate(plan.people)
        ),
    )
    loader.copy(
        "users",
        "id, lastname, created_at, updated_at, type",
        (line(group, name, stamp(0), stamp(0), "Group") for group, name in zip(groups, people.TEAMS)),
    )
    # No password has this hash: people of the lab have no well-known password.
    loader.copy(
        "user_passwords",
        "id, user_id, hashed_password, salt, created_at, updated_at, type",
        (
            line(plan.first["user_passwords"] + at, first + at, rng.randbytes(32).hex(), rng.randbytes(16).hex(),
                 stamp(joined[at]), stamp(joined[at]), "UserPassword::Pbkdf2")
            for at in range(len(plan.people))
        ),
    )
    loader.copy(
        "user_preferences",
        "id, user_id, created_at, updated_at, settings",
        (
            line(plan.first["user_preferences"] + at, first + at, stamp(joined[at]), stamp(seen[at]),
                 json.dumps({"time_zone": "Asia/Seoul" if one.language == "ko" else "Europe/Berlin"}))
            for at, one in enumerate(plan.people)
        ),
    )
    loader.copy(
        "group_users",
        "id, group_id, user_id",
        (
            line(plan.first["group_users"] + at, groups[at % len(groups)], first + at)
            for at in range(len(plan.people))
        ),
    )


def load_projects(plan: Plan, loader: Loader) -> None:
    rng = plan.rng("projects")
    first = plan.first["projects"]
    count = len(people.PROJECTS)
    loader.copy(
        "projects",
        "id, name, description, public, created_at, updated_at, identifier, lft, rgt, status_code",
        (
            line(first + at, name, plan.writer.copy(rng, 60), at % 3 == 0, stamp(at * dates.DAY),
                 stamp(dates.LENGTH - 1), identifier, 2 * at + 1, 2 * at + 2, rng.randrange(3))
            for at, (identifier, name) in enumerate(people.PROJECTS)
        ),
    )
    types = loader.column("SELECT id FROM types ORDER BY id")
    loader.copy(
        "projects_types",
        "project_id, type_id",
        (line(first + at, kind) for at in range(count) for kind in types),
    )
    roles = loader.pairs("SELECT name, id FROM roles")
    memberships = [
        (plan.first["users"] + at, first + project)
        for at in range(len(plan.people))
        for project in sorted(rng.sample(range(count), people.PROJECTS_PER_PERSON))
    ]
    loader.copy(
        "members",
        "id, user_id, project_id, created_at, updated_at",
        (line(plan.first["members"] + at, *pair, stamp(at * 3600), stamp(at * 3600)) for at, pair in enumerate(memberships)),
    )
    loader.copy(
        "member_roles",
        "id, member_id, role_id",
        (
            line(plan.first["member_roles"] + at, plan.first["members"] + at,
                 roles["Project admin" if at % 12 == 0 else "Member"])
            for at in range(len(memberships))
        ),
    )


def load_wikis(plan: Plan, loader: Loader) -> None:
    rng = plan.rng("wikis")
    first, count = plan.first["wikis"], len(people.PROJECTS)
    loader.copy(
        "wikis",
        "id, project_id, start_page, created_at, updated_at",
        (line(first + at, plan.first["projects"] + at, "Wiki", stamp(at * dates.DAY), stamp(at * dates.DAY)) for at in range(count)),
    )
    loader.copy("wiki_pages", "id, wiki_id, title, slug, author_id, created_at, updated_at, text", _wiki_pages(plan, rng))


def _wiki_pages(plan: Plan, rng: random.Random) -> Iterator[bytes]:
    first, wikis = plan.first["wiki_pages"], len(people.PROJECTS)
    for at in range(plan.size.wiki_pages):
        written = dates.moment(rng)
        title = plan.writer.title(rng)
        slug = b"%s-%d" % (title.lower().replace(b" ", b"-"), at)
        yield line(first + at, plan.first["wikis"] + at % wikis, title, slug, plan.person(rng), stamp(written),
                   stamp(written), plan.writer.copy(rng, rng.randrange(80, 900)))
