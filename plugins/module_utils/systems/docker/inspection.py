# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One container's inspection by the daemon, and the only reader for that answer."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import parse_docker, utc_now

from .container import Container, container_from

DEFAULT_INTERVAL, DEFAULT_TIMEOUT, DEFAULT_RETRIES = 30, 30, 3
"""Docker's defaults for a health check: seconds between two runs, for each, and failures until it is unhealthy."""

CRASH_SECONDS = 90
"""A restarted container that has been running for less than this many seconds counts as crashing."""

STEADY_SECONDS = 10
"""Unless it has run for this long, as Docker counts a start as successful, and twice as long as its earlier runs."""

STOP_CODES = (0, 130, 137, 143)
"""Exit codes of a service that was stopped: by itself, or by SIGINT, SIGKILL and SIGTERM."""


@dataclass(frozen=True)
class PublishedPort:
    """A port of the host that leads to a port of a container; ``address`` is where the host listens."""

    address: str
    port: int
    target: int
    protocol: str = "tcp"


@dataclass(frozen=True)
class Inspection:
    """A container with all facts of its inspection.

    ``exit_code`` is None where the daemon did not report it. ``health`` is empty without a health check.
    ``health_code`` is the exit code of the last health check since the start, None before the first one;
    ``health_timeout`` the seconds that Docker gives each.
    ``start_seconds`` is how long a container with a start period may take until its health check counts as failed; 0
    without one.
    ``ports`` are the published ports of the Compose file, also while the container is down; ``bound`` the ports that
    are open now.
    """

    container: Container
    pid: int = 0
    exit_code: int | None = None
    error: str = ""
    oom_killed: bool = False
    restarts: int = 0
    policy: str = ""
    health: str = ""
    failing_streak: int = 0
    health_output: str = field(default="", repr=False)
    health_code: int | None = None
    health_test: tuple[str, ...] = field(default=(), repr=False)
    health_timeout: float = DEFAULT_TIMEOUT
    start_seconds: float = 0.0
    started: datetime.datetime | None = None
    finished: datetime.datetime | None = None
    stop_timeout: int | None = None
    memory_limit: int = 0
    user: str = ""
    ports: tuple[PublishedPort, ...] = ()
    bound: tuple[PublishedPort, ...] = ()
    exposed: tuple[int, ...] = ()
    networks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    docker_root: str = ""

    @property
    def service(self) -> str:
        """The Compose service."""
        return self.container.service

    @property
    def name(self) -> str:
        """The container's name."""
        return self.container.name

    @property
    def state(self) -> str:
        """The state that the daemon reports: created, running, paused, restarting, exited or dead."""
        return self.container.state

    @property
    def running(self) -> bool:
        """True while its processes run (a paused container is not running)."""
        return self.container.running

    @property
    def once(self) -> bool:
        """True when Docker does not start it again after it has ended successfully."""
        return self.policy in ("", "no", "on-failure")

    @property
    def crashing(self) -> bool:
        """True when Docker keeps restarting it."""
        if self.state == "restarting":
            return True
        if self.started is None or not self.restarts or not self.running or self.health == "healthy":
            return False
        seconds = (utc_now() - self.started).total_seconds()
        return seconds < min(CRASH_SECONDS, max(STEADY_SECONDS, 2 * self._earlier_seconds()))

    def _earlier_seconds(self) -> float:
        """How long its earlier runs took on average, with the pauses between them.

        A service that ended until its database was ready, once or twice, soon runs longer than that.
        """
        created = parse_docker(self.container.created)
        if created is None or self.finished is None:
            return CRASH_SECONDS
        return max(0.0, (self.finished - created).total_seconds()) / max(1, self.restarts)

    @property
    def done(self) -> bool:
        """True for a one-time container that has ended successfully."""
        return self.state == "exited" and self.exit_code == 0 and self.once

    @property
    def well(self) -> bool:
        """True when it is done, or runs and is not known to be unhealthy; it may still be starting."""
        return self.done or (self.running and not self.crashing and self.health != "unhealthy")

    @property
    def ready(self) -> bool:
        """True when it is done, or runs and has passed its health check, if it has one."""
        return self.done or (self.running and self.health in ("", "healthy"))

    @property
    def healthy(self) -> bool:
        """True while it runs and nothing shows the contrary: it passes its health check, if it has one."""
        return self.running and not self.crashing and self.health in ("", "healthy")

    @property
    def failed(self) -> bool:
        """True when it does not work by itself: not after a stop, and not before its first start."""
        if self.running or self.state == "restarting":
            return not self.healthy
        return self.state not in ("created", "paused") and (bool(self.error) or self.exit_code not in STOP_CODES)

    @property
    def aliases(self) -> set[str]:
        """The names that other containers know it by, on all its networks."""
        return {alias for aliases in self.networks.values() for alias in aliases}

    @property
    def root(self) -> str:
        """The path of its file system on this host, valid while it runs."""
        return f"/proc/{self.pid}/root"

    @property
    def files_root(self) -> str:
        """The same path; empty while it is not running."""
        return self.root if self.running and self.pid else ""


