"""Authentication by token or by name and password, and the scopes of tokens."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import g, request

from ...shared.database import Row
from ...shared.web import transaction
from .. import accounts, log, scopes, second_factor, secrets
from ..context import client_address, context
from ..errors import ApiError, SignInError

MASKED = "invalid username, password or token"
NOT_ALLOWED = "This account is prohibited from signing in, please contact your site administrator."


class ForbiddenAccountError(Exception):
    """Signed in, but not served yet; the answer has a message and no address."""


def authenticate() -> None:
    g.doer, g.scope, g.by_password = None, None, False
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in {"token", "bearer"}:
        g.doer, g.scope = _by_token(credentials.strip())
    elif request.args.get("token") or request.args.get("access_token"):
        g.doer, g.scope = _by_token(request.args.get("token") or request.args["access_token"])
    elif scheme.lower() == "basic" and context().settings.basic_authentication and request.authorization:
        g.doer, g.by_password = _by_password(request.authorization), True
    if g.doer is not None:
        _check_account(g.doer)
    elif context().settings.requires_sign_in:
        raise ForbiddenAccountError("Only signed in user is allowed to call APIs.")


def _by_token(token: str) -> tuple[Row, str]:
    candidates = transaction().rows(
        "SELECT * FROM access_token WHERE token_last_eight = %s",
        (token[-8:],),
    )
    for row in candidates:
        if len(token) == 40 and secrets.hash_token(token, row["token_salt"]) == row["token_hash"]:
            # Once a minute is enough for "last used", and spares a write for every request of a busy client.
            if (row["updated_unix"] or 0) < time.time() - 60:
                transaction().update("access_token", row["id"], {"updated_unix": int(time.time())})
            return accounts.by_id(transaction(), row["uid"]), row["scope"] or ""
    raise _unauthorized("user does not exist [uid: 0, name: , keyid: 0]")


def _by_password(given: Any) -> Row:
    try:
        user = accounts.sign_in(transaction(), given.username or "", given.password or "")
    except SignInError as error:
        if error.user_exists:
            log.write(log.BASIC, "E", f"UserSignIn: {error}")
        raise _unauthorized(str(error)) from error
    if second_factor.is_on(transaction(), user):
        # The password was right; no code of the second factor is ever right here.
        raise _unauthorized("invalid provided OTP")
    return user


def _unauthorized(message: str) -> ApiError:
    return ApiError(401, MASKED if context().release.at_least(1, 25) else message)


def _check_account(user: Row) -> None:
    if user["prohibit_login"] or not user["is_active"]:
        log.write(log.API, "I", f"Failed authentication attempt for {user['name']} from {client_address()}")
        raise ForbiddenAccountError(NOT_ALLOWED)
    if user["must_change_password"]:
        address = f"{context().settings.root_url}/user/change_password"
        raise ForbiddenAccountError(f"You must change your password. Change it at: {address}")


def needs(*, category: str, signed_in: bool = True, admin: bool = False) -> Callable[..., Any]:
    """The checks before a route, in Gitea's order: some sign-in, the token's scope, the site admin."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*arguments: Any, **named: Any) -> Any:
            if signed_in and g.doer is None:
                raise ApiError(401, "token is required")
            if g.scope is not None:
                scopes.check(g.scope, category, writes=request.method not in {"GET", "HEAD"})
            if admin and not g.doer["is_admin"]:
                raise ApiError(403, "user should be the site admin")
            return view(*arguments, **named)

        return guarded

    return decorate
