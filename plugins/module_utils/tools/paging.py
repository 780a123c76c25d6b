# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Listings in pages, read completely while they may change."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Callable, Generic, TypeVar

from .process import Cancellation
from .workers import for_each

Item = TypeVar("Item")

READINGS = 3
"""How often a listing that changes is read before it is used as it is."""


@dataclass(frozen=True)
class Page:
    """One page; ``total`` counts the items of all pages, None where the server does not report it."""

    items: Sequence[Any]
    total: int | None


@dataclass(frozen=True)
class Listing(Generic[Item]):
    """All items, each once. ``steady`` is False when the listing changed in every reading: one may be missing."""

    items: list[Item]
    steady: bool


def read_all(
    fetch: Callable[[int], Page],
    identity: Callable[[Any], Hashable],
    keep: Callable[[Any], Item | None],
    workers: int,
    cancellation: Cancellation,
) -> Listing[Item]:
    """Read all pages, ``workers`` at once, from number 1 on; ``keep`` returns what is kept of an item, or None.

    An account that is created or removed meanwhile shifts all later ones, so that one of them appears twice or not at
    all. The counts show it: then everything is read again.
    """
    items: dict[Hashable, Item | None] = {}
    for _reading in range(READINGS):
        reading: dict[Hashable, Item | None] = {}
        steady = _read_once(fetch, identity, keep, workers, cancellation, reading)
        items.update(reading)
        if steady:
            items = reading
            break
    return Listing([item for item in items.values() if item is not None], steady)


def _read_once(
    fetch: Callable[[int], Page],
    identity: Callable[[Any], Hashable],
    keep: Callable[[Any], Item | None],
    workers: int,
    cancellation: Cancellation,
    items: dict[Hashable, Item | None],
) -> bool:
    lock = threading.Lock()
    totals = set()
    count = 0

    def take(page: Page) -> None:
        nonlocal count
        kept = {identity(item): keep(item) for item in page.items}
        with lock:
            totals.add(page.total)
            count += len(page.items)
            items.update(kept)

    first = fetch(1)
    take(first)
    if first.total is None:
        number = 2
        while (page := fetch(number)).items:
            take(page)
            number += 1
        return count == len(items)
    if first.items:
        last = -(-first.total // len(first.items))
        for_each(range(2, last + 1), lambda number: take(fetch(number)), workers, cancellation)
    return len(totals) == 1 and count == first.total == len(items)
