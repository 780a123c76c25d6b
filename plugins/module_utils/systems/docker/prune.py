# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists the Docker objects of this host with their use, and removes unused ones.

Nothing is removed by force: the daemon keeps an object that has come into use meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import parse_docker
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, Stage, run_pipeline

from .container import PROJECT_LABEL
from .disk_usage import build_cache_records
from .engine import Engine, EngineUnreachable
from .project import ComposeProject, project_from
from .stack import Stack

STOPPED = ("created", "dead", "exited")
_IMAGE_WORD = re.compile(r"""(?:^|[{,])[ \t]*["']?image["']?\s*:\s*["']?((?:\$\{[^}]*\}|[^\s"'#,{}])+)""", re.MULTILINE)
NOT_FOUND, FORBIDDEN, CONFLICT = 404, 403, 409


@dataclass(frozen=True)
class Image:
    """An image of the host; ``since`` when it was created or last tagged here, ``layers`` its chain ids in order."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    parent: str
    size: int
    since: float
    labels: Mapping[str, str]
    layers: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its first tag, or the beginning of its id."""
        return self.tags[0] if self.tags else self.id.partition(":")[2][:12]


@dataclass(frozen=True)
class AnyContainer:
    """A container of the host, of any project; ``since`` when it ended, or was created if it never ran."""

    id: str
    name: str
    image_id: str
    state: str
    labels: Mapping[str, str]
    networks: tuple[str, ...]
    restart: str = ""
    since: float = 0
    size: int = 0

    @property
    def project(self) -> str:
        """The Compose project that it belongs to, or an empty text."""
        return self.labels.get(PROJECT_LABEL, "")


@dataclass(frozen=True)
class Network:
    """A network that was created on this host; ``since`` when."""

    id: str
    name: str
    labels: Mapping[str, str]
    since: float


@dataclass(frozen=True)
class CacheRecord:
    """One record of the build cache; ``since`` when it was last used."""

    id: str
    size: int
    since: float
    in_use: bool


# -- reading ------------------------------------------------------------------------------------------------------


def images(engine: Engine) -> list[Image]:
    """All images, including intermediate ones that others were built on."""
    all_images = []
    for entry in engine.get("/images/json", all="1") or []:
        data = engine.get(f"/images/{entry['Id']}/json")
        if data is None:
            continue
        tagged = parse_docker((data.get("Metadata") or {}).get("LastTagTime"))
        all_images.append(
            Image(
                id=entry["Id"],
                tags=_references(entry.get("RepoTags")),
                digests=_references(entry.get("RepoDigests")),
                parent=data.get("Parent") or entry.get("ParentId") or "",
                size=int(entry.get("Size") or 0),
                since=max(float(entry.get("Created") or 0), tagged.timestamp() if tagged else 0),
                labels=entry.get("Labels") or {},
                layers=chain((data.get("RootFS") or {}).get("Layers") or []),
            )
        )
    return all_images


