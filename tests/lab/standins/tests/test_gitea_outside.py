"""What the Gitea stand-in keeps outside of its database: sessions, authorized_keys, a search index."""

from __future__ import annotations

import base64
import re
from concurrent.futures import ThreadPoolExecutor

import requests

from standins.tests.gitea_client import ADMIN, ADMIN_PASSWORD, Gitea
from standins.tests.support import Lab, docker

KEYS = "/data/git/.ssh/authorized_keys"


def sign_in(gitea: Gitea) -> str:
    form = {"user_name": ADMIN, "password": ADMIN_PASSWORD}
    answer = gitea.application.send("POST", "/user/login", data=form, allow_redirects=False)
    gitea.application.session.cookies.clear()
    return str(answer.cookies["i_like_gitea"])


def settings_page(gitea: Gitea, cookie: str) -> tuple[int, str]:
    answer = gitea.application.send(
        "GET", "/user/settings", headers={"Cookie": f"i_like_gitea={cookie}"}, allow_redirects=False
    )
    return answer.status_code, answer.text


def test_a_session_is_in_a_file_and_names_the_user_by_number(gitea: Gitea) -> None:
    cookie = sign_in(gitea)
    assert re.fullmatch("[0-9a-f]{16}", cookie)
    assert settings_page(gitea, "0123456789abcdef")[0] == 303
    status, text = settings_page(gitea, cookie)
    assert (status, ADMIN in text) == (200, True)
    path = f"/data/gitea/sessions/{cookie[0]}/{cookie[1]}/{cookie}"
    other = gitea.api("POST /admin/users", {"username": "other", "email": "o@example.test", "password": "Other!pw-1"})
    text = gitea.application.output("sed", f's/"uid": [0-9]*/"uid": {other.json()["id"]}/', path)
    gitea.application.output("sh", "-c", f"cat > {path} <<'END'\n{text}\nEND")
    status, text = settings_page(gitea, cookie)
    assert "other" in text
    gitea.application.output("rm", path)
    assert settings_page(gitea, cookie)[0] == 303


def test_authorized_keys(gitea: Gitea) -> None:
    key = "ssh-rsa " + base64.b64encode(b"\x00\x00\x00\x07ssh-rsa" + b"k" * 40).decode()
    made = gitea.api(f"POST /admin/users/{ADMIN}/keys", {"title": "t", "key": key})
    number = made.json()["id"]
    line = f'gitea --config=/data/gitea/conf/app.ini serv key-{number}"'
    assert line in gitea.application.output("cat", KEYS)
    assert gitea.application.output("stat", "-c", "%a", KEYS) == "600"
    gitea.application.output("sh", "-c", f"echo 'ssh-ed25519 AAAA mine' > {KEYS}")
    gitea.application.output("gitea", "--config", "/data/gitea/conf/app.ini", "admin", "regenerate", "keys")
    text = gitea.application.output("cat", KEYS)
    assert line in text
    assert text.endswith("mine")
    assert gitea.application.run("gitea", "admin", "regenerate", "hooks").returncode == 0
    assert gitea.application.run("gitea", "admin", "regenerate", "keys", user="root").returncode == 1
    gitea.api(f"DELETE /admin/users/{ADMIN}/keys/{number}")
    assert line not in gitea.application.output("cat", KEYS)


def test_accounts_can_be_deleted_at_the_same_time(gitea: Gitea) -> None:
    names = [f"at-once-{number}" for number in range(16)]
    for name in names:
        gitea.api("POST /admin/users", {"username": name, "email": f"{name}@example.test", "password": "Other!pw-1"})

    def delete(name: str) -> int:
        url = f"{gitea.application.url}/api/v1/admin/users/{name}"
        return requests.delete(url, auth=(ADMIN, ADMIN_PASSWORD), timeout=60).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(delete, names)) == {204}


def test_a_broken_index_ends_the_start(lab: Lab) -> None:
    started = lab.start("gitea", "1.21.11")
    index = "/data/gitea/indexers/issues.bleve"
    started.output("sh", "-c", f"echo broken > {index}/store/root.bolt")
    docker("restart", "--time", "1", started.container)
    assert started.exit_code() == 1
    assert started.logged("Unable to open or create the Issue Indexer")
