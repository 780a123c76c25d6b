# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""E-mail addresses that no list of accounts shows: the second ones of each account."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Gitea
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError

from ..plan import Outcome

PAGE = "Site Administration > User Emails"


class Addresses:
    """Looks addresses up where a refusal or a change needs it."""

    def __init__(self, api: Gitea) -> None:
        self._api = api

    def explained(self, error: ApiError, email: str) -> ApiError:
        """The refusal; for an address that is in use, with the account that has it."""
        if "e-mail already in use" not in error.message:
            return error
        try:
            address = self._api.address(email)
        except Cancelled:
            raise
        except MaxopsError:
            # The refusal itself is what matters.
            return error
        if address is None:
            return error
        kind = "its main address" if address.main else "a second address, which no list of users shows"
        text = (
            f"Gitea refused ({error.status}): {error.message}; another account has this address, "
            f'"{address.owner}", as {kind}: give this person another one, or take it from that account ({PAGE})'
        )
        return ApiError(text, error.status, error.message, error.data)

    def remark_old(self, before: Account, after: Account, outcome: Outcome) -> None:
        """Say where the former address stays with the account: Gitea keeps it from 1.22 on."""
        if before.email.lower() == after.email.lower():
            return
        try:
            address = self._api.address(before.email)
        except Cancelled:
            raise
        except MaxopsError as error:
            # The change is made: what fails here must not look as if it was refused.
            outcome.remark(f"it is not known whether {before.email} stays a second address of this account: {error}")
            return
        if address and address.owner.lower() == after.name.lower() and not address.main:
            outcome.remark(
                f"{before.email} stays a second address of this account: it still signs in, and no other account can "
                f"have it, until it is removed ({PAGE}, or the person's own settings)"
            )
