"""Gitea without a database server, as its first quick start: the same answers, and everything in one folder."""

from __future__ import annotations

import socket

import pytest

from standins.tests.support import PORTS, Application, Lab, address

PASSWORD = "Adm1n!pass-word"


@pytest.fixture(scope="module")
def quick_start(lab: Lab) -> Application:
    given = {"GITEA__database__HOST": "", "GITEA__database__DB_TYPE": "sqlite3", "LAB_START_SECONDS": "1"}
    application = lab.start("gitea", "1.22.6", database="unused", environment=given)
    create = ("gitea", "admin", "user", "create", "--admin", "--username", "root1", "--email", "r@example.test")
    application.output(*create, "--password", PASSWORD)
    return application


def test_accounts_tokens_and_teams_work_on_sqlite(quick_start: Application) -> None:
    token = quick_start.output(
        "gitea", "admin", "user", "generate-access-token", "--username", "root1", "--scopes", "all", "--raw"
    )
    quick_start.session.headers["Authorization"] = f"token {token}"
    body = {"username": "anna", "email": "anna@example.test", "password": PASSWORD, "must_change_password": False}
    made = quick_start.send("POST", "/api/v1/admin/users", json=body)
    assert (made.status_code, made.json()["active"], made.json()["is_admin"]) == (201, True, False)
    assert quick_start.send("POST", "/api/v1/admin/users", json=body).status_code == 422
    organization = quick_start.send("POST", "/api/v1/admin/users/root1/orgs", json={"username": "acme"})
    assert organization.status_code == 201, organization.text
    [team] = quick_start.send("GET", "/api/v1/orgs/acme/teams").json()
    assert quick_start.send("PUT", f"/api/v1/teams/{team['id']}/members/anna").status_code == 204
    members = quick_start.send("GET", f"/api/v1/teams/{team['id']}/members").json()
    assert sorted(member["login"] for member in members) == ["anna", "root1"]
    listed = quick_start.send("GET", "/api/v1/admin/users").json()
    assert [(user["login"], user["active"], user["prohibit_login"]) for user in listed] == [
        ("anna", True, False),
        ("root1", True, False),
    ]
    quick_start.output("gitea", "admin", "user", "must-change-password", "--all", "--exclude", "root1")
    assert "1.22.6" in quick_start.send("GET", "/api/v1/version").text


def test_data_belongs_to_root_and_its_folders_to_gitea(quick_start: Application) -> None:
    owners = quick_start.output("stat", "-c", "%n %U %a", "/data", "/data/git", "/data/gitea", "/data/ssh")
    assert owners.split("\n") == ["/data root 755", "/data/git git 755", "/data/gitea git 755", "/data/ssh root 755"]
    assert quick_start.output("stat", "-c", "%U", "/data/gitea/gitea.db") == "git"
    ini = quick_start.output("cat", "/data/gitea/conf/app.ini")
    assert "DB_TYPE = sqlite3\n" in ini
    assert "PATH = /data/gitea/gitea.db\n" in ini


def test_health_names_the_database_and_the_ssh_server_greets(quick_start: Application) -> None:
    assert quick_start.send("GET", "/api/healthz").json()["checks"]["database:ping"][0]["status"] == "pass"
    assert quick_start.logged(r"\[I\] PING DATABASE sqlite3")
    assert quick_start.logged(r"completed GET /api/healthz for \S+, 200 OK in \S+ms @ healthcheck/check.go:67")
    with socket.create_connection((address(quick_start.container), 22), timeout=5) as connection:
        assert connection.recv(40).startswith(b"SSH-2.0-OpenSSH")
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert connection.recv(40) == b""
    assert quick_start.logged(r"banner exchange: Connection from \S+ port \d+: invalid format")
    assert PORTS["gitea"] == 3000
