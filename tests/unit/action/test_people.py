# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of the list of people are one sentence each: Ansible would append the texts of their causes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.maxops.ops.plugins.action.people import ActionModule

USUAL: dict[str, Any] = {
    "path": None, "people": None, "encoding": "utf-8", "exact": True, "unlock": True, "rotate": False,
    "invite": False, "new": None, "passwords_file": None,
}  # fmt: skip


def failure(**arguments: Any) -> str:
    action: Any = ActionModule.__new__(ActionModule)
    action._loader = SimpleNamespace(_vault=SimpleNamespace(secrets=[]))
    with pytest.raises(AnsibleActionFail) as caught:
        action._execute({**USUAL, **arguments}, {})
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


def test_list_that_is_not_there() -> None:
    text = failure(path="/nowhere/people.csv")
    assert text == (
        "nothing was changed, because the list of people is wrong: /nowhere/people.csv cannot be read: No such file or "
        "directory"
    )


def test_list_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_bytes("login,full_name\na,김\n".encode("cp949"))
    assert failure(path=str(tmp_path / "people.csv")).count("is not utf-8") == 1


def test_people_without_a_password_are_named_without_an_ellipsis() -> None:
    people = [{"login": login, "email": f"{login}@b.test", "full_name": "A B"} for login in ("alice", "mskim")]
    text = failure(people=people, new=["alice", "mskim"])
    assert text.startswith("2 new accounts need a password (alice, mskim) and there is no file")


def test_file_of_passwords_that_is_not_encrypted(tmp_path: Path) -> None:
    (tmp_path / "passwords.yml").write_text("users_passwords: {}\n")
    people = [{"login": "alice", "email": "a@b.test", "full_name": "A B"}]
    text = failure(people=people, new=["alice"], passwords_file=str(tmp_path / "passwords.yml"))
    assert "is not encrypted: run ansible-vault encrypt on it first" in text
