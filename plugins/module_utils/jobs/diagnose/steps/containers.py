# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first steps: does the daemon answer, and are the containers running?"""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineTimeout, EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import STOP_CODES, Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.symptoms import cannot_run
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age, human_size

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, StepResult
from ..stack_view import StackView
from .log_signs import HOST_NAME, refused_host, remedy, sign_in

EVIDENCE_LINES = 5
FEW_RESTARTS, STEADY_SECONDS = 3, 10
"""Docker itself counts a run of ten seconds as a success: it starts the service without a delay after the next end."""
OOM_SECONDS = 600
"""Age in seconds up to which the kernel's kill of a container that keeps restarting is its cause."""


def check_daemon(view: StackView) -> StepResult:
    """Whether the Docker daemon answers."""
    if view.stack:
        return StepResult(f"the Docker daemon answers at {view.options.access.docker_host}")
    path = view.options.access.docker_host
    error = view.daemon_error
    # A user without access, or a library that does not work, says nothing about the daemon.
    if not isinstance(error, EngineUnreachable) or error.forbidden:
        return StepResult(unknown=[str(error)])
    hangs = isinstance(error, EngineTimeout)
    seen = "it accepts connections but does not answer" if hangs else "no answer"
    fix = f"systemctl {'restart' if hangs else 'start'} docker; journalctl --unit=docker --lines=50"
    return StepResult(causes=[Cause.of("docker_daemon_down", path, CERTAIN, seen, fix, (str(error),))])


def check_containers(view: StackView) -> StepResult:
    """Which containers are not running as they should, and what the last lines of their logs say."""
    result = StepResult()
    for inspection in view.inspections:
        result.causes += _causes_of(view, inspection)
    result.causes += _missing(view)
    done = sum(view.is_done(inspection) for inspection in view.inspections)
    running = len(view.inspections) - done
    completed = f", {done} completed" if done else ""
    result.seen = f"{running} container{'' if running == 1 else 's'} running, none unhealthy{completed}"
    return result


def _missing(view: StackView) -> list[Cause]:
    """Services without a container that others need, or that were asked for."""
    missing = {view.service_of(need.host) for need in view.needs} | set(view.options.services)
    causes = []
    for name in sorted(missing - set(view.services)):
        needed_by = [inspection for inspection in view.inspections if _needs(view, inspection, name)]
        asked = name in view.options.services
        working = bool(needed_by) and all(inspection.healthy or view.is_done(inspection) for inspection in needed_by)
        if working and not asked and all(name in inspection.container.needs_completed for inspection in needed_by):
            continue  # a one-time service that has ended, and whose container was removed
        evidence = [f"services with a container: {', '.join(view.services) or 'none'}"]
        if working:
            evidence.append(f"{_names(needed_by)} works without it: it may be optional")
        causes.append(
            Cause.of(
                "service_missing",
                name,
                CERTAIN if asked or not working else LIKELY if _is_set(view, name) else POSSIBLE,
                "it has no container" + (f", and {_names(needed_by[:1])} needs it" if needed_by else ""),
                view.compose("up", "--detach", name),
                tuple(evidence),
                (name,),
            )
        )
    return causes


def _needs(view: StackView, inspection: Inspection, name: str) -> bool:
    return any(need.service == inspection.service and need.host == name for need in view.needs)


def _is_set(view: StackView, name: str) -> bool:
    """Whether a service's settings name the other one, not only the order of their start."""
    return any(need.host == name and need.port for need in view.needs)


def _names(inspections: list[Inspection]) -> str:
    return ", ".join(sorted({inspection.service for inspection in inspections}))


def _causes_of(view: StackView, inspection: Inspection) -> list[Cause]:
    state = inspection.container.state
    if view.is_done(inspection):
        return []
    if state == "paused":
        seen = "it is paused: its processes are frozen, and connections to it hang"
        return [_cause(inspection, "service_paused", CERTAIN, seen, f"docker unpause {inspection.name}")]
    if _may_have_recovered(inspection):
        return [*_out_of_memory(view, inspection), *_from_log(view, inspection, POSSIBLE), _recovered(view, inspection)]
    if inspection.crashing:
        return [*_out_of_memory(view, inspection), *_from_log(view, inspection), _crashing(view, inspection)]
    if not inspection.running:
        return [*_out_of_memory(view, inspection), *_ended(view, inspection)]
    return _of_running(view, inspection)


