# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the containers: whether they run, stay up and pass their health checks."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, missing_services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.installation import kind_of, notice
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.symptoms import cannot_run
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    NOTICE,
    OK,
    UNKNOWN,
    WARNING,
    Finding,
    from_error,
    judged,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age

from ..consequences import following
from ..view import View
from .application import application_health, causes_of

CHECK = "containers"
RUNNING = "running and healthy"
OUT_OF_MEMORY = "killed by the kernel: out of memory (OOM)"
LOG_LETTERS = 300
MIGRATION = datetime.timedelta(seconds=90)
"""Within so much time after the end of a migration, the last restart belongs to it."""


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
        fix = "name one of them (maxops_project_name), or start the stack: docker compose up --detach in its folder"
        yield Finding(CHECK, "stack", CRITICAL, seen, "a stack that was started", fix=fix)
        return
    kind = kind_of({"DockerRootDir": next((one.docker_root for one in stack.inspections), "")}, view.engine.docker_host)
    if kind:
        yield Finding(CHECK, "docker", NOTICE, notice(kind), "Docker Engine for the whole host")
    for inspection in stack.inspections:
        finding = _judge(inspection, stack.subject_of(inspection), view)
        alone = len(stack.inspections_of(inspection.service)) == 1
        service = inspection.service if alone else inspection.name
        view.measure("service_up", float(finding.state in (OK, WARNING)), service=service)
        view.measure("container_restarts", float(inspection.restarts), service=service)
        yield finding
    yield from _missing(view)


def _missing(view: View) -> Iterator[Finding]:
    """Services that others depend on and that have no container."""
    for service, dependent in missing_services(view.stack().inspections).items():
        seen = f"has no container, and {dependent} depends on it"
        yield Finding(CHECK, service, CRITICAL, seen, RUNNING, fix=view.stack().start(service))


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
        finding = Finding(CHECK, subject, CRITICAL, seen, RUNNING, _error(inspection), fix)
        stack = view.stack()
        application = stack.roles.application_of(inspection.service)
        return following(finding, *causes_of(stack, application)) if application else finding
    if status != "running":
        return _judge_ended(inspection, subject, view, logs)
    return _judge_running(inspection, subject, view, logs)


def _judge_ended(inspection: Inspection, subject: str, view: View, logs: str) -> Finding:
    since = _ago(inspection.finished, view.now)
    if inspection.done and not view.stack().roles.must_run(inspection.container):
        return Finding(CHECK, subject, OK, f"finished with exit code 0{since}", "exit code 0")
    start = view.stack().start(inspection.service)
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
    if inspection.health in ("unhealthy", "starting") and cannot_run(inspection.health_code, inspection.health_output):
        return _judge_without_check(inspection, subject, view)
    if inspection.health == "unhealthy":
        seen = f"running, but its health check failed {inspection.failing_streak} times in a row"
        output = _health_output(inspection)
        finding = Finding(CHECK, subject, CRITICAL, seen, RUNNING, output, f"{logs} shows the cause")
        stack = view.stack()
        # An application that lacks its database or cache is not at fault itself.
        application = stack.roles.application_of(inspection.service)
        return following(finding, *causes_of(stack, application)) if application else finding
    restarts = _restarts(inspection, subject, view, logs)
    if restarts.state != OK:
        return restarts
    if inspection.oom_killed:
        seen = "running, but the kernel killed one of its processes: out of memory"
        fix = f"give it more memory (mem_limit); {logs}"
        return Finding(CHECK, subject, WARNING, seen, RUNNING, ("OOMKilled",), fix)
    if inspection.health == "starting":
        return _judge_starting(inspection, subject, view, logs)
    return restarts


def _judge_starting(inspection: Inspection, subject: str, view: View, logs: str) -> Finding:
    started = _ago(inspection.started, view.now)
    if inspection.crashing and not _is_waiting(inspection, view):
        count = inspection.restarts
        seen = f"keeps ending: {count} automatic restart{'s' if count > 1 else ''}, the last{started}"
        evidence = tuple(_recent_exits(inspection, view))
        return Finding(CHECK, subject, CRITICAL, seen, RUNNING, evidence, f"{logs} shows the cause")
    most = inspection.start_seconds
    allowed = f"it may take up to {age(most)}" if most else "check again in a minute"
    seen = f"just started{started}, not healthy yet"
    return following(Finding(CHECK, subject, WARNING, seen, RUNNING, fix=allowed), starts=True)


