# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all checks of one run share: the options, the time, the containers of the stack."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Callable, TypeVar

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import project_of
from ansible_collections.maxops.ops.plugins.module_utils.systems.recognition import Recognised
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import Finding
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Task

from .options import HealthOptions

Result = TypeVar("Result")

APPLICATIONS = ("openproject", "gitea")
"""The services that users work with."""
GATEWAYS = ("nginx", "gateway", "proxy", "traefik", "caddy", "haproxy")
"""Names that the gateway's service may have; the first that publishes a port is the gateway."""

FIRST_SHARE = 0.5
"""Share of its time that a check may spend on preparation, such as finding the gateway."""


class StackView:
    """The containers of the stack, all inspected at the same time."""

    def __init__(self, project_name: str, inspections: Sequence[Inspection]) -> None:
        self.inspections = inspections
        self.compose = project_of(project_name, [inspection.container for inspection in inspections])

    @property
    def working_dir(self) -> str | None:
        """Folder of the Compose project on the host."""
        return self.compose.folder or None

    def of_service(self, service: str) -> list[Container]:
        """Containers of one service, the running ones first."""
        containers = [inspection.container for inspection in self.inspections if inspection.service == service]
        return sorted(containers, key=lambda container: not container.running)


def _listed(work: Callable[[], Iterable[Finding]]) -> list[Finding]:
    return list(work())


class View:
    """What every check of one run gets. Safe to use from all checks at the same time."""

    def __init__(self, options: HealthOptions, now: float) -> None:
        self.options = options
        self.now = now
        self.measures: list[dict[str, Any]] = []
        self.to_save: dict[str, Any] = {}
        """Values for the next run; history.py writes them."""
        self._until = time.monotonic() + min(options.timeout, options.check_timeout)
        self.engine = options.access.engine(self.left * FIRST_SHARE)
        self._lock = threading.Lock()
        self._shared: dict[str, Task[Any]] = {}

    @property
    def left(self) -> float:
        """Seconds that a check has left, minus a margin in which it can report what did not answer."""
        return max(0.05, self._until - time.monotonic() - 0.25)

    @property
    def patience(self) -> float:
        """Seconds to wait for shared work: slightly more than the work may take, so that its own error comes first."""
        return max(0.05, self._until - time.monotonic() - 0.1)

    def stack(self) -> StackView:
        """The stack's containers. Raises MaxopsError if Docker cannot be queried."""
        return self.shared("the stack's containers", self._inspect)

    def roles(self) -> Recognised:
        """What the stack's services are. Raises MaxopsError if Docker cannot be queried."""
        return self.shared("what the services are", lambda: self.options.access.roles(self.stack()))

    def shared(self, name: str, work: Callable[[], Result]) -> Result:
        """The result of work that several checks need; the first check that asks for it starts it."""
        with self._lock:
            task = self._shared.setdefault(name, Task(name, work))
        result: Result = task.get(self.patience)
        return result

    def limit(self, check: str, name: str) -> float:
        """The threshold of a check."""
        return self.options.thresholds[check][name]

    def measure(self, name: str, value: float, **labels: str) -> None:
        """Record a number for the metrics, in base units."""
        self.measures.append({"name": name, "labels": labels, "value": value})

    def _inspect(self) -> StackView:
        name = self.options.access.project_name
        return StackView(name, self.engine.containers(name))

    def all_of(self, works: Iterable[Callable[[], Iterable[Finding]]]) -> Iterator[Finding]:
        """The findings of several pieces of work, done at the same time, in the given order."""
        tasks = [Task("a part of this check", partial(_listed, work)) for work in works]
        for task in tasks:
            task.start()
        failures: list[MaxopsError] = []
        for task in tasks:
            try:
                yield from task.get(self.patience)
            except MaxopsError as error:  # noqa: PERF203 - one failure must not hide the findings of the others
                failures.append(error)
        if failures:
            raise failures[0]
