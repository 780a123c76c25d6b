"""Passwords and tokens as Gitea keeps them: PBKDF2, the algorithm's name beside the password."""

from __future__ import annotations

import functools
import hashlib
import hmac
import secrets

# The real default is pbkdf2$50000$50. Fewer rounds keep a seeder of thousands of users fast, and the name says so.
PASSWORD_ALGORITHM = "pbkdf2$1000$50"
TOKEN_ROUNDS = 10000


def new_salt() -> str:
    return secrets.token_hex(16)


def new_token() -> str:
    return secrets.token_hex(20)


def hash_password(password: str, salt: str, algorithm: str = PASSWORD_ALGORITHM) -> str:
    _name, rounds, length = algorithm.split("$")
    return hashlib.pbkdf2_hmac("sha256", password.encode(), bytes.fromhex(salt), int(rounds), int(length)).hex()


def password_fields(password: str) -> dict[str, str]:
    salt = new_salt()
    return {"passwd": hash_password(password, salt), "passwd_hash_algo": PASSWORD_ALGORITHM, "salt": salt}


def password_is_right(user: dict, password: str) -> bool:
    if not user["passwd"]:
        return False
    return hmac.compare_digest(hash_password(password, user["salt"], user["passwd_hash_algo"]), user["passwd"])


# Like the real one, which remembers tokens it has just accepted: the rounds are slow on purpose.
@functools.lru_cache(maxsize=64)
def hash_token(token: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", token.encode(), salt.encode(), TOKEN_ROUNDS, 50).hex()


def token_fields(token: str) -> dict[str, str]:
    salt = secrets.token_hex(5)
    return {"token_hash": hash_token(token, salt), "token_salt": salt, "token_last_eight": token[-8:]}
