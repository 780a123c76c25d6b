# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore does beside the swap, and how a session store or a cache on a server is emptied for it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.maxops.ops.plugins.module_utils.swap import clearing_servers as how
from ansible_collections.maxops.ops.plugins.module_utils.swap.clearing_files import check_places
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import Clearing, Journal
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import MEMCACHED, REDIS
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.stores import (
    MEMORY,
    OTHER,
    QUEUE,
    SESSIONS,
    UNKNOWN,
    Store,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass
class Effects:
    """What happens beside the swap: ``sentences`` say it, ``remarks`` say what cannot be done."""

    clearings: list[Clearing] = field(default_factory=list)
    regenerate: list[str] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Add a sentence once."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def warn(self, remark: str) -> None:
        """Add a remark once."""
        if remark not in self.remarks:
            self.remarks.append(remark)

    def add(self, clearing: Clearing) -> None:
        """Add a clearing once: several services of one application name the same server."""
        if clearing.host and any(replace(other, service=clearing.service) == clearing for other in self.clearings):
            return
        if clearing not in self.clearings:
            self.clearings.append(clearing)


def empty(stack: Stack, store: Store, stores: Sequence[Store], effects: Effects) -> None:
    """Plan to empty a store; only its own keys where others may keep there what must not be lost.

    ``stores`` are those of all applications of the stack.
    """
    whose = f"{store.application}'s {store.purpose}"
    if store.kind == MEMORY or _is_inside(stack, store):
        return
    if store.kind == UNKNOWN or (store.host in LOOPBACK and not _on_host_network(stack, store)):
        detail = store.detail or f"{store.kind} at {store.host}"
        effects.warn(f"{whose} ({detail}, {store.source} of {store.service}) could not be emptied: do it there")
        return
    where = f"Redis database {store.database} of {store.host}" if store.kind == REDIS else f"memcached {store.host}"
    same = [other for other in stores if _same_place(stack, store, other)]
    kind, keys = store.kind, ""
    sharing = _sharing(stack, store, same)
    if store.kind == REDIS and sharing:
        if store.application != "Gitea":
            effects.warn(
                f"{whose} in {where} was not emptied, because {sharing} may keep something there; give each a Redis "
                "database of its own in this stack"
            )
            return
        kind, keys, same = (how.REDIS_SESSIONS if store.purpose == SESSIONS else how.REDIS_LIST), store.keys, []
        effects.say(f"{where} may also be used by {sharing}: only {whose} is deleted there")
    what = f"{whose} in {where}"
    effects.add(
        Clearing(kind, store.service, what, store.purpose == SESSIONS, store.host, store.port, store.database, keys)
    )
    if store.purpose == SESSIONS:
        effects.say(f"{store.application}: everybody signs in again, its sessions in {where} are deleted")
    else:
        effects.say(f"{store.application}: its cache in {where} is emptied")
    for other in same:
        if other.purpose == SESSIONS and other.application != store.application:
            effects.say(f"{other.application}: everybody signs in again, its sessions are in the same {where}")


def _is_inside(stack: Stack, store: Store) -> bool:
    """True for a memcached in the application's own container: it ends with the container."""
    return store.kind == MEMCACHED and store.host in LOOPBACK and not _on_host_network(stack, store)


def _on_host_network(stack: Stack, store: Store) -> bool:
    return any("127.0.0.1" in container.addresses for container in stack.of_service(store.service))


def _sharing(stack: Stack, store: Store, same: Iterable[Store]) -> str:
    """Who else may keep something that must not be lost in the same place; empty for the store alone, or caches."""
    if how.container_of(stack, store.host) is None:
        return "others outside of this stack"
    foreign = {f"{other.source} of {other.service}" for other in same if other.purpose in (QUEUE, OTHER)}
    return ", ".join(sorted(foreign))


def _same_place(stack: Stack, one: Store, other: Store) -> bool:
    if (one.kind, one.port, one.database) != (other.kind, other.port, other.database):
        return False
    here, there = how.container_of(stack, one.host), how.container_of(stack, other.host)
    return one.host == other.host if here is None or there is None else here.id == there.id


def check(stack: Stack, effects: Effects, started: Sequence[str]) -> None:
    """Refuse, before anything is touched, where sessions on a server of the stack could not be ended.

    What is on other servers becomes a remark. ``started`` are services that stop and start.
    """
    for clearing in list(effects.clearings):
        outside = bool(clearing.host) and how.container_of(stack, clearing.host) is None
        if outside and not _means_the_same_here(clearing.host):
            effects.clearings.remove(clearing)
            effects.warn(
                f"{clearing.what} cannot be deleted, because {clearing.host} is not a service of this stack: people "
                "may be signed in as others, and see old pages; delete it there before the applications start"
            )
            continue
        remark = how.not_running(stack, started, clearing)
        if remark:
            effects.warn(remark)
            continue
        try:
            how.check(stack, clearing)
        except MaxopsError as error:
            if clearing.required and not outside:
                raise MaxopsError(
                    f"{clearing.what} could not be deleted, so people could be signed in as others; nothing was "
                    f"touched: {error}"
                ) from error
            if outside:
                effects.clearings.remove(clearing)
                effects.warn(f"{clearing.what} cannot be deleted: {error}")


def check_files(stack: Stack, journal: Journal, loaded: bool = False) -> None:
    """Refuse, before a service is stopped, where files that must be emptied are behind a link out of their mount.

    With ``loaded``, the data that is to be swapped in is looked at too.
    """
    try:
        check_places(stack, journal, loaded)
    except MaxopsError as error:
        raise MaxopsError(
            f"what an application keeps about the replaced data could not be deleted, so people could be signed in as "
            f"others; no service was stopped: {error}"
        ) from error


def _means_the_same_here(host: str) -> bool:
    """True for an address or a full name; a single word may be another server on this host than in a container."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host.strip(".")
    return True
