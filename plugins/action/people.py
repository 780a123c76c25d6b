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
    needing,
    new_password,
    openproject_users,
)
from ansible_collections.maxops.ops.plugins.plugin_utils.people.file import decode, read_csv
from ansible_collections.maxops.ops.plugins.plugin_utils.people.passwords import PasswordsFile
from ansible_collections.maxops.ops.plugins.plugin_utils.people.rows import PeopleError, check


class ActionModule(ControllerAction):
    """Reads the list of people, checks every row, and turns it into users of each application."""

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

    def _execute(self, arguments: Mapping[str, Any], _variables: Mapping[str, Any]) -> dict[str, Any]:
        """Read the list and return the users of both applications."""
        try:
            people = check(self._rows(arguments))
        except PeopleError as error:
            # Ansible appends the texts of all causes, and this text contains them already.
            raise AnsibleActionFail(f"nothing was changed, because the list of people is wrong: {error}") from None
        generated: dict[str, str] = {}
        passwords = None
        if arguments["new"] is not None:
            passwords, generated = self._passwords(people.rows, arguments["new"], arguments["passwords_file"])
        choices = Choices(
            **{key: arguments[key] for key in ("exact", "unlock", "rotate", "invite")}, passwords=passwords
        )
        return {
            "changed": bool(generated),
            "gitea": gitea_users(people.rows, choices),
            "openproject": openproject_users(people.rows, choices),
            "count": len(people.rows),
            "remarks": people.remarks,
            "new_passwords": sorted(generated),
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
            raise PeopleError([f"{path} cannot be read: {error.strerror}"]) from None
        if VaultLib.is_encrypted(data):
            data = self._loader._vault.decrypt(data)
        text = decode(data, name, arguments["encoding"])
        if name.lower().endswith((".yml", ".yaml", ".json")):
            return self._yaml_rows(text, path)
        return read_csv(text, name)

    def _yaml_rows(self, text: str, path: str) -> list[tuple[str, Any]]:
        name = os.path.basename(path)
        # Ansible's own reader, because single passwords in the list may be encrypted.
        content = self._templar.template(self._loader.load(text, file_name=path))
        rows = content.get("people") if isinstance(content, Mapping) else content
        if not isinstance(rows, list):
            raise PeopleError([f"{name} does not contain a list: begin it with the line people:"])
        return [(f"{name} entry {number}", row) for number, row in enumerate(rows, 1)]

    def _passwords(
        self, rows: Iterable[Mapping[str, Any]], new: Iterable[str], path: str | None
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Passwords of the new accounts, and those among them that were generated now and are in the file."""
        wanted = {name.lower() for name in new}
        missing = sorted(
            row["login"].lower() for row in rows if row["login"].lower() in wanted and not row.get("password")
        )
        if not missing:
            return {}, {}
        if not path:
            raise AnsibleActionFail(
                f"{needing(missing)} and there is no file for generated ones: set users_passwords_file, or give the "
                "passwords in the list"
            )
        file = PasswordsFile(os.path.abspath(os.path.expanduser(path)), self._loader._vault)
        # Passwords that an earlier run generated and did not use are used now.
        stored = file.read()
        generated = {login: new_password() for login in missing if login not in stored}
        if generated:
            file.check_writable()
            if not self._task.check_mode:
                file.write({**stored, **generated})
        return {login: {**stored, **generated}[login] for login in missing}, generated
