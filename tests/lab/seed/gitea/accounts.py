"""People, organisations and their teams."""

from __future__ import annotations

from .. import dates, people
from ..dates import unix
from ..loading import Loader, line
from .plan import UNITS_OF_TEAMS, Plan


def load_people(plan: Plan, loader: Loader) -> None:
    rng = plan.rng("people")
    first = plan.first["user"]
    joined = [rng.randrange(90 * dates.DAY) for _one in plan.people]
    # No password matches: people of the lab have no well-known password.
    loader.copy(
        "user",
        "id, lower_name, name, full_name, email, passwd, passwd_hash_algo, salt, rands, type, login_type, login_name,"
        " location, website, description, language, created_unix, updated_unix, last_login_unix, is_active, is_admin,"
        " prohibit_login",
        (
            line(first + at, one.login, one.login, one.full_name, one.mail, rng.randbytes(50).hex(), "pbkdf2$1000$50",
                 rng.randbytes(16).hex(), rng.randbytes(5).hex(), 0, 0, "", "", "", "",
                 "ko-KR" if one.language == "ko" else "en-US", unix(joined[at]), unix(joined[at]),
                 unix(dates.LENGTH - 1 - rng.randrange(20 * dates.DAY)), True, False, at == people.LOCKED)
            for at, one in enumerate(plan.people)
        ),
    )
    loader.copy(
        "email_address",
        "id, uid, email, lower_email, is_activated, is_primary",
        (
            line(plan.first["email_address"] + at, first + at, one.mail, one.mail, True, True)
            for at, one in enumerate(plan.people)
        ),
    )


def load_organisations(plan: Plan, loader: Loader) -> None:
    rng = plan.rng("organisations")
    teams, first = len(people.TEAMS), plan.first
    organisations = plan.organisations
    members = [len(plan.people[at::teams]) for at in range(teams)]
    loader.copy(
        "user",
        "id, lower_name, name, full_name, email, passwd, rands, type, login_type, location, website, description,"
        " created_unix, updated_unix, last_login_unix, is_active, is_admin, num_teams, num_members",
        (
            line(number, name.lower(), name.lower(), name, "", "", rng.randbytes(5).hex(), 1, 0, "", "",
                 f"The {name.lower()} team", unix(0), unix(0), 0, True, False, 1, members[at])
            for at, (number, name) in enumerate(zip(organisations, people.TEAMS))
        ),
    )
    loader.copy(
        "team",
        "id, org_id, lower_name, name, description, authorize, num_repos, num_members, includes_all_repositories,"
        " can_create_org_repo",
        (
            line(first["team"] + at, number, "owners", "Owners", "", 4, 0, members[at], True, True)
            for at, number in enumerate(organisations)
        ),
    )
    loader.copy(
        "team_unit",
        "id, org_id, team_id, type, access_mode",
        (
            line(first["team_unit"] + at * len(UNITS_OF_TEAMS) + unit - 1, number, first["team"] + at, unit, 4)
            for at, number in enumerate(organisations)
            for unit in UNITS_OF_TEAMS
        ),
    )
    loader.copy(
        "team_user",
        "id, org_id, team_id, uid",
        (
            line(first["team_user"] + at, organisations[at % teams], first["team"] + at % teams, first["user"] + at)
            for at in range(len(plan.people))
        ),
    )
    loader.copy(
        "org_user",
        "id, uid, org_id, is_public",
        (
            line(first["org_user"] + at, first["user"] + at, organisations[at % teams], True)
            for at in range(len(plan.people))
        ),
    )
