# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides what is removed from a host and what is kept, and why."""

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
"""Tags that protect the images of a release, so that a rollback finds them."""

_DAY = 86400.0
_SWARM = ("com.docker.swarm.", "com.docker.stack.")


@dataclass(frozen=True)
class CleanupOptions:
    """The operator's options; ages in days."""

    access: Access
    repository: str
    kinds: Sequence[str] = KINDS
    days: float = 1
    unused_days: float = 30
    keep_images: Sequence[str] = ()
    only_labels: Sequence[str] = ()


@dataclass(frozen=True)
class Protection:
    """Images to keep, by id or digest, with the reason; ``blind`` says why no tagged image may be removed."""

    images: Mapping[str, str] = field(default_factory=dict)
    blind: str = ""

    def reason_for(self, image: Image) -> str:
        """Why an image is kept, or an empty text."""
        reasons = [self.images[key] for key in (image.id, *image.digests) if key in self.images]
        if any(tag.startswith(RELEASE_PREFIX) for tag in image.tags):
            reasons.append("carries the tag of a release")
        if not reasons and image.tags and self.blind:
            reasons.append(self.blind)
        return reasons[0] if reasons else ""


@dataclass(frozen=True)
class Item:
    """One thing to remove: ``target`` is the object to remove, ``bytes`` the space that frees."""

    kind: str
    name: str
    reason: str
    bytes: int
    age_days: float
    target: Any = field(repr=False, default=None)

    def to_dict(self) -> dict[str, Any]:
        """The item as data for the module's result."""
        return {
            "kind": self.kind,
            "name": self.name,
            "reason": self.reason,
            "bytes": self.bytes,
            "age_days": round(self.age_days, 2),
        }


@dataclass
class Plan:
    """The items to remove, in order, and the unused things that are kept."""

    items: list[Item] = field(default_factory=list)
    kept: list[dict[str, Any]] = field(default_factory=list)

    def keep(self, kind: str, name: str, reason: str, young: bool = False) -> None:
        """Record that something unused is kept; ``young`` when only its age keeps it."""
        self.kept.append({"kind": kind, "name": name, "reason": reason, "young": young})


def in_days(days: float) -> str:
    """A number of days in words."""
    return "1 day" if days == 1 else f"{days:g} days"


def carries(labels: Mapping[str, str], wanted: Iterable[str]) -> bool:
    """True when all wanted labels, each as ``name`` or ``name=value``, are set."""
    return all(
        labels.get(label.partition("=")[0]) == label.partition("=")[2] if "=" in label else label in labels
        for label in wanted
    )


def plan_containers(plan: Plan, containers: Sequence[AnyContainer], options: CleanupOptions, now: float) -> None:
    """Plan the removal of stopped containers outside any project, and of helpers that killed jobs left."""
    for container in containers:
        kind = "helper" if HELPER_LABEL in container.labels else "container"
        wanted = ("leftovers" if kind == "helper" else "containers") in options.kinds
        if not wanted or not carries(container.labels, options.only_labels):
            continue
        age = (now - container.since) / _DAY
        if container.state not in STOPPED:
            if kind == "helper" and age >= options.days:
                plan.keep(kind, container.name, f"is {container.state}: its job may still run")
            continue
        if container.project or any(name.startswith(_SWARM) for name in container.labels):
            continue
        if age < options.days:
            plan.keep(kind, container.name, f"stopped less than {in_days(options.days)} ago", young=True)
        elif kind == "container" and container.restart not in ("", "no"):
            reason = f"has a restart policy (restart: {container.restart}), so it was stopped on purpose"
            plan.keep(kind, container.name, reason)
        else:
            reason = "left by a killed job" if kind == "helper" else f"{container.state}, not in a Compose project"
            plan.items.append(Item(kind, container.name, reason, container.size, age, container))


def plan_images(
    plan: Plan,
    images: Sequence[Image],
    containers: Sequence[AnyContainer],
    protection: Protection,
    options: CleanupOptions,
    now: float,
) -> None:
    """Plan the removal of unused, unprotected images, children before their parents. Sizes are filled in later."""
    removed = {item.target.id for item in plan.items if item.kind in ("container", "helper")}
    used = {container.image_id for container in containers if container.id not in removed}
    children: dict[str, set[str]] = {}
    for image in images:
        if image.parent:
            children.setdefault(image.parent, set()).add(image.id)
    going: set[str] = set()
    decided: set[str] = set()
    newest_first = sorted(images, key=lambda image: (-image.since, image.id))
    progress = True
    while progress:
        progress = False
        for image in newest_first:
            # An image that others were built on is removed after them, or kept with them.
            if image.id in decided or children.get(image.id, set()) - going or image.id in used:
                continue
            decided.add(image.id)
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
            reason = "no container uses it" if image.tags else "has no tag any more"
            plan.items.append(Item("image", image.name, reason, 0, age, image))


def _reason_to_keep(image: Image, protection: Protection, options: CleanupOptions) -> str:
    protected = protection.reason_for(image)
    if protected:
        return protected
    for pattern in options.keep_images:
        if any(fnmatch.fnmatchcase(tag, pattern) for tag in image.tags):
            return f"keep_images names it ({pattern})"
    return ""


def freed_by(
    removed: Sequence[Image], everything: Sequence[Image], sizes: Mapping[str, Mapping[str, int]]
) -> dict[str, int]:
    """Bytes that each image frees when images are removed in this order: the last image with a layer frees it.

    ``sizes`` holds the bytes of each layer by image.
    """
    removed_ids = {image.id for image in removed}
    kept = {layer for image in everything if image.id not in removed_ids for layer in image.layers}
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
    """Plan the removal of networks without containers, running or not, whose project has no containers either."""
    removed = {item.target.id for item in plan.items if item.kind in ("container", "helper")}
    kept = [container for container in containers if container.id not in removed]
    used = {network for container in kept for network in container.networks}
    projects = {container.project for container in kept if container.project}
    for network in networks:
        if network.id in used or network.name in used or not carries(network.labels, options.only_labels):
            continue
        if network.labels.get("com.docker.compose.project") in projects:
            continue
        age = (now - network.since) / _DAY
        if age < options.days:
            plan.keep("network", network.name, f"is younger than {in_days(options.days)}", young=True)
        else:
            plan.items.append(Item("network", network.name, "no container is in it", 0, age, network))


def plan_build_cache(plan: Plan, records: Sequence[CacheRecord], options: CleanupOptions, now: float) -> None:
    """Plan the removal of build cache that has not been used for a while, as one item."""
    old = [record for record in records if not record.in_use and (now - record.since) / _DAY >= options.days]
    if old:
        youngest = (now - max(record.since for record in old)) / _DAY
        name = f"{len(old)} record{'' if len(old) == 1 else 's'}"
        reason = f"not used for {in_days(options.days)}"
        plan.items.append(Item("build cache", name, reason, sum(record.size for record in old), youngest, old))
