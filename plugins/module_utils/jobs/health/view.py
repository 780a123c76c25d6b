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

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import project_of
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import Finding
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Task

from .options import HealthOptions

Result = TypeVar("Result")

FIRST_SHARE = 0.5
"""Share of its time that a check may spend on preparation, such as finding the gateway."""


class StackView:
    """The containers of the stack, all inspected at the same time, and what its services are."""

    def __init__(self, project_name: str, inspections: Sequence[Inspection], access: Access | None = None) -> None:
        self.inspections = inspections
        self.compose = project_of(project_name, [inspection.container for inspection in inspections])
        self.roles = (access or Access(project_name)).roles(self)

    @property
    def working_dir(self) -> str | None:
        """Folder of the Compose project on the host."""
        return self.compose.folder or None

    def inspections_of(self, service: str) -> list[Inspection]:
        """Containers of one service, the running ones first."""
        own = [inspection for inspection in self.inspections if inspection.service == service]
        return sorted(own, key=lambda inspection: not inspection.running)

    def of_service(self, service: str) -> list[Container]:
        """The same without the facts of their inspection."""
        return [inspection.container for inspection in self.inspections_of(service)]

    def serving(self, application: str) -> list[Inspection]:
        """Containers of the service of an application that answers HTTP, the running ones first."""
        return self.inspections_of(self.roles.service_of(application))

    def subject_of(self, inspection: Inspection) -> str:
        """The name of a container in findings: its service, or its own name beside others of the same service.

        The application that it belongs to comes first: "openproject worker".
        """
        alone = len(self.inspections_of(inspection.service)) == 1
        name = inspection.service if alone else inspection.name
        application = self.roles.application_of(inspection.service)
        return name if application in ("", name) else f"{application} {name}"

    def start(self, service: str) -> str:
        """The command that starts a service, with the files that the project was started with."""
        return self.compose.command("up", "--detach", service)


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

    def is_missing(self) -> bool:
        """True when this host has no container of the project; False also where that is not known."""
        try:
            return not self.stack().inspections
        except MaxopsError:
            return False

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
        access = self.options.access
        return StackView(access.project_name, self.engine.containers(access.project_name), access)

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
