# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first look: does the daemon answer, and what are the containers doing? Private to this collection."""

from __future__ import annotations

import re

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import age, human_size

from ..cause import CERTAIN, LIKELY, POSSIBLE, Cause, Report
from ..scene import Scene

TOLD_LINES = 5
STOP_CODES = (0, 130, 137, 143)
"""How a service ends that was told to: by itself, or by SIGINT, SIGKILL and SIGTERM."""

# What the log of a broken service says, as a cause; the first that fits is the one.
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


def look_for_daemon(scene: Scene) -> Report:
    """Whether the Docker daemon answers."""
    if scene.stack:
        return Report(f"the Docker daemon answers at {scene.options.access.docker_host}")
    path = scene.options.access.docker_host
    if "run as root" in scene.daemon_error:
        return Report(unknown=[scene.daemon_error])
    hangs = "no answer within" in scene.daemon_error
    seen = "it takes connections and does not answer" if hangs else "nobody answers there"
    fix = f"systemctl {'restart' if hangs else 'start'} docker; journalctl --unit=docker --lines=50"
    return Report(causes=[Cause.of("docker_daemon_down", path, CERTAIN, seen, fix, (scene.daemon_error,))])


def look_at_containers(scene: Scene) -> Report:
    """Which containers don't run as they should, and what their last words say."""
    report = Report()
    for look in scene.inspections:
        report.causes += _causes_of(scene, look)
    report.causes += _missing(scene)
    count = len(scene.inspections)
    report.seen = f"{count} container{'s run' if count != 1 else ' runs'}, none is ill"
    return report


def _missing(scene: Scene) -> list[Cause]:
    named = {need.host: need.service for need in scene.needs if need.host not in scene.services}
    wanted = [each for each in scene.options.services if each not in scene.services]
    known = {look.name for look in scene.inspections}
    return [
        Cause.of(
            "service_missing",
            name,
            CERTAIN,
            "there is no container of it" + (f", and {named[name]} needs it" if name in named else ""),
            scene.compose("up", "--detach", name),
            (f"services with a container: {', '.join(scene.services) or 'none'}",),
            (name,),
        )
        for name in sorted({*named, *wanted} - known)
    ]


def _causes_of(scene: Scene, look: Inspection) -> list[Cause]:
    state = look.container.state
    if look.done:
        return []
    if state == "paused":
        seen = "it is paused: its processes are frozen, connections to it hang"
        return [_cause(look, "service_paused", CERTAIN, seen, f"docker unpause {look.name}")]
    if look.crashing:
        return [*_out_of_memory(scene, look), *_from_log(scene, look), _crashing(scene, look)]
    if not look.running:
        return [*_out_of_memory(scene, look), *_ended(scene, look)]
    if look.health == "unhealthy":
        return [*_from_log(scene, look, POSSIBLE), _unhealthy(scene, look)]
    return []


def _cause(look: Inspection, kind: str, likelihood: str, seen: str, fix: str, *evidence: str) -> Cause:
    told = tuple(each for each in evidence if each)
    return Cause.of(kind, look.service, likelihood, seen, fix, told, (look.service,))


def _out_of_memory(_scene: Scene, look: Inspection) -> list[Cause]:
    if not look.oom_killed:
        return []
    limit = look.memory_limit
    if not limit:
        seen = "the kernel ended it because the host's memory was used up"
        fix = f"free --human; docker stats --no-stream; then docker start {look.name}"
        return [_cause(look, "out_of_memory", CERTAIN, seen, fix, _ending(look))]
    larger = f"{max(2 * limit // 1024**2, 256)}m"
    return [
        _cause(
            look,
            "out_of_memory",
            CERTAIN,
            f"the kernel ended it at its memory limit of {human_size(limit)}",
            f"docker update --memory {larger} --memory-swap {larger} {look.name} && docker restart {look.name}",
            _ending(look),
            "the limit stands in the Compose file (mem_limit; stack_memory_limits of the role stack): raise it there",
        )
    ]


