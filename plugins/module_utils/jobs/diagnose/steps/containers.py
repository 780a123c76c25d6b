# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first steps: does the daemon answer, and are the containers running?"""

from __future__ import annotations

import re

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineTimeout, EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age, human_size

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, StepResult
from ..stack_view import StackView

EVIDENCE_LINES = 5
OOM_SECONDS = 600
"""Age in seconds up to which the kernel's kill of a container that keeps restarting is its cause."""
STOP_CODES = (0, 130, 137, 143)
"""Exit codes of a service that was stopped: by itself, or by SIGINT, SIGKILL and SIGTERM."""

# Log lines of a broken service that point to a cause; the first match counts.
LOG_SIGNS = (
    ("disk_full", re.compile(r"no space left on device|disk quota exceeded|could not extend file", re.IGNORECASE)),
    ("database_version", re.compile(r"database files are incompatible|was initialized by PostgreSQL version", re.I)),
    ("database_password", re.compile(r"password authentication failed", re.IGNORECASE)),
    ("cache_password", re.compile(r"\bWRONGPASS\b|\bNOAUTH\b|invalid username-password pair", re.IGNORECASE)),
    ("database_missing", re.compile(r'database "[^"]+" does not exist', re.IGNORECASE)),
    ("database_connections", re.compile(r"too many clients|remaining connection slots are reserved", re.IGNORECASE)),
    ("cache_memory", re.compile(r"OOM command not allowed", re.IGNORECASE)),
    (
        "dns_name_missing",
        re.compile(
            r"could not translate host name|no such host|name or service not known|name resolution|host not found in"
            r" upstream",
            re.IGNORECASE,
        ),
    ),
    ("port_taken", re.compile(r"address already in use|port is already allocated", re.IGNORECASE)),
    ("out_of_memory", re.compile(r"cannot allocate memory|out of memory|OutOfMemory|MemoryError", re.IGNORECASE)),
    ("volume_permissions", re.compile(r"permission denied(?! (for|to) )|read-only file system", re.I)),
)


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
    done = sum(inspection.done for inspection in view.inspections)
    running = len(view.inspections) - done
    completed = f", {done} completed" if done else ""
    result.seen = f"{running} container{'' if running == 1 else 's'} running, none unhealthy{completed}"
    return result


def _missing(view: StackView) -> list[Cause]:
    named = {need.host: need.service for need in view.needs if need.host not in view.services}
    wanted = [service for service in view.options.services if service not in view.services]
    containers = {inspection.name for inspection in view.inspections}
    return [
        Cause.of(
            "service_missing",
            name,
            CERTAIN,
            "it has no container" + (f", and {named[name]} needs it" if name in named else ""),
            view.compose("up", "--detach", name),
            (f"services with a container: {', '.join(view.services) or 'none'}",),
            (name,),
        )
        for name in sorted({*named, *wanted} - containers)
    ]


def _causes_of(view: StackView, inspection: Inspection) -> list[Cause]:
    state = inspection.container.state
    if inspection.done:
        return []
    if state == "paused":
        seen = "it is paused: its processes are frozen, and connections to it hang"
        return [_cause(inspection, "service_paused", CERTAIN, seen, f"docker unpause {inspection.name}")]
    if inspection.crashing:
        return [*_out_of_memory(view, inspection), *_from_log(view, inspection), _crashing(view, inspection)]
    if not inspection.running:
        return [*_out_of_memory(view, inspection), *_ended(view, inspection)]
    if inspection.health == "unhealthy":
        return [*_from_log(view, inspection, POSSIBLE), _unhealthy(view, inspection)]
    return []


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
        return [_cause(inspection, "service_stopped", CERTAIN, seen, start, *log)]
    seen = f"it ended by itself{_since(inspection)} (exit code {inspection.exit_code}), and it was not restarted"
    fix = f"docker logs --tail=50 {inspection.name}; fix what it reports, then {start}"
    return [*_from_log(view, inspection), _cause(inspection, "service_crashing", LIKELY, seen, fix, *log)]


