"""The Gitea stand-in as a service: start, configuration, health, logs, the command, stopping."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator

import pytest
import requests

from standins.tests.gitea_client import ADMIN, ADMIN_PASSWORD, Gitea
from standins.tests.support import Lab, docker

INI = "/data/gitea/conf/app.ini"


@pytest.fixture
def healthy_again(gitea: Gitea) -> Iterator[None]:
    yield
    gitea.application.output("lab-control", "reset")


def users(gitea: Gitea) -> int:
    ((found,),) = gitea.application.query('SELECT count(*) FROM "user" WHERE type = 0')
    return int(found)


def health(gitea: Gitea) -> requests.Response:
    return gitea.application.send("GET", "/api/healthz")


def test_app_ini_is_private_and_contains_the_environment(gitea: Gitea) -> None:
    assert gitea.application.output("stat", "-c", "%a %U", INI) == "600 git"
    text = gitea.application.output("cat", INI)
    assert "[database]" in text
    assert "NAME = " + gitea.application.database in text
    assert "NOTE = `a#b`" in text
    assert "INSTALL_LOCK = true" in text


def test_healthz_names_each_check(gitea: Gitea) -> None:
    answer = health(gitea)
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["status", "description", "checks"]
    assert body["status"] == "pass"
    assert set(body["checks"]) == {"cache:ping", "database:ping"}
    for (check,) in body["checks"].values():
        assert set(check) == {"status", "time"}


def test_healthz_is_424_while_the_database_refuses_and_recovers(gitea: Gitea, lab: Lab) -> None:
    database = gitea.application.database
    lab.query("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    lab.query("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))
    try:
        time.sleep(1.1)
        answer = health(gitea)
        assert (answer.status_code, answer.json()["status"]) == (424, "fail")
        assert answer.json()["checks"]["database:ping"][0]["status"] == "fail"
        assert gitea.api("GET /version").status_code == 500
    finally:
        lab.query("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    assert health(gitea).status_code == 200


def test_healthz_asks_a_configured_cache(lab: Lab) -> None:
    cache = {"GITEA__cache__ADAPTER": "redis", "GITEA__cache__HOST": f"redis://:pw@{lab.host}:6379/0?pool_size=100"}
    answer = lab.start("gitea", "1.22.6", environment=cache).send("GET", "/api/healthz")
    assert answer.status_code == 424
    statuses = {name: check["status"] for name, (check,) in answer.json()["checks"].items()}
    assert statuses == {"cache:ping": "fail", "database:ping": "pass"}


def test_control_makes_it_unhealthy_and_slow(gitea: Gitea, healthy_again: None) -> None:
    gitea.application.output("lab-control", "unhealthy=1", "slow=1")
    started = time.monotonic()
    assert health(gitea).status_code == 424
    assert time.monotonic() - started >= 1
    assert gitea.api("GET /user").status_code == 200
    gitea.application.output("lab-control", "reset")
    started = time.monotonic()
    assert health(gitea).status_code == 200
    assert time.monotonic() - started < 1


def test_control_is_shared_by_root_and_the_application(gitea: Gitea, healthy_again: None) -> None:
    assert gitea.application.run("lab-control", "unhealthy=1", user="root").returncode == 0
    assert health(gitea).status_code == 424
    gitea.application.output("lab-control", "reset")
    assert gitea.application.run("lab-control", user="root").stdout.startswith('{"slow": 0.0, "unhealthy": false')
    assert health(gitea).status_code == 200


def test_control_refuses_unknown_settings(gitea: Gitea) -> None:
    for word in ("fast=1", "slow=soon", "unhealthy=maybe"):
        finished = gitea.application.run("lab-control", word)
        assert finished.returncode == 2
        assert "usage:" in finished.stderr


def test_metrics_require_their_token(gitea: Gitea) -> None:
    assert gitea.application.send("GET", "/metrics").status_code == 401
    answer = gitea.application.send("GET", "/metrics", headers={"Authorization": "Bearer scrape-1"})
    assert answer.status_code == 200
    assert re.search(rf"^gitea_users {users(gitea)}$", answer.text, re.MULTILINE)


def test_first_page_shows_what_the_database_holds(gitea: Gitea) -> None:
    page = gitea.application.send("GET", "/").text
    assert f"<dt>users</dt><dd>{users(gitea)}</dd>" in page
    assert "1.21.11" in page


def sign_in(gitea: Gitea, name: str, password: str, **options: object) -> requests.Response:
    form = {"user_name": name, "password": password}
    return gitea.application.send("POST", "/user/login", data=form, allow_redirects=False, **options)


def test_failed_sign_in_writes_the_line_for_reports(gitea: Gitea) -> None:
    assert sign_in(gitea, ADMIN, ADMIN_PASSWORD).status_code == 303
    sign_in(gitea, ADMIN, "wrong-one")
    sign_in(gitea, "mallory", "wrong-two")
    sign_in(gitea, "evil\nname", "wrong-three")
    logged = gitea.application.logged
    line = r"\.\.\.ers/web/auth/auth\.go:215:SignInPost\(\) \[I\] Failed authentication attempt for {} from {}: {}"
    address = r"\d+\.\d+\.\d+\.\d+:\d+"
    assert logged(line.format(ADMIN, address, rf"user's password is invalid \[uid: 1, name: {ADMIN}\]"))
    assert logged(line.format("mallory", address, r"user does not exist \[uid: 0, name: mallory, keyid: 0\]"))
    assert logged(r"for evil\\u000aname from")


def test_failed_api_authentication_logs_without_an_address(gitea: Gitea) -> None:
    gitea.api("GET /user", who=f"{ADMIN}:not-the-password")
    logged = gitea.application.logged
    assert logged(rf"\[E\] UserSignIn: user's password is invalid \[uid: 1, name: {ADMIN}\]\n")
    assert logged(r"router: completed GET /api/v1/user for \d+\.\d+\.\d+\.\d+:\d+, 401 Unauthorized")


def test_level_of_the_failed_sign_in_is_warning_from_1_23(newest_gitea: Gitea) -> None:
    sign_in(newest_gitea, "mallory", "wrong", headers={"X-Real-IP": "203.0.113.9"})
    line = r"\[W\] Failed authentication attempt for mallory from 203\.0\.113\.9: user does not exist"
    assert newest_gitea.application.logged(line)


def test_logs_hold_no_secrets(gitea: Gitea) -> None:
    token = gitea.api("POST /users/root1/tokens", {"name": "t", "scopes": ["all"]}, who=f"{ADMIN}:{ADMIN_PASSWORD}")
    secret = token.json()["sha1"]
    gitea.application.send("GET", f"/api/v1/user?token={secret}")
    gitea.api("POST /admin/users", {"username": "p", "email": "p@example.test", "password": "Not-to-be-seen-1"})
    gitea.application.send("GET", "/the-last-line")
    assert gitea.application.logged("/the-last-line")
    logs = gitea.application.logs()
    for word in (secret, gitea.token, ADMIN_PASSWORD, "Not-to-be-seen-1", "wrong-one", "not-the-password", "lab-test"):
        assert word not in logs


def test_rename_and_purge_include_the_repositories(gitea: Gitea) -> None:
    gitea.api(
        "POST /admin/users", {"username": "Owner", "email": "owner@example.test", "password": "Secret-1234"}
    ).raise_for_status()
    run = gitea.application.output
    run("git", "init", "--quiet", "--bare", "/data/git/repositories/owner/tool.git")
    gitea.application.query(
        "INSERT INTO repository (owner_id, owner_name, lower_name, name)"
        " SELECT id, name, 'tool', 'Tool' FROM \"user\" WHERE lower_name = 'owner'"
    )
    assert gitea.api("GET /repos/owner/TOOL").json()["full_name"] == "Owner/Tool"
    assert [one["name"] for one in gitea.api("GET /repos/search?q=oo").json()["data"]] == ["Tool"]
    gitea.api("POST /admin/users/owner/rename", {"new_username": "keeper"})
    assert run("ls", "/data/git/repositories") == "keeper"
    assert gitea.api("GET /repos/keeper/tool").json()["full_name"] == "keeper/Tool"
    refused = gitea.api("DELETE /admin/users/keeper")
    assert refused.status_code == 422
    assert "user still has ownership of repositories" in refused.json()["message"]
    assert gitea.api("DELETE /admin/users/keeper?purge=true").status_code == 204
    assert run("ls", "/data/git/repositories") == ""
    assert gitea.api("GET /repos/keeper/tool").status_code == 404


def test_command_refuses_root_and_unknown_flags(gitea: Gitea) -> None:
    as_root = gitea.application.run("gitea", "admin", "user", "list", user="root")
    assert as_root.returncode == 1
    assert "not supposed to be run as root" in as_root.stderr
    assert gitea.application.output("gitea", "--version").startswith("Gitea version 1.21.11 ")
    unknown = gitea.application.run("gitea", "admin", "user", "create", "--fullname", "x")
    assert unknown.returncode == 1
    assert "flag provided but not defined: -fullname" in unknown.stderr


def test_command_creates_and_lists(gitea: Gitea) -> None:
    create = ["gitea", "admin", "user", "create", "--username", "cli", "--email", "cli@example.test"]
    # The command takes passwords that the API calls too short.
    assert "New user 'cli' has been successfully created!" in gitea.application.output(*create, "--password", "x")
    again = gitea.application.run(*create, "--password", "x")
    assert (again.returncode, again.stderr) == (1, "Command error: CreateUser: user already exists [name: cli]\n")
    header, *rows = gitea.application.output("gitea", "admin", "user", "list").splitlines()
    assert header.split() == ["ID", "Username", "Email", "IsActive", "IsAdmin", "2FA"]
    assert any(row.split()[1:] == ["cli", "cli@example.test", "true", "false", "false"] for row in rows)


def test_command_ignores_flags_after_a_name(gitea: Gitea) -> None:
    must = ["gitea", "admin", "user", "must-change-password"]
    assert gitea.application.output(*must, "root1", "--unset") == "Updated 1 users setting MustChangePassword to true"
    assert gitea.application.output(*must, "--unset", "root1") == "Updated 1 users setting MustChangePassword to false"


def test_command_changes_a_password(gitea: Gitea) -> None:
    change = ["gitea", "admin", "user", "change-password", "--username", ADMIN, "--password"]
    short = gitea.application.run(*change, "short")
    assert (short.returncode, short.stderr[:14]) == (1, "Command error:")
    gitea.application.output(*change, ADMIN_PASSWORD + "-2")
    assert gitea.api("GET /user", who=f"{ADMIN}:{ADMIN_PASSWORD}-2").status_code == 200
    gitea.application.output(*change, ADMIN_PASSWORD)


def test_stops_at_once_and_starts_again_with_the_same_secrets(gitea: Gitea) -> None:
    before = gitea.application.output("cat", INI)
    gitea.application.output("lab-control", "slow=20")
    waiting = threading.Thread(target=_ignore_errors, args=(gitea,), daemon=True)
    waiting.start()
    time.sleep(0.3)
    started = time.monotonic()
    docker("stop", "-t", "30", gitea.application.container)
    assert time.monotonic() - started < 4
    docker("start", gitea.application.container)
    gitea.application.refresh_address()
    time.sleep(0.2)
    gitea.application.output("lab-control", "reset")
    gitea.application.wait()
    assert gitea.application.output("cat", INI) == before
    assert gitea.api("GET /user").status_code == 200


def _ignore_errors(gitea: Gitea) -> None:
    try:
        gitea.application.send("GET", "/")
    except requests.RequestException:
        return


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LAB_REFUSE_START": "1"}, "ORM engine initialization failed"),
        (
            {
                "GITEA__database__HOST": "nowhere",
                "GITEA__database__DB_RETRIES": "2",
                "GITEA__database__DB_RETRY_BACKOFF": "0.2s",
            },
            "ORM engine initialization attempt #2/2 failed",
        ),
        ({"GITEA__database__PASSWD": "wrong-secret", "GITEA__database__DB_RETRIES": "1"}, "authentication failed"),
    ],
)
def test_impossible_start_ends_with_the_reason(lab: Lab, environment: dict[str, str], words: str) -> None:
    application = lab.start("gitea", "1.21.11", environment=environment, wait=False)
    assert application.exit_code() == 1
    assert application.logged(words)
    assert "wrong-secret" not in application.logs()


def test_registry_is_at_the_root_and_asks_to_sign_in(gitea: Gitea) -> None:
    answer = gitea.application.send("GET", "/v2/")
    assert answer.status_code == 401
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="http://gitea.test/v2/token"')
