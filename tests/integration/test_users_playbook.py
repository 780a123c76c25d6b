# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One list of people for both applications, as an operator runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import Person
from ansible_collections.maxops.ops.tests.integration.fault_proxy import FaultProxy
from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, run
from ansible_collections.maxops.ops.tests.integration.users_support import PASSWORD, Application

BIN = Path(sys.executable).parent


class Playbook:
    """playbooks/users.yml with both applications and a vault password."""

    def __init__(self, folder: Path, gitea: Application, openproject: Application) -> None:
        self.folder = folder
        self.passwords = folder / "passwords.yml"
        self.vault = folder / "vault"
        self.vault.write_text("vault password\n")
        self.variables: dict[str, Any] = {
            "users_gitea_url": gitea.url,
            "users_gitea_token": gitea.token,
            "users_openproject_url": openproject.url,
            "users_openproject_token": openproject.token,
            "users_passwords_file": str(self.passwords),
            "users_prune": "none",
            "maxops_results_dir": str(folder / "results"),
        }

    def __call__(self, people: str | None, *words: str, vault: bool = True, **variables: Any) -> str:
        """Run it and return its output; the test checks for failures."""
        given = {**self.variables, **variables}
        if people is not None:
            (self.folder / "people.csv").write_text(people, encoding="utf-8")
            given["users_file"] = str(self.folder / "people.csv")
        (self.folder / "variables.json").write_text(json.dumps(given))
        argv = [
            str(BIN / "ansible-playbook"),
            "playbooks/users.yml",
            "-i",
            "inventories/lab",
            "-e",
            f"@{self.folder}/variables.json",
        ]
        argv += ["--vault-password-file", str(self.vault)] if vault else []
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        done = subprocess.run(
            [*argv, *words],
            cwd=CHECKOUT,
            env={**environment, "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        self.returncode = done.returncode
        return done.stdout + done.stderr

    def generated(self) -> dict[str, str]:
        """Passwords in the encrypted file."""
        assert self.passwords.read_text().startswith("$ANSIBLE_VAULT;")
        assert self.passwords.stat().st_mode & 0o777 == 0o600
        shown = run(BIN / "ansible-vault", "view", "--vault-password-file", self.vault, self.passwords).stdout
        passwords: dict[str, str] = yaml.safe_load(shown)["users_passwords"]
        return passwords


@pytest.fixture
def playbook(tmp_path: Path, gitea: Application, openproject: Application) -> Playbook:
    """The playbook, for people with this test's own names."""
    openproject.prefix = gitea.prefix
    return Playbook(tmp_path, gitea, openproject)


@pytest.mark.slow
def test_joiner_mover_leaver(playbook: Playbook, gitea: Application, openproject: Application) -> None:
    kim, lee, park = (gitea.name(name) for name in ("kim", "lee", "park"))
    joined = (
        "login;email;full_name;state;openproject_projects\n"
        f"{kim};{kim}@example.test;김민수;;webshop=Member\n"
        f"{lee};{lee}@example.test;Ann Lee;;webshop=Member\n"
    )
    shown = playbook(joined, "--check", "--diff")
    assert playbook.returncode == 0, shown
    assert "nothing changed yet" in shown
    assert not playbook.passwords.exists()
    assert gitea.api(f"GET /users/{kim}").status_code == 404

    first = playbook(joined)
    assert playbook.returncode == 0, first
    made = playbook.generated()
    assert sorted(made) == [kim, lee]
    assert gitea.password_opens("kim", made[kim])
    assert not any(password in first for password in made.values())
    assert "2 new passwords: ansible-vault view" in first
    assert openproject.shown("kim")["lastName"] == "김"
    assert "joins" in first

    moved = (
        "login;email;full_name;state;openproject_projects;gitea\n"
        f"{kim};{kim}@example.test;김민수;left;;\n"
        f"{lee};{lee}@example.test;Ann Lee-Kim;;intranet=Reader;\n"
        f"{park};{park}@example.test;박 지성;;;no\n"
    )
    third = playbook(moved, users_rotate=True)
    assert playbook.returncode == 0, third
    assert "leaves" in third
    assert gitea.shown("kim")["prohibit_login"] is True
    assert openproject.shown("kim")["status"] == "locked"
    assert gitea.shown("lee")["full_name"] == "Ann Lee-Kim"
    assert gitea.api(f"GET /users/{park}").status_code == 404
    assert openproject.shown("park")["firstName"] == "지성"
    assert "project webshop Member → none" in third
    assert "project intranet none → Reader" in third
    assert playbook.generated().keys() == {kim, lee, park}
    assert playbook.generated()[kim] == made[kim]
    gitea.sync([Person(kim, {"prohibit_login": False})])
    assert not gitea.password_opens("kim", made[kim]), "the password of the person who left was not rotated"

    gitea.sync([Person(kim, {"prohibit_login": True})])
    fourth = playbook(moved, users_report_only=True)
    assert "changed=0" in fourth
    assert "4 unchanged" not in fourth
    assert "Gitea        2 unchanged" in fourth


def test_bad_rows_are_all_named_before_anything_is_changed(playbook: Playbook, gitea: Application) -> None:
    good = gitea.name("good")
    shown = playbook(
        f"login,email,full_name\n{good},{good}@example.test,Good One\n\nb b,nope,B Lee\n{good},x@y.test,C Lee\n"
    )
    assert playbook.returncode != 0
    for words in ('people.csv row 4: login is "b b"', 'people.csv row 4: email is "nope"', "row 2 already"):
        assert words in shown, shown
    assert gitea.api(f"GET /users/{good}").status_code == 404


def test_passwords_can_be_stored_before_an_account_is_created(playbook: Playbook, gitea: Application) -> None:
    new = gitea.name("new")
    people = f"login,email,full_name\n{new},{new}@example.test,New One\n"
    assert "this run has no vault password" in playbook(people, vault=False)
    assert gitea.api(f"GET /users/{new}").status_code == 404
    own = playbook(f"login,email,full_name,password\n{new},{new}@example.test,New One,{PASSWORD}\n")
    assert playbook.returncode == 0, own
    assert gitea.password_opens("new", PASSWORD)
    assert PASSWORD not in own


@pytest.mark.slow
def test_failure_in_one_application_does_not_stop_the_other(
    playbook: Playbook, gitea: Application, gitea_proxy: FaultProxy, openproject: Application
) -> None:
    playbook.variables["users_gitea_url"] = gitea.url
    a, b = gitea.name("a"), gitea.name("b")
    people = f"login,email,full_name\n{a},{a}@example.test,A Lee\n{b},{b}@example.test,B Lee\n"
    gitea_proxy.inject(f'POST .*"{a}"', times=99, status=500, body='{"message": "boom"}')
    shown = playbook(people)
    assert playbook.returncode != 0
    assert "boom" in shown
    assert "FAILED" in shown
    assert gitea.shown("b")
    assert openproject.shown("a")
    made = playbook.generated()
    gitea_proxy.faults.clear()
    again = playbook(people)
    assert playbook.returncode == 0, again
    assert playbook.generated() == made, "the password generated by the first run was not used"
    assert gitea.password_opens("a", made[a])

    [path] = (playbook.folder / "results").glob("*.json")
    assert path.name == "users-lab.json"
    kept = json.loads(path.read_text())
    assert (kept["check_mode"], kept["gitea"]["counts"]["created"]) == (False, 1)
    assert not any(password in json.dumps(kept) for password in made.values())


def test_list_in_variables_with_an_encrypted_password(playbook: Playbook, gitea: Application) -> None:
    name = gitea.name("var")
    words = ["encrypt_string", "--vault-password-file", str(playbook.vault), "--name", "password", PASSWORD]
    encrypted = run(BIN / "ansible-vault", *words).stdout
    indented = "\n".join("    " + line for line in encrypted.splitlines())
    file = playbook.folder / "people.yml"
    file.write_text(f"people:\n  - login: {name}\n    email: {name}@example.test\n    openproject: false\n{indented}\n")
    shown = playbook(None, users_file=str(file), users_systems=["gitea"])
    assert playbook.returncode == 0, shown
    assert gitea.password_opens("var", PASSWORD)
    run(BIN / "ansible-vault", "encrypt", "--vault-password-file", playbook.vault, file)
    assert "changed=0" in playbook(None, users_file=str(file), users_systems=["gitea"])
    inline = playbook(None, users_people=[{"login": name, "email": f"{name}@example.test", "openproject": False}])
    assert "changed=0" in inline
