# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the containers: do they run, stay up, and say that they are well? Private to this collection."""

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
LOG_LETTERS = 300


def check_containers(view: View) -> Iterator[Finding]:
    """Each container against what it is for: a service runs and is healthy, a one-shot run ended with 0."""
    try:
        stack = view.stack()
    except EngineUnreachable as error:
        # Who may not look has not seen that anything is down.
        yield from_error(CHECK, "docker", UNKNOWN if error.forbidden else CRITICAL, error, "a daemon that answers")
        return
    project = view.options.access.project_name
    if not stack.inspections:
        known = ", ".join(view.engine.projects()) or "none at all"
        said = f'no container of the Compose project "{project}" (projects here: {known})'
        fix = "set project_name to one of them, or start the stack: docker compose up --detach in its folder"
        yield Finding(CHECK, "stack", CRITICAL, said, "a stack that was started", fix=fix)
        return
    several = Counter(each.service for each in stack.inspections)
    for inspection in stack.inspections:
        subject = inspection.service if several[inspection.service] == 1 else inspection.name
        finding = _judge(inspection, subject, view)
        view.measure("service_up", float(finding.state in (OK, WARNING)), service=subject)
        view.measure("container_restarts", float(inspection.restarts), service=subject)
        yield finding
    yield from _missing(view)


def _missing(view: View) -> Iterator[Finding]:
    """Services that others wait for and that have no container at all."""
    for service, dependent in missing_services(view.stack().inspections).items():
        said = f"has no container, and {dependent} depends on it"
        yield Finding(CHECK, service, CRITICAL, said, RUNNING, fix=_up(view, service))


def _judge(inspection: Inspection, subject: str, view: View) -> Finding:
    name = inspection.name
    status = inspection.state
    logs = f"docker logs --tail=50 {name}"
    if status == "paused":
        fix = f"docker unpause {name}"
        return Finding(CHECK, subject, CRITICAL, "paused: its processes are frozen", RUNNING, fix=fix)
    if status == "restarting":
        said = f"restarting in a loop ({inspection.restarts} times so far), each time {_end(inspection)}"
        return Finding(CHECK, subject, CRITICAL, said, RUNNING, _error(inspection), f"{logs} tells why; then mend that")
    if status != "running":
        return _judge_ended(inspection, subject, view, logs)
    return _judge_running(inspection, subject, view, logs)


def _judge_ended(inspection: Inspection, subject: str, view: View, logs: str) -> Finding:
    since = _ago(inspection.finished, view.now)
    if inspection.done:
        return Finding(CHECK, subject, OK, f"did its work and ended with 0{since}", "ended with 0")
    start = _up(view, inspection.service)
    if inspection.state == "created":
        said = "was created and could not be started" if inspection.error else "was created and never started"
        return Finding(CHECK, subject, CRITICAL, said, RUNNING, _error(inspection), start)
    fix = f"{logs} tells why; start it: {start}"
    if inspection.exit_code in (0, 143) and not inspection.oom_killed:
        fix = f"it was stopped; start it: {start}"
    elif inspection.oom_killed:
        fix = f"give it more memory (mem_limit), or find what takes it ({logs}); start it: {start}"
    return Finding(
        CHECK, subject, CRITICAL, f"{inspection.state}: {_end(inspection)}{since}", RUNNING, _error(inspection), fix
    )


def _judge_running(inspection: Inspection, subject: str, view: View, logs: str) -> Finding:
    if inspection.health == "unhealthy":
        said = f"runs, but its health check has failed {inspection.failing_streak} times in a row"
        return Finding(CHECK, subject, CRITICAL, said, RUNNING, _last_words(inspection), f"{logs} tells why")
    restarts = _restarts(inspection, subject, view, logs)
    if restarts.state != OK:
        return restarts
    if inspection.oom_killed:
        said = "runs, but the kernel has killed one of its processes for want of memory"
        fix = f"give it more memory (mem_limit); {logs}"
        return Finding(CHECK, subject, WARNING, said, RUNNING, ("OOMKilled",), fix)
    if inspection.health == "starting":
        said = f"has just been started{_ago(inspection.started, view.now)} and is not healthy yet"
        return Finding(CHECK, subject, WARNING, said, RUNNING, fix="look again in a minute")
    return restarts


def _restarts(inspection: Inspection, subject: str, view: View, logs: str) -> Finding:
    """Restarts by Docker count while they are fresh: the number itself never goes down again."""
    count = inspection.restarts
    up = view.now - (inspection.started.timestamp() if inspection.started else 0.0)
    fresh = count if up < view.limit(CHECK, "restart_minutes") * 60 else 0
    state = judged(fresh, view.limit(CHECK, "restarts_warning"), view.limit(CHECK, "restarts_critical"))
    health = inspection.health
    if state == OK:
        return Finding(
            CHECK, subject, OK, "running and healthy" if health else "running (it has no health check)", RUNNING
        )
    said = f"runs since {age(up)}, after Docker had to start it anew {count} time{'s' if count > 1 else ''}"
    limit = f"fewer than {view.limit(CHECK, 'restarts_warning'):g} in {view.limit(CHECK, 'restart_minutes'):g} min"
    evidence = tuple(_deaths(inspection, view))
    # Whoever is healthy for as long as a loop takes to come round again is no longer in one.
    if state == CRITICAL and health == "healthy" and up > 300:
        state = WARNING
    return Finding(CHECK, subject, state, said, limit, evidence, f"{logs} tells why")


def _deaths(inspection: Inspection, view: View) -> list[str]:
    """How it ended lately, as far as the daemon still remembers it; asked only where there is a reason to."""
    until = int(view.now)
    try:
        found = view.engine.events(until - 3600, until, container=[inspection.container.id], event=["die", "oom"])
    except EngineUnreachable:
        return []
    words = []
    for event in found:
        if event.get("Action") == "oom":
            words.append("killed by the kernel for want of memory (OOM)")
        else:
            code = ((event.get("Actor") or {}).get("Attributes") or {}).get("exitCode", "?")
            words.append(f"ended with exit code {code}")
    return list(dict.fromkeys(words))


def _end(inspection: Inspection) -> str:
    if inspection.oom_killed:
        return "killed by the kernel for want of memory (OOM)"
    code = inspection.exit_code
    names = {137: " (killed)", 139: " (crashed)", 143: " (asked to stop)"}
    return f"ended with exit code {code}{names.get(code or 0, '')}"


def _error(inspection: Inspection) -> tuple[str, ...]:
    return (inspection.error,) if inspection.error else ()


def _last_words(inspection: Inspection) -> tuple[str, ...]:
    """What the health check said last, without the secrets that its container knows."""
    text = " ".join(inspection.health_output.split())
    if not text:
        return ()
    # Here, because only a sick container needs it.
    from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask, secrets_of  # noqa: PLC0415

    return (Mask(secrets_of(inspection.container.environment))(text)[:LOG_LETTERS],)


def _up(view: View, service: str) -> str:
    return view.stack().compose.command("up", "--detach", service)


def _ago(moment: datetime.datetime | None, now: float) -> str:
    return f", {age(now - moment.timestamp())} ago" if moment else ""
