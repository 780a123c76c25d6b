"""Rows as the API shows them."""

from __future__ import annotations

import json
from datetime import datetime
from html import escape
from typing import Any
from urllib.parse import quote

from ..shared.database import Row
from .accounts import ACTIVE, LOCKED, STATUSES

Json = dict[str, Any]
ATTACHMENT_STATUSES = ["uploaded", "prepared", "scanned", "quarantined", "rescan"]


def moment(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"


def link(kind: str, row_id: int | None, title: str | None = None) -> Json:
    if row_id is None:
        return {"href": None}
    return {"href": f"/api/v3/{kind}/{row_id}"} | ({"title": title} if title is not None else {})


def workspace_link(row: Row) -> Json:
    """17 names the kind of a workspace in its link: /api/v3/projects, /api/v3/programs or /api/v3/portfolios."""
    return link(f"{row.get('workspace_type') or 'project'}s", row["id"], row["name"])


def formattable(text: str | None) -> Json:
    raw = text or ""
    return {"format": "markdown", "raw": raw, "html": f"<p>{escape(raw)}</p>" if raw else ""}


def name(row: Row) -> str:
    if row["type"] == "User":
        return f"{row['firstname']} {row['lastname']}".strip()
    return str(row["lastname"])


def principal_link(row: Row) -> Json:
    return link("groups" if row["type"] == "Group" else "users", row["id"], name(row))


def memberships_link(row: Row) -> Json:
    filters = [{"principal": {"operator": "=", "values": [str(row["id"])]}}]
    href = f"/api/v3/memberships?filters={quote(json.dumps(filters, separators=(',', ':')))}"
    return {"href": href, "title": "Memberships"}


def user(row: Row, viewer: Row) -> Json:
    shown: Json = {"_type": "User", "id": row["id"], "name": name(row)}
    links: Json = {"self": principal_link(row), "memberships": memberships_link(row)}
    links["showUser"] = {"href": f"/users/{row['id']}", "type": "text/html"}
    shown["createdAt"], shown["updatedAt"] = moment(row["created_at"]), moment(row["updated_at"])
    if viewer["admin"] or viewer["id"] == row["id"]:
        shown |= {
            "login": row["login"],
            "admin": row["admin"],
            "firstName": row["firstname"],
            "lastName": row["lastname"],
            "email": row["mail"],
            "avatar": None,
            "status": STATUSES[row["status"]],
            "identityUrl": row["identity_url"],
            "language": row["language"],
        }
        links["updateImmediately"] = _action(row, "patch", "Update")
    else:
        shown["avatar"] = None
    if viewer["admin"]:
        if row["status"] == ACTIVE:
            links["lock"] = _action(row, "post", "Set lock on", "/lock")
        if row["status"] == LOCKED:
            links["unlock"] = _action(row, "delete", "Remove lock on", "/lock")
        links["delete"] = _action(row, "delete", "Delete")
    return shown | {"_links": links}


def _action(row: Row, method: str, title: str, suffix: str = "") -> Json:
    return {"href": f"/api/v3/users/{row['id']}{suffix}", "title": f"{title} {row['login']}", "method": method}


def group(row: Row, members: list[Row], viewer: Row) -> Json:
    return {
        "_type": "Group",
        "id": row["id"],
        "name": name(row),
        "createdAt": moment(row["created_at"]),
        "updatedAt": moment(row["updated_at"]),
        "_embedded": {"members": [user(member, viewer) for member in members]},
        "_links": {
            "self": link("groups", row["id"], name(row)),
            "memberships": memberships_link(row),
            "delete": {"href": f"/api/v3/groups/{row['id']}", "method": "delete"},
            "updateImmediately": {"href": f"/api/v3/groups/{row['id']}", "method": "patch"},
            "members": [principal_link(member) for member in members],
        },
    }


def role(row: Row) -> Json:
    return {
        "_type": "Role",
        "id": row["id"],
        "name": row["name"],
        "_links": {"self": link("roles", row["id"], row["name"])},
    }


def project(row: Row) -> Json:
    path = f"/api/v3/projects/{row['id']}"
    return {
        "_type": "Project",
        "id": row["id"],
        "identifier": row["identifier"],
        "name": row["name"],
        "active": row["active"],
        "favorited": False,
        "public": row["public"],
        "description": formattable(row["description"]),
        "statusExplanation": formattable(row["status_explanation"]),
        "createdAt": moment(row["created_at"]),
        "updatedAt": moment(row["updated_at"]),
        "_links": {
            "self": link("projects", row["id"], row["name"]),
            "categories": {"href": f"{path}/categories"},
            "types": {"href": f"{path}/types"},
            "versions": {"href": f"{path}/versions"},
            "workPackages": {"href": f"{path}/work_packages"},
            "parent": link("projects", row["parent_id"]),
        },
    }


def work_package(row: Row, titles: dict[str, dict[int, str]]) -> Json:
    path = f"/api/v3/work_packages/{row['id']}"

    def titled(kind: str, column: str, table: str) -> Json:
        return link(kind, row[column], titles[table].get(row[column]) if row[column] is not None else None)

    return {
        "_type": "WorkPackage",
        "id": row["id"],
        "lockVersion": row["lock_version"],
        "subject": row["subject"],
        "description": formattable(row["description"]),
        "scheduleManually": bool(row["schedule_manually"]),
        "startDate": row["start_date"].isoformat() if row["start_date"] else None,
        "dueDate": row["due_date"].isoformat() if row["due_date"] else None,
        "estimatedTime": None if row["estimated_hours"] is None else f"PT{row['estimated_hours']:g}H",
        "duration": None if row["duration"] is None else f"P{row['duration']}D",
        "ignoreNonWorkingDays": row["ignore_non_working_days"],
        "percentageDone": row["done_ratio"],
        "createdAt": moment(row["created_at"]),
        "updatedAt": moment(row["updated_at"]),
        "_links": {
            "self": link("work_packages", row["id"], row["subject"]),
            "schema": {"href": f"/api/v3/work_packages/schemas/{row['project_id']}-{row['type_id']}"},
            "attachments": {"href": f"{path}/attachments"},
            "ancestors": [],
            "author": titled("users", "author_id", "users"),
            "assignee": titled("users", "assigned_to_id", "users"),
            "responsible": titled("users", "responsible_id", "users"),
            "priority": titled("priorities", "priority_id", "enumerations"),
            "project": titled("projects", "project_id", "projects"),
            "status": titled("statuses", "status_id", "statuses"),
            "type": titled("types", "type_id", "types"),
            "version": link("versions", row["version_id"]),
            "parent": link("work_packages", row["parent_id"]),
        },
    }


def attachment(row: Row, author: Row | None) -> Json:
    container = {"WorkPackage": "work_packages", "WikiPage": "wiki_pages"}.get(row["container_type"] or "", "")
    path = f"/api/v3/attachments/{row['id']}"
    return {
        "_type": "Attachment",
        "id": row["id"],
        "fileName": row["file"] or row["filename"],
        "fileSize": row["filesize"],
        "description": {**formattable(row["description"]), "format": "plain"},
        "status": ATTACHMENT_STATUSES[row["status"]],
        "contentType": row["content_type"] or "",
        "digest": {"algorithm": "md5", "hash": row["digest"]},
        "createdAt": moment(row["created_at"]),
        "_links": {
            "self": link("attachments", row["id"], row["file"] or row["filename"]),
            "author": principal_link(author) if author else {"href": None},
            "container": link(container, row["container_id"]) if container else {"href": None},
            "downloadLocation": {"href": f"{path}/content"},
            "staticDownloadLocation": {"href": f"{path}/content"},
        },
    }
