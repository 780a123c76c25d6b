# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all checks of one run share: options, time, the stack as Docker tells it. Private to this collection."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Callable, TypeVar

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import project_of
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import Finding
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Task

from .options import HealthOptions

Result = TypeVar("Result")

APPLICATIONS = ("openproject", "gitea")
"""The services that people come for."""
GATEWAYS = ("nginx", "gateway", "proxy", "traefik", "caddy", "haproxy")
"""Names of the service that people come through; the first that publishes a port is it."""

FIRST_SHARE = 0.5
"""How much of its time a check may spend on what only leads to its real question, such as where the gateway is."""


class StackView:
    """The containers of the stack, all inspected at one time."""

    def __init__(self, project_name: str, inspections: Sequence[Inspection]) -> None:
        self.inspections = inspections
        self.compose = project_of(project_name, [each.container for each in inspections])

    @property
    def working_dir(self) -> str | None:
        """Folder of the Compose project on the host."""
        return self.compose.folder or None

    def of_service(self, service: str) -> list[Container]:
        """Containers of one service, the running ones first."""
        found = [each.container for each in self.inspections if each.service == service]
        return sorted(found, key=lambda each: not each.running)


def _listed(work: Callable[[], Iterable[Finding]]) -> list[Finding]:
    return list(work())


class View:
    """What a check may use. Safe for all of them at once."""

    def __init__(self, options: HealthOptions, now: float) -> None:
        self.options = options
        self.now = now
        self.measures: list[dict[str, Any]] = []
        self.kept: dict[str, Any] = {}
        """What the next run will want to know; health_history.py writes it."""
        self._until = time.monotonic() + min(options.timeout, options.check_timeout)
        self.engine = options.access.engine(self.left * FIRST_SHARE)
        self._lock = threading.Lock()
        self._shared: dict[str, Task[Any]] = {}

    @property
    def left(self) -> float:
        """Seconds that a check still has; a little less, so that it can say what did not answer."""
        return max(0.05, self._until - time.monotonic() - 0.25)

    @property
    def patience(self) -> float:
        """A little longer than work that others wait for may take, so that its own words come first."""
        return max(0.05, self._until - time.monotonic() - 0.1)

    def stack(self) -> StackView:
        """The stack's containers. Raises MaxopsError where Docker cannot be asked."""
        return self.shared("the stack's containers", self._inspect)

    def shared(self, name: str, work: Callable[[], Result]) -> Result:
        """What some work found out that several checks need; the first that asks has it done."""
        with self._lock:
            task = self._shared.setdefault(name, Task(name, work))
        result: Result = task.get(self.patience)
        return result

    def limit(self, check: str, name: str) -> float:
        """A threshold."""
        return self.options.thresholds[check][name]

    def measure(self, name: str, value: float, **labels: str) -> None:
        """Keep a number for metrics, in base units."""
        self.measures.append({"name": name, "labels": labels, "value": value})

    def _inspect(self) -> StackView:
        name = self.options.access.project_name
        return StackView(name, self.engine.containers(name))

    def all_of(self, works: Iterable[Callable[[], Iterable[Finding]]]) -> Iterator[Finding]:
        """The findings of several pieces of work that are done at the same time, in their order."""
        tasks = [Task("a part of this check", partial(_listed, work)) for work in works]
        for task in tasks:
            task.start()
        failures: list[MaxopsError] = []
        for task in tasks:
            try:
                yield from task.get(self.patience)
            except MaxopsError as error:  # noqa: PERF203 - one that failed must not hide what the others found
                failures.append(error)
        if failures:
            raise failures[0]
