"""Accounts in the database: look-up, the rules for their fields, passwords, failed sign-ins."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ..shared.database import Row, Transaction
from . import secrets, settings
from .errors import ApiError, constraint

STATUSES = {1: "active", 2: "registered", 3: "locked", 4: "invited", 5: "deleted"}
ACTIVE, REGISTERED, LOCKED, INVITED, DELETED = STATUSES
PERSON = "type = 'User'"
"""An account whose deletion waits for its job (from 17 on) is listed with the status "deleted", and keeps its name."""
LOGIN = re.compile(r"[a-z0-9_\-@.+ ]*", re.IGNORECASE)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|[^@\s]+@localhost")
CLASSES = {
    "lowercase (e.g. 'a')": str.islower,
    "uppercase (e.g. 'A')": str.isupper,
    "numeric (e.g. '1')": str.isdigit,
    "special (e.g. '%')": lambda letter: not letter.isalnum(),
}


def by_login(transaction: Transaction, login: str) -> Row | None:
    return transaction.row(f"SELECT * FROM users WHERE lower(login) = lower(%s) AND {PERSON}", (login,))


def by_id(transaction: Transaction, user_id: int) -> Row | None:
    return transaction.row(f"SELECT * FROM users WHERE id = %s AND {PERSON}", (user_id,))


def field_problems(transaction: Transaction, values: Row, user_id: int = 0) -> list[ApiError]:
    problems = []
    for column, attribute, name in [
        ("login", "login", "Username"),
        ("mail", "email", "Email"),
        ("firstname", "firstName", "First name"),
        ("lastname", "lastName", "Last name"),
    ]:
        if column not in values:
            continue
        value = values[column]
        if not value:
            problems.append(constraint(attribute, f"{name} can't be blank."))
        elif len(value) > 256:
            problems.append(constraint(attribute, f"{name} is too long (maximum is 256 characters)."))
        elif column in {"login", "mail"}:
            form = LOGIN if column == "login" else EMAIL
            if not form.fullmatch(value):
                problems.append(constraint(attribute, f"{name} is invalid."))
            elif _taken(transaction, column, value, user_id):
                problems.append(constraint(attribute, f"{name} has already been taken."))
    return problems


def _taken(transaction: Transaction, column: str, value: str, user_id: int) -> bool:
    sql = f"SELECT 1 FROM users WHERE lower({column}) = lower(%s) AND {PERSON} AND id <> %s"
    return bool(transaction.row(sql, (value, user_id)))


def password_problems(transaction: Transaction, password: str) -> list[ApiError]:
    problems = []
    shortest = settings.number(transaction, "password_min_length", 10)
    if len(password) < shortest:
        problems.append(constraint("password", f"Password is too short (minimum is {shortest} characters)."))
    needed = settings.number(transaction, "password_min_adhered_rules", 0)
    adhered = sum(any(is_of(letter) for letter in password) for is_of in CLASSES.values())
    if adhered < needed:
        rules = ", ".join(CLASSES)
        message = (
            f"Password Must contain characters of the following classes (at least {needed} of {len(CLASSES)}): {rules}."
        )
        problems.append(constraint("password", message))
    return problems


def set_password(transaction: Transaction, user_id: int, password: str) -> None:
    transaction.run("DELETE FROM user_passwords WHERE user_id = %s", (user_id,))
    transaction.insert("user_passwords", {"user_id": user_id, **secrets.password_fields(password)})
    # As in the real one, a new password unblocks an account that was blocked after failures.
    transaction.update("users", user_id, {"failed_login_count": 0})


def password_is_right(transaction: Transaction, user: Row, password: str) -> bool:
    row = transaction.row("SELECT * FROM user_passwords WHERE user_id = %s ORDER BY id DESC LIMIT 1", (user["id"],))
    return row is not None and secrets.password_is_right(row, password)


def last_active_admin(transaction: Transaction, user: Row) -> bool:
    others = f"SELECT 1 FROM users WHERE admin AND status = {ACTIVE} AND {PERSON} AND id <> %s LIMIT 1"
    is_one = user["admin"] and user["status"] == ACTIVE
    return bool(is_one) and transaction.row(others, (user["id"],)) is None


def sign_in(transaction: Transaction, login: str, password: str) -> tuple[Row | None, str]:
    """The user, or None and the reason for the log."""
    user = by_login(transaction, login)
    if user is None:
        return None, "invalid credentials"
    if _blocked(transaction, user) or not password_is_right(transaction, user, password):
        _count_failure(transaction, user)
        return None, "invalid credentials"
    if user["status"] == REGISTERED:
        return None, "NOT ACTIVATED"
    if user["status"] == INVITED:
        return None, "invited, NOT ACTIVATED"
    if user["status"] != ACTIVE:
        return None, "invalid credentials"
    transaction.update("users", user["id"], {"failed_login_count": 0, "last_login_on": datetime.now(UTC)})
    return user, ""


def _recent_failures(transaction: Transaction, user: Row) -> int:
    minutes = settings.number(transaction, "brute_force_block_minutes", 30)
    last: Any = user["last_failed_login_on"]
    if last is None or datetime.now(UTC) - last > timedelta(minutes=minutes):
        return 0
    return user["failed_login_count"] or 0


def _blocked(transaction: Transaction, user: Row) -> bool:
    limit = settings.number(transaction, "brute_force_block_after_failed_logins", 20)
    return limit > 0 and _recent_failures(transaction, user) >= limit


def _count_failure(transaction: Transaction, user: Row) -> None:
    failures = _recent_failures(transaction, user) + 1
    changes = {"failed_login_count": failures, "last_failed_login_on": datetime.now(UTC)}
    transaction.update("users", user["id"], changes)
