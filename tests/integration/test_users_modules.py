# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for users as Ansible runs them, and Gitea's first administrator."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.tests.integration.support import Module, wait_until
from ansible_collections.maxops.ops.tests.integration.users_support import (
    ADMIN,
    ADMIN_PASSWORD,
    PASSWORD,
    Application,
    Applications,
)


@pytest.fixture
def gitea_user(gitea: Application, tmp_path: Path) -> Module:
    """The module, with a token."""
    return Module("gitea_user", {"api_url": gitea.url, "api_token": gitea.token}, tmp_path)


def test_list_with_defaults_for_all_entries(gitea: Application, gitea_user: Module) -> None:
    entry = {"password": PASSWORD, "location": "Seoul"}
    users = [{"name": gitea.name(name), "email": f"{gitea.name(name)}@example.test", **entry} for name in ("a", "b")]
    users[1]["location"] = "Busan"
    planned = gitea_user(users=users, visibility="private", check_mode=True)
    assert planned["changed"]
    assert planned["diff"]["after"][users[0]["name"]]["visibility"] == "private"
    result = gitea_user(users=users, visibility="private")
    assert result["counts"] == {"created": 2, "changed": 0, "unchanged": 0, "removed": 0, "failed": 0}
    assert [gitea.shown(name)["location"] for name in ("a", "b")] == ["Seoul", "Busan"]
    again = gitea_user(users=users, visibility="private")
    assert (again["changed"], again["counts"]["unchanged"], again["version"]) == (False, 2, "1.21.11")
    absent = gitea_user(users=[{"name": user["name"]} for user in users], state="absent")
    assert absent["counts"]["removed"] == 2


def test_secrets_are_nowhere_in_results(gitea: Application, gitea_user: Module) -> None:
    secret = "V3ry!secret-indeed"
    users = [
        {"name": gitea.name("ok"), "email": f"{gitea.name('ok')}@example.test", "password": secret},
        {"name": gitea.name("bad"), "email": "nope", "password": secret + "2"},
    ]
    for check_mode in (True, False):
        text = json.dumps(gitea_user(users=users, check_mode=check_mode))
        assert secret not in text
        assert gitea.token not in text
    one = {**users[0], "update_password": "always", "password": secret + "3"}
    result = gitea_user(**one, check_mode=True)
    assert secret not in json.dumps(result)
    assert result["diff"]["after"][users[0]["name"]] == {"password": "a new one"}


def test_one_failure_fails_the_task_and_reports_all_users(gitea: Application, gitea_user: Module) -> None:
    users = [
        {"name": gitea.name(f"f{index}"), "email": f"{gitea.name(f'f{index}')}@example.test"} for index in range(8)
    ]
    users[0]["password"] = PASSWORD
    result = gitea_user(users=users)
    assert result["failed"]
    assert result["changed"]
    assert result["msg"].startswith("7 of 8 users failed: ")
    assert "and 2 more" in result["msg"]
    assert [user["status"] for user in result["users"]] == ["created"] + ["failed"] * 7


def test_token_of_a_user_is_returned_once(gitea: Application, gitea_user: Module) -> None:
    options = {
        "name": gitea.name("bot"),
        "email": f"{gitea.name('bot')}@example.test",
        "password": PASSWORD,
        "tokens": [{"name": "ci", "scopes": ["read:user"]}],
        "api_user": ADMIN,
        "api_password": ADMIN_PASSWORD,
    }
    del gitea_user.defaults["api_token"]
    assert gitea_user(**options, check_mode=True)["tokens"] == []
    [token] = gitea_user(**options)["tokens"]
    assert (token["user"], token["name"], len(token["token"])) == (options["name"], "ci", 40)
    assert gitea_user(**options)["tokens"] == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "one of the following is required: name, users"),
        ({"name": "x", "users": []}, "mutually exclusive"),
        ({"name": "x", "api_token_file": "/x"}, "mutually exclusive"),
        ({"name": "x", "api_token": None, "api_user": "x"}, "required together"),
        ({"name": "x", "timeout": 0}, "timeout is 0; give 1 or more"),
        ({"name": "x", "concurrency": 0}, "concurrency is 0"),
        ({"name": "x", "retries": -1}, "retries is -1"),
        ({"name": "x", "visibility": "secret"}, "must be one of"),
        ({"users": [{"email": "a@b.test"}]}, "missing required arguments: name"),
        ({"users": [{"name": "x", "colour": "red"}]}, "colour"),
        ({"name": "x", "api_token": None, "api_token_file": "/nowhere"}, "/nowhere cannot be read"),
    ],
)
def test_invalid_options(gitea_user: Module, options: dict[str, Any], words: str) -> None:
    if options.get("api_token", "") is None:
        options = {key: value for key, value in options.items() if key != "api_token"}
        del gitea_user.defaults["api_token"]
    result = gitea_user(**options)
    assert result["failed"]
    assert words in result["msg"]


