"""Reading projects, work packages and attachments, and the small lists that they refer to."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify, request, send_file

from ...shared.database import Row
from ...shared.web import transaction
from .. import represent, settings
from ..errors import not_found
from . import collections

blueprint = Blueprint("contents", __name__, url_prefix="/api/v3")

LISTS = {
    "types": ("Type", "types", "true", ("isDefault", "isMilestone")),
    "statuses": ("Status", "statuses", "true", ("isDefault", "isClosed")),
    "priorities": ("Priority", "enumerations", "type = 'IssuePriority'", ("isDefault",)),
}
FLAGS = {"isDefault": "is_default", "isMilestone": "is_milestone", "isClosed": "is_closed"}
TITLES = {
    "users": "SELECT id, trim(concat_ws(' ', firstname, lastname)) AS title FROM users",
    "projects": "SELECT id, name AS title FROM projects",
    "types": "SELECT id, name AS title FROM types",
    "statuses": "SELECT id, name AS title FROM statuses",
    "enumerations": "SELECT id, name AS title FROM enumerations",
}
REFERENCES = {
    "users": ("author_id", "assigned_to_id", "responsible_id"),
    "projects": ("project_id",),
    "types": ("type_id",),
    "statuses": ("status_id",),
    "enumerations": ("priority_id",),
}


def _status(operator: str, values: list[str]) -> collections.Condition:
    if operator in {"o", "c"}:
        return f"status_id IN (SELECT id FROM statuses WHERE is_closed = {operator == 'c'})", []
    return collections.equals("status_id")(operator, values)


PROJECTS = collections.Query(
    source="projects",
    filters={
        "id": collections.equals("id"),
        "active": collections.equals("active", {"t": "true", "f": "false"}),
        "name_and_identifier": collections.contains("concat_ws(' ', name, identifier)"),
    },
    sorts={"id": "id", "name": "lower(name)", "created_at": "created_at"},
)
WORK_PACKAGES = collections.Query(
    source="work_packages",
    filters={
        "id": collections.equals("id"),
        "status": _status,
        "project": collections.equals("project_id"),
        "type": collections.equals("type_id"),
        "subject": collections.contains("subject"),
        "author": collections.equals("author_id"),
        "assignee": collections.equals("assigned_to_id"),
    },
    sorts={"id": "id", "subject": "lower(subject)", "createdAt": "created_at", "updatedAt": "updated_at"},
    # Without filters the real one shows what is open.
    default_filters=({"status": {"operator": "o", "values": []}},),
)


def _visible_projects() -> collections.Condition:
    if g.user["admin"]:
        return "true", []
    return "public OR id IN (SELECT project_id FROM members WHERE user_id = %s)", [g.user["id"]]


def _visible_work_packages() -> collections.Condition:
    sql, arguments = _visible_projects()
    return f"project_id IN (SELECT id FROM projects WHERE {sql})", arguments


def _visible(table: str, row_id: int, condition: collections.Condition, message: str) -> Row:
    sql, arguments = condition
    row = transaction().row(f"SELECT * FROM {table} WHERE id = %s AND ({sql})", [row_id, *arguments])
    if row is None:
        raise not_found(message)
    return row


@blueprint.get("/projects")
def list_projects() -> Response:
    sql, arguments = _visible_projects()
    # Programs and portfolios have lists of their own, and archived projects are shown only where they are asked for.
    kinds = "coalesce(to_jsonb(projects)->>'workspace_type', 'project') = 'project'"
    archived = "" if '"active"' in request.args.get("filters", "") else " AND active"
    rows, total = PROJECTS.rows((f"({sql}) AND {kinds}{archived}", arguments))
    return jsonify(collections.collection([represent.project(row) for row in rows], total))


def _project(key: str) -> Row:
    found = None if key.isdigit() else transaction().value("SELECT id FROM projects WHERE identifier = %s", (key,))
    return _visible(
        "projects",
        int(key) if key.isdigit() else found or 0,
        _visible_projects(),
        "The specified project does not exist.",
    )


@blueprint.get("/projects/<key>")
def one_project(key: str) -> Response:
    return jsonify(represent.project(_project(key)))


@blueprint.get("/projects/<key>/work_packages")
def list_project_work_packages(key: str) -> Response:
    return _work_packages(("project_id = %s", [_project(key)["id"]]))


@blueprint.get("/work_packages")
def list_work_packages() -> Response:
    return _work_packages(_visible_work_packages())


def _work_packages(always: collections.Condition) -> Response:
    rows, total = WORK_PACKAGES.rows(always)
    titles = _titles(rows)
    return jsonify(collections.collection([represent.work_package(row, titles) for row in rows], total))


@blueprint.get("/work_packages/<int:work_package_id>")
def one_work_package(work_package_id: int) -> Response:
    row = _work_package(work_package_id)
    return jsonify(represent.work_package(row, _titles([row])))


def _work_package(work_package_id: int) -> Row:
    message = "The work package you are looking for cannot be found or has been deleted."
    return _visible("work_packages", work_package_id, _visible_work_packages(), message)


def _titles(rows: list[Row]) -> dict[str, dict[int, str]]:
    """One look-up per table for a whole page, whatever its size."""
    titles: dict[str, dict[int, str]] = {}
    for table, columns in REFERENCES.items():
        wanted = list({row[column] for row in rows for column in columns if row[column] is not None})
        found: list[Any] = transaction().rows(f"{TITLES[table]} WHERE id = ANY(%s)", (wanted,))
        titles[table] = {one["id"]: one["title"] for one in found}
    return titles


@blueprint.get("/work_packages/<int:work_package_id>/attachments")
def list_attachments(work_package_id: int) -> Response:
    _work_package(work_package_id)
    rows = transaction().rows(
        "SELECT * FROM attachments WHERE container_type = 'WorkPackage' AND container_id = %s ORDER BY id",
        (work_package_id,),
    )
    return jsonify(collections.whole([_attachment_shown(row) for row in rows]))


def _attachment(attachment_id: int) -> Row:
    row = transaction().row("SELECT * FROM attachments WHERE id = %s", (attachment_id,))
    if row is None:
        raise not_found("The specified attachment does not exist.")
    if row["container_type"] == "WorkPackage":
        _work_package(row["container_id"])
    return row


def _attachment_shown(row: Row) -> Row:
    author = transaction().row("SELECT * FROM users WHERE id = %s", (row["author_id"],))
    return represent.attachment(row, author)


@blueprint.get("/attachments/<int:attachment_id>")
def one_attachment(attachment_id: int) -> Response:
    return jsonify(_attachment_shown(_attachment(attachment_id)))


@blueprint.get("/attachments/<int:attachment_id>/content")
def attachment_content(attachment_id: int) -> Response:
    row = _attachment(attachment_id)
    name = row["file"] or row["filename"]
    path = settings.attachments() / "attachment" / "file" / str(row["id"]) / name
    if not path.is_file():
        raise not_found("The specified attachment does not exist.")
    return send_file(
        path, mimetype=row["content_type"] or "application/octet-stream", as_attachment=True, download_name=name
    )


@blueprint.get("/types", defaults={"kind": "types"})
@blueprint.get("/statuses", defaults={"kind": "statuses"})
@blueprint.get("/priorities", defaults={"kind": "priorities"})
def list_small(kind: str) -> Response:
    name, table, condition, flags = LISTS[kind]
    rows = transaction().rows(f"SELECT * FROM {table} WHERE {condition} ORDER BY position, id")
    elements = [
        {
            "_type": name,
            "id": row["id"],
            "name": row["name"],
            "position": row["position"],
            **{flag: row[FLAGS[flag]] for flag in flags},
            "_links": {"self": represent.link(kind, row["id"], row["name"])},
        }
        for row in rows
    ]
    return jsonify(collections.whole(elements))