def _judge_without_check(inspection: Inspection, subject: str, view: View) -> Finding:
    """A container whose health check cannot run: that says nothing, so the application is asked itself."""
    stack = view.stack()
    output = _health_output(inspection)
    test = " ".join(inspection.health_test[1:])[:LOG_LETTERS]
    fix = f"correct the healthcheck of service {inspection.service}: its image must have the program that it calls"
    if test:
        fix += f" ({test})"
    seen = "running; its health check cannot run, so it says nothing"
    application = stack.roles.application_of(inspection.service)
    if application and inspection.service == stack.roles.service_of(application):
        try:
            own = application_health(view, application)
        except MaxopsError as error:  # it did not answer in time; the other containers are judged all the same
            return Finding(CHECK, subject, UNKNOWN, f"{seen}; {error}", RUNNING, output, fix)
        if own.state in (OK, WARNING):
            seen = "running, and it answers; its health check cannot run, so Docker calls it unhealthy"
            return Finding(CHECK, subject, WARNING, seen, RUNNING, output, fix)
        finding = Finding(CHECK, subject, UNKNOWN, seen, RUNNING, output, fix)
        return following(finding, (own.check, own.subject))
    return Finding(CHECK, subject, UNKNOWN, seen, RUNNING, output, fix)


def _restarts(inspection: Inspection, subject: str, view: View, logs: str) -> Finding:
    """Automatic restarts, which count only while they are recent: Docker never lowers the number."""
    count = inspection.restarts
    up = view.now - (inspection.started.timestamp() if inspection.started else 0.0)
    recent = count if up < view.limit(CHECK, "restart_minutes") * 60 else 0
    state = judged(recent, view.limit(CHECK, "restarts_warning"), view.limit(CHECK, "restarts_critical"))
    health = inspection.health
    running = "running and healthy" if health else "running (it has no health check)"
    if state != OK and (once := _waited_for(inspection, view)):
        # As in OpenProject's own Compose file: its services end themselves until the migrations are done.
        return Finding(CHECK, subject, OK, f"{running}; it restarted {count} times until {once} was done", RUNNING)
    if state == OK:
        return Finding(CHECK, subject, OK, running, RUNNING)
    seen = f"up for {age(up)} after {count} automatic restart{'s' if count > 1 else ''}"
    limit = f"fewer than {view.limit(CHECK, 'restarts_warning'):g} in {view.limit(CHECK, 'restart_minutes'):g} min"
    evidence = tuple(_recent_exits(inspection, view))
    # A container that stayed healthy for longer than a restart loop takes is not in a loop any more.
    if state == CRITICAL and health == "healthy" and up > 300:
        state = WARNING
    return Finding(CHECK, subject, state, seen, limit, evidence, f"{logs} shows the cause")


def _is_waiting(inspection: Inspection, view: View) -> bool:
    """True while a one-time service of the same application, such as its migrations, runs."""
    stack = view.stack()
    application = stack.roles.application_of(inspection.service)
    return any(
        application and other.running and other.once and stack.roles.application_of(other.service) == application
        for other in stack.inspections
        if other.service != inspection.service
    )


def _waited_for(inspection: Inspection, view: View) -> str:
    """The one-time service of the same application during which a container restarted, or an empty text."""
    stack = view.stack()
    application = stack.roles.application_of(inspection.service)
    if not inspection.running or inspection.started is None or inspection.health not in ("", "healthy"):
        return ""
    for other in stack.inspections:
        same = application and stack.roles.application_of(other.service) == application
        if same and other.done and other.finished and other.finished > inspection.started - MIGRATION:
            # Docker waits up to a minute between two restarts.
            return other.service
    return ""


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


def _ago(moment: datetime.datetime | None, now: float) -> str:
    return f", {age(now - moment.timestamp())} ago" if moment else ""
