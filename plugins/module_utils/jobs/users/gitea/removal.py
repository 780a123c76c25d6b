# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of a Gitea account: what it owns is named, and the organisations of others are left first."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Gitea
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account, Belongings
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from ..plan import Outcome, Person, Step

UNSEEN = "its packages are not known, because the token has no scope read:package"


def steps(api: Gitea, myself: Account, person: Person, account: Account, outcome: Outcome) -> list[Step]:
    """Leave the organisations and remove the account. Raises MaxopsError for what must not be removed with it."""
    if account.id == myself.id:
        raise MaxopsError("is the account that the API is used with, so it cannot remove itself")
    purge = bool(person.options.get("purge"))
    belongings = api.belongings(account)
    _refuse(belongings, purge)
    if belongings.packages is None:
        outcome.remark(f"{UNSEEN}; Gitea refuses the removal if there are any")
    if belongings.owned():
        outcome.more = {"removed_with": belongings.owned()}

    def leave(now: Account) -> None:
        for organization in belongings.member_of:
            api.leave_organization(organization, now)

    # Gitea removes no member of an organisation, also where the account owns nothing there. A purge does it itself.
    left = belongings.member_of if not purge else []
    return [
        *([Step({"organizations": (left, [])}, leave)] if left else []),
        Step({"state": ("present", "absent")}, lambda now: api.delete(now, purge), removes=True),
    ]


def _refuse(belongings: Belongings, purge: bool) -> None:
    owned = belongings.owned()
    if owned and not purge:
        raise MaxopsError(
            "was not removed: the account still owns "
            + " and ".join(f"{kind} {_some(names)}" for kind, names in owned.items())
            + "; transfer or delete them first, set purge to true to delete them with it, or set prohibit_login to "
            "lock the account and keep it"
        )
    if belongings.packages is None and purge:
        raise MaxopsError(
            f"was not removed: {UNSEEN}, and purge deletes them: use a token with that scope, or without purge"
        )


def _some(names: Sequence[str], limit: int = 10) -> str:
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit} more"