def _ended(scene: Scene, look: Inspection) -> list[Cause]:
    state = look.container.state
    start = f"docker start {look.name}"
    if look.error:
        # The words of the daemon: what it could not do when it started the container.
        signs = _signs(scene, look, [look.error], LIKELY, "Docker")
        seen = f"Docker could not start it: {scene.mask(look.error)}"
        return signs or [_cause(look, "service_stopped", CERTAIN, seen, start)]
    if state == "created":
        seen = "its container was made and never started: it waits for others, or somebody broke off the start"
        return [_cause(look, "service_stopped", LIKELY, seen, scene.compose("up", "--detach", look.service))]
    if look.oom_killed:
        return []
    words = _last_words(scene, look)
    if look.exit_code in STOP_CODES:
        seen = f"it was stopped{_since(look)} (exit code {look.exit_code})"
        return [_cause(look, "service_stopped", CERTAIN, seen, start, *words)]
    seen = f"it ended by itself{_since(look)} (exit code {look.exit_code}), and nobody started it anew"
    fix = f"docker logs --tail=50 {look.name}; mend what it says, then {start}"
    return [*_from_log(scene, look), _cause(look, "service_crashing", LIKELY, seen, fix, *words)]


def _crashing(scene: Scene, look: Inspection) -> Cause:
    code = f", exit code {look.exit_code}" if look.exit_code else ""
    seen = f"it ends soon after each start ({_restarts(look)}{code})"
    fix = f"docker logs --tail=50 {look.name}; mend what it says, then docker restart {look.name}"
    return _cause(look, "service_crashing", LIKELY, seen, fix, *_last_words(scene, look))


def _unhealthy(scene: Scene, look: Inspection) -> Cause:
    seen = "it runs, and its health check fails"
    if "exceeded timeout" in look.health_output:
        seen = "it runs, and does not answer its health check in time"
    told = scene.mask(" ".join(look.health_output.split()))[-300:]
    fix = f"docker logs --tail=50 {look.name}; docker restart {look.name}"
    return _cause(look, "service_unhealthy", LIKELY, seen, fix, f"health check: {told}" if told else "")


def _from_log(scene: Scene, look: Inspection, likelihood: str = LIKELY) -> list[Cause]:
    return _signs(scene, look, scene.log(look)[-20:], likelihood)


def _signs(scene: Scene, look: Inspection, lines: list[str], likelihood: str, who: str = "its log") -> list[Cause]:
    """The cause that a log, or the daemon's refusal, tells of."""
    for line in reversed(lines):
        kind = next((kind for kind, sign in LOG_SIGNS if sign.search(line)), None)
        if kind:
            seen = f"{who} says: {scene.mask(line)[-300:]}"
            return [_cause(look, kind, likelihood, seen, _fix(scene, look, kind))]
    return []


def _fix(scene: Scene, look: Inspection, kind: str) -> str:
    """What to type where only the log told of the cause; the steps that look at the thing itself know better."""
    start = f"docker restart {look.name}"
    database = next((each.name for each in scene.of_service(scene.options.access.database_service)), "postgres")
    psql = f"docker exec -it {database} psql -d postgres"
    return {
        "disk_full": f"df --human-readable; docker system df; make room (cleanup.yml), then {start}",
        "database_version": "name the image of the data's own version in the Compose file, or restore a set into the"
        " new one (restore.yml)",
        "database_password": f"{psql} -c '\\password' and give the one of .env; then {start}",
        "cache_password": scene.compose("up", "--detach", "--force-recreate", look.service),
        "database_missing": f"{psql} -c '\\l'; restore what is missing (restore.yml)",
        "database_connections": f"{psql} -c 'TABLE pg_stat_activity'",
        "cache_memory": "ansible-playbook maxops.ops.cache",
        "dns_name_missing": scene.compose("up", "--detach"),
        "port_taken": f"ss --listening --tcp --numeric --processes; stop who has the port, then {start}",
        "out_of_memory": f"free --human; docker stats --no-stream; then {start}",
        "volume_permissions": f"ls -ldn {_folders(look)}; chown it to the user of the service, then {start}",
    }[kind]


def _folders(look: Inspection) -> str:
    sources = [each.source for each in look.container.mounts if each.writable and each.kind in ("volume", "bind")]
    return " ".join(sources) or "/"


def _last_words(scene: Scene, look: Inspection) -> list[str]:
    return [f"log: {line[-300:]}" for line in scene.log(look)[-TOLD_LINES:]]


def _ending(look: Inspection) -> str:
    return f"exit code {look.exit_code}{_since(look)}, {_restarts(look)}"


def _restarts(look: Inspection) -> str:
    return f"{look.restarts} restart{'' if look.restarts == 1 else 's'}"


def _since(look: Inspection) -> str:
    return f" {age((utc_now() - look.finished).total_seconds())} ago" if look.finished else ""
