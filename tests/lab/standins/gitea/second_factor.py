"""Accounts whose sign-in needs a code besides the password: a row in `two_factor` switches it on."""

from __future__ import annotations

from ..shared.database import Row, Transaction


def is_on(transaction: Transaction, user: Row) -> bool:
    # A database that an earlier version of the stand-in made has no such table.
    if not transaction.has_table("two_factor"):
        return False
    return bool(transaction.row("SELECT 1 FROM two_factor WHERE uid = %s", (user["id"],)))
