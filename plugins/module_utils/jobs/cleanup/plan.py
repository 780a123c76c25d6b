# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a host may go and what stays, and why. Private to this collection."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.prune import (
    STOPPED,
    AnyContainer,
    CacheRecord,
    Image,
    Network,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import HELPER_LABEL

KINDS = ("containers", "images", "networks", "build_cache", "leftovers")
RELEASE_PREFIX = "maxops-release/"
"""Tags that keep the images of a release, so that a rollback finds them."""

_DAY = 86400.0
_SWARM = ("com.docker.swarm.", "com.docker.stack.")


@dataclass(frozen=True)
class CleanupOptions:
    """What the operator asked for; ages in days."""

    access: Access
    repository: str
    kinds: Sequence[str] = KINDS
    days: float = 1
    unused_days: float = 30
    keep_images: Sequence[str] = ()
    only_labels: Sequence[str] = ()


@dataclass(frozen=True)
class Protection:
    """Images that stay whoever uses them, by id or digest, with the reason; ``blind`` says why no tagged one may go."""

    images: Mapping[str, str] = field(default_factory=dict)
    blind: str = ""

    def of(self, image: Image) -> str:
        """Why an image stays, or nothing."""
        found = [self.images[each] for each in (image.id, *image.digests) if each in self.images]
        if any(each.startswith(RELEASE_PREFIX) for each in image.tags):
            found.append("carries the tag of a release")
        if not found and image.tags and self.blind:
            found.append(self.blind)
        return found[0] if found else ""


