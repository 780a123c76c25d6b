# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a restore no one is signed in as another person: sessions, SSH keys, caches and search indexes of Gitea."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from ansible_collections.maxops.ops.tests.integration.restore_support import STATE, VOLUMES, drive, module
from ansible_collections.maxops.ops.tests.integration.support import (
    CHECKOUT,
    MiniStack,
    Module,
    run,
    running,
    wait_until,
)

PROJECT = "maxpeople"
PASSWORD = "S3cret!pw-long"
ADMIN = "root1"
REDIS = "redis://:secret@redis:6379"
GIT = "git -c user.name=t -c user.email=t@example.test"
REPOSITORY = "/data/git/repositories/root1/tool.git"


def compose_file(project: str) -> dict[str, Any]:
    """Gitea as the role stack configures it, on a real PostgreSQL and a real Redis."""
    return {
        "name": project,
        "services": {
            "postgres": {
                "image": "maxops-lab/postgres:17",
                "command": ["postgres", "-c", "fsync=off"],
                "environment": {"POSTGRES_USER": "maxops", "POSTGRES_PASSWORD": "secret", "POSTGRES_DB": "gitea"},
                "tmpfs": ["/var/lib/postgresql/data"],
                "healthcheck": {
                    "test": ["CMD", "pg_isready", "-U", "maxops", "-h", "127.0.0.1"],
                    "interval": "1s",
                    "start_period": "60s",
                },
            },
            "redis": {"image": "maxops-lab/redis:8", "environment": {"REDIS_PASSWORD": "secret"}},
            "gitea": {
                "image": "maxops-lab/gitea:1.21.11",
                "volumes": [f"{CHECKOUT}/tests/lab/standins:/opt/lab/standins:ro", "gitea-data:/data"],
                "depends_on": {"postgres": {"condition": "service_healthy"}},
                "stop_grace_period": "1s",
                "healthcheck": {
                    "test": ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:3000/api/healthz"],
                    "interval": "2s",
                    "start_period": "60s",
                },
                "environment": {
                    "GITEA__database__HOST": "postgres:5432",
                    "GITEA__database__NAME": "gitea",
                    "GITEA__database__USER": "maxops",
                    "GITEA__database__PASSWD": "secret",
                    "GITEA__cache__ADAPTER": "redis",
                    "GITEA__cache__HOST": f"{REDIS}/2",
                    "GITEA__session__PROVIDER": "redis",
                    "GITEA__session__PROVIDER_CONFIG": "network=tcp,addr=redis:6379,password=secret,db=3",
                },
            },
        },
        "volumes": {"gitea-data": {}},
    }


