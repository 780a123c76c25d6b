# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of a container's own health check, beside those of Docker."""

from __future__ import annotations

import threading
import time

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .inspection import Inspection
from .stack import Stack
from .symptoms import cannot_run


class HealthCheck:
    """One run of a container's health check, in a thread of its own: the daemon's answer can take for ever."""

    def __init__(self, stack: Stack, inspection: Inspection) -> None:
        self.code: int | None = None
        self.output = ""
        self._stack = stack
        self._inspection = inspection
        self._ends = time.monotonic() + inspection.health_timeout
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"check-{inspection.service}")
        self._thread.start()

    def ended(self, seconds: float = 0.0) -> bool:
        """Wait for its end for at most so long; True when it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def overdue(self) -> bool:
        """True when Docker would have ended it as failed."""
        return time.monotonic() > self._ends

    @property
    def cannot_run(self) -> bool:
        """True when it ended without a verdict on the application."""
        return self.code != 0 and cannot_run(self.code, self.output)

    def _run(self) -> None:
        test, name = self._inspection.health_test, self._inspection.name
        argv = ["/bin/sh", "-c", test[1]] if test[0] == "CMD-SHELL" else list(test[1:])
        try:
            with self._stack.daemon_call(f"run the health check of {name}") as api:
                run = api.exec_create(self._inspection.container.id, argv)
                output = api.exec_start(run["Id"]).decode("utf-8", "replace")
                self.code, self.output = api.exec_inspect(run["Id"])["ExitCode"], output
        except MaxopsError as error:
            # It stopped meanwhile, which the next inspection shows, or the program cannot be started.
            self.output = str(error)