@dataclass(frozen=True)
class Item:
    """One thing that may go: ``target`` is what removes it, ``bytes`` what that frees."""

    kind: str
    name: str
    reason: str
    bytes: int
    age_days: float
    target: Any = field(repr=False, default=None)

    def to_dict(self) -> dict[str, Any]:
        """What a report tells of it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "reason": self.reason,
            "bytes": self.bytes,
            "age_days": round(self.age_days, 2),
        }


@dataclass
class Plan:
    """What may go, in the order in which it has to, and what of the unused stays."""

    items: list[Item] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)

    def keep(self, kind: str, name: str, reason: str, young: bool = False) -> None:
        """Tell that something unused stays; ``young`` when only until it is older."""
        self.kept.append({"kind": kind, "name": name, "reason": reason, "young": young})


def in_days(days: float) -> str:
    """A number of days in words."""
    return "1 day" if days == 1 else f"{days:g} days"


def carries(labels: Mapping[str, str], wanted: Iterable[str]) -> bool:
    """True when all of the labels are there, each as ``name`` or ``name=value``."""
    return all(
        labels.get(each.partition("=")[0]) == each.partition("=")[2] if "=" in each else each in labels
        for each in wanted
    )


def plan_containers(plan: Plan, containers: Sequence[AnyContainer], options: CleanupOptions, now: float) -> None:
    """Stopped containers that belong to nobody, and what helpers of killed jobs left."""
    for each in containers:
        kind = "helper" if HELPER_LABEL in each.labels else "container"
        wanted = ("leftovers" if kind == "helper" else "containers") in options.kinds
        if not wanted or not carries(each.labels, options.only_labels):
            continue
        age = (now - each.since) / _DAY
        if each.state not in STOPPED:
            if kind == "helper" and age >= options.days:
                plan.keep(kind, each.name, f"is {each.state}: its job may be alive")
            continue
        if each.project or any(name.startswith(_SWARM) for name in each.labels):
            continue
        if age < options.days:
            plan.keep(kind, each.name, f"stopped less than {in_days(options.days)} ago", young=True)
        elif kind == "container" and each.restart not in ("", "no"):
            plan.keep(kind, each.name, f"is to be started again (restart: {each.restart}), so somebody stopped it")
        else:
            reason = "left by a killed job" if kind == "helper" else f"{each.state}, and of no Compose project"
            plan.items.append(Item(kind, each.name, reason, each.size, age, each))


def plan_images(
    plan: Plan,
    images: Sequence[Image],
    containers: Sequence[AnyContainer],
    protection: Protection,
    options: CleanupOptions,
    now: float,
) -> None:
    """Images that nobody uses and nothing protects, those first that were built on others. Bytes are told later."""
    leaving = {item.target.id for item in plan.items if item.kind in ("container", "helper")}
    used = {each.image_id for each in containers if each.id not in leaving}
    children: dict[str, set[str]] = {}
    for image in images:
        if image.parent:
            children.setdefault(image.parent, set()).add(image.id)
    going: set[str] = set()
    told: set[str] = set()
    waiting = sorted(images, key=lambda each: (-each.since, each.id))
    progress = True
    while progress:
        progress = False
        for image in waiting:
            # What others were built on goes after them, or stays with them.
            if image.id in told or children.get(image.id, set()) - going or image.id in used:
                continue
            told.add(image.id)
            if not carries(image.labels, options.only_labels):
                continue
            age = (now - image.since) / _DAY
            reason = _reason_to_keep(image, protection, options)
            limit = options.unused_days if image.tags else options.days
            if reason or age < limit:
                plan.keep("image", image.name, reason or f"is younger than {in_days(limit)}", young=not reason)
                continue
            going.add(image.id)
            progress = True
            what = "used by no container" if image.tags else "has no name any more"
            plan.items.append(Item("image", image.name, what, 0, age, image))


def _reason_to_keep(image: Image, protection: Protection, options: CleanupOptions) -> str:
    protected = protection.of(image)
    if protected:
        return protected
    for pattern in options.keep_images:
        if any(fnmatch.fnmatchcase(each, pattern) for each in image.tags):
            return f"is kept by its name ({pattern})"
    return ""


def freed_by(
    removed: Sequence[Image], everything: Sequence[Image], sizes: Mapping[str, Mapping[str, int]]
) -> dict[str, int]:
    """Bytes that removing images in this order frees, by image: a layer goes with the last image that has it.

    ``sizes`` tells the layers' bytes of each image that is removed.
    """
    going = {each.id for each in removed}
    kept = {layer for each in everything if each.id not in going for layer in each.layers}
    freed: dict[str, int] = {}
    for image in reversed(removed):
        own = {layer: size for layer, size in sizes.get(image.id, {}).items() if layer not in kept}
        freed[image.id] = sum(own.values())
        kept |= set(own)
    return freed


def plan_networks(
    plan: Plan,
    networks: Sequence[Network],
    containers: Sequence[AnyContainer],
    options: CleanupOptions,
    now: float,
) -> None:
    """Networks that no container has, running or not, and that belong to no project that is here."""
    leaving = {item.target.id for item in plan.items if item.kind in ("container", "helper")}
    staying = [each for each in containers if each.id not in leaving]
    used = {network for each in staying for network in each.networks}
    projects = {each.project for each in staying if each.project}
    for each in networks:
        if each.id in used or each.name in used or not carries(each.labels, options.only_labels):
            continue
        if each.labels.get("com.docker.compose.project") in projects:
            continue
        age = (now - each.since) / _DAY
        if age < options.days:
            plan.keep("network", each.name, f"is younger than {in_days(options.days)}", young=True)
        else:
            plan.items.append(Item("network", each.name, "no container is in it", 0, age, each))


def plan_build_cache(plan: Plan, records: Sequence[CacheRecord], options: CleanupOptions, now: float) -> None:
    """The build cache that nobody has used for long, as one thing."""
    old = [each for each in records if not each.in_use and (now - each.since) / _DAY >= options.days]
    if old:
        youngest = (now - max(each.since for each in old)) / _DAY
        name = f"{len(old)} record{'' if len(old) == 1 else 's'}"
        reason = f"not used for {in_days(options.days)}"
        plan.items.append(Item("build cache", name, reason, sum(each.size for each in old), youngest, old))
