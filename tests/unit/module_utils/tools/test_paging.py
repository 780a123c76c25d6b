# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All pages of a listing, also of one that changes while it is read."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.tools.paging import READINGS, Page, read_all
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation


class Listing:
    """A listing in pages of ten that may change between two requests."""

    def __init__(self, items: list[int], has_total: bool = True) -> None:
        self.items = items
        self.has_total = has_total
        self.fetched: list[int] = []

    def fetch(self, number: int) -> Page:
        self.fetched.append(number)
        page = [{"id": item} for item in self.items[(number - 1) * 10 : number * 10]]
        return Page(page, len(self.items) if self.has_total else None)

    def read(self, workers: int = 1) -> Any:
        return read_all(self.fetch, lambda item: item["id"], lambda item: item["id"], workers, Cancellation())


@given(st.integers(0, 55), st.booleans(), st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_all_pages_each_once(count: int, has_total: bool, workers: int) -> None:
    listing = Listing(list(range(count)), has_total)
    listed = listing.read(workers)
    assert (sorted(listed.items), listed.steady) == (list(range(count)), True)
    assert len(listing.fetched) == len(set(listing.fetched)), "a page was read twice"


def test_item_that_falls_between_two_pages_is_found_by_reading_again() -> None:
    listing = Listing(list(range(30)))
    original = listing.fetch

    def moving(number: int) -> Page:
        if number == 2 and 0 in listing.items:
            listing.items.remove(0)
        return original(number)

    listing.fetch = moving  # type: ignore[method-assign]
    listed = listing.read()
    assert (sorted(listed.items), listed.steady) == (list(range(1, 30)), True)


def test_listing_that_keeps_changing_gives_all_items_of_all_readings() -> None:
    listing = Listing(list(range(30)))
    original = listing.fetch

    def moving(number: int) -> Page:
        if number == 2:
            listing.items.insert(0, 100 + len(listing.fetched))
        return original(number)

    listing.fetch = moving  # type: ignore[method-assign]
    listed = listing.read()
    assert not listed.steady
    assert set(range(30)) <= set(listed.items)
    assert len(listing.fetched) <= READINGS * 5


def test_items_without_a_kept_value_are_left_out() -> None:
    listing = Listing(list(range(25)))
    listed = read_all(
        listing.fetch, lambda item: item["id"], lambda item: item["id"] if item["id"] < 3 else None, 2, Cancellation()
    )
    assert (sorted(listed.items), listed.steady) == ([0, 1, 2], True)
