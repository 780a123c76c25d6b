# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the containers: do they run, stay up, and say that they are well? Private to this collection."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineAway
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

from ..view import Sight, View

CHECK = "containers"
RUNNING = "running and healthy"
LOG_LETTERS = 300


def check_containers(view: View) -> Iterator[Finding]:
    """Each container against what it is for: a service runs and is healthy, a one-shot run ended with 0."""
    try:
        stack = view.stack()
    except EngineAway as error:
        # Who may not look has not seen that anything is down.
        yield from_error(CHECK, "docker", UNKNOWN if error.forbidden else CRITICAL, error, "a daemon that answers")
        return
    project = view.options.project_name
    if not stack.sights:
        known = ", ".join(view.engine.projects()) or "none at all"
        said = f'no container of the Compose project "{project}" (projects here: {known})'
        remedy = "set project_name to one of them, or start the stack: docker compose up --detach in its folder"
        yield Finding(CHECK, "stack", CRITICAL, said, "a stack that was started", remedy=remedy)
        return
    several = Counter(each.container.service for each in stack.sights)
    for sight in stack.sights:
        container = sight.container
        subject = container.service if several[container.service] == 1 else container.name
        finding = _judge(sight, subject, view)
        view.measure("service_up", float(finding.state in (OK, WARNING)), service=subject)
        view.measure("container_restarts", float(sight.data.get("RestartCount") or 0), service=subject)
        yield finding
    yield from _missing(view)


def _missing(view: View) -> Iterator[Finding]:
    """Services that others wait for and that have no container at all."""
    sights = view.stack().sights
    there = {each.container.service for each in sights}
    for sight in sights:
        named = sight.container.labels.get("com.docker.compose.depends_on", "")
        for service in sorted({entry.split(":")[0] for entry in named.split(",")} - {""} - there):
            there.add(service)
            said = f"has no container, and {sight.container.service} depends on it"
            yield Finding(CHECK, service, CRITICAL, said, RUNNING, remedy=f"{_compose(view)} up --detach {service}")


def _judge(sight: Sight, subject: str, view: View) -> Finding:
    state = sight.state
    name = sight.container.name
    status = str(state.get("Status"))
    logs = f"docker logs --tail=50 {name}"
    if status == "paused":
        remedy = f"docker unpause {name}"
        return Finding(CHECK, subject, CRITICAL, "paused: its processes are frozen", RUNNING, remedy=remedy)
    if status == "restarting":
        count = sight.data.get("RestartCount") or 0
        said = f"restarting in a loop ({count} times so far), each time {_end(state)}"
        return Finding(CHECK, subject, CRITICAL, said, RUNNING, _error(state), f"{logs} tells why; then mend that")
    if status != "running":
        return _judge_ended(sight, subject, view, logs)
    return _judge_running(sight, subject, view, logs)