def _of_running(view: StackView, inspection: Inspection) -> list[Cause]:
    if inspection.health == "unhealthy":
        # What the health check itself got is nearer to the cause than any line of the log.
        signs = _signs(view, inspection, inspection.health_output.splitlines(), POSSIBLE)
        return [*(signs or _from_log(view, inspection, POSSIBLE)), _unhealthy(view, inspection)]
    line = refused_host(view.log(inspection)) if inspection.service in view.openproject else ""
    if not line:
        return []
    seen = f"it refuses requests for a host name that it does not know: {view.mask(line)[-300:]}"
    return [_cause(inspection, "host_name_refused", POSSIBLE, seen, remedy(view, inspection, "host_name_refused"))]


def _cause(inspection: Inspection, kind: str, likelihood: str, seen: str, fix: str, *evidence: str) -> Cause:
    lines = tuple(line for line in evidence if line)
    return Cause.of(kind, inspection.service, likelihood, seen, fix, lines, (inspection.service,))


def _killed_for_memory(view: StackView, inspection: Inspection) -> bool:
    """Whether the kernel killed it for its memory: now, or before the restart that it is running from."""
    if inspection.oom_killed:
        return True
    if not inspection.crashing:
        return False
    # Docker forgets the flag at each start, but not the event.
    until = int(utc_now().timestamp())
    try:
        engine = view.options.access.engine(view.options.step_timeout)
        return bool(engine.events(until - OOM_SECONDS, until, container=[inspection.container.id], event=["oom"]))
    except EngineUnreachable:
        return False


def _out_of_memory(view: StackView, inspection: Inspection) -> list[Cause]:
    if not _killed_for_memory(view, inspection):
        return []
    limit = inspection.memory_limit
    if not limit:
        seen = "the kernel killed it because the host was out of memory"
        fix = f"free --human; docker stats --no-stream; then docker start {inspection.name}"
        return [_cause(inspection, "out_of_memory", CERTAIN, seen, fix, _ending(inspection))]
    larger = f"{max(2 * limit // 1024**2, 256)}m"
    name = inspection.name
    return [
        _cause(
            inspection,
            "out_of_memory",
            CERTAIN,
            f"the kernel killed it at its memory limit of {human_size(limit)}",
            f"docker update --memory {larger} --memory-swap {larger} {name} && docker restart {name}",
            _ending(inspection),
            "the limit is set in the Compose file (mem_limit; stack_memory_limits of the role stack): raise it there",
        )
    ]


def _ended(view: StackView, inspection: Inspection) -> list[Cause]:
    state = inspection.container.state
    start = f"docker start {inspection.name}"
    if inspection.error:
        # The daemon's error from its attempt to start the container.
        signs = _signs(view, inspection, [inspection.error], LIKELY, "Docker")
        seen = f"Docker could not start it: {view.mask(inspection.error)}"
        return signs or [_cause(inspection, "service_stopped", CERTAIN, seen, start)]
    if state == "created":
        seen = "its container was created but never started: it waits for another service, or the start was interrupted"
        return [_cause(inspection, "service_stopped", LIKELY, seen, view.compose("up", "--detach", inspection.service))]
    if inspection.oom_killed:
        return []
    log = _log_evidence(view, inspection)
    if inspection.exit_code in STOP_CODES:
        seen = f"it was stopped{_since(inspection)} (exit code {inspection.exit_code})"
        return [_cause(inspection, "service_stopped", CERTAIN, seen, start, _own_command(inspection), *log)]
    seen = f"it ended by itself{_since(inspection)} (exit code {inspection.exit_code}), and it was not restarted"
    fix = f"docker logs --tail=50 {inspection.name}; fix what it reports, then {start}"
    return [*_from_log(view, inspection), _cause(inspection, "service_crashing", LIKELY, seen, fix, *log)]


