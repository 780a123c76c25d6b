# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status of the stack: services, images, resource use, volumes, disk. Changes nothing."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Callable
from urllib.parse import quote

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Journals
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import disk_usage
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import PROJECT_LABEL
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import Engine, no_such_project
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, missing_services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.installation import kind_of, notice
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import ComposeProject, project_of
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import measure
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.system import filesystems, load, memory
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Answer as TimedAnswer
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import side_by_side

from . import containers


@dataclass(frozen=True)
class StatusOptions:
    """The options of one run: ``timeout`` limits each query, ``sizes`` turns measuring of disk usage on or off."""

    access: Access
    sizes: bool
    timeout: float


@dataclass
class Answer:
    """The result of one query: a value, or a problem as text."""

    value: Any = None
    problem: str = ""


def query_all(queries: Mapping[str, Callable[[], Any]], seconds: float) -> dict[str, Answer]:
    """Run all queries at once; one that has not answered after so many seconds has a problem instead of a value."""
    answers = side_by_side(queries, seconds)
    return {key: Answer(answer.value, _problem(answer, seconds)) for key, answer in answers.items()}


def _problem(answer: TimedAnswer[Any], seconds: float) -> str:
    if not answer.ended:
        return f"took longer than {seconds:g} s"
    if answer.error is None or isinstance(answer.error, (MaxopsError, OSError)):
        return str(answer.error or "")
    # One unexpected answer of the daemon must not discard the others.
    return f"unexpected answer: {type(answer.error).__name__}: {answer.error}"


def collect_status(options: StatusOptions, now: datetime.datetime | None = None) -> dict[str, Any]:
    """The status of the stack. Raises MaxopsError if Docker cannot be reached or the stack does not exist."""
    started = time.monotonic()
    moment = now or utc_now()
    engine = options.access.engine(options.timeout)
    inspected = engine.containers(options.access.project_name)
    if not inspected:
        raise no_such_project(options.access.project_name, engine.projects())
    folders = _volume_folders(engine, options.access.project_name, inspected)
    images = sorted({name for one in inspected for name in (one.container.image_id, one.container.image)})
    queries: dict[str, Callable[[], Any]] = {"docker info": _query(engine, "/info")}
    queries.update({f"image {name}": _query(engine, f"/images/{quote(name)}/json") for name in images if name})
    queries.update(
        {
            f"stats of {inspection.name}": _query(engine, f"/containers/{inspection.container.id}/stats?stream=false")
            for inspection in inspected
            if inspection.state in ("running", "paused")
        }
    )
    if options.sizes:
        queries["docker system df"] = lambda: _disk_usage(engine, options.timeout)
        queries.update({f"volume {name}": _measurement(folder, options.timeout) for name, folder in folders.items()})
    answers = query_all(queries, options.timeout)
    services = [_service(inspection, answers, moment) for inspection in inspected]
    volumes = _volumes(inspected, folders, answers)
    compose = project_of(options.access.project_name, [inspection.container for inspection in inspected])
    missing = sorted(missing_services(inspected))
    return {
        "changed": False,
        "project": options.access.project_name,
        "at": timestamp(moment),
        "services": sorted(services, key=lambda service: (service["service"], service["container"])),
        "missing": missing,
        "volumes": volumes,
        "docker": _docker(answers),
        "host": _host(answers, list(folders.values())),
        "well": not missing and all(service["well"] for service in services),
        "remarks": [
            *_remarks_on_docker(answers, options.access.docker_host),
            *_remarks(services, missing, answers, compose),
            *_remarks_on_previous(options.access.project_name),
        ],
        "duration": round(time.monotonic() - started, 3),
    }


def _query(engine: Engine, path: str) -> Callable[[], Any]:
    return lambda: engine.get(path)