@dataclass
class GiteaStack(MiniStack):
    """Gitea with one administrator and one repository."""

    token: str = ""

    def up(self) -> None:
        """Start it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "docker-compose.yml").write_text(json.dumps(self.description()))
        self.compose("up", "--detach", "--wait")
        create = f"gitea admin user create --admin --username {ADMIN} --password '{PASSWORD}' --email r@example.test"
        token = f"gitea admin user generate-access-token --username {ADMIN} --scopes all --raw"
        self.token = self.inside(f"{create} && {token}").split()[-1]
        self.inside(f"mkdir -p {REPOSITORY} && git init -q --bare -b main {REPOSITORY}")
        self.sql(
            "INSERT INTO repository (owner_id, owner_name, lower_name, name, default_branch) "
            f"SELECT id, name, 'tool', 'tool', 'main' FROM \"user\" WHERE name = '{ADMIN}'",
            "gitea",
        )
        self.commit()

    def description(self) -> dict[str, Any]:
        """Its Compose file."""
        return compose_file(self.project)

    def down(self) -> None:
        """Remove it, and what restores kept about it."""
        super().down()
        shutil.rmtree(STATE / self.project, ignore_errors=True)

    def inside(self, script: str) -> str:
        """Run a script in Gitea's container as its user."""
        return self.compose("exec", "-T", "--user", "git", "gitea", "sh", "-ec", script)

    def commit(self) -> None:
        """Add a commit to the repository, as a push does."""
        tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
        self.inside(
            f"cd {REPOSITORY}; git hash-object -w -t tree /dev/null >/dev/null; "
            "parent=$(git rev-parse -q --verify main || true); "
            f"new=$({GIT} commit-tree {tree} ${{parent:+-p $parent}} -m more); git update-ref refs/heads/main $new"
        )

    @property
    def url(self) -> str:
        """Its address on the container's network, which this host reaches."""
        form = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return f"http://{run('docker', 'inspect', '-f', form, f'{self.project}-gitea-1').stdout.strip()}:3000"

    def api(self, path: str, **body: Any) -> dict[str, Any]:
        """A request of the administrator that makes something."""
        headers = {"Authorization": f"token {self.token}"}
        answer = requests.post(f"{self.url}/api/v1{path}", json=body, headers=headers, timeout=20)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def add_user(self, name: str) -> int:
        """Make an account; returns its number."""
        fields = {"email": f"{name}@example.test", "password": PASSWORD, "must_change_password": False}
        return int(self.api("/admin/users", username=name, **fields)["id"])

    def add_key(self, name: str) -> tuple[int, str]:
        """Add an SSH key; returns its number and content."""
        raw = b"\x00\x00\x00\x07ssh-rsa" + secrets.token_bytes(40)
        content = f"ssh-rsa {base64.b64encode(raw).decode()}"
        return int(self.api(f"/admin/users/{name}/keys", title=name, key=content)["id"]), content

    def sign_in(self, name: str) -> str:
        """Sign in by the form; returns the cookie."""
        form = {"user_name": name, "password": PASSWORD}
        answer = requests.post(f"{self.url}/user/login", data=form, allow_redirects=False, timeout=20)
        return str(answer.cookies["i_like_gitea"])

    def seen_as(self, cookie: str) -> str:
        """The name of whoever has this cookie; empty when nobody is signed in with it."""
        address, cookies = f"{self.url}/user/settings", {"i_like_gitea": cookie}
        answer = requests.get(address, cookies=cookies, allow_redirects=False, timeout=20)
        match = re.search("signed-in-user.>([^<]+)<", answer.text)
        assert (answer.status_code == 200) == bool(match), answer.text
        return match.group(1) if match else ""

    def commits(self) -> int:
        """The number of commits that the page of the repository shows."""
        text = requests.get(f"{self.url}/{ADMIN}/tool", timeout=20).text
        return int(re.findall(r"<b>(\d+)</b> commits", text)[0])

    def answers(self) -> bool:
        """Whether Gitea is healthy."""
        try:
            return requests.get(f"{self.url}/api/healthz", timeout=5).ok
        except requests.RequestException:
            return False

    def redis(self, *words: str, password: str = "secret") -> str:
        """Run a Redis command."""
        return self.compose("exec", "-T", "--env", f"REDISCLI_AUTH={password}", "redis", "redis-cli", *words)

    @property
    def data(self) -> Path:
        """The volume on this host."""
        return VOLUMES / f"{self.project}_gitea-data" / "_data"

    @property
    def keys_file(self) -> Path:
        """authorized_keys on this host."""
        return self.data / "git/.ssh/authorized_keys"

    def keys_of_file(self) -> dict[int, str]:
        """The keys in authorized_keys by the number that their line names."""
        lines = re.findall(r"serv key-(\d+)\".* (ssh-rsa \S+)", self.keys_file.read_text())
        return {int(number): content for number, content in lines}

    def keys_of_rows(self) -> dict[int, str]:
        """The keys in the database by number."""
        rows = self.sql("SELECT id || ' ' || content FROM public_key ORDER BY id", "gitea").splitlines()
        return {int(row.split(" ", 1)[0]): row.split(" ", 1)[1] for row in rows}


class QuickStart(GiteaStack):
    """Gitea as its own page says: data and sessions in a folder of the host, and no Redis."""

    def description(self) -> dict[str, Any]:
        """Its Compose file."""
        text = compose_file(self.project)
        del text["services"]["redis"], text["volumes"]
        gitea = text["services"]["gitea"]
        gitea["volumes"][1] = "./gitea:/data"
        gitea["environment"] = {name: value for name, value in gitea["environment"].items() if "__database__" in name}
        return text

    @property
    def data(self) -> Path:
        """The folder on this host."""
        return self.folder / "gitea"

    def up(self) -> None:
        """Start it."""
        self.data.mkdir(parents=True, exist_ok=True)
        os.chown(self.data, 1000, 1000)
        super().up()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GiteaStack]:
    with running(GiteaStack(PROJECT, tmp_path_factory.mktemp("people"), 17)) as stack:
        yield stack


@pytest.fixture
def restore(stack: GiteaStack, tmp_path: Path) -> Module:
    """The module, with a set of this moment."""
    made = module("backup", stack, tmp_path / "repository", tmp_path)()
    assert made["changed"] is True, made
    return module("restore", stack, tmp_path / "repository", tmp_path)


def test_no_one_is_signed_in_as_another_person(stack: GiteaStack, restore: Module) -> None:
    number = stack.add_user("xaver")
    old = stack.sign_in("xaver")
    stack.commit()
    assert (stack.seen_as(old), stack.commits()) == ("xaver", 2)

    planned = restore(set="latest", check_mode=True)["effects"]
    assert "Gitea: everybody signs in again, its sessions in Redis database 3 of redis are deleted" in planned
    assert stack.seen_as(old) == "xaver"
    result = restore(set="latest")
    assert result["effects"] == planned, result
    assert result["remarks"] == [
        "the data of maxpeople-postgres-1 is not on a volume, so its free space was not checked"
    ]
    assert stack.add_user("yvonne") == number
    assert (stack.seen_as(old), stack.commits()) == ("", 1)

    new = stack.sign_in("yvonne")
    assert restore(state="previous")["changed"] is True
    assert stack.sql(f'SELECT name FROM "user" WHERE id = {number}', "gitea") == "xaver"
    assert (stack.seen_as(new), stack.seen_as(old), stack.commits()) == ("", "", 2)


