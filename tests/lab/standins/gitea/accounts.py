"""Accounts in the database: the common functions of the API and the command line."""

from __future__ import annotations

import time
from typing import Any

from ..shared.database import Row, Transaction
from . import names, secrets
from .errors import AlreadyExistsError, EmailError, LastAdminError, NotExistError, SignInError, VisibilityError
from .settings import Settings

INDIVIDUAL, ORGANIZATION = 0, 1
VISIBILITIES = ["public", "limited", "private"]
LOCAL_LOGIN_TYPES = {0, 1}
CASES = {
    "lower": str.islower,
    "upper": str.isupper,
    "digit": str.isdigit,
    "spec": lambda letter: not letter.isalnum(),
}


def by_name(transaction: Transaction, name: str) -> Row | None:
    return transaction.row('SELECT * FROM "user" WHERE lower_name = %s', (name.lower(),))


def by_id(transaction: Transaction, user_id: int) -> Row:
    row = transaction.row('SELECT * FROM "user" WHERE id = %s', (user_id,))
    if row is None:
        raise NotExistError(f"user does not exist [uid: {user_id}, name: , keyid: 0]")
    return row


def existing(transaction: Transaction, name: str) -> Row:
    row = by_name(transaction, name)
    if row is None:
        raise NotExistError(f"user does not exist [uid: 0, name: {name}, keyid: 0]")
    return row


def password_problem(password: str, shortest: int, classes: set[str]) -> str | None:
    if len(password.encode()) < shortest:
        return "length"
    if not all(any(CASES[name](letter) for letter in password) for name in classes):
        return "complexity"
    return None


def check_visibility(settings: Settings, visibility: int) -> None:
    if VISIBILITIES[visibility] not in settings.allowed_visibilities:
        raise VisibilityError(f"visibility Mode not allowed: {VISIBILITIES[visibility]}")


def sign_in(transaction: Transaction, login: str, password: str) -> Row:
    if "@" in login:
        user = transaction.row(
            'SELECT u.* FROM "user" u JOIN email_address e ON e.uid = u.id WHERE e.lower_email = %s AND e.is_activated',
            (login.lower(),),
        )
    else:
        user = by_name(transaction, login)
    if user is None or user["type"] != INDIVIDUAL:
        raise SignInError(f"user does not exist [uid: 0, name: {login}, keyid: 0]", user_exists=False)
    about = f"[uid: {user['id']}, name: {user['name']}]"
    # Before the password is checked: so the answer does not show whether it is correct, as in the recordings.
    if user["prohibit_login"]:
        raise SignInError(f"user is not allowed login {about}", user_exists=True)
    if not secrets.password_is_right(user, password):
        raise SignInError(f"user's password is invalid {about}", user_exists=True)
    return user


def create(transaction: Transaction, name: str, email: str, password: str, **columns: Any) -> Row:
    names.check_name(name)
    names.check_email(email)
    if by_name(transaction, name):
        raise AlreadyExistsError(f"user already exists [name: {name}]")
    check_email_is_free(transaction, email)
    transaction.run("DELETE FROM user_redirect WHERE lower_name = %s", (name.lower(),))
    now = int(time.time())
    user = transaction.insert(
        "user",
        {
            **_common(name, now),
            "email": email,
            "type": INDIVIDUAL,
            "login_type": 0,
            "is_active": True,
            "is_admin": False,
            **secrets.password_fields(password),
            **columns,
        },
    )
    transaction.insert(
        "email_address",
        {
            "uid": user["id"],
            "email": email,
            "lower_email": email.lower(),
            "is_activated": user["is_active"],
            "is_primary": True,
        },
    )
    return user


