"""/api/v3/groups: rows of `users` with type Group, their members in `group_users`."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify

from ...shared.database import Row
from ...shared.web import transaction
from .. import accounts, represent
from ..errors import constraint, not_found, raise_all
from . import bodies, collections
from .authentication import admin_only

blueprint = Blueprint("groups", __name__, url_prefix="/api/v3/groups")
QUERY = collections.Query(
    source="users",
    filters={"id": collections.equals("id"), "name": collections.contains("lastname")},
    sorts={"id": "id", "name": "lower(lastname)", "createdAt": "created_at", "updatedAt": "updated_at"},
)


@blueprint.get("")
def list_groups() -> Response:
    rows, total = QUERY.rows(("type = 'Group'", []))
    return jsonify(collections.collection([_shown(row) for row in rows], total))


@blueprint.get("/<int:group_id>")
def one_group(group_id: int) -> Response:
    return jsonify(_shown(_group(group_id)))


@blueprint.post("")
@admin_only
def create_group() -> tuple[Response, int]:
    body = bodies.json_object()
    name = bodies.text(body, "name", "name") if "name" in body else ""
    _check_name(name)
    group = transaction().insert("users", {"type": "Group", "lastname": name, "status": 1, "language": ""})
    _set_members(group, body)
    return jsonify(_shown(group)), 201


@blueprint.patch("/<int:group_id>")
@admin_only
def update_group(group_id: int) -> Response:
    group = _group(group_id)
    body = bodies.json_object()
    if "name" in body:
        name = bodies.text(body, "name", "name")
        _check_name(name, group_id)
        transaction().update("users", group_id, {"lastname": name})
    _set_members(group, body)
    transaction().run("UPDATE users SET updated_at = clock_timestamp() WHERE id = %s", (group_id,))
    return jsonify(_shown(_group(group_id)))


@blueprint.delete("/<int:group_id>")
@admin_only
def delete_group(group_id: int) -> tuple[str, int]:
    transaction().run("DELETE FROM users WHERE id = %s", (_group(group_id)["id"],))
    return "", 202


def _check_name(name: str, group_id: int = 0) -> None:
    if not name:
        raise constraint("name", "Name can't be blank.")
    same = "SELECT 1 FROM users WHERE type = 'Group' AND lower(lastname) = lower(%s) AND id <> %s"
    if transaction().row(same, (name, group_id)):
        raise constraint("name", "Name has already been taken.")


def _set_members(group: Row, body: Row) -> None:
    links = body.get("_links", {}).get("members")
    if links is None:
        return
    wanted = {bodies.link_id(link, "members", "users") for link in links}
    unknown = [user_id for user_id in wanted if user_id is None or not accounts.by_id(transaction(), user_id)]
    raise_all([constraint("members", "Users does not exist.") for _user in unknown])
    transaction().run(
        "DELETE FROM group_users WHERE group_id = %s AND NOT user_id = ANY(%s)", (group["id"], list(wanted))
    )
    for user_id in sorted(user_id for user_id in wanted if user_id is not None):
        transaction().run(
            "INSERT INTO group_users (group_id, user_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (group["id"], user_id),
        )


def _group(group_id: int) -> Row:
    row = transaction().row("SELECT * FROM users WHERE id = %s AND type = 'Group'", (group_id,))
    if row is None:
        raise not_found()
    return row


def _shown(row: Row) -> Row:
    members = transaction().rows(
        "SELECT u.* FROM group_users m JOIN users u ON u.id = m.user_id WHERE m.group_id = %s ORDER BY u.id",
        (row["id"],),
    )
    return represent.group(row, members, g.user)
