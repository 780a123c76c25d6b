# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords of new accounts in a file encrypted by Ansible Vault."""

from __future__ import annotations

import os
from typing import Any

import yaml
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.parsing.vault import VaultLib

from ansible_collections.maxops.ops.plugins.module_utils.tools.files import write_atomically

KEY = "users_passwords"
HEAD = "# Generated passwords of new accounts: ansible-vault view shows them, ansible-vault edit changes them.\n"


class PasswordsFile:
    """The file; ``vault`` holds the vault secrets of this run of Ansible."""

    def __init__(self, path: str, vault: Any) -> None:
        self.path = path
        self._vault = vault

    def read(self) -> dict[str, str]:
        """Passwords by login; none when the file does not exist."""
        try:
            with open(self.path, "rb") as stream:
                data = stream.read()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise AnsibleActionFail(
                f"users_passwords_file {self.path} cannot be read: {error.strerror}; run as its owner, or name another"
            ) from None
        if not VaultLib.is_encrypted(data):
            raise AnsibleActionFail(
                f"{self.path} holds passwords and is not encrypted: run ansible-vault encrypt on it first"
            )
        try:
            content = yaml.safe_load(self._vault.decrypt(data)) or {}
            passwords = content[KEY]
            return {str(login).lower(): str(password) for login, password in passwords.items()}
        except AnsibleError as error:
            raise AnsibleActionFail(
                f"{self.path} cannot be decrypted with this run's vault password ({error}): give the one that it was "
                "encrypted with (--vault-password-file), or name another users_passwords_file"
            ) from None
        except (KeyError, TypeError, AttributeError, yaml.YAMLError):
            raise AnsibleActionFail(
                f"{self.path} is not a file of passwords: it has no mapping {KEY}; name another users_passwords_file"
            ) from None

    def check_writable(self) -> None:
        """Raise AnsibleActionFail when new passwords could not be kept, before anything is changed."""
        if not self._vault.secrets:
            raise AnsibleActionFail(
                f"new passwords have to be stored in {self.path}, and this run has no vault password to encrypt it: "
                "give one (--vault-password-file or --vault-id), or give all new people a password in the list"
            )
        folder = os.path.dirname(self.path)
        if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
            raise AnsibleActionFail(
                f"the folder {folder} of users_passwords_file does not exist or is not writable: create it or correct "
                "its permissions"
            )

    def write(self, passwords: dict[str, str]) -> None:
        """Write all passwords to the file, in one step."""
        text = HEAD + yaml.safe_dump({KEY: dict(sorted(passwords.items()))}, allow_unicode=True)
        write_atomically(self.path, self._vault.encrypt(text).decode("ascii"), mode=0o600)
