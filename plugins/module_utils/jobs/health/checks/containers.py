# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the containers: whether they run, stay up and pass their health checks."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, missing_services
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    OK,
    UNKNOWN,
    WARNING,
    Finding,
    from_error,
    judged,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age

from ..view import View

CHECK = "containers"
RUNNING = "running and healthy"
OUT_OF_MEMORY = "killed by the kernel: out of memory (OOM)"
LOG_LETTERS = 300


def check_containers(view: View) -> Iterator[Finding]:
    """Every container: a service has to run and be healthy, a one-shot container has to end with exit code 0."""
    try:
        stack = view.stack()
    except EngineUnreachable as error:
        # Without permission to query Docker it is unknown whether anything is down.
        yield from_error(CHECK, "docker", UNKNOWN if error.forbidden else CRITICAL, error, "a daemon that answers")
        return
    project = view.options.access.project_name
    if not stack.inspections:
        names = ", ".join(view.engine.projects()) or "none at all"
        seen = f'no container of the Compose project "{project}" (projects here: {names})'
        fix = "set project_name to one of them, or start the stack: docker compose up --detach in its folder"
        yield Finding(CHECK, "stack", CRITICAL, seen, "a stack that was started", fix=fix)
        return
    containers_of = Counter(inspection.service for inspection in stack.inspections)
    for inspection in stack.inspections:
        subject = inspection.service if containers_of[inspection.service] == 1 else inspection.name
        finding = _judge(inspection, subject, view)
        view.measure("service_up", float(finding.state in (OK, WARNING)), service=subject)
        view.measure("container_restarts", float(inspection.restarts), service=subject)
        yield finding
    yield from _missing(view)


def _missing(view: View) -> Iterator[Finding]:
    """Services that others depend on and that have no container."""
    for service, dependent in missing_services(view.stack().inspections).items():
        seen = f"has no container, and {dependent} depends on it"
        yield Finding(CHECK, service, CRITICAL, seen, RUNNING, fix=_up(view, service))


def _judge(inspection: Inspection, subject: str, view: View) -> Finding:
    name = inspection.name
    status = inspection.state
    logs = f"docker logs --tail=50 {name}"
    if status == "paused":
        fix = f"docker unpause {name}"
        return Finding(CHECK, subject, CRITICAL, "paused: its processes are frozen", RUNNING, fix=fix)
    if status == "restarting":
        seen = f"restarting in a loop ({inspection.restarts} times so far), each time {_end(inspection)}"
        fix = f"{logs} shows the cause; fix it"
        return Finding(CHECK, subject, CRITICAL, seen, RUNNING, _error(inspection), fix)
    if status != "running":
        return _judge_ended(inspection, subject, view, logs)
    return _judge_running(inspection, subject, view, logs)


def _judge_ended(inspection: Inspection, subject: str, view: View, logs: str) -> Finding:
    since = _ago(inspection.finished, view.now)
    if inspection.done:
        return Finding(CHECK, subject, OK, f"finished with exit code 0{since}", "exit code 0")
    start = _up(view, inspection.service)
    if inspection.state == "created":
        seen = "was created and could not be started" if inspection.error else "was created and never started"
        return Finding(CHECK, subject, CRITICAL, seen, RUNNING, _error(inspection), start)
    fix = f"{logs} shows the cause; start it: {start}"
    if inspection.exit_code in (0, 143) and not inspection.oom_killed:
        fix = f"it was stopped; start it: {start}"
    elif inspection.oom_killed:
        fix = f"give it more memory (mem_limit), or find what uses it ({logs}); start it: {start}"
    return Finding(
        CHECK, subject, CRITICAL, f"{inspection.state}: {_end(inspection)}{since}", RUNNING, _error(inspection), fix
    )


def _judge_running(inspection: Inspection, subject: str, view: View, logs: str) -> Finding:
    if inspection.health == "unhealthy":
        seen = f"running, but its health check failed {inspection.failing_streak} times in a row"
        return Finding(CHECK, subject, CRITICAL, seen, RUNNING, _health_output(inspection), f"{logs} shows the cause")
    restarts = _restarts(inspection, subject, view, logs)
    if restarts.state != OK:
        return restarts
    if inspection.oom_killed:
        seen = "running, but the kernel killed one of its processes: out of memory"
        fix = f"give it more memory (mem_limit); {logs}"
        return Finding(CHECK, subject, WARNING, seen, RUNNING, ("OOMKilled",), fix)
    if inspection.health == "starting":
        seen = f"just started{_ago(inspection.started, view.now)}, not healthy yet"
        return Finding(CHECK, subject, WARNING, seen, RUNNING, fix="check again in a minute")
    return restarts


def _restarts(inspection: Inspection, subject: str, view: View, logs: str) -> Finding:
    """Automatic restarts, which count only while they are recent: Docker never lowers the number."""
    count = inspection.restarts
    up = view.now - (inspection.started.timestamp() if inspection.started else 0.0)
    recent = count if up < view.limit(CHECK, "restart_minutes") * 60 else 0
    state = judged(recent, view.limit(CHECK, "restarts_warning"), view.limit(CHECK, "restarts_critical"))
    health = inspection.health
    if state == OK:
        return Finding(
            CHECK, subject, OK, "running and healthy" if health else "running (it has no health check)", RUNNING
        )
    seen = f"up for {age(up)} after {count} automatic restart{'s' if count > 1 else ''}"
    limit = f"fewer than {view.limit(CHECK, 'restarts_warning'):g} in {view.limit(CHECK, 'restart_minutes'):g} min"
    evidence = tuple(_recent_exits(inspection, view))
    # A container that stayed healthy for longer than a restart loop takes is not in a loop any more.
    if state == CRITICAL and health == "healthy" and up > 300:
        state = WARNING
    return Finding(CHECK, subject, state, seen, limit, evidence, f"{logs} shows the cause")


def _recent_exits(inspection: Inspection, view: View) -> list[str]:
    """How the container ended in the last hour, from the daemon's events; only for containers that restart."""
    until = int(view.now)
    try:
        events = view.engine.events(until - 3600, until, container=[inspection.container.id], event=["die", "oom"])
    except EngineUnreachable:
        return []
    exits = []
    for event in events:
        if event.get("Action") == "oom":
            exits.append(OUT_OF_MEMORY)
        else:
            code = ((event.get("Actor") or {}).get("Attributes") or {}).get("exitCode", "?")
            exits.append(f"ended with exit code {code}")
    return list(dict.fromkeys(exits))


def _end(inspection: Inspection) -> str:
    if inspection.oom_killed:
        return OUT_OF_MEMORY
    code = inspection.exit_code
    names = {137: " (killed)", 139: " (crashed)", 143: " (asked to stop)"}
    return f"ended with exit code {code}{names.get(code or 0, '')}"


def _error(inspection: Inspection) -> tuple[str, ...]:
    return (inspection.error,) if inspection.error else ()


def _health_output(inspection: Inspection) -> tuple[str, ...]:
    """The last output of the health check, without the secrets of the container's environment."""
    text = " ".join(inspection.health_output.split())
    if not text:
        return ()
    # Imported here, because only an unhealthy container needs it.
    from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask, secrets_of  # noqa: PLC0415

    return (Mask(secrets_of(inspection.container.environment))(text)[:LOG_LETTERS],)


def _up(view: View, service: str) -> str:
    return view.stack().compose.command("up", "--detach", service)


def _ago(moment: datetime.datetime | None, now: float) -> str:
    return f", {age(now - moment.timestamp())} ago" if moment else ""
