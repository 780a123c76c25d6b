# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords of new accounts are kept in an encrypted file, or nothing is changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail
from ansible.parsing.vault import VaultLib, VaultSecret

from ansible_collections.maxops.ops.plugins.plugin_utils.people.passwords import PasswordsFile


def vault(password: bytes = b"open") -> VaultLib:
    return VaultLib([("default", VaultSecret(password))])


def test_passwords_are_written_encrypted_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "passwords.yml"
    file = PasswordsFile(str(path), vault())
    assert file.read() == {}
    file.write({"mskim": "s3cret-비밀", "alice": "other"})
    assert file.read() == {"mskim": "s3cret-비밀", "alice": "other"}
    assert path.read_text().startswith("$ANSIBLE_VAULT;")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("users_passwords: {a: b}", "is not encrypted: run ansible-vault encrypt"),
        ("other: {a: b}", "has no mapping users_passwords"),
        ("users_passwords: [a]", "has no mapping users_passwords"),
        ("users_passwords: [", "has no mapping users_passwords"),
    ],
)
def test_file_without_passwords_is_refused(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "passwords.yml"
    path.write_text(content if "ansible-vault" in words else vault().encrypt(content).decode())
    with pytest.raises(AnsibleActionFail, match=words):
        PasswordsFile(str(path), vault()).read()


def test_file_of_another_vault_password_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "passwords.yml"
    PasswordsFile(str(path), vault(b"another")).write({"a": "b"})
    with pytest.raises(AnsibleActionFail, match="cannot be decrypted with this run's vault password"):
        PasswordsFile(str(path), vault()).read()


def test_file_that_cannot_be_written_is_refused_before_anything_changes(tmp_path: Path) -> None:
    PasswordsFile(str(tmp_path / "passwords.yml"), vault()).check_writable()
    with pytest.raises(AnsibleActionFail, match="has no vault password"):
        PasswordsFile(str(tmp_path / "passwords.yml"), VaultLib([])).check_writable()
    with pytest.raises(AnsibleActionFail, match="does not exist or is not writable"):
        PasswordsFile(str(tmp_path / "missing" / "passwords.yml"), vault()).check_writable()