def test_token_from_a_file(gitea: Application, openproject: Application, tmp_path: Path) -> None:
    for application, module in ((gitea, "gitea_user"), (openproject, "openproject_user")):
        (tmp_path / "token").write_text(application.token + "\n")
        run = Module(module, {"api_url": application.url, "api_token_file": str(tmp_path / "token")}, tmp_path)
        result = run(name=application.name("nobody"), state="locked")
        assert result["counts"]["unchanged"] == 1
        assert application.token not in json.dumps(result)
    (tmp_path / "token").write_text("\n")
    assert "is empty" in run(name="x", state="locked")["msg"]


def test_openproject_module(openproject: Application, tmp_path: Path) -> None:
    module = Module("openproject_user", {"api_url": openproject.url, "api_token": openproject.token}, tmp_path)
    users = [
        {
            "name": openproject.name(name),
            "email": f"{openproject.name(name)}@example.test",
            "first_name": name,
            "last_name": "Kim",
            "projects": [{"project": "webshop", "roles": ["Member"]}],
        }
        for name in ("a", "b")
    ]
    assert module(users=users, password=PASSWORD, check_mode=True)["counts"]["created"] == 2
    assert module(users=users, password=PASSWORD)["counts"]["created"] == 2
    assert module(users=users, password=PASSWORD)["changed"] is False
    assert PASSWORD not in json.dumps(module(users=users, password=PASSWORD, update_password="always"))


# -- figures -------------------------------------------------------------------------------------------------------


