# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.parsing.vault import VaultLib

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.controller import ControllerAction
from ansible_collections.maxops.ops.plugins.plugin_utils.people.accounts import (
    Choices,
    gitea_users,
    new_password,
    openproject_users,
)
from ansible_collections.maxops.ops.plugins.plugin_utils.people.file import decode, read_csv
from ansible_collections.maxops.ops.plugins.plugin_utils.people.passwords import PasswordsFile
from ansible_collections.maxops.ops.plugins.plugin_utils.people.rows import PeopleError, check


class ActionModule(ControllerAction):
    """Reads the list of people, checks every row, and tells what each person is in each application."""

    ARGUMENTS: ClassVar = {
        "path": {"type": "str"},
        "people": {"type": "list", "elements": "raw"},
        "encoding": {"type": "str", "default": "utf-8"},
        "exact": {"type": "bool", "default": True},
        "unlock": {"type": "bool", "default": True},
        "rotate": {"type": "bool", "default": False},
        "invite": {"type": "bool", "default": False},
        "new": {"type": "list", "elements": "str"},
        "passwords_file": {"type": "str", "no_log": False},
    }
    RULES: ClassVar = {"required_one_of": [("path", "people")], "mutually_exclusive": [("path", "people")]}

    def _work(self, arguments: Mapping[str, Any], _variables: Mapping[str, Any]) -> dict[str, Any]:
        """Read the list and give the users of both applications."""
        try:
            found = check(self._rows(arguments))
        except PeopleError as error:
            raise AnsibleActionFail(f"nothing was changed, because the list of people is wrong: {error}") from error
        made: dict[str, str] = {}
        passwords = None
        if arguments["new"] is not None:
            passwords, made = self._passwords(found.rows, arguments["new"], arguments["passwords_file"])
        choices = Choices(
            **{key: arguments[key] for key in ("exact", "unlock", "rotate", "invite")}, passwords=passwords
        )
        return {
            "changed": bool(made),
            "gitea": gitea_users(found.rows, choices),
            "openproject": openproject_users(found.rows, choices),
            "count": len(found.rows),
            "remarks": found.remarks,
            "new_passwords": sorted(made),
            "_ansible_no_log": True,
        }

    def _rows(self, arguments: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
        if arguments["people"] is not None:
            return [(f"entry {number}", row) for number, row in enumerate(arguments["people"], 1)]
        path = os.path.abspath(os.path.expanduser(arguments["path"]))
        name = os.path.basename(path)
        try:
            with open(path, "rb") as stream:
                data = stream.read()
        except OSError as error:
            raise PeopleError([f"{path} cannot be read: {error.strerror}"]) from error
        if VaultLib.is_encrypted(data):
            data = self._loader._vault.decrypt(data)
        text = decode(data, name, arguments["encoding"])
        if name.lower().endswith((".yml", ".yaml", ".json")):
            return self._yaml_rows(text, path)
        return read_csv(text, name)

    def _yaml_rows(self, text: str, path: str) -> list[tuple[str, Any]]:
        name = os.path.basename(path)
        # Ansible's own reader: single passwords in the list may be encrypted.
        content = self._templar.template(self._loader.load(text, file_name=path))
        rows = content.get("people") if isinstance(content, Mapping) else content
        if not isinstance(rows, list):
            raise PeopleError([f"{name} holds no list: begin it with the line people:"])
        return [(f"{name} entry {number}", row) for number, row in enumerate(rows, 1)]

    def _passwords(
        self, rows: Iterable[Mapping[str, Any]], new: Iterable[str], path: str | None
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Passwords of the new accounts, and those among them that are made up now, which the file then holds."""
        wanted = {name.lower() for name in new}
        missing = sorted(
            row["login"].lower() for row in rows if row["login"].lower() in wanted and not row.get("password")
        )
        if not missing:
            return {}, {}
        if not path:
            raise AnsibleActionFail(
                f"{len(missing)} new accounts need a password ({', '.join(missing[:5])}…) and there is no place for "
                "one that would be made up: set users_passwords_file, or give the passwords in the list"
            )
        file = PasswordsFile(os.path.abspath(os.path.expanduser(path)), self._loader._vault)
        # What an earlier run has made up and could not use any more is used now.
        known = file.read()
        made = {login: new_password() for login in missing if login not in known}
        if made:
            file.check_writable()
            if not self._task.check_mode:
                file.write({**known, **made})
        return {login: {**known, **made}[login] for login in missing}, made
