# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the stack is: services, images, what they use, volumes, disk. Changes nothing. Private to this collection."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Callable
from urllib.parse import quote

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import PROJECT_LABEL
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import Engine, no_such_project
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, missing_services
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import ComposeProject, project_of
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.volumes import measure
from ansible_collections.maxops.ops.plugins.module_utils.systems.host import system
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import Answer as TimedAnswer
from ansible_collections.maxops.ops.plugins.module_utils.tools.side_by_side import side_by_side

from . import containers


@dataclass(frozen=True)
class StatusOptions:
    """What the operator asked for; ``timeout`` bounds what measures, ``sizes`` tells whether anything is measured."""

    access: Access
    sizes: bool
    timeout: float


@dataclass
class Answer:
    """What came of one piece of work: a value, or a problem in words."""

    value: Any = None
    problem: str = ""


def ask_all(work: Mapping[str, Callable[[], Any]], seconds: float) -> dict[str, Answer]:
    """Ask everything at once; what has not answered after so many seconds has a problem in place of a value."""
    return {key: Answer(answer.value, _problem(answer, seconds)) for key, answer in side_by_side(work, seconds).items()}


def _problem(answer: TimedAnswer[Any], seconds: float) -> str:
    if not answer.ended:
        return f"took longer than {seconds:g} s"
    if answer.error is None or isinstance(answer.error, (MaxopsError, OSError)):
        return str(answer.error or "")
    # One odd answer of the daemon must not take the others with it.
    return f"could not be understood: {type(answer.error).__name__}: {answer.error}"


def look(options: StatusOptions, now: datetime.datetime | None = None) -> dict[str, Any]:
    """How the stack is. Raises MaxopsError when Docker can't be reached or there is no such stack."""
    started = time.monotonic()
    moment = now or utc_now()
    engine = options.access.engine(options.timeout)
    inspected = engine.containers(options.access.project_name)
    if not inspected:
        raise no_such_project(options.access.project_name, engine.projects())
    folders = _volume_folders(engine, options.access.project_name, inspected)
    images = sorted({name for each in inspected for name in (each.container.image_id, each.container.image)})
    work: dict[str, Callable[[], Any]] = {"docker info": _asking(engine, "/info")}
    work.update({f"image {name}": _asking(engine, f"/images/{quote(name)}/json") for name in images if name})
    work.update(
        {
            f"stats of {each.name}": _asking(engine, f"/containers/{each.container.id}/stats?stream=false")
            for each in inspected
            if each.state in ("running", "paused")
        }
    )
    if options.sizes:
        work["docker system df"] = lambda: _disk_usage(engine, options.timeout)
        work.update({f"volume {name}": _measuring(folder, options.timeout) for name, folder in folders.items()})
    answers = ask_all(work, options.timeout)
    services = [_service(each, answers, moment) for each in inspected]
    volumes = _volumes(inspected, folders, answers)
    compose = project_of(options.access.project_name, [each.container for each in inspected])
    missing = sorted(missing_services(inspected))
    return {
        "changed": False,
        "project": options.access.project_name,
        "at": timestamp(moment),
        "services": sorted(services, key=lambda each: (each["service"], each["container"])),
        "missing": missing,
        "volumes": volumes,
        "docker": _docker(answers),
        "host": _host(answers, list(folders.values())),
        "well": not missing and all(each["well"] for each in services),
        "remarks": _remarks(services, missing, answers, compose),
        "duration": round(time.monotonic() - started, 3),
    }


def _asking(engine: Engine, path: str) -> Callable[[], Any]:
    return lambda: engine.get(path)


def _disk_usage(engine: Engine, seconds: float) -> Any:
    """The daemon answers one at a time who asks this, and refuses the others: wait for a turn."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return engine.get(containers.DISK_USAGE)
        except MaxopsError as error:
            if "already running" not in str(error) or time.monotonic() > deadline:
                raise
        time.sleep(0.2)


def _measuring(folder: str, seconds: float) -> Callable[[], int]:
    return lambda: measure(folder, seconds)


# -- services -------------------------------------------------------------------------------------------------------


def _service(seen: Inspection, answers: Mapping[str, Answer], now: datetime.datetime) -> dict[str, Any]:
    facts = containers.container_facts(seen, now)
    own = answers[f"image {seen.container.image_id}"]
    named = answers.get(f"image {facts['image']}", Answer())
    image = containers.image_facts(own.value, now) if own.value else {}
    stats = answers.get(f"stats of {seen.name}", Answer())
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
        # What the name stands for now is another image than the one that runs: the next "up" will change it.
        "image_outdated": bool(named.value) and named.value["Id"] != seen.container.image_id,
    }


def _remarks(
    services: Sequence[Mapping[str, Any]],
    missing: Sequence[str],
    answers: Mapping[str, Answer],
    compose: ComposeProject,
) -> list[str]:
    remarks = [
        f"{name} has no container at all: start it ({compose.command('up', '--detach', name)})" for name in missing
    ]
    for each in services:
        name = each["container"]
        if each["oom_killed"]:
            remarks.append(f"{name} was killed because its memory was used up: see its mem_limit, and dmesg")
        if each["image_outdated"]:
            remarks.append(
                f"{name} runs an older image than {each['image']} is now; the next docker compose up changes it"
            )
    by_problem: dict[str, list[str]] = {}
    for key, answer in answers.items():
        if answer.problem:
            by_problem.setdefault(answer.problem, []).append(key)
    return remarks + [f"not measured: {', '.join(sorted(keys))}: {problem}" for problem, keys in by_problem.items()]


# -- volumes and disk -----------------------------------------------------------------------------------------------


def _volume_folders(engine: Engine, project: str, inspected: Sequence[Inspection]) -> dict[str, str]:
    """Folder of each volume that the stack has made or mounts; one that nobody mounts any more is the stack's, too."""
    label = json.dumps({"label": [f"{PROJECT_LABEL}={project}"]})
    made = (engine.get("/volumes", filters=label) or {}).get("Volumes") or []
    found = {each["Name"]: each["Mountpoint"] for each in made}
    for each in inspected:
        found.update({mount.name: mount.source for mount in each.container.mounts if mount.kind == "volume"})
    return dict(sorted(found.items()))


def _volumes(
    inspected: Sequence[Inspection], folders: Mapping[str, str], answers: Mapping[str, Answer]
) -> list[dict[str, Any]]:
    used: dict[str, set[str]] = {name: set() for name in folders}
    for each in inspected:
        for mount in each.container.mounts:
            if mount.kind == "volume":
                used[mount.name].add(each.service)
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
    return {
        "version": info.get("ServerVersion"),
        "root": info.get("DockerRootDir"),
        "usage": containers.disk_usage(df.value) if df.value else None,
        "problem": df.problem or None,
    }


def _host(answers: Mapping[str, Answer], folders: Sequence[str]) -> dict[str, Any]:
    root = (answers["docker info"].value or {}).get("DockerRootDir")
    memory, load = system.memory(), system.load()
    return {
        "processors": load.processors,
        "load": list(load.averages),
        "uptime_seconds": round(load.uptime),
        "memory_bytes": memory.total,
        "memory_available_bytes": memory.available,
        "filesystems": [
            {**asdict(each), "used_ratio": round(each.used_ratio, 4)}
            for each in system.filesystems([*([root] if root else []), *folders])
        ],
    }
