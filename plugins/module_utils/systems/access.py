# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to reach a stack: one value that every job passes on, in place of six separate options.

It imports the Docker SDK and psycopg2 only when they are needed, so that other jobs do not wait for their import.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import REDIS, cache_logins
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import DEFAULT_DOCKER_HOST, Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import Engine
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.recognition import Recognised, recognise
from ansible_collections.maxops.ops.plugins.module_utils.systems.redis import RedisServer, find_redis
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import (
    exclusive_lock,
    lock_holder,
    stack_lock_path,
)

if TYPE_CHECKING:
    from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
    from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.server import Project
    from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server


class Inspected(Protocol):
    """The part of a Stack that recognition needs; the views of jobs have it too."""

    @property
    def inspections(self) -> Sequence[Inspection]:
        """All containers of the project."""


@dataclass(frozen=True)
class Access:
    """The stack's Compose project, its daemon and its servers; None means: as configured in the container.

    A service that is empty is found (:meth:`roles`). ``applications`` are the services that the operator declared.
    """

    project_name: str
    docker_host: str = DEFAULT_DOCKER_HOST
    database_service: str = ""
    cache_service: str = ""
    database_user: str | None = None
    database_password: str | None = field(default=None, repr=False)
    cache_password: str | None = field(default=None, repr=False)
    applications: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)

    def describe(self) -> str:
        """The stack in words, for messages."""
        return f'stack "{self.project_name}"'

    def roles(self, stack: Inspected) -> Recognised:
        """What the project's services are: the operator's choices, and what the containers show."""
        return recognise(stack.inspections, self.applications, self.database_service, self.cache_service)

    def connect(self, required: bool = True) -> Stack:
        """Read the project from the daemon. Raises MaxopsError when the daemon or a required project is missing."""
        from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack  # noqa: PLC0415 - the Docker SDK, only where it is used

        stack = Stack.connect(self.project_name, self.docker_host, required)
        if self.applications:
            stack.declare(self.applications)
        return stack

    def engine(self, seconds: float) -> Engine:
        """The daemon, for work that only reads; each answer may take at most ``seconds``."""
        return Engine(self.docker_host, seconds)

    def database_container(self, stack: Stack) -> Container:
        """The running container of the database service. Raises MaxopsError when there is none."""
        return stack.require_running(self.require_database(stack))

    def require_database(self, stack: Stack) -> str:
        """The service of the PostgreSQL server. Raises MaxopsError when there is none, or several."""
        roles = self.roles(stack)
        return roles.database or self._refuse(stack, roles, "database_service", "PostgreSQL server")

    def cache_container(self, stack: Stack) -> Container:
        """The running container of the cache service. Raises MaxopsError when there is none."""
        return stack.require_running(self.require_cache(stack), "cache_service")

    def require_cache(self, stack: Stack) -> str:
        """The service of the cache. Raises MaxopsError when there is none, or several."""
        roles = self.roles(stack)
        return roles.cache or self._refuse(stack, roles, "cache_service", "cache (Redis or memcached)")

    def redis(self, project: Inspected, container: Container) -> RedisServer:
        """How to reach the Redis of a container: with the given password, its own, or that of an application."""
        inspections = {inspection.container.id: inspection for inspection in project.inspections}
        inspection = inspections.get(container.id, Inspection(container))
        server = find_redis(container, inspection.files_root, self.cache_password)
        names = {container.service, container.name, *inspection.aliases, *container.addresses}
        logins = [
            login
            for other in project.inspections
            for login in cache_logins(other.container, other.files_root)
            if login.kind == REDIS and login.host in names and login.password
        ]
        return replace(server, likely=tuple(dict.fromkeys(login.password for login in logins)))

    def _refuse(self, stack: Stack, roles: Recognised, option: str, what: str) -> str:
        problem = roles.problem(option)
        if problem:
            raise MaxopsError(f'project "{self.project_name}": {problem}')
        raise stack.not_found(what, option)

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