def test_no_key_opens_the_account_of_another_person(stack: GiteaStack, restore: Module) -> None:
    stack.add_user("xenia")
    number, content = stack.add_key("xenia")
    own = "ssh-ed25519 AAAAown operator@host\n"
    stack.keys_file.write_text(stack.keys_file.read_text() + own)
    assert stack.keys_of_file()[number] == content

    result = restore(set="latest", databases=["gitea"])
    assert (
        "Gitea: authorized_keys and the hooks of its repositories are written again from the database"
        in (result["effects"])
    )
    stack.add_user("yara")
    assert stack.add_key("yara")[0] == number
    assert content not in stack.keys_of_file().values()
    assert stack.keys_of_file() == stack.keys_of_rows()
    assert own in stack.keys_file.read_text()
    assert (stack.keys_file.stat().st_uid, stack.keys_file.stat().st_mode & 0o777) == (1000, 0o600)
    assert [path.name for path in stack.keys_file.parent.iterdir()] == ["authorized_keys"]


def test_a_set_with_a_broken_search_index_can_be_restored(stack: GiteaStack, restore: Module, tmp_path: Path) -> None:
    index = stack.data / "gitea/indexers/issues.bleve/store/root.bolt"
    good = index.read_bytes()
    index.write_bytes(good[:100])
    module("backup", stack, tmp_path / "broken", tmp_path)()
    index.write_bytes(good)
    result = restore(repository=str(tmp_path / "broken"), set="latest", volumes=["gitea-data"])
    assert result["changed"] is True, result
    assert index.read_bytes() == good


def test_a_failure_brings_the_keys_back_and_ends_the_sessions(stack: GiteaStack, restore: Module) -> None:
    stack.add_user("zoe")
    stack.add_key("zoe")
    keys, cookie = stack.keys_file.read_bytes(), stack.sign_in("zoe")
    options = {**restore.defaults, "set": "latest", "databases": ["gitea"]}
    error = drive(options, {"services started": "fail"})["error"]
    assert error.endswith("sessions and caches were deleted: everybody signs in again"), error
    assert stack.keys_file.read_bytes() == keys
    assert stack.keys_of_file() == stack.keys_of_rows()
    wait_until(stack.answers, 30, "Gitea answers")
    assert stack.seen_as(cookie) == ""


def test_a_restore_that_is_killed_before_the_sessions_are_deleted_deletes_them(
    stack: GiteaStack, restore: Module
) -> None:
    stack.add_user("killed")
    cookie = stack.sign_in("killed")
    number, _content = stack.add_key("killed")
    drive({**restore.defaults, "set": "latest", "databases": ["gitea"]}, {"clear sessions": "kill"})
    wait_until(lambda: not (STATE / PROJECT / "restore.json").exists(), 60, "it is recovered")
    wait_until(stack.answers, 30, "Gitea answers")
    assert stack.seen_as(cookie) == ""
    assert number not in stack.keys_of_file()
    assert stack.keys_of_file() == stack.keys_of_rows()


def test_sessions_that_cannot_be_ended_refuse_the_restore(stack: GiteaStack, restore: Module) -> None:
    stack.redis("CONFIG", "SET", "requirepass", "other")
    try:
        message = restore(set="latest", databases=["gitea"])["msg"]
    finally:
        stack.redis("CONFIG", "SET", "requirepass", "secret", password="other")
    assert message.startswith("Gitea's sessions in Redis database 3 of redis could not be deleted, so people could be")
    assert "nothing was touched: Redis in container maxpeople-redis-1 refuses the password" in message
    assert not (STATE / PROJECT / "restore.json").exists()


def test_session_files_of_the_official_quick_start(tmp_path: Path) -> None:
    with running(QuickStart("maxquick", tmp_path, 17)) as quick:
        earlier = quick.sign_in(ADMIN)
        module("backup", quick, tmp_path / "repository", tmp_path)()
        restore = module("restore", quick, tmp_path / "repository", tmp_path)
        number = quick.add_user("xaver")
        old = quick.sign_in("xaver")
        _number, content = quick.add_key("xaver")
        result = restore(set="latest")
        assert "Gitea: everybody signs in again, its session files are deleted" in result["effects"], result
        assert quick.add_user("yvonne") == number
        assert (quick.seen_as(old), quick.seen_as(earlier)) == ("", "")
        assert content not in quick.keys_of_file().values()
        assert quick.keys_of_file() == quick.keys_of_rows()
        assert not list(quick.data.rglob("*maxops*"))
