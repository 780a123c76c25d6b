"""The administrator that the real seeder creates in an empty database."""

from __future__ import annotations

import os

from ..shared.database import Database
from . import schema, secrets


def create_first_admin(database: Database) -> None:
    password = os.environ.get("OPENPROJECT_SEED__ADMIN__USER__PASSWORD")
    with database.transaction() as transaction:
        transaction.lock(schema.LOCK_KEY)
        if transaction.row("SELECT 1 FROM users WHERE type = 'User' LIMIT 1"):
            return
        user = transaction.insert(
            "users",
            {
                "login": "admin",
                "firstname": "OpenProject",
                "lastname": "Admin",
                "mail": os.environ.get("OPENPROJECT_SEED__ADMIN__USER__MAIL", "admin@example.net"),
                "admin": True,
                "status": 1,
                "language": "en",
                "type": "User",
                # The well-known password has to be changed at the first sign-in; a given one may stay.
                "force_password_change": not password,
            },
        )
        transaction.insert("user_passwords", {"user_id": user["id"], **secrets.password_fields(password or "admin")})
