# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Freeing disk space of a host without taking anything that somebody may need. Private to this collection."""

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
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import Engine, EngineAway
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
"""How long the daemon may take to size what is stopped, or the build cache."""


def clean(options: CleanupOptions, check_mode: bool) -> dict[str, Any]:
    """Find out what may go, and remove it. Nothing else is touched, whatever happens on the way."""
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
    counted = [each for each in removed if each["outcome"] != "left"]
    return {
        "changed": bool(counted),
        "items": removed,
        "kept": plan.kept,
        "freed_bytes": sum(each["bytes"] for each in counted),
        "remarks": remarks,
        "duration": round(time.monotonic() - started, 3),
    }


def _plan(options: CleanupOptions, remarks: list[str]) -> Plan:
    """All that may go; containers come before the images and networks that they used."""
    now = time.time()
    engine = options.access.engine(ANSWER_SECONDS)
    plan = Plan()
    containers = prune.containers(engine)
    plan_containers(plan, containers, options, now)
    if "images" in options.kinds:
        images = prune.images(engine)
        doubtful = Plan(list(plan.items))
        plan_images(doubtful, images, containers, Protection(), options, now)
        # To ask Compose about every project takes longest: only where there is an image to protect.
        asked = any(item.kind == "image" for item in doubtful.items)
        protection = _protection(engine, options, remarks) if asked else Protection()
        plan_images(plan, images, containers, protection, options, now)
        _size_images(plan, images, engine)
    if "networks" in options.kinds:
        plan_networks(plan, prune.networks(engine), containers, options, now)
    if not options.only_labels:
        if "build_cache" in options.kinds:
            try:
                plan_build_cache(plan, prune.build_cache(engine), options, now)
            except EngineAway as error:
                remarks.append(f"the build cache was left: {error}")
        if "leftovers" in options.kinds:
            plan_folders(plan, options, now)
    return plan


def _size_images(plan: Plan, images: list[prune.Image], engine: Engine) -> None:
    going = [item.target for item in plan.items if item.kind == "image"]
    freed = freed_by(going, images, {each.id: prune.layer_sizes(engine, each) for each in going})
    plan.items = [replace(item, bytes=freed[item.target.id]) if item.kind == "image" else item for item in plan.items]


# -- what protects images -----------------------------------------------------------------------------------------


def _protection(engine: Engine, options: CleanupOptions, remarks: list[str]) -> Protection:
    found: dict[str, str] = {}
    blind = ""
    for source in prune.compose_files(engine):
        names, problem = _names_of(source, own=source.name == options.access.project_name)
        if problem:
            remarks.append(f"{problem}, so that unused images with a name are kept; mend them, then run this again")
            blind = f"may be one of project {source.name}, whose Compose files cannot be read"
        for name in names:
            image_id = prune.image_id(engine, name)
            if image_id:
                found.setdefault(image_id, f"the Compose files of {source.name} name it")
    found.update(_images_of_sets(Repository(options.repository), remarks))
    return Protection(found, blind)


def _names_of(source: ComposeProject, own: bool) -> tuple[list[str], str]:
    """Names of the images of a project's Compose files, and why there may be more of them."""
    if not source.there:
        # Of another project whose files are gone, its containers tell all that is left of it.
        return [], f"Compose files of project {source.name} are gone ({', '.join(source.files)})" if own else ""
    try:
        return prune.compose_images(source), ""
    except MaxopsError as error:
        names: list[str] = []
        for path in () if own else source.files:
            with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
                names += prune.literal_images(stream.read())
        # A broken file of somebody else's is no reason to keep everything, as long as it says what it wants.
        whole = names and not any("$" in name for name in names)
        return [name for name in names if "$" not in name], "" if whole else str(error)


def _images_of_sets(repository: Repository, remarks: list[str]) -> dict[str, str]:
    """Ids and digests of the images that the sets were made with: only they bring a set back as it was."""
    repository.check_readable()
    if not os.path.isdir(repository.sets_path):
        remarks.append(f"{repository.path} holds no backup sets, so none keeps an image; is it the right repository?")
    found: dict[str, str] = {}
    for kept in repository.sets():
        manifest: Mapping[str, Any] = kept.manifest or {}
        if kept.problem:
            # Damaged or of a later version: what it still says is honoured.
            with suppress(OSError, ValueError), open(os.path.join(kept.path, "manifest.json"), "rb") as stream:
                manifest = json.load(stream)
        services = manifest.get("services") if isinstance(manifest, dict) else None
        for service in services.values() if isinstance(services, dict) else ():
            for each in (service.get("id"), *(service.get("digests") or ())) if isinstance(service, dict) else ():
                if each:
                    found[str(each)] = f"backup set {kept.set_id} was made with it"
    return found


# -- removing -----------------------------------------------------------------------------------------------------


def _remove(item: Item, stack: Stack, options: CleanupOptions) -> dict[str, Any]:
    told = item.to_dict()
    actions: dict[str, Callable[[], str | int]] = {
        "container": lambda: prune.remove_container(stack, item.target.id),
        "helper": lambda: prune.remove_container(stack, item.target.id),
        "image": lambda: prune.remove_image(stack, item.target),
        "network": lambda: prune.remove_network(stack, item.target.id),
        "build cache": lambda: prune.prune_build_cache(stack, options.days * 24),
        "staging": lambda: _remove_staged(item.target, Repository(options.repository)),
        "temporary folder": lambda: _remove_folder(item.target),
    }
    answer = actions[item.kind]()
    if isinstance(answer, int):
        told["bytes"], answer = answer, ""
    return {**told, "outcome": "left" if answer else "removed", "problem": answer}


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
