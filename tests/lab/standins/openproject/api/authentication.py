"""Authentication: an API token as `apikey:TOKEN` or bearer, or the admin that the environment names."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, request

from ...shared.database import Row
from ...shared.web import transaction
from .. import secrets
from ..accounts import ACTIVE
from ..errors import missing_permission, unauthenticated

WRONG = "You did not provide the correct credentials."
GLOBAL_USER = "OPENPROJECT_AUTHENTICATION_GLOBAL__BASIC__AUTH_USER"
GLOBAL_PASSWORD = "OPENPROJECT_AUTHENTICATION_GLOBAL__BASIC__AUTH_PASSWORD"


def authenticate() -> None:
    """All reading requires a sign-in, as with the setting `login_required`."""
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        g.user = _by_token(credentials.strip())
    elif scheme.lower() == "basic" and request.authorization:
        g.user = _by_basic(request.authorization.username or "", request.authorization.password or "")
    else:
        raise unauthenticated()
    if g.user is None:
        raise unauthenticated(WRONG)


def _by_basic(name: str, password: str) -> Row | None:
    if name == "apikey":
        return _by_token(password)
    wanted = (os.environ.get(GLOBAL_USER), os.environ.get(GLOBAL_PASSWORD))
    if all(wanted) and hmac.compare_digest(f"{name}:{password}", ":".join(map(str, wanted))):
        # The real one acts as its system user; here the first admin appears as the author.
        return transaction().row(
            "SELECT * FROM users WHERE admin AND type = 'User' AND status = %s ORDER BY id", (ACTIVE,)
        )
    return None


def _by_token(token: str) -> Row | None:
    return transaction().row(
        "SELECT u.* FROM tokens t JOIN users u ON u.id = t.user_id"
        " WHERE t.type = 'Token::API' AND t.value = %s AND u.status = %s"
        " AND (t.expires_on IS NULL OR t.expires_on > now())",
        (secrets.token_hash(token), ACTIVE),
    )


def admin_only(view: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(view)
    def guarded(*arguments: Any, **named: Any) -> Any:
        if not g.user["admin"]:
            raise missing_permission()
        return view(*arguments, **named)

    return guarded