def inspection_from(data: Mapping[str, Any]) -> Inspection:
    """A container from the daemon's answer; only id, name, image and state are required in it."""
    state, host = data["State"], data.get("HostConfig") or {}
    config = data.get("Config") or {}
    health = state.get("Health") or {}
    checks = health.get("Log") or []
    status = health.get("Status") or ""
    network = data.get("NetworkSettings") or {}
    return Inspection(
        container=container_from(data),
        pid=int(state.get("Pid") or 0),
        exit_code=state.get("ExitCode"),
        error=state.get("Error") or "",
        oom_killed=bool(state.get("OOMKilled")),
        restarts=int(data.get("RestartCount") or 0),
        policy=(host.get("RestartPolicy") or {}).get("Name") or "",
        health="" if status == "none" else status,
        failing_streak=int(health.get("FailingStreak") or 0),
        health_output=(checks[-1].get("Output") or "").strip() if checks else "",
        health_code=_health_code(checks, parse_docker(state.get("StartedAt"))),
        health_test=_health_test(config),
        health_timeout=float((config.get("Healthcheck") or {}).get("Timeout") or DEFAULT_TIMEOUT * 1e9) / 1e9,
        start_seconds=_start_seconds(config),
        started=parse_docker(state.get("StartedAt")),
        finished=parse_docker(state.get("FinishedAt")),
        stop_timeout=config.get("StopTimeout"),
        memory_limit=int(host.get("Memory") or 0),
        user=config.get("User") or "",
        ports=_published(host.get("PortBindings") or {}),
        bound=_published(network.get("Ports") or {}),
        exposed=tuple(sorted(int(port.partition("/")[0]) for port in config.get("ExposedPorts") or {})),
        networks={
            name: (*(endpoint.get("Aliases") or ()), *(endpoint.get("DNSNames") or ()))
            for name, endpoint in (network.get("Networks") or {}).items()
        },
        docker_root=_docker_root(str(data.get("ResolvConfPath") or "")),
    )


def missing_services(inspections: Iterable[Inspection]) -> dict[str, str]:
    """Services without any container, each with the first service that depends on it.

    A one-time service that was removed after its work is not missing while those that waited for it work.
    """
    inspections = list(inspections)
    present = {inspection.service for inspection in inspections}
    needed: dict[str, str] = {}
    for inspection in inspections:
        container = inspection.container
        ended = container.needs_completed if inspection.well else frozenset()
        for service in sorted(container.depends_on - present - ended):
            needed.setdefault(service, container.service)
    return needed


def _health_test(config: Mapping[str, Any]) -> tuple[str, ...]:
    test = tuple((config.get("Healthcheck") or {}).get("Test") or ())
    return () if test[:1] == ("NONE",) else test


def _health_code(checks: Sequence[Mapping[str, Any]], started: datetime.datetime | None) -> int | None:
    """The exit code of the last check; Docker keeps those of earlier starts, which do not count."""
    began = parse_docker(checks[-1].get("Start")) if checks else None
    if began is None or started is None or began < started:
        return None
    code: int | None = checks[-1].get("ExitCode")
    return code


def _start_seconds(config: Mapping[str, Any]) -> float:
    """The start period and the failures that Docker accepts after it. Docker counts in nanoseconds."""
    check = config.get("Healthcheck") or {}
    period = check.get("StartPeriod") or 0
    interval = check.get("Interval") or DEFAULT_INTERVAL * 1e9
    return float(period + interval * (check.get("Retries") or DEFAULT_RETRIES)) / 1e9 if period else 0.0


def _published(bindings: Mapping[str, Sequence[Mapping[str, str]] | None]) -> tuple[PublishedPort, ...]:
    """Published ports, sorted by the container's port; without ports that Docker has not assigned yet."""
    ports = [
        PublishedPort(
            binding.get("HostIp") or "0.0.0.0",  # noqa: S104 - read, not listened on
            int(binding["HostPort"]),
            int(target.partition("/")[0]),
            target.partition("/")[2] or "tcp",
        )
        for target, entries in bindings.items()
        for binding in entries or []
        if str(binding.get("HostPort") or "").isdigit()
    ]
    return tuple(sorted(ports, key=lambda port: port.target))


def _docker_root(resolv_conf: str) -> str:
    """The daemon's folder, from the path of a container's file: a request for it takes as long as all the others."""
    parts = resolv_conf.split("/containers/")
    return parts[0] if len(parts) == 2 else ""