def _references(names: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(name for name in names or () if "<none>" not in name)


def chain(layers: Sequence[str]) -> tuple[str, ...]:
    """Chain ids of layers, from the bottom up: two images share the layers with the same id."""
    names: list[str] = []
    for layer in layers:
        names.append(hashlib.sha256(f"{names[-1]} {layer}".encode()).hexdigest() if names else layer)
    return tuple(names)


def layer_sizes(engine: Engine, image: Image) -> dict[str, int]:
    """Bytes of each layer of an image, from its history."""
    history = engine.get(f"/images/{image.id}/history") or []
    sizes = [int(entry.get("Size") or 0) for entry in reversed(history) if entry.get("Size")]
    # An empty layer has no size in the history; the top layers, which belong to the image alone, are right.
    missing = max(0, len(image.layers) - len(sizes))
    return dict(zip(image.layers, [0] * missing + sizes[-len(image.layers) :] if image.layers else []))


def containers(engine: Engine) -> list[AnyContainer]:
    """All containers of the host; stopped ones with their age and their size on the disk."""
    stopped = json.dumps({"status": list(STOPPED)})
    entries = engine.get("/containers/json", all="1", size="1", filters=stopped) or []
    sizes = {entry["Id"]: int(entry.get("SizeRw") or 0) for entry in entries}
    all_containers = []
    for entry in engine.get("/containers/json", all="1") or []:
        networks = ((entry.get("NetworkSettings") or {}).get("Networks") or {}).items()
        common: dict[str, Any] = {
            "id": entry["Id"],
            "name": (entry.get("Names") or [entry["Id"][:12]])[0].lstrip("/"),
            "image_id": entry.get("ImageID", ""),
            "state": entry.get("State", ""),
            "labels": entry.get("Labels") or {},
            "networks": tuple(key for name, data in networks for key in (name, (data or {}).get("NetworkID")) if key),
        }
        since = float(entry.get("Created") or 0)
        if entry["Id"] in sizes:
            data = engine.get(f"/containers/{entry['Id']}/json") or {}
            ended = parse_docker((data.get("State") or {}).get("FinishedAt"))
            policy = ((data.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") or ""
            common |= {"restart": policy, "size": sizes[entry["Id"]]}
            since = max(since, ended.timestamp() if ended else 0)
        all_containers.append(AnyContainer(**common, since=since))
    return all_containers


def networks(engine: Engine) -> list[Network]:
    """The networks that were created on this host, without those of Docker itself or a swarm."""
    local_networks = []
    for entry in engine.get("/networks") or []:
        created = parse_docker(entry.get("Created"))
        if entry["Name"] in ("bridge", "host", "none") or entry.get("Scope") != "local" or entry.get("Ingress"):
            continue
        local_networks.append(
            Network(entry["Id"], entry["Name"], entry.get("Labels") or {}, created.timestamp() if created else 0)
        )
    return local_networks


def build_cache(engine: Engine) -> list[CacheRecord]:
    """The records of the build cache. Raises MaxopsError for an answer in an unknown form.

    A daemon before version 23 measures every volume first, which may take long.
    """
    usage = engine.get("/system/df", type="build-cache", verbose="1") or {}
    records = []
    for entry in build_cache_records(usage):
        used = parse_docker(entry.get("LastUsedAt")) or parse_docker(entry.get("CreatedAt"))
        size = 0 if entry.get("Shared") else int(entry.get("Size") or 0)
        records.append(CacheRecord(entry["ID"], size, used.timestamp() if used else 0, bool(entry.get("InUse"))))
    return records


def compose_files(engine: Engine) -> list[ComposeProject]:
    """The Compose projects of this host with their files; a project appears once for each different set of files."""
    entries = engine.get("/containers/json", all="1", filters=json.dumps({"label": [PROJECT_LABEL]})) or []
    projects = {project_from(entry["Labels"]) for entry in entries}
    return sorted(projects, key=lambda project: (project.name, project.files, project.env_files))


def compose_images(source: ComposeProject) -> list[str]:
    """Names of the images in a project's Compose files, including services that are not started.

    Raises MaxopsError when Compose can't read them.
    """
    argv = source.argv("--profile", "*", "config", "--images")
    with tempfile.TemporaryFile() as output:
        [done] = run_pipeline([Stage(argv)], Cancellation(), stdout=output).stages
        if done.failed:
            message = done.stderr.strip()[-300:]
            raise MaxopsError(f"the Compose files of project {source.name} cannot be read: {message}")
        output.seek(0)
        return sorted(set(output.read().decode("utf-8", "replace").split()))


def literal_images(text: str) -> list[str]:
    """Image names, as written, from a Compose file that Compose refuses; a name with a ``$`` holds a variable."""
    return _IMAGE_WORD.findall(text)


def image_id(engine: Engine, name: str) -> str | None:
    """Id of the image with this name; None when it is not on this host, or the name is not valid."""
    try:
        data = engine.get(f"/images/{quote(name, safe='/:@')}/json")
    except EngineUnreachable as error:
        if "invalid reference" not in str(error):
            raise
        return None
    return str(data["Id"]) if data else None


# -- removing -----------------------------------------------------------------------------------------------------


@contextmanager
def _refusals(problems: list[str]) -> Iterator[None]:
    """Collect the daemon's refusals for objects in use; an object that is already gone is not a problem."""
    try:
        yield
    except MaxopsError as error:
        status = getattr(getattr(error.__cause__, "response", None), "status_code", None)
        if status in (CONFLICT, FORBIDDEN):
            problems.append(str(getattr(error.__cause__, "explanation", "") or error))
        elif status != NOT_FOUND:
            raise


def remove_image(stack: Stack, image: Image) -> str:
    """Remove an image by its names, but not its parents; returns why it was kept, or an empty text."""
    problems: list[str] = []
    for reference in (*image.tags, *image.digests, image.id):
        with _refusals(problems), stack.daemon_call(f"remove the image {reference}") as api:
            api.remove_image(reference, noprune=True)
        if problems:
            break
    return " ".join(problems)


def remove_container(stack: Stack, container_id: str) -> str:
    """Remove a stopped container, but not its volumes; returns why it was kept, or an empty text."""
    problems: list[str] = []
    with _refusals(problems), stack.daemon_call("remove a stopped container") as api:
        api.remove_container(container_id, v=False, force=False)
    return " ".join(problems)


def remove_network(stack: Stack, network_id: str) -> str:
    """Remove an unused network; returns why it was kept, or an empty text."""
    problems: list[str] = []
    with _refusals(problems), stack.daemon_call("remove a network") as api:
        api.remove_network(network_id)
    return " ".join(problems)


def prune_build_cache(stack: Stack, hours: float) -> int:
    """Remove build cache that was not used for ``hours``; returns the freed bytes."""
    # The SDK of Debian 12 has no filter for it.
    with stack.daemon_call("prune the build cache") as api:
        filters = json.dumps({"until": [f"{round(hours * 3600)}s"]}) if hours else "{}"
        address = f"{api.base_url}/v{api.api_version}/build/prune"
        answer = api.post(address, params={"all": "1", "filters": filters}, timeout=api.timeout)
        answer.raise_for_status()
        return int(answer.json().get("SpaceReclaimed") or 0)
