# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach a stack: one value that every job passes on, in place of six separate options.

It imports the Docker SDK and psycopg2 only when they are needed, so that other jobs do not wait for their import.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import DEFAULT_DOCKER_HOST, Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import Engine
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import (
    exclusive_lock,
    lock_holder,
    stack_lock_path,
)

if TYPE_CHECKING:
    from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
    from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.server import Project
    from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server


@dataclass(frozen=True)
class Access:
    """The stack's Compose project, its daemon and its servers; None means: as configured in the container."""

    project_name: str
    docker_host: str = DEFAULT_DOCKER_HOST
    database_service: str = "postgres"
    cache_service: str = "redis"
    database_user: str | None = None
    database_password: str | None = field(default=None, repr=False)

    def describe(self) -> str:
        """The stack in words, for messages."""
        return f'stack "{self.project_name}"'

    @property
    def servers(self) -> tuple[str, str]:
        """The services that store data for the others: database and cache."""
        return self.database_service, self.cache_service

    def connect(self, required: bool = True) -> Stack:
        """Read the project from the daemon. Raises MaxopsError when the daemon or a required project is missing."""
        from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack  # noqa: PLC0415 - the Docker SDK, only where it is used

        return Stack.connect(self.project_name, self.docker_host, required)

    def engine(self, seconds: float) -> Engine:
        """The daemon, for work that only reads; each answer may take at most ``seconds``."""
        return Engine(self.docker_host, seconds)

    def database_container(self, stack: Stack) -> Container:
        """The running container of the database service. Raises MaxopsError when there is none."""
        return stack.require_running(self.database_service)

    def cache_container(self, stack: Stack) -> Container:
        """The running container of the cache service. Raises MaxopsError when there is none."""
        return stack.require_running(self.cache_service, "cache_service")

    def server(self, stack: Stack) -> Server:
        """How to reach the stack's PostgreSQL. Raises MaxopsError when it is down, or its password is unknown."""
        return self.server_in(self.database_container(stack), stack)

    @staticmethod
    def load_drivers() -> None:
        """Import the files that :meth:`connect` and :meth:`server` need, for a process that may not read them later."""
        from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import stack  # noqa: F401, PLC0415
        from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import server  # noqa: F401, PLC0415

    def server_in(self, container: Container, project: Project) -> Server:
        """The same for a given container."""
        from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.server import find_server  # noqa: PLC0415 - psycopg2, only where it is used

        return find_server(project, container, self.database_user, self.database_password)

    @property
    def lock_path(self) -> str:
        """The lock file that every job on the whole stack holds."""
        return stack_lock_path(self.project_name)

    @contextmanager
    def locked(self, purpose: str) -> Iterator[None]:
        """Hold the stack's lock for the length of the block, or raise MaxopsError at once with the name of its holder.

        ``purpose`` is the reason, in words for an error message of another job: "backup of shop".
        """
        with exclusive_lock(self.lock_path, self.describe(), purpose):
            yield

    def lock_holder(self) -> str | None:
        """The job that holds the stack's lock, in words, or None."""
        return lock_holder(self.lock_path)