def _disk_usage(engine: Engine, seconds: float) -> Any:
    """The daemon runs only one such query at a time and refuses others meanwhile: retry until it is free."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return engine.get(disk_usage.PATH)
        except MaxopsError as error:
            if "already running" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def _measurement(folder: str, seconds: float) -> Callable[[], int]:
    return lambda: measure(folder, seconds)


# -- services -------------------------------------------------------------------------------------------------------


def _service(inspection: Inspection, answers: Mapping[str, Answer], now: datetime.datetime) -> dict[str, Any]:
    facts = containers.container_facts(inspection, now)
    own = answers[f"image {inspection.container.image_id}"]
    named = answers.get(f"image {facts['image']}", Answer())
    image = containers.image_facts(own.value, now) if own.value else {}
    stats = answers.get(f"stats of {inspection.name}", Answer())
    facts.update(containers.usage(stats.value or {}))
    if stats.problem or not stats.value:
        facts.update(dict.fromkeys(containers.usage({})))
    return {
        **facts,
        "image_digest": next(iter(image.get("digests") or []), "").rpartition("@")[2] or None,
        "image_version": image.get("version"),
        "image_created": image.get("created"),
        "image_age_seconds": image.get("age_seconds"),
        "image_bytes": image.get("bytes"),
        # The name refers to another image than the running one: the next "up" will change it.
        "image_outdated": bool(named.value) and named.value["Id"] != inspection.container.image_id,
    }


def _remarks(
    services: Sequence[Mapping[str, Any]],
    missing: Sequence[str],
    answers: Mapping[str, Answer],
    compose: ComposeProject,
) -> list[str]:
    remarks = [f"{name} has no container: start it ({compose.command('up', '--detach', name)})" for name in missing]
    for service in services:
        name = service["container"]
        if service["oom_killed"]:
            remarks.append(f"{name} was killed: out of memory; check its mem_limit, and dmesg")
        if service["image_outdated"]:
            remarks.append(
                f"{name} runs another image than {service['image']} is now; the next docker compose up changes it"
            )
    by_problem: dict[str, list[str]] = {}
    for key, answer in answers.items():
        if answer.problem:
            by_problem.setdefault(answer.problem, []).append(key)
    return remarks + [f"not measured: {', '.join(sorted(keys))}: {problem}" for problem, keys in by_problem.items()]


def _remarks_on_docker(answers: Mapping[str, Answer], docker_host: str) -> list[str]:
    """What this installation of Docker cannot do, and an answer that could not be read."""
    sentence = notice(kind_of(answers["docker info"].value or {}, docker_host))
    docker = _docker(answers)
    unread = docker["problem"] if docker["usage"] and docker["problem"] else ""
    return [*([sentence] if sentence else []), *([f"not measured: docker system df: {unread}"] if unread else [])]


def _remarks_on_previous(project: str) -> list[str]:
    """Data that restores replaced and keep for a while: it takes space in the volumes and the database server."""
    try:
        records = [record for record in Journals(project).records() if record.replaced]
    except (MaxopsError, OSError) as error:
        return [f"not seen: the data that restores replaced: {error}"]
    return [
        f"the restore of {record.source} keeps the data that it replaced ({', '.join(record.replaced)}) until "
        f"{record.kept_until or 'it is removed'}; restore_state=previous brings it back"
        for record in records
    ]


# -- volumes and disk -----------------------------------------------------------------------------------------------


def _volume_folders(engine: Engine, project: str, inspected: Sequence[Inspection]) -> dict[str, str]:
    """Folder of every volume that the stack created or mounts, including volumes that no container mounts any more."""
    label = json.dumps({"label": [f"{PROJECT_LABEL}={project}"]})
    created = (engine.get("/volumes", filters=label) or {}).get("Volumes") or []
    folders = {volume["Name"]: volume["Mountpoint"] for volume in created}
    for inspection in inspected:
        mounts = inspection.container.mounts
        folders.update({mount.name: mount.source for mount in mounts if mount.kind == "volume"})
    return dict(sorted(folders.items()))


def _volumes(
    inspected: Sequence[Inspection], folders: Mapping[str, str], answers: Mapping[str, Answer]
) -> list[dict[str, Any]]:
    used: dict[str, set[str]] = {name: set() for name in folders}
    for inspection in inspected:
        for mount in inspection.container.mounts:
            if mount.kind == "volume":
                used[mount.name].add(inspection.service)
    rows = []
    for name, folder in folders.items():
        answer = answers.get(f"volume {name}", Answer())
        rows.append(
            {
                "name": name,
                "path": folder,
                "bytes": answer.value,
                "problem": answer.problem or None,
                "services": sorted(used[name]),
            }
        )
    return rows


def _docker(answers: Mapping[str, Answer]) -> dict[str, Any]:
    info = answers["docker info"].value or {}
    df = answers.get("docker system df", Answer())
    usage = containers.disk_usage(df.value) if df.value else None
    unknown = [row["kind"] for row in usage or [] if row["bytes"] is None]
    unread = f"the daemon did not report {' and '.join(unknown)} in a form that this version knows" if unknown else ""
    return {
        "version": info.get("ServerVersion"),
        "root": info.get("DockerRootDir"),
        "usage": usage,
        "problem": df.problem or unread or None,
    }


def _host(answers: Mapping[str, Answer], folders: Sequence[str]) -> dict[str, Any]:
    root = (answers["docker info"].value or {}).get("DockerRootDir")
    host_memory, host_load = memory(), load()
    return {
        "processors": host_load.processors,
        "load": list(host_load.averages),
        "uptime_seconds": round(host_load.uptime),
        "memory_bytes": host_memory.total,
        "memory_available_bytes": host_memory.available,
        "filesystems": [
            {**asdict(filesystem), "used_ratio": round(filesystem.used_ratio, 4)}
            for filesystem in filesystems([*([root] if root else []), *folders])
        ],
    }
