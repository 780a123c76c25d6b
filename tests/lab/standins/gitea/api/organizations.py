"""/api/v1/orgs and /api/v1/teams."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify

from ...shared.database import Row
from ...shared.web import transaction
from .. import accounts, removal, represent
from ..context import context
from ..errors import ApiError, NotExistError, not_found
from . import paging
from .admin import shown
from .authentication import needs
from .targets import organization_named, user_named

blueprint = Blueprint("organizations", __name__, url_prefix="/api/v1")
anyone = needs(category="organization", signed_in=False)
signed_in = needs(category="organization")


@blueprint.get("/orgs/<name>")
@anyone
def one_organization(name: str) -> Response:
    return jsonify(represent.organization(organization_named(name), context().settings))


@blueprint.get("/admin/orgs")
@needs(category="admin", admin=True)
def list_organizations() -> Response:
    return _list_organizations(f"type = {accounts.ORGANIZATION}", ())


@blueprint.get("/users/<name>/orgs")
@signed_in
def list_organizations_of(name: str) -> Response:
    member = user_named(name)
    return _list_organizations("id IN (SELECT org_id FROM org_user WHERE uid = %s)", (member["id"],))


def _list_organizations(wanted: str, arguments: tuple[int, ...]) -> Response:
    page = paging.requested()
    total = transaction().value(f'SELECT count(*) FROM "user" WHERE {wanted}', arguments)
    rows = transaction().rows(f'SELECT * FROM "user" WHERE {wanted} ORDER BY name' + page.sql, arguments)
    return paging.answer([represent.organization(row, context().settings) for row in rows], page, total)


@blueprint.get("/orgs/<name>/teams")
@signed_in
def list_teams(name: str) -> Response:
    organization = organization_named(name)
    _check_membership(organization["id"])
    page = paging.requested()
    total = transaction().value("SELECT count(*) FROM team WHERE org_id = %s", (organization["id"],))
    rows = transaction().rows("SELECT * FROM team WHERE org_id = %s ORDER BY name" + page.sql, (organization["id"],))
    return paging.answer([represent.team(row, _units(row)) for row in rows], page, total)


@blueprint.get("/orgs/<name>/members")
@anyone
def list_members(name: str) -> Response:
    organization = organization_named(name)
    page = paging.requested()
    members = 'FROM org_user o JOIN "user" u ON u.id = o.uid WHERE o.org_id = %s'
    if g.doer is None or not (g.doer["is_admin"] or _is_member(organization["id"])):
        members += " AND o.is_public"
    total = transaction().value(f"SELECT count(*) {members}", (organization["id"],))
    rows = transaction().rows(f"SELECT u.* {members} ORDER BY u.id" + page.sql, (organization["id"],))
    return paging.answer([shown(row) for row in rows], page, total)


@blueprint.delete("/orgs/<name>/members/<member>")
@signed_in
def remove_member(name: str, member: str) -> tuple[str, int]:
    organization = organization_named(name)
    if not g.doer["is_admin"] and not _is_owner(organization["id"]):
        raise ApiError(403, "Must be an organization owner")
    user = _user(member)
    teams = transaction().rows("SELECT * FROM team WHERE org_id = %s", (organization["id"],))
    owners = next(team for team in teams if team["lower_name"] == "owners")
    _check_not_last_owner(owners, user)
    for team in teams:
        removal.leave_team(transaction(), team, user["id"])
    transaction().run("DELETE FROM org_user WHERE org_id = %s AND uid = %s", (organization["id"], user["id"]))
    return "", 204


@blueprint.get("/teams/<int:team_id>/members")
@signed_in
def list_team_members(team_id: int) -> Response:
    team = _team(team_id)
    page = paging.requested()
    members = 'FROM team_user t JOIN "user" u ON u.id = t.uid WHERE t.team_id = %s'
    total = transaction().value(f"SELECT count(*) {members}", (team["id"],))
    rows = transaction().rows(f"SELECT u.* {members} ORDER BY u.id" + page.sql, (team["id"],))
    return paging.answer([shown(row) for row in rows], page, total)


@blueprint.get("/teams/<int:team_id>/members/<name>")
@signed_in
def one_team_member(team_id: int, name: str) -> Response:
    team, user = _team(team_id), _user(name)
    if not transaction().row("SELECT 1 FROM team_user WHERE team_id = %s AND uid = %s", (team["id"], user["id"])):
        raise not_found()
    return jsonify(shown(user))


@blueprint.put("/teams/<int:team_id>/members/<name>")
@signed_in
def add_team_member(team_id: int, name: str) -> tuple[str, int]:
    team = _team(team_id, owners_only=True)
    user = _user(name)
    org_id = team["org_id"]
    if not _is_member(org_id, user["id"]):
        transaction().insert("org_user", {"uid": user["id"], "org_id": org_id, "is_public": False})
        transaction().run('UPDATE "user" SET num_members = num_members + 1 WHERE id = %s', (org_id,))
    if not transaction().row("SELECT 1 FROM team_user WHERE team_id = %s AND uid = %s", (team["id"], user["id"])):
        transaction().insert("team_user", {"org_id": org_id, "team_id": team["id"], "uid": user["id"]})
        transaction().run("UPDATE team SET num_members = num_members + 1 WHERE id = %s", (team["id"],))
    return "", 204


@blueprint.delete("/teams/<int:team_id>/members/<name>")
@signed_in
def remove_team_member(team_id: int, name: str) -> tuple[str, int]:
    team = _team(team_id, owners_only=True)
    user = _user(name)
    if team["lower_name"] == "owners":
        _check_not_last_owner(team, user)
    removal.leave_team(transaction(), team, user["id"])
    return "", 204


def _check_not_last_owner(owners: Row, user: Row) -> None:
    others = "SELECT 1 FROM team_user WHERE team_id = %s AND uid <> %s"
    member = "SELECT 1 FROM team_user WHERE team_id = %s AND uid = %s"
    if transaction().row(member, (owners["id"], user["id"])) and not transaction().row(
        others, (owners["id"], user["id"])
    ):
        raise ApiError(500, f"user is the last member of owner team [uid: {user['id']}]")


def _team(team_id: int, owners_only: bool = False) -> Row:
    team = transaction().row("SELECT * FROM team WHERE id = %s", (team_id,))
    if team is None:
        raise not_found()
    if owners_only and not g.doer["is_admin"] and not _is_owner(team["org_id"]):
        raise ApiError(403, "Must be an organization owner")
    _check_membership(team["org_id"])
    return team


def _user(name: str) -> Row:
    try:
        return accounts.existing(transaction(), name)
    except NotExistError as error:
        raise not_found("GetUserByName", [str(error)]) from error


def _units(team: Row) -> dict[int, int]:
    rows = transaction().rows("SELECT type, access_mode FROM team_unit WHERE team_id = %s", (team["id"],))
    return {row["type"]: row["access_mode"] for row in rows}


def _is_member(org_id: int, user_id: int | None = None) -> bool:
    asked = g.doer["id"] if user_id is None else user_id
    return bool(transaction().row("SELECT 1 FROM org_user WHERE org_id = %s AND uid = %s", (org_id, asked)))


def _is_owner(org_id: int) -> bool:
    return bool(
        transaction().row(
            "SELECT 1 FROM team_user u JOIN team t ON t.id = u.team_id"
            " WHERE t.org_id = %s AND t.lower_name = 'owners' AND u.uid = %s",
            (org_id, g.doer["id"]),
        )
    )


def _check_membership(org_id: int) -> None:
    if not g.doer["is_admin"] and not _is_member(org_id):
        raise ApiError(403, "Must be an organization member")