def test_requests_for_a_thousand_users(gitea: Application, gitea_user: Module) -> None:
    """Nothing to do: the pages and two requests. Ten changes: one more request for every change."""
    insert = (
        'INSERT INTO "user" (lower_name, name, full_name, email, passwd, type, is_active, login_type, visibility)'
        f" SELECT '{gitea.prefix}' || i, '{gitea.prefix}' || i, 'User ' || i, '{gitea.prefix}' || i || '@example.test',"
        " '', 0, true, 0, 0 FROM generate_series(1, 1000) i"
    )
    gitea.applications.sql(insert, "gitea")
    pages = -(-int(gitea.api("GET /admin/users?limit=1").headers["X-Total-Count"]) // 50)
    users = [
        {"name": gitea.name(str(i)), "email": f"{gitea.name(str(i))}@example.test", "full_name": f"User {i}"}
        for i in range(1, 1001)
    ]
    same = gitea_user(users=users)
    assert same["counts"]["unchanged"] == 1000
    assert same["requests"] == pages + 2
    for user in users[::100]:
        user["full_name"] += "!"
    changed = gitea_user(users=users)
    assert changed["counts"] == {"created": 0, "changed": 10, "unchanged": 990, "removed": 0, "failed": 0}
    assert changed["requests"] == pages + 12


# -- the first administrator ---------------------------------------------------------------------------------------


class Watcher:
    """Records every command line on the machine while it is active."""

    def __init__(self) -> None:
        self.commands: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.is_set():
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                with suppress(OSError):
                    self.commands.add(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            time.sleep(0.002)


@pytest.fixture
def admin(gitea: Application, tmp_path: Path) -> Module:
    """The module for the first administrator, with the tests' own project."""
    options = {
        "api_url": gitea.url,
        "project_name": "maxuserstest",
        "name": gitea.name("chief"),
        "email": f"{gitea.name('chief')}@example.test",
        "token_file": str(tmp_path / "gitea.token"),
    }
    return Module("gitea_admin", options, tmp_path)


def test_first_administrator_and_its_token(gitea: Application, admin: Module, tmp_path: Path) -> None:
    file = tmp_path / "gitea.token"
    assert admin(check_mode=True)["created"]
    assert gitea.api(f"GET /users/{gitea.name('chief')}").status_code == 404
    with Watcher() as watcher:
        result = admin(password=PASSWORD)
    assert (result["changed"], result["created"], result["token_made"], result["password_set"]) == (True,) * 4
    assert file.stat().st_mode & 0o777 == 0o600
    token = file.read_text().strip()
    assert gitea.password_opens("chief", PASSWORD)
    assert gitea.shown("chief")["is_admin"]
    assert not [line for line in watcher.commands if PASSWORD in line or token in line]
    assert any("admin user create" in line for line in watcher.commands), "the watcher recorded none of the commands"
    assert token not in json.dumps(result)

    again = admin(password="S0mething!else")
    assert (again["changed"], again["password_set"]) == (False, False)
    assert gitea.password_opens("chief", PASSWORD)
    users = Module("gitea_user", {"api_url": gitea.url, "api_token_file": str(file)}, tmp_path)
    assert users(name=gitea.name("next"), email="next@example.test", password=PASSWORD)["counts"]["created"] == 1


def test_lost_or_revoked_token_is_replaced(gitea: Application, admin: Module, tmp_path: Path) -> None:
    file = tmp_path / "gitea.token"
    admin()
    first = file.read_text()
    file.unlink()
    lost = admin()
    assert (lost["created"], lost["token_made"]) == (False, True)
    assert file.read_text() != first
    file.write_text("0" * 40)
    assert admin()["token_made"]
    assert admin()["changed"] is False


def test_killed_before_the_token_is_kept(gitea: Application, admin: Module, tmp_path: Path) -> None:
    """The random password is lost with the process; the next run still sets the wanted one."""
    process = admin.start(password=PASSWORD)
    wait_until(lambda: gitea.api(f"GET /users/{gitea.name('chief')}").status_code == 200, 30, "the account")
    process.kill()
    process.communicate()
    (tmp_path / "gitea.token").unlink(missing_ok=True)
    result = admin(password=PASSWORD)
    assert result["token_made"]
    assert gitea.password_opens("chief", PASSWORD)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token_file": "/nowhere/x"}, "the folder /nowhere of token_file does not exist"),
        ({"service": "postgres"}, "wait until Gitea has started"),
        ({"service": "redis"}, 'has no service "redis"'),
        ({"project_name": "nothing"}, 'no Compose project "nothing"'),
        ({"email": "no address"}, "admin user create in container"),
    ],
)
def test_first_administrator_reports_what_is_missing(admin: Module, options: dict[str, Any], words: str) -> None:
    result = admin(**options)
    assert result["failed"]
    assert words in result["msg"]


def test_first_administrator_with_another_accounts_name(gitea: Application, admin: Module, tmp_path: Path) -> None:
    gitea.sync([gitea.person("plain")])
    assert "but not a site administrator" in admin(name=gitea.name("plain"))["msg"]
    (tmp_path / "gitea.token").write_text(gitea.token)
    assert f'belongs to "{ADMIN}"' in admin()["msg"]


@pytest.fixture
def rootless(applications: Applications) -> Iterator[str]:
    """A container with its configuration in the place of the rootless image."""
    base = applications.execute("gitea", "sh", "-c", "cat /data/gitea/conf/app.ini")
    name = "maxuserstest-rootless"
    words = ["--label", "com.docker.compose.project=maxuserstest", "--label", "com.docker.compose.service=rootless"]
    network = [
        "--network",
        "maxuserstest_default",
        "-e",
        "GITEA_APP_INI=/etc/gitea/app.ini",
        "-e",
        "LAB_APP_VERSION=1.21.11",
    ]
    image = ["--entrypoint", "sleep", "maxops-lab/gitea:1.21.11", "600"]
    subprocess.run(["docker", "rm", "-f", name], check=False, capture_output=True)
    subprocess.run(["docker", "run", "-d", "--name", name, *words, *network, *image], check=True, capture_output=True)
    script = "mkdir -p /etc/gitea && cat > /etc/gitea/app.ini && chown -R git /etc/gitea"
    subprocess.run(["docker", "exec", "-i", "-u", "0", name, "sh", "-c", script], input=base, text=True, check=True)
    yield "rootless"
    subprocess.run(["docker", "rm", "-f", name], check=False, capture_output=True)


def test_rootless_image(gitea: Application, admin: Module, rootless: str) -> None:
    result = admin(service=rootless)
    assert not result.get("failed"), result
    assert result["created"]
    assert gitea.shown("chief")["is_admin"]
