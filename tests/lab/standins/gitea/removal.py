"""Renaming and deleting accounts: rows, and the bare repositories in the volume that belong to them."""

from __future__ import annotations

import shutil
from pathlib import Path

from ..shared.database import Row, Transaction
from . import accounts, names, packages
from .errors import AlreadyExistsError, RefusedError

LAST_ADMIN = "can not delete the last admin user [uid: {}]"


def rename(transaction: Transaction, user: Row, name: str, repositories: Path) -> None:
    names.check_name(name)
    old, new = user["lower_name"], name.lower()
    if new != old:
        if accounts.by_name(transaction, name):
            raise AlreadyExistsError(f"user already exists [name: {name}]")
        transaction.run("DELETE FROM user_redirect WHERE lower_name IN (%s, %s)", (old, new))
        transaction.insert("user_redirect", {"lower_name": old, "redirect_user_id": user["id"]})
    transaction.update("user", user["id"], {"name": name, "lower_name": new})
    transaction.run("UPDATE repository SET owner_name = %s WHERE owner_id = %s", (name, user["id"]))
    if new != old and (repositories / old).is_dir():
        (repositories / old).rename(repositories / new)


def delete(transaction: Transaction, user: Row, purge: bool, repositories: Path) -> None:
    if purge:
        _delete_repositories(transaction, user, repositories)
        packages.delete_all(transaction, user)
        _leave_organizations(transaction, user, repositories)
    about = f"[uid: {user['id']}]"
    if transaction.row("SELECT 1 FROM repository WHERE owner_id = %s LIMIT 1", (user["id"],)):
        raise RefusedError(f"user still has ownership of repositories {about}")
    if transaction.row("SELECT 1 FROM org_user WHERE uid = %s LIMIT 1", (user["id"],)):
        raise RefusedError(f"user still has membership of organizations {about}")
    if packages.count(transaction, user):
        raise RefusedError(f"user still has ownership of packages {about}")
    accounts.check_not_last_admin(transaction, user, LAST_ADMIN.format(user["id"]))
    for table, column in [
        ("access_token", "uid"),
        ("public_key", "owner_id"),
        ("email_address", "uid"),
        ("user_redirect", "redirect_user_id"),
    ]:
        transaction.run(f"DELETE FROM {table} WHERE {column} = %s", (user["id"],))
    transaction.run('DELETE FROM "user" WHERE id = %s', (user["id"],))


def leave_team(transaction: Transaction, team: Row, user_id: int) -> None:
    left = transaction.run("DELETE FROM team_user WHERE team_id = %s AND uid = %s", (team["id"], user_id))
    transaction.run("UPDATE team SET num_members = num_members - %s WHERE id = %s", (left, team["id"]))
    rest = "SELECT 1 FROM team_user WHERE org_id = %s AND uid = %s"
    if left and not transaction.row(rest, (team["org_id"], user_id)):
        transaction.run("DELETE FROM org_user WHERE org_id = %s AND uid = %s", (team["org_id"], user_id))
        transaction.run('UPDATE "user" SET num_members = num_members - 1 WHERE id = %s', (team["org_id"],))


def _leave_organizations(transaction: Transaction, user: Row, repositories: Path) -> None:
    for membership in transaction.rows("SELECT org_id FROM org_user WHERE uid = %s", (user["id"],)):
        org_id = membership["org_id"]
        teams = transaction.rows("SELECT * FROM team WHERE org_id = %s", (org_id,))
        owners = next(team for team in teams if team["lower_name"] == "owners")
        others = "SELECT 1 FROM team_user WHERE team_id = %s AND uid <> %s"
        if transaction.row(others, (owners["id"], user["id"])):
            for team in teams:
                leave_team(transaction, team, user["id"])
            transaction.run("DELETE FROM org_user WHERE org_id = %s AND uid = %s", (org_id, user["id"]))
        else:
            _delete_organization(transaction, accounts.by_id(transaction, org_id), repositories)


def _delete_organization(transaction: Transaction, organization: Row, repositories: Path) -> None:
    _delete_repositories(transaction, organization, repositories)
    for table in ("team_user", "team_unit", "team_repo", "team", "org_user"):
        transaction.run(f"DELETE FROM {table} WHERE org_id = %s", (organization["id"],))
    transaction.run('DELETE FROM "user" WHERE id = %s', (organization["id"],))


def _delete_repositories(transaction: Transaction, owner: Row, repositories: Path) -> None:
    of_owner = "(SELECT id FROM repository WHERE owner_id = %s)"
    for sql in [
        f"DELETE FROM comment WHERE issue_id IN (SELECT id FROM issue WHERE repo_id IN {of_owner})",
        f"DELETE FROM attachment WHERE repo_id IN {of_owner}",
        f"DELETE FROM issue WHERE repo_id IN {of_owner}",
        f"DELETE FROM issue_index WHERE group_id IN {of_owner}",
        f"DELETE FROM repo_unit WHERE repo_id IN {of_owner}",
        f"DELETE FROM team_repo WHERE repo_id IN {of_owner}",
        f"DELETE FROM lfs_meta_object WHERE repository_id IN {of_owner}",
        "DELETE FROM repository WHERE owner_id = %s",
    ]:
        transaction.run(sql, (owner["id"],))
    shutil.rmtree(repositories / owner["lower_name"], ignore_errors=True)
