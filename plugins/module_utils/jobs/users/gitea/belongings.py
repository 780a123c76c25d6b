# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH keys, teams and tokens of a Gitea account."""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Gitea
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account, Team
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import for_each

from ..plan import Outcome, Person, Step

# -- SSH keys ------------------------------------------------------------------------------------------------------


class Key(NamedTuple):
    """A public key; two keys are equal when kind and body are."""

    kind: str
    body: str
    title: str

    @classmethod
    def parse(cls, line: str) -> Key:
        """Read the line of a .pub file. Raises MaxopsError for any other text."""
        words = line.split(None, 2)
        try:
            raw = base64.b64decode(words[1], validate=True)
        except (IndexError, binascii.Error):
            raise MaxopsError(
                f'"{line[:40]}" is not a public SSH key: give the line of a .pub file, such as "ssh-ed25519 AAAA… name"'
            ) from None
        fingerprint = base64.b64encode(hashlib.sha256(raw).digest()).decode("ascii").rstrip("=")
        return cls(words[0], words[1], words[2].strip() if len(words) > 2 else f"SHA256:{fingerprint}")

    @property
    def shown(self) -> str:
        """Enough to identify the key."""
        return f"{self.kind} …{self.body[-12:]} {self.title}"


def key_steps(api: Gitea, person: Person, account: Account) -> Iterator[Step]:
    """Add the missing keys and, where the list has to be exact, remove the others."""
    if "ssh_keys" not in person.options:
        return
    wanted = {(key.kind, key.body): key for key in map(Key.parse, person.options["ssh_keys"])}
    present = {}
    for item in api.keys(account) if account.id else ():
        key = Key.parse(item["key"])
        present[key.kind, key.body] = (item["id"], key._replace(title=item["title"]))
    missing = [key for same, key in wanted.items() if same not in present]
    exactly = person.options.get("ssh_keys_exclusive", False)
    extra = [entry for same, entry in present.items() if exactly and same not in wanted]
    if not missing and not extra:
        return
    before = [key.shown for _number, key in present.values()]
    removed = [key.shown for _number, key in extra]
    after = [shown for shown in before if shown not in removed] + [key.shown for key in missing]

    def apply(now: Account) -> None:
        for number, _key in extra:
            api.remove_key(now, number)
        titles = {key.title for _number, key in present.values()}
        for key in missing:
            # Gitea requires different titles within an account, and people give all their keys the same comment.
            title = key.title if key.title not in titles else f"{key.title} ({key.body[-12:]})"
            titles.add(title)
            api.add_key(now, title, f"{key.kind} {key.body}")

    yield Step({"ssh_keys": (sorted(before), sorted(after))}, apply)


# -- teams ---------------------------------------------------------------------------------------------------------


class Teams:
    """The teams in a list of people, read once, with their members."""

    def __init__(self, api: Gitea) -> None:
        self._api = api
        self._teams: dict[str, dict[str, Team]] = {}
        """Organisation → team → the team, all in lower case."""

    @classmethod
    def read(cls, api: Gitea, people: Sequence[Person], cancellation: Cancellation) -> Teams:
        """Read the members of the people's teams; of all teams where a person's teams have to be exact."""
        teams = cls(api)
        wanted = {_split(name) for person in people for name in person.options.get("teams", ())}
        everything = any(person.options.get("teams_exclusive") and "teams" in person.options for person in people)
        names = {organization for organization, _team in wanted}
        if everything:
            names |= {name.lower() for name in api.organizations()}
        lock = threading.Lock()

        def read(organization: str) -> None:
            by_name = {team.name.lower(): team for team in _teams_of(api, organization)}
            for key, team in by_name.items():
                if everything or (organization, key) in wanted:
                    team.members.update(api.members(team))
            with lock:
                teams._teams[organization] = by_name

        for_each(sorted(names), read, api.http.endpoint.concurrency, cancellation)
        return teams

    def steps(self, person: Person, account: Account) -> Iterator[Step]:
        """Join the wanted teams and, where they have to be exact, leave the others."""
        if "teams" not in person.options:
            return
        wanted = {name.lower(): self._team(name) for name in person.options["teams"]}
        member = account.name.lower() if account.id else ""
        present = {
            f"{organization}/{key}": team
            for organization, teams in self._teams.items()
            for key, team in teams.items()
            if member in team.members
        }
        to_join = [team for name, team in wanted.items() if name not in present]
        to_leave = []
        if person.options.get("teams_exclusive"):
            to_leave = [team for name, team in present.items() if name not in wanted]
        if not to_join and not to_leave:
            return
        stays = present.keys() - {name for name, team in present.items() if team in to_leave}

        def apply(now: Account) -> None:
            for team in to_join:
                self._api.join(team, now)
            for team in to_leave:
                self._api.leave(team, now)

        yield Step({"teams": (sorted(present), sorted(stays | wanted.keys()))}, apply)

    def _team(self, name: str) -> Team:
        organization, key = _split(name)
        teams = self._teams.get(organization) or {}
        if key in teams:
            return teams[key]
        existing = ", ".join(sorted(team.name for team in teams.values()))
        raise MaxopsError(
            f'the team "{name}" does not exist: '
            + (f"organisation {organization} has {existing}" if teams else f"there is no organisation {organization}")
            + "; create it in Gitea first, or correct teams"
        )


def _split(name: str) -> tuple[str, str]:
    organization, slash, team = name.lower().partition("/")
    if not (organization and slash and team) or "/" in team:
        raise MaxopsError(f'"{name}" is not a team: write organisation/team, such as acme/developers')
    return organization, team


def _teams_of(api: Gitea, organization: str) -> list[Team]:
    try:
        return api.teams(organization)
    except ApiError as error:
        if error.status == 404:
            return []
        raise


# -- tokens --------------------------------------------------------------------------------------------------------


def token_steps(api: Gitea, person: Person, account: Account, outcome: Outcome, lost: set[str]) -> Iterator[Step]:
    """Create the tokens that are missing. ``lost`` are those whose answer with the secret never arrived."""
    wanted = person.options.get("tokens") or []
    if not wanted:
        return
    if not api.by_password:
        raise MaxopsError(
            "tokens cannot be created with a token, only with a name and a password: "
            "give api_user and api_password of an administrator instead of api_token"
        )
    present = set(api.tokens(account)) if account.id else set()
    missing = [token for token in wanted if token["name"] not in present or token["name"] in lost]
    if not missing:
        return

    def apply(now: Account) -> None:
        for token in missing:
            name = token["name"]
            if name in lost:
                api.remove_token(now, name)
            lost.add(name)
            secret = api.add_token(now, name, token.get("scopes") or [])
            lost.discard(name)
            outcome.secrets = (*outcome.secrets, {"user": person.name, "name": name, "token": secret})

    names = [token["name"] for token in missing]
    yield Step({"tokens": (sorted(present), sorted(present | set(names)))}, apply)
