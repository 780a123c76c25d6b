"""The OpenProject stand-in as a service: health checks, sign-in, logs, tokens, start."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests

from standins.tests import openproject_client
from standins.tests.openproject_client import OpenProject
from standins.tests.support import Lab

ADMIN, ADMIN_PASSWORD = "admin", "Adm1n!pass-word"
CHECKS = ["default", "database", "mail", "worker", "worker_backed_up", "puma"]
LATE_JOB = "INSERT INTO good_jobs (queue_name, scheduled_at) VALUES ('default', now() - interval '6 min')"


@pytest.fixture
def healthy_again(openproject: OpenProject) -> Iterator[None]:
    yield
    openproject.application.output("lab-control", "reset")
    openproject.application.query("DELETE FROM good_jobs")


def check(openproject: OpenProject, name: str, **options: object) -> requests.Response:
    return openproject.application.send("GET", f"/health_checks/{name}", **options)


def test_each_check_as_text_and_as_json(openproject: OpenProject) -> None:
    for name in CHECKS:
        text = check(openproject, name)
        assert text.status_code == 200
        assert re.fullmatch(rf"{name}: PASSED .+\n", text.text)
        body = check(openproject, f"{name}.json").json()
        assert list(body) == [name]
        assert set(body[name]) == {"message", "success"}
    for name in ("web", "full", "all"):
        assert check(openproject, name).status_code == 200
    assert list(check(openproject, "all.json").json()) == CHECKS
    assert check(openproject, "nope").status_code == 404
    assert check(openproject, "nope.json").status_code == 404


def test_a_job_that_no_worker_takes_fails_the_worker_check(openproject: OpenProject, healthy_again: None) -> None:
    openproject.application.query(LATE_JOB)
    failed = check(openproject, "worker")
    assert failed.status_code == 500
    assert failed.text.startswith("worker: FAILED ")
    assert check(openproject, "worker.json").json()["worker"]["success"] is False
    assert check(openproject, "all").status_code == 500
    assert check(openproject, "web").status_code == 200


def test_a_full_queue_alone_never_fails_the_overall_check(openproject: OpenProject, healthy_again: None) -> None:
    openproject.application.query("INSERT INTO good_jobs (queue_name) SELECT 'default' FROM generate_series(1, 100)")
    answer = check(openproject, "all")
    assert answer.status_code == 200
    assert "worker_backed_up: FAILED 100 jobs queued" in answer.text


def test_the_database_check_asks_the_database(openproject: OpenProject, lab: Lab) -> None:
    database = openproject.application.database
    token = openproject.token("admin")
    lab.query("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS false")
    lab.query("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))
    try:
        assert check(openproject, "database").status_code == 500
        assert check(openproject, "default").status_code == 200
        failed = openproject.api("GET /api/v3/users/me", who=f"apikey:{token}")
        assert failed.status_code == 500
        assert failed.json()["_type"] == "Error"
    finally:
        lab.query("postgres", f"ALTER DATABASE {database} ALLOW_CONNECTIONS true")
    assert check(openproject, "database").status_code == 200


def test_control_fails_every_check(openproject: OpenProject, healthy_again: None) -> None:
    openproject.application.output("lab-control", "unhealthy=1")
    for name in ("default", "database", "all"):
        assert check(openproject, name).status_code == 500
    assert openproject.application.send("GET", "/").status_code == 200


def test_checks_may_require_a_password(lab: Lab) -> None:
    environment = {"OPENPROJECT_HEALTH__CHECKS__AUTHENTICATION__PASSWORD": "probe"}
    guarded = openproject_client.start(lab, "14.6.3", environment=environment)
    assert check(guarded, "default").status_code == 401
    assert check(guarded, "default", auth=("health_checks", "probe")).status_code == 200


def sign_in(openproject: OpenProject, name: str, password: str, **options: object) -> requests.Response:
    form = {"username": name, "password": password}
    return openproject.application.send("POST", "/login", data=form, allow_redirects=False, **options)


def test_sign_in_keeps_a_session_in_the_database(openproject: OpenProject) -> None:
    answer = sign_in(openproject, ADMIN, ADMIN_PASSWORD)
    assert answer.status_code == 302
    page = openproject.application.send("GET", "/", cookies=answer.cookies)
    assert "Signed in as admin" in page.text
    assert openproject.application.query("SELECT count(*) FROM sessions WHERE user_id IS NOT NULL") == [(1,)]
    openproject.application.session.cookies.clear()


def test_failed_sign_in_writes_the_line_for_reports(openproject: OpenProject) -> None:
    openproject.api("POST /api/v3/users", json={"email": "invited@example.test", "status": "invited"})
    openproject.application.query(
        "INSERT INTO user_passwords (user_id, hashed_password, salt, type)"
        " SELECT u.id, p.hashed_password, p.salt, p.type FROM users u, user_passwords p"
        " WHERE u.login = 'invited@example.test' AND p.user_id = (SELECT id FROM users WHERE login = 'admin')"
    )
    sign_in(openproject, "invited@example.test", ADMIN_PASSWORD)
    sign_in(openproject, "mallory", "wrong-one", headers={"X-Forwarded-For": "198.51.100.7, 10.0.0.2"})
    openproject.application.query("UPDATE users SET status = 2 WHERE login = 'invited@example.test'")
    sign_in(openproject, "invited@example.test", ADMIN_PASSWORD)
    sign_in(openproject, "evil\nname", "wrong-two")
    logged = openproject.application.logged
    line = r"W, \[.+\]  WARN -- : \[.+\] Failed login for '{}' from {} at \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC: {}\n"
    assert logged(line.format("mallory", r"198\.51\.100\.7", "invalid credentials"))
    assert logged(line.format("invited@example.test", r"[\d.]+", "invited, NOT ACTIVATED"))
    assert logged(line.format("invited@example.test", r"[\d.]+", "NOT ACTIVATED"))
    assert logged(r"Failed login for 'evil\\u000aname' from")


def test_twenty_failures_block_for_thirty_minutes(openproject: OpenProject) -> None:
    openproject.application.query("UPDATE users SET failed_login_count = 0 WHERE login = 'admin'")
    for _failure in range(20):
        assert sign_in(openproject, ADMIN, "wrong-three").status_code == 422
    assert sign_in(openproject, ADMIN, ADMIN_PASSWORD).status_code == 422
    openproject.application.query("UPDATE users SET last_failed_login_on = now() - interval '31 min'")
    assert sign_in(openproject, ADMIN, ADMIN_PASSWORD).status_code == 302
    openproject.application.session.cookies.clear()


def test_logs_hold_no_secrets(openproject: OpenProject) -> None:
    openproject.api("GET /api/v3/users/me", who="bearer")
    openproject.api("GET /api/v3/users/me", who="apikey:not-a-token")
    openproject.application.send("GET", "/the-last-line")
    assert openproject.application.logged("/the-last-line")
    logs = openproject.application.logs()
    words = ("not-a-token", "wrong-one", "wrong-three", ADMIN_PASSWORD, openproject.token("admin"), "lab-test")
    for word in words:
        assert word not in logs


def test_tokens_are_invalid_with_another_secret_key_base(openproject: OpenProject, lab: Lab) -> None:
    token = openproject.token("admin")
    other = openproject_client.start(
        lab, "15.5.1", database=openproject.application.database, environment={"SECRET_KEY_BASE": "other"}
    )
    assert other.api("GET /api/v3/users/me", who=f"apikey:{token}").status_code == 401
    assert openproject.api("GET /api/v3/users/me", who=f"apikey:{token}").status_code == 200


def test_deletion_once_it_is_allowed(openproject: OpenProject) -> None:
    created = openproject.api("POST /api/v3/users", json={"email": "gone@example.test", "status": "invited"}).json()
    openproject.application.query("UPDATE settings SET value = '1' WHERE name = 'users_deletable_by_admins'")
    assert openproject.api(f"DELETE /api/v3/users/{created['id']}").status_code == 202
    assert openproject.api(f"GET /api/v3/users/{created['id']}").status_code == 404


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LAB_REFUSE_START": "1"}, "rake aborted!"),
        ({"SECRET_KEY_BASE": ""}, "SECRET_KEY_BASE must be set"),
        ({"DATABASE_URL": "postgres://a:top-secret@nowhere/x", "LAB_DATABASE_WAIT": "1"}, "rake aborted!"),
    ],
)
def test_impossible_start_ends_with_the_reason(lab: Lab, environment: dict[str, str], words: str) -> None:
    application = lab.start("openproject", "14.6.3", environment=environment, wait=False)
    assert application.exit_code() == 1
    assert application.logged(words)
    assert "top-secret" not in application.logs()


def test_requests_for_other_host_names_are_refused(lab: Lab) -> None:
    names = {
        "OPENPROJECT_HOST__NAME": "ops.example.test",
        "OPENPROJECT_ADDITIONAL__HOST__NAMES": '["localhost:9000", ".more.test"]',
    }
    guarded = openproject_client.start(lab, "17.0.0", environment=names).application

    def status(path: str, **headers: str) -> int:
        return guarded.send("GET", path, headers={"Host": "ops.example.test", **headers}).status_code

    for host in ("ops.example.test", "ops.example.test:8443", "localhost:9000", "a.more.test"):
        assert status("/login", Host=host) == 200
    for host in ("127.0.0.1:9000", "localhost:8080", "ops.example.test.evil"):
        refused = guarded.send("GET", "/api/v3", headers={"Host": host})
        assert (refused.status_code, refused.text) == (400, "Invalid host_name configuration")
        assert refused.headers["Content-Type"].startswith("text/plain")
        assert status("/login", **{"X-Forwarded-Host": host}) == 400
        assert status("/health_checks/default", Host=host) == 200


def test_an_account_of_17_is_deleted_by_a_job(lab: Lab) -> None:
    later = openproject_client.start(lab, "17.0.0", environment={"LAB_DELETION_SECONDS": "-1"})
    later.application.query("UPDATE settings SET value = '1' WHERE name = 'users_deletable_by_admins'")
    made = later.api("POST /api/v3/users", json={"email": "gone@example.test", "status": "invited"}).json()
    assert later.api(f"DELETE /api/v3/users/{made['id']}").status_code == 202
    assert later.api(f"GET /api/v3/users/{made['id']}").json()["status"] == "deleted"


WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def test_collaboration_of_17_is_on_port_80_alone(lab: Lab, openproject: OpenProject) -> None:
    newest = openproject_client.start(lab, "17.1.0").application
    assert newest.send("GET", "/hocuspocus", headers=WEBSOCKET).status_code == 404
    own = newest.url.replace(":8080", ":80")
    answer = newest.session.get(f"{own}/hocuspocus", headers=WEBSOCKET, timeout=20)
    assert answer.status_code == 101
    # The example of RFC 6455.
    assert answer.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    with pytest.raises(requests.ConnectionError):
        openproject.application.session.get(openproject.application.url.replace(":8080", ":80"), timeout=20)
