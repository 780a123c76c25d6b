# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The containers around a swap: which ones stop before it, and that each of them runs on the right data after it.

Something else may start and stop containers at the same time: autoheal, watchtower, a colleague, Docker's restart
policy, or the daemon, which still carries out what a killed job has asked for. So nothing is believed without a look.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import docker_text, parse_docker, utc_now

from . import mounts
from .journal import Journal, Journals
from .users import foreign_users, one_shots, users_of_data, watchers

SETTLE_SECONDS = 1.0
"""After a recovery has started containers, it looks at them again after this time: a killed job may have asked the
daemon to stop one a moment before."""


class Running:
    """The containers of one journal. ``servers`` are the services of the database and the cache: they always run."""

    def __init__(self, journal: Journal, journals: Journals, stack: Stack, servers: Collection[str]) -> None:
        self._journal = journal
        self._journals = journals
        self._stack = stack
        self._servers = servers
        self._renamed: datetime.datetime | None = None

    def plan(self, affected: Sequence[Container], users: Sequence[Container]) -> None:
        """Note in the journal which containers stop, and which run first afterwards; ``users`` may also be down."""
        journal = self._journal
        journal.services = services.by_service(affected)
        journal.one_shots = services.by_service(one_shots(self._stack, affected, users))
        journal.watchers = services.by_service(watchers(self._stack.containers, affected) if affected else [])

    # -- down -------------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop them. What starts containers by itself stops first, so that it does not start these in the middle."""
        for group in (self._journal.watchers, self._journal.stopped):
            if group:
                services.stop(self._stack, group)

    def keep_down(self, strict: bool) -> None:
        """Stop what something else has started meanwhile: it would keep the folder that it was started with.

        Not ``strict``, what cannot be kept down is left to the start, which restarts what has the wrong folder.
        """
        for _look in range(services.LOOKS):
            running = self._running()
            if not running:
                break
            self._note(running)
            services.stop_all(self._stack, running)
        else:
            if strict:
                names = ", ".join(sorted(container.name for container in running))
                raise MaxopsError(
                    f"{names} was started again each time that it was stopped: find what starts it (for example "
                    "autoheal, watchtower or a schedule), stop that, then run this again"
                )
        foreign = foreign_users(self._stack, self._journal) if strict and self._journal.volumes else []
        if foreign:
            raise MaxopsError(
                f"{', '.join(foreign)}, not of this stack, was started meanwhile and uses a folder that is to be "
                "swapped, so it would keep using the old files: stop that first"
            )

    def _running(self) -> list[Container]:
        """Containers that are in use although they were stopped, or that have begun to use the data."""
        self._stack.refresh()
        in_use = [container for container in self._stack.containers if services.is_in_use(container)]
        users = users_of_data(in_use, self._journal, self._servers)
        return [each for each in in_use if each in users or each.service in self._journal.stopped]

    def _note(self, containers: Sequence[Container]) -> None:
        """Write containers into the journal that something else has started: they run again afterwards."""
        lasting = [container for container in containers if container.service not in self._journal.one_shots]
        before = {name for names in self._journal.services.values() for name in names}
        added = [container for container in lasting if container.name not in before]
        for container in added:
            self._journal.services.setdefault(container.service, []).append(container.name)
        if added:
            self._journals.write(self._journal)

    # -- up ---------------------------------------------------------------------------------------------------------

    def changed_back(self) -> None:
        """Note that the services may start on the data that they had; what is older than the names is restarted."""
        self._journal.changed_back = docker_text(self._renamed or utc_now())
        self._journals.write(self._journal)

    def names_were_changed_back(self) -> None:
        """The same for another process, which has not seen it."""
        self._renamed = self._renamed or parse_docker(self._journal.changed_back)

    def names_changed(self, again: bool = False) -> None:
        """Remember when all names were changed, or changed back ``again``: containers that are older are restarted."""
        self._renamed = (None if again else parse_docker(self._journal.renamed)) or utc_now()
        if not again:
            self._journal.renamed = docker_text(self._renamed)

    def start(self, seconds: float) -> list[Container]:
        """Run the one-time services, then start the services that ran; returns the containers of the latter.

        Raises MaxopsError when a one-time service fails, or does not end within about ``seconds``.
        """
        for level in services.levels(self._containers(self._journal.one_shots)):
            services.start(self._stack, services.by_service(level), self._is_outdated)
            services.wait_completed(self._stack, level, seconds)
        containers = self._start_services()
        self._owe([])
        return containers

    def start_watchers(self) -> list[str]:
        """Start what starts and stops containers by itself: last, when all others have started; returns remarks."""
        containers, failures = self._start_each(self._journal.watchers)
        down = [container for container in containers if not services.is_up(container)]
        if failures:
            owed = self._journals.leftovers().services
            self._journals.owe({**owed, **services.by_service(down)})
        return failures

    def finish_start(self, seconds: float) -> list[str]:
        """Start everything after an interrupted start; the new data may be in use, so a failure is only a remark."""
        self._stack.refresh()
        once = self._journal.one_shots
        # They start after the one-time services have ended, so those are done.
        begun = any(
            services.is_up(container) and not self._is_outdated(self._stack.inspection_of(container))
            for container in self._containers(self._journal.services)
            if container.service not in once
        )
        remarks = []
        if not begun:
            try:
                self.start(seconds)
            except Cancelled:
                raise
            except MaxopsError as error:
                remarks.append(str(error))
        remarks += self._report_down(*self._start_each(self._lasting(), SETTLE_SECONDS))
        return list(dict.fromkeys([*remarks, *self.start_watchers()]))

    def start_again(self) -> list[str]:
        """Start the services on the data that they had; one-time services have done their work for it before.

        Returns remarks. Raises MaxopsError only when the daemon cannot be asked.
        """
        remarks = self._report_down(*self._start_each(self._journal.services, SETTLE_SECONDS))
        return [*remarks, *self.start_watchers()]

    def _lasting(self) -> dict[str, list[str]]:
        once = self._journal.one_shots
        return {service: names for service, names in self._journal.services.items() if service not in once}

    def _start_services(self) -> list[Container]:
        lasting = self._lasting()
        return services.start(self._stack, lasting, self._is_outdated) if lasting else []

    def _start_each(
        self, wanted: Mapping[str, Sequence[str]], settle: float | None = None
    ) -> tuple[list[Container], list[str]]:
        """Start services so that one that cannot start keeps no other down; returns the containers and the failures."""
        if not wanted:
            return [], []
        containers, failure = self._try_start(wanted, settle)
        if not failure:
            return containers, []
        failures = [failure]
        # Not caught: without the daemon nothing is known about the others, and the caller has to try again.
        self._stack.refresh()
        for level in services.levels(services.named(self._stack, wanted)):
            for service, names in services.by_service(level).items():
                failures.append(self._try_start({service: names})[1])
        self._stack.refresh()
        return services.named(self._stack, wanted), [each for each in dict.fromkeys(failures) if each]

    def _try_start(
        self, wanted: Mapping[str, Sequence[str]], settle: float | None = None
    ) -> tuple[list[Container], str]:
        """Start services; returns the containers, or why it failed."""
        try:
            return services.start(self._stack, wanted, self._is_outdated, settle), ""
        except Cancelled:
            raise
        except MaxopsError as error:
            return [], str(error)

    def _report_down(self, containers: Sequence[Container], failures: Sequence[str]) -> list[str]:
        """The failures, and remarks on containers that do not stay up; the next restore starts them again."""
        down = [container for container in containers if not services.is_up(container)]
        self._owe(down)
        unnamed = [container for container in down if not any(container.name in failure for failure in failures)]
        return [*failures] + [
            f"{container.name} was started and is {container.state} again; see docker logs --tail=50 {container.name}"
            for container in unnamed
        ]

    def _owe(self, down: Sequence[Container]) -> None:
        """Note which of these services are down; what is noted about others stays."""
        owed = self._journals.leftovers().services
        others = {service: names for service, names in owed.items() if service not in self._journal.services}
        self._journals.owe({**others, **services.by_service(down)})

    def _containers(self, names: dict[str, list[str]]) -> list[Container]:
        return [
            container
            for container in self._stack.containers
            if container.service in names and container.name in names[container.service]
        ]

    def _is_outdated(self, inspection: Inspection) -> bool:
        """True for a container that was started before the names were changed, or that has another folder mounted."""
        if self._renamed and inspection.started and inspection.started <= self._renamed:
            return True
        return bool(inspection.pid) and mounts.mounts_any(inspection.pid, self._journal.moving)
