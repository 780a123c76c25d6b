# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frees disk space on a host without removing anything that may still be needed."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import prune
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import Engine
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import ComposeProject
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import remove_tree
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock

from .folders import plan_folders
from .plan import (
    CleanupOptions,
    Item,
    Plan,
    Protection,
    freed_by,
    plan_build_cache,
    plan_containers,
    plan_images,
    plan_networks,
)

ANSWER_SECONDS = 120.0
"""How long the daemon may take to measure stopped containers, or the build cache."""


def clean_up(options: CleanupOptions, check_mode: bool) -> dict[str, Any]:
    """Find unused things and remove them. Nothing else is changed, even if the job fails halfway."""
    started = time.monotonic()
    stack = options.access.connect()
    remarks: list[str] = []
    if check_mode:
        holder = options.access.lock_holder()
        remarks += [f"the stack is in use, so nothing could be removed now: {holder}"] if holder else []
        plan = _plan(options, remarks)
        removed = [{**item.to_dict(), "outcome": "would be removed", "problem": ""} for item in plan.items]
    else:
        purpose = f"cleanup of the host of {options.access.project_name}"
        with options.access.locked(purpose):
            plan = _plan(options, remarks)
            removed = [_remove(item, stack, options) for item in plan.items]
    counted = [item for item in removed if item["outcome"] != "left"]
    return {
        "changed": bool(counted),
        "items": removed,
        "kept": plan.kept,
        "freed_bytes": sum(item["bytes"] for item in counted),
        "remarks": remarks,
        "duration": round(time.monotonic() - started, 3),
    }


def _plan(options: CleanupOptions, remarks: list[str]) -> Plan:
    """Everything to remove; containers come before the images and networks that they used."""
    now = time.time()
    engine = options.access.engine(ANSWER_SECONDS)
    plan = Plan()
    containers = prune.containers(engine)
    plan_containers(plan, containers, options, now)
    if "images" in options.kinds:
        images = prune.images(engine)
        unprotected = Plan(list(plan.items))
        plan_images(unprotected, images, containers, Protection(), options, now)
        # Reading every Compose project takes longest: it is done only if an image could be removed.
        needed = any(item.kind == "image" for item in unprotected.items)
        protection = _protection(engine, options, remarks) if needed else Protection()
        plan_images(plan, images, containers, protection, options, now)
        _size_images(plan, images, engine)
    if "networks" in options.kinds:
        plan_networks(plan, prune.networks(engine), containers, options, now)
    if not options.only_labels:
        if "build_cache" in options.kinds:
            try:
                plan_build_cache(plan, prune.build_cache(engine), options, now)
            except MaxopsError as error:
                remarks.append(f"the build cache was not removed: {error}")
        if "leftovers" in options.kinds:
            plan_folders(plan, options, now)
    return plan


def _size_images(plan: Plan, images: list[prune.Image], engine: Engine) -> None:
    removed = [item.target for item in plan.items if item.kind == "image"]
    freed = freed_by(removed, images, {image.id: prune.layer_sizes(engine, image) for image in removed})
    plan.items = [replace(item, bytes=freed[item.target.id]) if item.kind == "image" else item for item in plan.items]


# -- what protects images -----------------------------------------------------------------------------------------


def _protection(engine: Engine, options: CleanupOptions, remarks: list[str]) -> Protection:
    reasons: dict[str, str] = {}
    blind = ""
    for source in prune.compose_files(engine):
        names, problem = _names_of(source, own=source.name == options.access.project_name)
        if problem:
            remarks.append(f"{problem}, so unused images with a tag are kept; fix the files, then run this again")
            blind = f"may be one of project {source.name}, whose Compose files cannot be read"
        for name in names:
            image_id = prune.image_id(engine, name)
            if image_id:
                reasons.setdefault(image_id, f"the Compose files of {source.name} name it")
    reasons.update(_images_of_sets(Repository(options.repository), remarks))
    return Protection(reasons, blind)


def _names_of(source: ComposeProject, own: bool) -> tuple[list[str], str]:
    """Names of the images in a project's Compose files, and the problem if the list may be incomplete."""
    if not source.files_exist:
        # If the files of another project are gone, its containers are all that is left of it.
        return [], f"Compose files of project {source.name} are gone ({', '.join(source.files)})" if own else ""
    try:
        return prune.compose_images(source), ""
    except MaxopsError as error:
        names: list[str] = []
        for path in () if own else source.files:
            with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
                names += prune.literal_images(stream.read())
        # A broken file of another project is not a reason to keep everything, if it still names its images.
        complete = names and not any("$" in name for name in names)
        return [name for name in names if "$" not in name], "" if complete else str(error)


def _images_of_sets(repository: Repository, remarks: list[str]) -> dict[str, str]:
    """Ids and digests of the images that the sets were made with: only these restore a set exactly."""
    repository.check_readable()
    if not os.path.isdir(repository.sets_path):
        remarks.append(f"{repository.path} holds no backup sets, so no set protects an image; is it the right one?")
    reasons: dict[str, str] = {}
    for kept in repository.sets():
        manifest: Mapping[str, Any] = kept.manifest or {}
        if kept.problem:
            # Damaged, or written by a later version: its readable content still counts.
            with suppress(OSError, ValueError), open(os.path.join(kept.path, "manifest.json"), "rb") as stream:
                manifest = json.load(stream)
        services = manifest.get("services") if isinstance(manifest, dict) else None
        for service in services.values() if isinstance(services, dict) else ():
            for reference in (service.get("id"), *(service.get("digests") or ())) if isinstance(service, dict) else ():
                if reference:
                    reasons[str(reference)] = f"backup set {kept.set_id} was made with it"
    return reasons


# -- removing -----------------------------------------------------------------------------------------------------


def _remove(item: Item, stack: Stack, options: CleanupOptions) -> dict[str, Any]:
    result = item.to_dict()
    actions: dict[str, Callable[[], str | int]] = {
        "container": lambda: prune.remove_container(stack, item.target.id),
        "helper": lambda: prune.remove_container(stack, item.target.id),
        "image": lambda: prune.remove_image(stack, item.target),
        "network": lambda: prune.remove_network(stack, item.target.id),
        "build cache": lambda: prune.prune_build_cache(stack, options.days * 24),
        "staging": lambda: _remove_staged(item.target, Repository(options.repository)),
        "temporary folder": lambda: _remove_folder(item.target),
    }
    outcome = actions[item.kind]()
    if isinstance(outcome, int):
        return {**result, "bytes": outcome, "outcome": "removed", "problem": ""}
    return {**result, "outcome": "left" if outcome else "removed", "problem": outcome}


def _remove_staged(path: str, repository: Repository) -> str:
    try:
        with exclusive_lock(os.path.join(repository.path, "lock"), f"repository {repository.path}", "cleanup"):
            return _remove_folder(path)
    except MaxopsError as error:
        return str(error)


def _remove_folder(path: str) -> str:
    try:
        remove_tree(path)
    except OSError as error:
        return f"{error.strerror}: {error.filename}"
    return ""
