# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea's own command line inside its container, for what its API cannot do.

No secret is ever part of a command: passwords and tokens appear only in its output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .configuration import configuration_paths
from .refusals import advice_for

USER = "git"
"""The program refuses to run as root; in both images its user has this name."""


class ListedAccount(NamedTuple):
    """An account as the command line lists it."""

    name: str
    admin: bool


class NotInstalledError(MaxopsError):
    """The container has no app.ini that Gitea's user can read."""


class GiteaCommand:
    """The program ``gitea`` in a running container."""

    def __init__(self, stack: Stack, container: Container) -> None:
        self._stack = stack
        self._container = container
        self.configuration = self._find_configuration()

    def _find_configuration(self) -> str:
        candidates = configuration_paths(self._container.environment)
        for path in candidates:
            if self._stack.execute(self._container, ["test", "-r", path], user=USER)[0] == 0:
                return path
        raise NotInstalledError(
            f"container {self._container.name} has none of {', '.join(candidates)} that its user {USER} can read: "
            "wait until Gitea has started for the first time, and if it does not, read docker logs "
            f"{self._container.name}"
        )

    def accounts(self) -> list[ListedAccount]:
        """All accounts."""
        lines = self._run("list").splitlines()
        start = next((number for number, line in enumerate(lines) if line.split()[:2] == ["ID", "Username"]), None)
        if start is None:
            raise MaxopsError(f"gitea admin user list in {self._container.name} printed no table: {lines[:3]}")
        column = lines[start].split().index("IsAdmin")
        rows = [line.split() for line in lines[start + 1 :] if line.strip()]
        return [ListedAccount(row[1], row[column] == "true") for row in rows if row[0].isdigit()]

    def create_admin(self, name: str, email: str) -> None:
        """Create a site administrator with a random password that is not kept."""
        arguments = [
            "--admin",
            "--username",
            name,
            "--email",
            email,
            "--random-password",
            "--random-password-length",
            "40",
        ]
        # An account that has to change its password first cannot use the API, not even with a token.
        self._run("create", *arguments, "--must-change-password=false")

    def make_token(self, name: str, token_name: str, scopes: Sequence[str]) -> str:
        """Create a token of an account; returns its secret."""
        arguments = ["--username", name, "--token-name", token_name, "--scopes", ",".join(scopes), "--raw"]
        match = re.search(r"^[0-9a-f]{40}$", self._run("generate-access-token", *arguments), re.MULTILINE)
        if not match:
            raise MaxopsError(f"gitea admin user generate-access-token in {self._container.name} printed no token")
        return match.group(0)

    def regenerate(self, what: str) -> None:
        """Write ``keys`` (authorized_keys) or ``hooks`` (of all repositories) again, from the database."""
        self._admin("regenerate", what)

    def _run(self, command: str, *arguments: str) -> str:
        return self._admin("user", command, *arguments)

    def _admin(self, group: str, command: str, *arguments: str) -> str:
        argv = ["gitea", "--config", self.configuration, "admin", group, command, *arguments]
        code, output = self._stack.execute(self._container, argv, user=USER)
        if code != 0:
            text = error_in(output)
            next_step = advice_for(text) or f"see docker logs {self._container.name}"
            raise MaxopsError(
                f"gitea admin {group} {command} in container {self._container.name} failed: {text}; {next_step}"
            )
        return output


def error_in(output: str) -> str:
    """The error in a command's output, which may also have the password that the command made up."""
    lines = [line for line in output.strip().splitlines() if "random password" not in line]
    errors = [line for line in lines if "Command error: " in line]
    return re.sub(r"^.*Command error: ", "", (errors or lines or ["no output"])[-1])
