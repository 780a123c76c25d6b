"""`page` and `limit`, and the headers with the addresses of the other pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, jsonify, request

from ..context import context


@dataclass(frozen=True)
class Page:
    number: int
    size: int

    @property
    def sql(self) -> str:
        return f" LIMIT {self.size} OFFSET {(self.number - 1) * self.size}"


def requested() -> Page:
    default, largest = context().settings.page_sizes
    size = request.args.get("limit", 0, type=int)
    number = request.args.get("page", 1, type=int)
    return Page(max(number, 1), min(size, largest) if size > 0 else default)


def answer(items: list[Any], page: Page, total: int) -> Response:
    response: Response = jsonify(items)
    response.headers["X-Total-Count"] = str(total)
    links = ",".join(f'<{_address(number)}>; rel="{name}"' for name, number in _neighbours(page, total))
    if links:
        response.headers["Link"] = links
        response.headers["Access-Control-Expose-Headers"] = "X-Total-Count, Link"
    return response


def _neighbours(page: Page, total: int) -> list[tuple[str, int]]:
    last = -(-total // page.size)
    found = []
    if page.number < last:
        found += [("next", page.number + 1), ("last", last)]
    if 1 < page.number <= last:
        found += [("first", 1), ("prev", page.number - 1)]
    return found


def _address(number: int) -> str:
    query = {**request.args, "page": number}
    return f"{context().settings.root_url}{request.path.lstrip('/')}?{urlencode(sorted(query.items()))}"
