# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of Docker on this host is in use and what is not, and removing it. Private to this collection.

Nothing here is forced: what somebody began to use meanwhile, the daemon keeps.
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
from .engine import Engine, EngineAway
from .project import ComposeProject, project_from
from .stack import Stack

STOPPED = ("created", "dead", "exited")
_IMAGE_WORD = re.compile(r"""(?:^|[{,])[ \t]*["']?image["']?\s*:\s*["']?((?:\$\{[^}]*\}|[^\s"'#,{}])+)""", re.MULTILINE)
NOT_FOUND, FORBIDDEN, CONFLICT = 404, 403, 409


@dataclass(frozen=True)
class Image:
    """An image of the host; ``since`` when it was made or tagged here last, ``layers`` its own chain ids in order."""

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
        """Its first tag, else the beginning of its id."""
        return self.tags[0] if self.tags else self.id.partition(":")[2][:12]


@dataclass(frozen=True)
class AnyContainer:
    """A container of the host, of whatever project; ``since`` when it ended, or was made where it never ran."""

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
        """The Compose project that it belongs to, or nothing."""
        return self.labels.get(PROJECT_LABEL, "")


@dataclass(frozen=True)
class Network:
    """A network that somebody made on this host."""

    id: str
    name: str
    labels: Mapping[str, str]
    since: float


@dataclass(frozen=True)
class CacheRecord:
    """One record of the build cache; ``since`` when it was used last."""

    id: str
    size: int
    since: float
    in_use: bool


# -- reading ------------------------------------------------------------------------------------------------------


