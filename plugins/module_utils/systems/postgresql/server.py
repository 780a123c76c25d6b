# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach the PostgreSQL of a stack's container: address, user and password."""

from __future__ import annotations

import os
from typing import Protocol

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import (
    Container,
    read_secret,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .session import Server


class Project(Protocol):
    """The part of a Stack that is needed here."""

    @property
    def working_dir(self) -> str | None:
        """Folder of the Compose project on the host."""


def find_server(stack: Project, container: Container, user: str | None = None, password: str | None = None) -> Server:
    """How to reach the stack's PostgreSQL from this host, with the stack's own user and password."""
    if not container.addresses:
        raise MaxopsError(
            f"container {container.name} has no address on any network that this host can reach; "
            "attach it to a bridge network of the project (networks: in the Compose file)"
        )
    password, source = _password(stack, container, password)
    return Server(
        host=container.addresses[0],
        port=int(container.environment.get("PGPORT") or 5432),
        user=user or container.environment.get("POSTGRES_USER") or "postgres",
        password=password,
        container=container.name,
        password_source=source,
        other_hosts=container.addresses[1:],
    )


def _password(stack: Project, container: Container, given: str | None) -> tuple[str, str]:
    if given is not None:
        return given, "the option database_password"
    dotenv = os.path.join(stack.working_dir or "/", ".env")
    environment = container.environment
    if environment.get("POSTGRES_PASSWORD"):
        return environment["POSTGRES_PASSWORD"], f"POSTGRES_PASSWORD in the container's environment (set in {dotenv})"
    inside = environment.get("POSTGRES_PASSWORD_FILE")
    if inside:
        otherwise = "give database_password from a vault"
        secret, path = read_secret(container, inside, otherwise, f"run as root (become: true), or {otherwise}")
        return secret, f"the secret file {path} (POSTGRES_PASSWORD_FILE)"
    raise MaxopsError(
        f"container {container.name} has neither POSTGRES_PASSWORD nor POSTGRES_PASSWORD_FILE; "
        "give database_password (and database_user) from a vault"
    )
