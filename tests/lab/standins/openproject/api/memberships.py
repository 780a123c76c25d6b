"""/api/v3/memberships and /api/v3/roles."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify

from ...shared.database import Row
from ...shared.web import transaction
from .. import represent
from ..errors import constraint, not_found
from . import bodies, collections
from .authentication import admin_only

blueprint = Blueprint("memberships", __name__, url_prefix="/api/v3")

HAS_ROLE = "id IN (SELECT member_id FROM member_roles WHERE role_id::text = ANY(%s))"
QUERY = collections.Query(
    source="members",
    filters={
        "principal": collections.equals("user_id"),
        "project": collections.equals("project_id"),
        "role": lambda operator, values: (("NOT " if operator == "!" else "") + HAS_ROLE, [values]),
    },
    sorts={"id": "id", "created_at": "created_at", "updated_at": "updated_at"},
)


@blueprint.get("/roles")
def list_roles() -> Response:
    rows = transaction().rows("SELECT * FROM roles WHERE builtin = 0 ORDER BY position, id")
    return jsonify(collections.whole([represent.role(row) for row in rows]))


@blueprint.get("/roles/<int:role_id>")
def one_role(role_id: int) -> Response:
    row = transaction().row("SELECT * FROM roles WHERE id = %s", (role_id,))
    if row is None:
        raise not_found()
    return jsonify(represent.role(row))


@blueprint.get("/memberships")
def list_memberships() -> Response:
    # Memberships for one work package only (shares) are not listed, as in the real one.
    own = "" if g.user["admin"] else " AND user_id = %s"
    rows, total = QUERY.rows(("entity_id IS NULL" + own, [g.user["id"]] if own else []))
    return jsonify(collections.collection([_shown(row) for row in rows], total))


@blueprint.get("/memberships/<int:member_id>")
def one_membership(member_id: int) -> Response:
    return jsonify(_shown(_member(member_id), embed=True))


@blueprint.post("/memberships")
@admin_only
def create_membership() -> tuple[Response, int]:
    links = bodies.json_object().get("_links", {})
    principal_id = bodies.required_link(links, "principal", "users", "groups")
    project_id = bodies.link_id(links.get("project"), "project", "projects")
    roles = _roles(links.get("roles", []), project_id)
    if not transaction().row("SELECT 1 FROM users WHERE id = %s AND status IN (1, 2, 4)", (principal_id,)):
        raise constraint("principal", "Principal does not exist.")
    if project_id and not transaction().row("SELECT 1 FROM projects WHERE id = %s", (project_id,)):
        raise constraint("project", "Project does not exist.")
    same = "SELECT 1 FROM members WHERE user_id = %s AND project_id IS NOT DISTINCT FROM %s AND entity_id IS NULL"
    if transaction().row(same, (principal_id, project_id)):
        raise constraint("principal", "Principal has already been taken.")
    member = transaction().insert("members", {"user_id": principal_id, "project_id": project_id})
    _set_roles(member["id"], roles)
    return jsonify(_shown(member, embed=True)), 201


@blueprint.patch("/memberships/<int:member_id>")
@admin_only
def update_membership(member_id: int) -> Response:
    member = _member(member_id)
    links = bodies.json_object().get("_links", {})
    if "roles" in links:
        _set_roles(member_id, _roles(links["roles"], member["project_id"]))
        transaction().run("UPDATE members SET updated_at = clock_timestamp() WHERE id = %s", (member_id,))
    return jsonify(_shown(_member(member_id), embed=True))


@blueprint.delete("/memberships/<int:member_id>")
@admin_only
def delete_membership(member_id: int) -> tuple[str, int]:
    transaction().run("DELETE FROM members WHERE id = %s", (_member(member_id)["id"],))
    return "", 204


def _roles(links: list[Row], project_id: int | None) -> list[int]:
    wanted = {bodies.link_id(link, "roles", "roles") for link in links}
    if not wanted:
        raise constraint("roles", "Roles need to be assigned.")
    kind = "ProjectRole" if project_id else "GlobalRole"
    found = transaction().rows(
        "SELECT id FROM roles WHERE id = ANY(%s) AND builtin = 0 AND type = %s", (list(wanted), kind)
    )
    if len(found) < len(wanted):
        raise constraint("roles", "Roles has an unassignable role.")
    return sorted(row["id"] for row in found)


def _set_roles(member_id: int, roles: list[int]) -> None:
    transaction().run("DELETE FROM member_roles WHERE member_id = %s AND NOT role_id = ANY(%s)", (member_id, roles))
    for role_id in roles:
        transaction().run(
            "INSERT INTO member_roles (member_id, role_id) SELECT %s, %s WHERE NOT EXISTS"
            " (SELECT 1 FROM member_roles WHERE member_id = %s AND role_id = %s)",
            (member_id, role_id, member_id, role_id),
        )


def _member(member_id: int) -> Row:
    row = transaction().row("SELECT * FROM members WHERE id = %s AND entity_id IS NULL", (member_id,))
    if row is None or not (g.user["admin"] or row["user_id"] == g.user["id"]):
        raise not_found()
    return row


def _shown(member: Row, embed: bool = False) -> Row:
    principal = transaction().row("SELECT * FROM users WHERE id = %s", (member["user_id"],))
    assert principal is not None
    project = transaction().row("SELECT * FROM projects WHERE id = %s", (member["project_id"],))
    roles = transaction().rows(
        "SELECT r.* FROM member_roles m JOIN roles r ON r.id = m.role_id WHERE m.member_id = %s ORDER BY r.id",
        (member["id"],),
    )
    path = f"/api/v3/memberships/{member['id']}"
    shown: Row = {
        "_type": "Membership",
        "id": member["id"],
        "createdAt": represent.moment(member["created_at"]),
        "updatedAt": represent.moment(member["updated_at"]),
        "_links": {
            "self": {"href": path, "title": represent.name(principal)},
            "schema": {"href": "/api/v3/memberships/schema"},
            "update": {"href": f"{path}/form", "method": "post"},
            "updateImmediately": {"href": path, "method": "patch"},
            "project": represent.workspace_link(project) if project else represent.link("projects", None),
            "principal": represent.principal_link(principal),
            "roles": [represent.link("roles", role["id"], role["name"]) for role in roles],
        },
    }
    if embed:
        shown["_embedded"] = {"roles": [represent.role(role) for role in roles]}
        if principal["type"] == "User":
            shown["_embedded"]["principal"] = represent.user(principal, g.user)
        if project:
            shown["_embedded"]["project"] = represent.project(project)
    return shown
