"""The few web pages: a first page that shows what the database holds, and the sign-in form."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

from flask import Blueprint, Response, redirect, render_template_string, request
from werkzeug.wrappers import Response as BaseResponse

from ..shared.web import transaction
from . import accounts, cache, log, settings
from .context import client_address, release, request_id

blueprint = Blueprint("pages", __name__)
COOKIE = "_open_project_session"

FIRST_PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>{{ title }}</title></head><body>
<h1>{{ title }}</h1>
<dl>
{% for label, value in facts %}<dt>{{ label }}</dt><dd>{{ value }}</dd>
{% endfor %}</dl>
{% if user %}<p>Signed in as {{ user }}</p>{% endif %}
<footer>OpenProject {{ version }} (lab stand-in)</footer>
</body></html>
"""
FORM = """<!DOCTYPE html>
<html lang="en"><head><title>Sign in</title></head><body>
{% if failed %}<p class="op-toast">Invalid user or password or the account is blocked due to multiple failed login
attempts. If so, it will be unblocked automatically in a short time.</p>{% endif %}
<form method="post" action="/login">
<input name="username"><input name="password" type="password"><button>Sign in</button>
</form></body></html>
"""
# Large tables are represented by their newest row: counting them at every visit would distort the lab's measurements.
FACTS = """SELECT
    (SELECT count(*) FROM users WHERE type = 'User') AS users,
    (SELECT count(*) FROM projects) AS projects,
    (SELECT count(*) FROM members) AS members,
    (SELECT coalesce(max(id), 0) FROM work_packages) AS newest_work_package,
    (SELECT coalesce(max(id), 0) FROM journals) AS newest_journal,
    (SELECT coalesce(max(id), 0) FROM attachments) AS newest_attachment"""


def _session_hash(cookie: str) -> str:
    return "2::" + hashlib.sha256(cookie.encode()).hexdigest()


@blueprint.get("/")
def first_page() -> str:
    facts = cache.fetch("first-page", lambda: transaction().row(FACTS) or {})
    page: str = render_template_string(
        FIRST_PAGE,
        title=settings.value(transaction(), "app_title", "OpenProject"),
        facts=facts.items(),
        user=_signed_in(),
        version=release().version,
    )
    return page


def _signed_in() -> str | None:
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        return None
    name: str | None = transaction().value(
        "SELECT u.login FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.session_id = %s AND u.status = 1",
        (_session_hash(cookie),),
    )
    return name


@blueprint.get("/login")
def form() -> str:
    page: str = render_template_string(FORM, failed=False)
    return page


@blueprint.post("/login")
def sign_in() -> BaseResponse:
    name = request.form.get("username", "")
    user, reason = accounts.sign_in(transaction(), name, request.form.get("password", ""))
    if user is None:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        log.write("WARN", f"Failed login for '{name}' from {client_address()} at {now}: {reason}", request_id())
        # The count of failures is kept although the answer is an error.
        transaction().commit()
        return Response(render_template_string(FORM, failed=True), 422, mimetype="text/html")
    cookie = secrets.token_hex(16)
    row = {"session_id": _session_hash(cookie), "data": "", "updated_at": datetime.now(UTC), "user_id": user["id"]}
    transaction().insert("sessions", row)
    response = redirect("/", 302)
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="Lax")
    return response
