"""Rows as the API shows them: exactly the fields, in the order, of the recorded answers."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from ..shared.database import Row
from .accounts import INDIVIDUAL, VISIBILITIES
from .release import Release
from .settings import Settings

UNITS = {
    1: "repo.code",
    2: "repo.issues",
    3: "repo.pulls",
    4: "repo.releases",
    5: "repo.wiki",
    6: "repo.ext_wiki",
    7: "repo.ext_issues",
    8: "repo.projects",
    9: "repo.packages",
    10: "repo.actions",
}
UNIT_ORDER = [2, 7, 3, 8, 9, 10, 1, 4, 5, 6]
TEXTS = {"login_name", "full_name", "location", "website", "description", "language"}
ACCESS = ["none", "read", "write", "admin", "owner"]

Json = dict[str, Any]


def moment(unix: int | None) -> str:
    return datetime.fromtimestamp(unix or 0, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _avatar(settings: Settings, key: str) -> str:
    digest = hashlib.md5(key.strip().lower().encode(), usedforsecurity=False).hexdigest()
    return f"{settings.root_url}avatars/{digest}"


def _without_nulls(row: Row) -> Row:
    """Go returns an empty text where the database has none."""
    return {name: "" if value is None and name in TEXTS else value for name, value in row.items()}


def user(row: Row, viewer: Row | None, settings: Settings, release: Release) -> Json:
    known = viewer is not None and (viewer["id"] == row["id"] or bool(viewer["is_admin"]))
    email = row["email"]
    if row["keep_email_private"] and not known:
        email = f"{row['lower_name']}@noreply.localhost"
    avatar_of = row["email"] if row["type"] == INDIVIDUAL else row["lower_name"]
    row = _without_nulls(row)
    shown: Json = {"id": row["id"], "login": row["name"], "login_name": row["login_name"] if known else ""}
    if release.at_least(1, 22):
        shown["source_id"] = row["login_source"] if known else 0
    shown |= {"full_name": row["full_name"], "email": email, "avatar_url": _avatar(settings, avatar_of)}
    if release.at_least(1, 23):
        shown["html_url"] = settings.root_url + row["name"]
    return shown | {
        "language": row["language"] if known else "",
        "is_admin": bool(row["is_admin"]) if known else False,
        "last_login": moment(row["last_login_unix"]) if known else "0001-01-01T00:00:00Z",
        "created": moment(row["created_unix"]),
        "restricted": row["is_restricted"],
        "active": bool(row["is_active"]) if known else False,
        "prohibit_login": row["prohibit_login"] if known else False,
        "location": row["location"],
        "website": row["website"],
        "description": row["description"],
        "visibility": VISIBILITIES[row["visibility"]],
        "followers_count": row["num_followers"] or 0,
        "following_count": row["num_following"],
        "starred_repos_count": row["num_stars"] or 0,
        "username": row["name"],
    }


def organization(row: Row, settings: Settings) -> Json:
    row = _without_nulls(row)
    return {
        "id": row["id"],
        "name": row["name"],
        "full_name": row["full_name"],
        "email": row["email"],
        "avatar_url": _avatar(settings, row["lower_name"]),
        "description": row["description"],
        "website": row["website"],
        "location": row["location"],
        "visibility": VISIBILITIES[row["visibility"]],
        "repo_admin_change_team_access": row["repo_admin_change_team_access"],
        "username": row["name"],
    }


def team(row: Row, units: dict[int, int]) -> Json:
    shown = [unit for unit in UNIT_ORDER if unit in units]
    return {
        "id": row["id"],
        "name": row["name"],
        "description": row["description"],
        "organization": None,
        "includes_all_repositories": row["includes_all_repositories"],
        "permission": ACCESS[row["authorize"]],
        "units": [UNITS[unit] for unit in shown],
        "units_map": {UNITS[unit]: ACCESS[units[unit]] for unit in shown},
        "can_create_org_repo": row["can_create_org_repo"],
    }


def key(row: Row, owner: Json, settings: Settings) -> Json:
    return {
        "id": row["id"],
        "key": row["content"],
        "url": f"{settings.root_url}api/v1/user/keys/{row['id']}",
        "title": row["name"],
        "fingerprint": row["fingerprint"],
        "created_at": moment(row["created_unix"]),
        "user": owner,
        "key_type": "user",
    }


def token(row: Row, secret: str, release: Release) -> Json:
    shown = {"id": row["id"], "name": row["name"], "sha1": secret, "token_last_eight": row["token_last_eight"]}
    # 1.21 keeps the scopes, and enforces them, but never shows them.
    scopes = (row["scope"] or "").split(",") if release.at_least(1, 22) else None
    return shown | {"scopes": scopes}


def repository(row: Row, owner: Json, viewer: Row | None, settings: Settings) -> Json:
    full_name = f"{row['owner_name']}/{row['name']}"
    page = settings.root_url + full_name
    full_access = viewer is not None and (bool(viewer["is_admin"]) or viewer["id"] == row["owner_id"])
    return {
        "id": row["id"],
        "owner": owner,
        "name": row["name"],
        "full_name": full_name,
        "description": row["description"] or "",
        "empty": bool(row["is_empty"]),
        "private": bool(row["is_private"]),
        "fork": row["is_fork"],
        "template": row["is_template"],
        "parent": None,
        "mirror": bool(row["is_mirror"]),
        "size": row["size"] // 1024,
        "language": "",
        "languages_url": f"{settings.root_url}api/v1/repos/{full_name}/languages",
        "html_url": page,
        "url": f"{settings.root_url}api/v1/repos/{full_name}",
        "link": "",
        "ssh_url": f"git@localhost:{full_name}.git",
        "clone_url": f"{page}.git",
        "original_url": row["original_url"] or "",
        "website": row["website"] or "",
        "stars_count": row["num_stars"] or 0,
        "forks_count": row["num_forks"] or 0,
        "watchers_count": row["num_watches"] or 0,
        "open_issues_count": (row["num_issues"] or 0) - (row["num_closed_issues"] or 0),
        "open_pr_counter": (row["num_pulls"] or 0) - (row["num_closed_pulls"] or 0),
        "release_counter": 0,
        "default_branch": row["default_branch"] or "",
        "archived": bool(row["is_archived"]),
        "created_at": moment(row["created_unix"]),
        "updated_at": moment(row["updated_unix"]),
        "archived_at": moment(row["archived_unix"]),
        "permissions": {"admin": full_access, "push": full_access, "pull": True},
        "has_issues": True,
        "avatar_url": "",
        "internal": False,
        "mirror_interval": "",
    }