def _judge_ended(sight: Sight, subject: str, view: View, logs: str) -> Finding:
    state = sight.state
    policy = ((sight.data.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") or "no"
    since = _ago(state.get("FinishedAt"), view.now)
    if state.get("Status") == "exited" and state.get("ExitCode") == 0 and policy in ("no", "on-failure"):
        return Finding(CHECK, subject, OK, f"did its work and ended with 0{since}", "ended with 0")
    start = f"{_compose(view)} up --detach {sight.container.service}"
    if state.get("Status") == "created":
        said = "was created and could not be started" if state.get("Error") else "was created and never started"
        return Finding(CHECK, subject, CRITICAL, said, RUNNING, _error(state), start)
    remedy = f"{logs} tells why; start it: {start}"
    if state.get("ExitCode") in (0, 143) and not state.get("OOMKilled"):
        remedy = f"it was stopped; start it: {start}"
    elif state.get("OOMKilled"):
        remedy = f"give it more memory (mem_limit), or find what takes it ({logs}); start it: {start}"
    return Finding(
        CHECK, subject, CRITICAL, f"{state.get('Status')}: {_end(state)}{since}", RUNNING, _error(state), remedy
    )


def _judge_running(sight: Sight, subject: str, view: View, logs: str) -> Finding:
    state = sight.state
    health = state.get("Health") or {}
    told = health.get("Status") or "none"
    if told == "unhealthy":
        said = f"runs, but its health check has failed {health.get('FailingStreak', 0)} times in a row"
        return Finding(CHECK, subject, CRITICAL, said, RUNNING, _last_words(sight, health), f"{logs} tells why")
    restarts = _restarts(sight, subject, view, logs)
    if restarts.state != OK:
        return restarts
    if state.get("OOMKilled"):
        said = "runs, but the kernel has killed one of its processes for want of memory"
        return Finding(CHECK, subject, WARNING, said, RUNNING, "OOMKilled", f"give it more memory (mem_limit); {logs}")
    if told == "starting":
        said = f"has just been started{_ago(state.get('StartedAt'), view.now)} and is not healthy yet"
        return Finding(CHECK, subject, WARNING, said, RUNNING, remedy="look again in a minute")
    return restarts


def _restarts(sight: Sight, subject: str, view: View, logs: str) -> Finding:
    """Restarts by Docker count while they are fresh: the number itself never goes down again."""
    count = int(sight.data.get("RestartCount") or 0)
    up = view.now - (_moment(sight.state.get("StartedAt")) or 0.0)
    fresh = count if up < view.limit(CHECK, "restart_minutes") * 60 else 0
    state = judged(fresh, view.limit(CHECK, "restarts_warning"), view.limit(CHECK, "restarts_critical"))
    health = (sight.state.get("Health") or {}).get("Status")
    if state == OK:
        return Finding(
            CHECK, subject, OK, "running and healthy" if health else "running (it has no health check)", RUNNING
        )
    said = f"runs since {age(up)}, after Docker had to start it anew {count} time{'s' if count > 1 else ''}"
    limit = f"fewer than {view.limit(CHECK, 'restarts_warning'):g} in {view.limit(CHECK, 'restart_minutes'):g} min"
    evidence = "; ".join(_deaths(sight, view))
    # Whoever is healthy for as long as a loop takes to come round again is no longer in one.
    if state == CRITICAL and health == "healthy" and up > 300:
        state = WARNING
    return Finding(CHECK, subject, state, said, limit, evidence, f"{logs} tells why")


def _deaths(sight: Sight, view: View) -> list[str]:
    """How it ended lately, as far as the daemon still remembers it; asked only where there is a reason to."""
    until = int(view.now)
    try:
        found = view.engine.events(until - 3600, until, container=[sight.container.id], event=["die", "oom"])
    except EngineAway:
        return []
    words = []
    for event in found:
        if event.get("Action") == "oom":
            words.append("killed by the kernel for want of memory (OOM)")
        else:
            code = ((event.get("Actor") or {}).get("Attributes") or {}).get("exitCode", "?")
            words.append(f"ended with exit code {code}")
    return list(dict.fromkeys(words))


def _end(state: dict[str, Any]) -> str:
    if state.get("OOMKilled"):
        return "killed by the kernel for want of memory (OOM)"
    code = state.get("ExitCode")
    names = {137: " (killed)", 139: " (crashed)", 143: " (asked to stop)"}
    return f"ended with exit code {code}{names.get(code or 0, '')}"


def _error(state: dict[str, Any]) -> str:
    return str(state.get("Error") or "")


def _last_words(sight: Sight, health: dict[str, Any]) -> str:
    """What the health check said last, without the secrets that its container knows."""
    log = health.get("Log") or []
    text = " ".join(str(log[-1].get("Output") or "").split()) if log else ""
    if not text:
        return ""
    # Here, because only a sick container needs it.
    from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask, secrets_of  # noqa: PLC0415

    return Mask(secrets_of(sight.container.environment))(text)[:LOG_LETTERS]


def _compose(view: View) -> str:
    folder = view.stack().working_dir
    return f"docker compose --project-name {view.options.project_name}" + (
        f" --project-directory {folder}" if folder else ""
    )


def _moment(text: Any) -> float | None:
    """Seconds since 1970 of a time as the daemon writes it; None for its year 1."""
    try:
        return datetime.datetime.fromisoformat(f"{str(text)[:19]}+00:00").timestamp() if text else None
    except (ValueError, OverflowError):
        return None


def _ago(text: Any, now: float) -> str:
    moment = _moment(text)
    return f", {age(now - moment)} ago" if moment and moment > 0 else ""