def _own_command(inspection: Inspection) -> str:
    """The collection's command beside Docker's: it keeps the order of the dependencies, and takes the stack's lock."""
    command = f"ansible-playbook maxops.ops.restart -e restart_services={inspection.service}"
    return f"or from the controller: {command} -e restart_only_stopped=true"


def _may_have_recovered(inspection: Inspection) -> bool:
    """A service that ended a few times at its start, as where it comes up before its database, and runs by now."""
    if not (inspection.crashing and inspection.running and inspection.started and not inspection.health):
        return False
    return inspection.restarts <= FEW_RESTARTS and (utc_now() - inspection.started).total_seconds() >= STEADY_SECONDS


def _recovered(view: StackView, inspection: Inspection) -> Cause:
    seconds = (utc_now() - inspection.started).total_seconds() if inspection.started else 0.0
    seen = (
        f"it ended by itself ({_restarts(inspection)}), and has been running for {age(seconds)}: it may have recovered"
    )
    fix = f"docker logs --tail=50 {inspection.name}; run the diagnosis again in two minutes"
    return _cause(inspection, "service_crashing", POSSIBLE, seen, fix, *_log_evidence(view, inspection))


def _crashing(view: StackView, inspection: Inspection) -> Cause:
    code = f", exit code {inspection.exit_code}" if inspection.exit_code else ""
    seen = f"it ends soon after each start ({_restarts(inspection)}{code})"
    fix = f"docker logs --tail=50 {inspection.name}; fix what it reports, then docker restart {inspection.name}"
    return _cause(inspection, "service_crashing", LIKELY, seen, fix, *_log_evidence(view, inspection))


def _unhealthy(view: StackView, inspection: Inspection) -> Cause:
    if cannot_run(inspection.health_code, inspection.health_output):
        return _without_check(view, inspection)
    seen = "it is running, but its health check fails"
    if "exceeded timeout" in inspection.health_output:
        seen = "it is running, but does not answer its health check in time"
    output = view.mask(" ".join(inspection.health_output.split()))[-300:]
    fix = f"docker logs --tail=50 {inspection.name}; docker restart {inspection.name}"
    return _cause(inspection, "service_unhealthy", LIKELY, seen, fix, f"health check: {output}" if output else "")


def _without_check(view: StackView, inspection: Inspection) -> Cause:
    """A health check whose program is missing says nothing about the service, but keeps others from starting."""
    program = " ".join(inspection.health_test[1:2])
    seen = f"its health check cannot run, so Docker calls it unhealthy whether it works or not: {program}"
    output = view.mask(" ".join(inspection.health_output.split()))[-300:]
    fix = (
        f"set a healthcheck in the Compose file whose program the image {inspection.container.image} has; then "
        f"{view.compose('up', '--detach', inspection.service)}"
    )
    return _cause(inspection, "service_unhealthy", LIKELY, seen, fix, f"health check: {output}" if output else "")


def _from_log(view: StackView, inspection: Inspection, likelihood: str = LIKELY) -> list[Cause]:
    return _signs(view, inspection, view.log(inspection), likelihood)


def _signs(
    view: StackView, inspection: Inspection, lines: list[str], likelihood: str, source: str = "its log"
) -> list[Cause]:
    """The cause that a log, or the daemon's error, names."""
    sign = sign_in(lines, of_server=inspection.service in view.servers)
    if sign is None:
        return []
    kind, line = sign
    if kind == HOST_NAME[0]:
        likelihood = POSSIBLE
    seen = f"{source} says: {view.mask(line)[-300:]}"
    return [_cause(inspection, kind, likelihood, seen, remedy(view, inspection, kind))]


def _log_evidence(view: StackView, inspection: Inspection) -> list[str]:
    return [f"log: {line[-300:]}" for line in view.log(inspection)[-EVIDENCE_LINES:]]


def _ending(inspection: Inspection) -> str:
    return f"exit code {inspection.exit_code}{_since(inspection)}, {_restarts(inspection)}"


def _restarts(inspection: Inspection) -> str:
    return f"{inspection.restarts} restart{'' if inspection.restarts == 1 else 's'}"


def _since(inspection: Inspection) -> str:
    return f" {age((utc_now() - inspection.finished).total_seconds())} ago" if inspection.finished else ""
