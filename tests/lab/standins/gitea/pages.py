"""The few web pages: a first page that shows what the database holds, and the sign-in form."""

from __future__ import annotations

import time

from flask import Blueprint, Response, abort, redirect, render_template_string, request

from ..shared.database import Row
from ..shared.web import transaction
from . import accounts, commits, log, sessions
from .context import client_address, context
from .errors import SignInError

blueprint = Blueprint("pages", __name__)

FIRST_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>{{ name }}</title></head><body>
<h1>{{ name }}</h1>
<dl>
{% for label, value in facts %}<dt>{{ label }}</dt><dd>{{ value }}</dd>
{% endfor %}</dl>
<footer>Powered by Gitea Version: {{ version }} (lab stand-in)</footer>
</body></html>
"""
FORM = """<!DOCTYPE html>
<html lang="en"><head><title>Sign In</title></head><body>
{% if error %}<p class="negative">{{ error }}</p>{% endif %}
<form method="post">
<input name="user_name" value="{{ user_name }}"><input name="password" type="password"><button>Sign In</button>
</form></body></html>
"""
SETTINGS = """<!DOCTYPE html>
<html lang="en"><head><title>{{ user.name }}</title></head><body>
<p class="signed-in-user">{{ user.name }}</p></body></html>
"""
REPOSITORY = """<!DOCTYPE html>
<html lang="en"><head><title>{{ repository.name }}</title></head><body>
<p><b>{{ commits }}</b> commits</p></body></html>
"""
# Large tables are represented by their newest row: counting them at every visit would distort the lab's measurements.
FACTS = """SELECT
    (SELECT count(*) FROM "user" WHERE type = 0) AS users,
    (SELECT count(*) FROM "user" WHERE type = 1) AS organizations,
    (SELECT count(*) FROM repository) AS repositories,
    (SELECT coalesce(max(id), 0) FROM issue) AS newest_issue,
    (SELECT coalesce(max(id), 0) FROM comment) AS newest_comment"""


@blueprint.get("/")
def first_page() -> str:
    facts = transaction().row(FACTS) or {}
    page: str = render_template_string(
        FIRST_PAGE, name=context().settings.app_name, facts=facts.items(), version=context().release.version
    )
    return page


@blueprint.get("/user/login")
def sign_in_form() -> str:
    return _form("", "")


@blueprint.post("/user/login")
def sign_in() -> str | Response:
    name = request.form.get("user_name", "")
    try:
        user = accounts.sign_in(transaction(), name, request.form.get("password", ""))
        if not user["is_active"]:
            raise SignInError(f"user is inactive [uid: {user['id']}, name: {user['name']}]", user_exists=True)
    except SignInError as error:
        level = "W" if context().release.at_least(1, 23) else "I"
        log.write(log.SIGN_IN_FORM, level, f"Failed authentication attempt for {name} from {client_address()}: {error}")
        return _form("Username or password is incorrect.", name)
    transaction().update("user", user["id"], {"last_login_unix": int(time.time())})
    response: Response = redirect(context().settings.sub_path + "/", 303)  # type: ignore[assignment]
    session = sessions.begin(context().settings, user)
    response.set_cookie(sessions.COOKIE, session, path=context().settings.sub_path or "/", httponly=True)
    return response


@blueprint.get("/user/settings")
def own_settings() -> str | Response:
    """The page of whoever is signed in; another visitor is sent to the sign-in form."""
    user = _signed_in()
    if user is None:
        answer: Response = redirect(context().settings.sub_path + "/user/login", 303)  # type: ignore[assignment]
        return answer
    page: str = render_template_string(SETTINGS, user=user)
    return page


@blueprint.post("/user/logout")
def sign_out() -> Response:
    sessions.store(context().settings).remove(request.cookies.get(sessions.COOKIE, ""))
    response: Response = redirect(context().settings.sub_path + "/", 303)  # type: ignore[assignment]
    return response


def _signed_in() -> Row | None:
    number = sessions.user_number(context().settings, request.cookies.get(sessions.COOKIE, ""))
    if number is None:
        return None
    user = transaction().row('SELECT * FROM "user" WHERE id = %s', (number,))
    return user if user and user["is_active"] and not user["prohibit_login"] else None


@blueprint.get("/<owner>/<name>")
def repository_page(owner: str, name: str) -> str:
    """The page of a repository, with its number of commits from the cache."""
    found = "SELECT * FROM repository WHERE lower(owner_name) = %s AND lower_name = %s"
    row = transaction().row(found, (owner.lower(), name.lower()))
    if row is None:
        abort(404)
    page: str = render_template_string(REPOSITORY, repository=row, commits=commits.count(context().settings, row))
    return page


def _form(error: str, name: str) -> str:
    page: str = render_template_string(FORM, error=error, user_name=name)
    return page