def images(engine: Engine) -> list[Image]:
    """All images, those in between too that others were built on."""
    found = []
    for entry in engine.get("/images/json", all="1") or []:
        data = engine.get(f"/images/{entry['Id']}/json")
        if data is None:
            continue
        tagged = parse_docker((data.get("Metadata") or {}).get("LastTagTime"))
        found.append(
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
    return found


def _references(found: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(each for each in found or () if "<none>" not in each)


def chain(layers: Sequence[str]) -> tuple[str, ...]:
    """Names for layers as they lie upon each other: two images share what has the same name."""
    names: list[str] = []
    for layer in layers:
        names.append(hashlib.sha256(f"{names[-1]} {layer}".encode()).hexdigest() if names else layer)
    return tuple(names)


def layer_sizes(engine: Engine, image: Image) -> dict[str, int]:
    """Bytes of each layer of an image, as its history tells them."""
    history = engine.get(f"/images/{image.id}/history") or []
    sizes = [int(each.get("Size") or 0) for each in reversed(history) if each.get("Size")]
    # A layer that holds nothing has no size in the history; the topmost ones, which are an image's own, are right.
    missing = max(0, len(image.layers) - len(sizes))
    return dict(zip(image.layers, [0] * missing + sizes[-len(image.layers) :] if image.layers else []))


def containers(engine: Engine) -> list[AnyContainer]:
    """All containers of the host, those that are stopped with their age and their size on the disk."""
    stopped = json.dumps({"status": list(STOPPED)})
    sizes = {each["Id"]: each for each in engine.get("/containers/json", all="1", size="1", filters=stopped) or []}
    found = []
    for entry in engine.get("/containers/json", all="1") or []:
        networks = ((entry.get("NetworkSettings") or {}).get("Networks") or {}).items()
        common: dict[str, Any] = {
            "id": entry["Id"],
            "name": (entry.get("Names") or [entry["Id"][:12]])[0].lstrip("/"),
            "image_id": entry.get("ImageID", ""),
            "state": entry.get("State", ""),
            "labels": entry.get("Labels") or {},
            "networks": tuple(
                each for name, data in networks for each in (name, (data or {}).get("NetworkID")) if each
            ),
        }
        since = float(entry.get("Created") or 0)
        if entry["Id"] in sizes:
            data = engine.get(f"/containers/{entry['Id']}/json") or {}
            ended = parse_docker((data.get("State") or {}).get("FinishedAt"))
            policy = ((data.get("HostConfig") or {}).get("RestartPolicy") or {}).get("Name") or ""
            common |= {"restart": policy, "size": int(sizes[entry["Id"]].get("SizeRw") or 0)}
            since = max(since, ended.timestamp() if ended else 0)
        found.append(AnyContainer(**common, since=since))
    return found


def networks(engine: Engine) -> list[Network]:
    """The networks that were made on this host, none that Docker or a swarm brings along."""
    found = []
    for entry in engine.get("/networks") or []:
        made = parse_docker(entry.get("Created"))
        if entry["Name"] in ("bridge", "host", "none") or entry.get("Scope") != "local" or entry.get("Ingress"):
            continue
        found.append(Network(entry["Id"], entry["Name"], entry.get("Labels") or {}, made.timestamp() if made else 0))
    return found


def build_cache(engine: Engine) -> list[CacheRecord]:
    """The records of the build cache. A daemon before 23 sizes every volume for it, which may take its time."""
    usage = engine.get("/system/df", type="build-cache") or {}
    found = []
    for entry in usage.get("BuildCache") or []:
        used = parse_docker(entry.get("LastUsedAt")) or parse_docker(entry.get("CreatedAt"))
        size = 0 if entry.get("Shared") else int(entry.get("Size") or 0)
        found.append(CacheRecord(entry["ID"], size, used.timestamp() if used else 0, bool(entry.get("InUse"))))
    return found


def compose_files(engine: Engine) -> list[ComposeProject]:
    """What the Compose projects of this host were started from; a project several times where that was not the same."""
    found = engine.get("/containers/json", all="1", filters=json.dumps({"label": [PROJECT_LABEL]})) or []
    projects = {project_from(entry["Labels"]) for entry in found}
    return sorted(projects, key=lambda each: (each.name, each.files, each.env_files))


def compose_images(source: ComposeProject) -> list[str]:
    """Names of the images in a project's Compose files, of services that are not started too.

    Raises MaxopsError when Compose can't read them.
    """
    words = source.words("--profile", "*", "config", "--images")
    with tempfile.TemporaryFile() as output:
        [done] = run_pipeline([Stage(words)], Cancellation(), stdout=output).stages
        if done.failed:
            said = done.stderr.strip()[-300:]
            raise MaxopsError(f"the Compose files of project {source.name} cannot be read: {said}")
        output.seek(0)
        return sorted(set(output.read().decode("utf-8", "replace").split()))


def literal_images(text: str) -> list[str]:
    """Names of images as they stand in a Compose file that Compose itself refuses; a ``$`` in one is a variable."""
    return _IMAGE_WORD.findall(text)


def image_id(engine: Engine, name: str) -> str | None:
    """Id of the image that a name stands for; None when it is not here, or is no name that an image can have."""
    try:
        data = engine.get(f"/images/{quote(name, safe='/:@')}/json")
    except EngineAway as error:
        if "invalid reference" not in str(error):
            raise
        return None
    return str(data["Id"]) if data else None


# -- removing -----------------------------------------------------------------------------------------------------


@contextmanager
def _told(problems: list[str]) -> Iterator[None]:
    """Keep what the daemon refuses because somebody uses it; what is gone already is no problem."""
    try:
        yield
    except MaxopsError as error:
        status = getattr(getattr(error.__cause__, "response", None), "status_code", None)
        if status in (CONFLICT, FORBIDDEN):
            problems.append(str(getattr(error.__cause__, "explanation", "") or error))
        elif status != NOT_FOUND:
            raise


def remove_image(stack: Stack, image: Image) -> str:
    """Remove an image by its names and leave those that it was built on; gives why it was kept, or nothing."""
    problems: list[str] = []
    for reference in (*image.tags, *image.digests, image.id):
        with _told(problems), stack.asking(f"remove the image {reference}") as api:
            api.remove_image(reference, noprune=True)
        if problems:
            break
    return " ".join(problems)


def remove_container(stack: Stack, container_id: str) -> str:
    """Remove a stopped container and none of its volumes; gives why it was kept, or nothing."""
    problems: list[str] = []
    with _told(problems), stack.asking("remove a stopped container") as api:
        api.remove_container(container_id, v=False, force=False)
    return " ".join(problems)


def remove_network(stack: Stack, network_id: str) -> str:
    """Remove a network that nobody uses; gives why it was kept, or nothing."""
    problems: list[str] = []
    with _told(problems), stack.asking("remove a network") as api:
        api.remove_network(network_id)
    return " ".join(problems)


def prune_build_cache(stack: Stack, hours: float) -> int:
    """Remove the build cache that nobody has used for so long; gives the bytes that were freed."""
    # Debian 12's SDK knows no filter for it.
    with stack.asking("prune the build cache") as api:
        filters = json.dumps({"until": [f"{round(hours * 3600)}s"]}) if hours else "{}"
        address = f"{api.base_url}/v{api.api_version}/build/prune"
        answer = api.post(address, params={"all": "1", "filters": filters}, timeout=api.timeout)
        answer.raise_for_status()
        return int(answer.json().get("SpaceReclaimed") or 0)