def _crashing(view: StackView, inspection: Inspection) -> Cause:
    code = f", exit code {inspection.exit_code}" if inspection.exit_code else ""
    seen = f"it ends soon after each start ({_restarts(inspection)}{code})"
    fix = f"docker logs --tail=50 {inspection.name}; fix what it reports, then docker restart {inspection.name}"
    return _cause(inspection, "service_crashing", LIKELY, seen, fix, *_log_evidence(view, inspection))


def _unhealthy(view: StackView, inspection: Inspection) -> Cause:
    seen = "it is running, but its health check fails"
    if "exceeded timeout" in inspection.health_output:
        seen = "it is running, but does not answer its health check in time"
    output = view.mask(" ".join(inspection.health_output.split()))[-300:]
    fix = f"docker logs --tail=50 {inspection.name}; docker restart {inspection.name}"
    return _cause(inspection, "service_unhealthy", LIKELY, seen, fix, f"health check: {output}" if output else "")


def _from_log(view: StackView, inspection: Inspection, likelihood: str = LIKELY) -> list[Cause]:
    return _signs(view, inspection, view.log(inspection)[-20:], likelihood)


def _signs(
    view: StackView, inspection: Inspection, lines: list[str], likelihood: str, source: str = "its log"
) -> list[Cause]:
    """The cause that the last matching line of a log, or of the daemon's error, points to."""
    for line in reversed(lines):
        kind = next((kind for kind, sign in LOG_SIGNS if sign.search(line)), None)
        if kind:
            seen = f"{source} says: {view.mask(line)[-300:]}"
            return [_cause(inspection, kind, likelihood, seen, _fix(view, inspection, kind))]
    return []


def _fix(view: StackView, inspection: Inspection, kind: str) -> str:
    """The command where only a log names the cause; the steps that check the thing itself give a more exact one."""
    start = f"docker restart {inspection.name}"
    databases = view.of_service(view.roles.database)
    database = databases[0].name if databases else "postgres"
    psql = f"docker exec -it {database} psql -d postgres"
    return {
        "disk_full": f"df --human-readable; docker system df; ansible-playbook maxops.ops.cleanup; then {start}",
        "database_version": "set the image of the data's own PostgreSQL version in the Compose file, or restore a"
        " backup set into the new version (ansible-playbook maxops.ops.restore)",
        "database_password": f"{psql} -c '\\password' and enter the password from .env; then {start}",
        "cache_password": view.compose("up", "--detach", "--force-recreate", inspection.service),
        "database_missing": f"{psql} -c '\\l'; restore the missing one: ansible-playbook maxops.ops.restore",
        "database_connections": f"{psql} -c 'TABLE pg_stat_activity'",
        "cache_memory": "ansible-playbook maxops.ops.cache",
        "dns_name_missing": view.compose("up", "--detach"),
        "port_taken": f"ss --listening --tcp --numeric --processes; stop the process that uses the port, then {start}",
        "out_of_memory": f"free --human; docker stats --no-stream; then {start}",
        "volume_permissions": f"ls -ldn {_folders(inspection)}; chown it to the user of the service, then {start}",
    }[kind]


def _folders(inspection: Inspection) -> str:
    mounts = inspection.container.mounts
    sources = [mount.source for mount in mounts if mount.writable and mount.kind in ("volume", "bind")]
    return " ".join(sources) or "/"


def _log_evidence(view: StackView, inspection: Inspection) -> list[str]:
    return [f"log: {line[-300:]}" for line in view.log(inspection)[-EVIDENCE_LINES:]]


def _ending(inspection: Inspection) -> str:
    return f"exit code {inspection.exit_code}{_since(inspection)}, {_restarts(inspection)}"


def _restarts(inspection: Inspection) -> str:
    return f"{inspection.restarts} restart{'' if inspection.restarts == 1 else 's'}"


def _since(inspection: Inspection) -> str:
    return f" {age((utc_now() - inspection.finished).total_seconds())} ago" if inspection.finished else ""
