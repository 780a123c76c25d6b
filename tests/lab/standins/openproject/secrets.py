"""Passwords and API tokens as OpenProject keeps them."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets

# The real one uses bcrypt, which is not in Python's standard library: the type column names what is used here.
PASSWORD_TYPE = "UserPassword::Pbkdf2"
ROUNDS = 1000


def password_fields(password: str) -> dict[str, str]:
    salt = secrets.token_hex(16)
    return {"hashed_password": _hash(password, salt), "salt": salt, "type": PASSWORD_TYPE}


def password_is_right(row: dict, password: str) -> bool:
    return hmac.compare_digest(_hash(password, row["salt"]), row["hashed_password"])


def _hash(password: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), ROUNDS).hex()


def new_token() -> str:
    return secrets.token_hex(32)


def token_hash(token: str) -> str:
    """With another SECRET_KEY_BASE no token of a restored database works, as with the real one."""
    return hashlib.sha256((token + os.environ["SECRET_KEY_BASE"]).encode()).hexdigest()