def create_organization(transaction: Transaction, owner: Row, name: str, **columns: Any) -> Row:
    names.check_name(name)
    if by_name(transaction, name):
        raise AlreadyExistsError(f"user already exists [name: {name}]")
    transaction.run("DELETE FROM user_redirect WHERE lower_name = %s", (name.lower(),))
    fields = {"email": "", "type": ORGANIZATION, "passwd": "", "num_teams": 1, "num_members": 1, **columns}
    organization = transaction.insert("user", {**_common(name, int(time.time())), **fields, "is_active": True})
    org_id = organization["id"]
    team = transaction.insert(
        "team",
        {
            "org_id": org_id,
            "lower_name": "owners",
            "name": "Owners",
            "description": "",
            "authorize": 4,
            "num_repos": 0,
            "num_members": 1,
            "includes_all_repositories": True,
            "can_create_org_repo": True,
        },
    )
    for unit in range(1, 11):
        unit_row = {"org_id": org_id, "team_id": team["id"], "type": unit, "access_mode": 4}
        transaction.insert("team_unit", unit_row)
    transaction.insert("org_user", {"uid": owner["id"], "org_id": org_id, "is_public": False})
    transaction.insert("team_user", {"org_id": org_id, "team_id": team["id"], "uid": owner["id"]})
    return organization


def _common(name: str, now: int) -> Row:
    return {
        "lower_name": name.lower(),
        "name": name,
        "full_name": "",
        "location": "",
        "website": "",
        "description": "",
        "language": "",
        "login_name": "",
        "rands": secrets.new_salt()[:10],
        "created_unix": now,
        "updated_unix": now,
        "last_login_unix": 0,
    }


def check_email_is_free(transaction: Transaction, email: str, user_id: int = 0) -> None:
    taken = "SELECT 1 FROM email_address WHERE lower_email = %s AND uid <> %s"
    if transaction.row(taken, (email.lower(), user_id)):
        raise EmailError(f"e-mail already in use [email: {email}]")


def set_email(transaction: Transaction, user: Row, email: str, keep_old: bool = False) -> None:
    """Change the main address; from 1.22 on, the old one stays as a second address that still signs in."""
    names.check_email(email)
    check_email_is_free(transaction, email, user["id"])
    if keep_old and email.lower() != user["email"].lower():
        _add_main_address(transaction, user, email)
        return
    transaction.update("user", user["id"], {"email": email})
    transaction.run(
        "UPDATE email_address SET email = %s, lower_email = %s, is_activated = true WHERE uid = %s AND is_primary",
        (email, email.lower(), user["id"]),
    )


def _add_main_address(transaction: Transaction, user: Row, email: str) -> None:
    transaction.run("UPDATE email_address SET is_primary = false WHERE uid = %s", (user["id"],))
    own = "SELECT id FROM email_address WHERE uid = %s AND lower_email = %s"
    known = transaction.value(own, (user["id"], email.lower()))
    if known:
        transaction.update("email_address", known, {"email": email, "is_primary": True, "is_activated": True})
    else:
        columns = {"uid": user["id"], "email": email, "lower_email": email.lower()}
        transaction.insert("email_address", {**columns, "is_activated": True, "is_primary": True})
    transaction.update("user", user["id"], {"email": email})


def check_not_last_admin(transaction: Transaction, user: Row, message: str) -> None:
    others = 'SELECT 1 FROM "user" WHERE is_admin AND is_active AND type = 0 AND id <> %s'
    if user["is_admin"] and not transaction.row(others, (user["id"],)):
        raise LastAdminError(message)


def new_token(transaction: Transaction, user: Row, name: str, scope: str) -> tuple[Row, str]:
    """The stored row, and the secret, which is available only now."""
    if transaction.row("SELECT 1 FROM access_token WHERE uid = %s AND name = %s", (user["id"], name)):
        raise AlreadyExistsError("access token name has been used already")
    secret, now = secrets.new_token(), int(time.time())
    fields = {"uid": user["id"], "name": name, "scope": scope, "created_unix": now, "updated_unix": now}
    return transaction.insert("access_token", {**fields, **secrets.token_fields(secret)}), secret
