"""Collections: filters, pages, and the object that holds both."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import request

from ...shared.database import Row
from ...shared.web import transaction
from ..errors import invalid_query

LARGEST = 1000
Condition = tuple[str, list[Any]]
Filter = Callable[[str, list[str]], Condition]


@dataclass(frozen=True)
class Query:
    """The source of a collection: a table expression, and the columns for filters and sorting."""

    source: str
    filters: dict[str, Filter]
    sorts: dict[str, str] = field(default_factory=lambda: {"id": "id"})
    default_sort: str = "id"
    default_filters: tuple[dict[str, Any], ...] = ()

    def rows(self, always: Condition = ("true", [])) -> tuple[list[Row], int]:
        conditions = [always, *(self._condition(entry) for entry in self._requested())]
        where = " AND ".join(f"({sql})" for sql, _arguments in conditions)
        arguments = [argument for _sql, given in conditions for argument in given]
        number, size = page()
        total = transaction().value(f"SELECT count(*) FROM {self.source} WHERE {where}", arguments)
        rows = transaction().rows(
            f"SELECT * FROM {self.source} WHERE {where} ORDER BY {self._order()} LIMIT %s OFFSET %s",
            [*arguments, size, (number - 1) * size],
        )
        return rows, total

    def _requested(self) -> list[Any]:
        found = _json_parameter("filters")
        return list(self.default_filters) if found is None else found

    def _condition(self, one: Any) -> Condition:
        if not isinstance(one, dict) or len(one) != 1:
            raise invalid_query("The query parameter 'filters' is missing or malformed.")
        ((name, details),) = one.items()
        if name not in self.filters:
            raise invalid_query(f"Filters {name.capitalize()} filter does not exist.")
        if not isinstance(details, dict) or "operator" not in details:
            raise invalid_query("The query parameter 'filters' is missing or malformed.")
        values = [str(value) for value in details.get("values") or []]
        return self.filters[name](str(details["operator"]), values)

    def _order(self) -> str:
        keys = []
        for one in _json_parameter("sortBy") or []:
            name, direction = one if isinstance(one, list) and len(one) == 2 else (one, "asc")
            if name not in self.sorts or direction not in {"asc", "desc"}:
                raise invalid_query("Sort criteria can't be sorted by what was given.")
            keys.append(f"{self.sorts[name]} {direction}")
        # The id at the end keeps pages from overlapping where the keys are equal.
        return ", ".join([*(keys or [self.default_sort]), "id"])


def _json_parameter(name: str) -> list[Any] | None:
    text = request.args.get(name)
    if not text:
        return None
    try:
        found = json.loads(text)
    except ValueError as error:
        raise invalid_query(f"The query parameter '{name}' is missing or malformed.") from error
    if not isinstance(found, list):
        raise invalid_query(f"The query parameter '{name}' is missing or malformed.")
    return found


def page() -> tuple[int, int]:
    try:
        number, size = int(request.args.get("offset", 1)), int(request.args.get("pageSize", 20))
    except ValueError as error:
        raise invalid_query("offset and pageSize must be numbers.") from error
    if size < 0:
        raise invalid_query("pageSize must be greater than or equal to 0.")
    return max(number, 1), min(size, LARGEST)


def collection(elements: list[Row], total: int, *, path: str | None = None) -> Row:
    path = path or request.path
    number, size = page()
    query = {"filters": request.args.get("filters", "[]"), "offset": number, "pageSize": size}
    if "sortBy" in request.args:
        query["sortBy"] = request.args["sortBy"]
    links: Row = {
        "self": {"href": f"{path}?{urlencode(query)}"},
        "jumpTo": {"href": f"{path}?{urlencode({**query, 'offset': '{offset}'})}", "templated": True},
        "changeSize": {"href": f"{path}?{urlencode({**query, 'pageSize': '{size}'})}", "templated": True},
    }
    if number > 1:
        links["previousByOffset"] = {"href": f"{path}?{urlencode({**query, 'offset': number - 1})}"}
    if number * size < total:
        links["nextByOffset"] = {"href": f"{path}?{urlencode({**query, 'offset': number + 1})}"}
    return {
        "_type": "Collection",
        "total": total,
        "count": len(elements),
        "pageSize": size,
        "offset": number,
        "_embedded": {"elements": elements},
        "_links": links,
    }


def whole(elements: list[Row]) -> Row:
    """A collection that has no pages."""
    return {
        "_type": "Collection",
        "total": len(elements),
        "count": len(elements),
        "_embedded": {"elements": elements},
        "_links": {"self": {"href": request.path}},
    }


def equals(column: str, translate: dict[str, Any] | None = None) -> Filter:
    """`=` and `!` against a list of values; text is compared without its case."""

    def condition(operator: str, values: list[str]) -> Condition:
        if operator in {"*", "!*"}:
            return f"{column} IS {'NOT ' if operator == '*' else ''}NULL", []
        if operator not in {"=", "!", "&="}:
            raise invalid_query(f"Filters operator '{operator}' is not supported here.")
        wanted = [str(translate.get(value, value)) if translate else value.lower() for value in values]
        negation = "NOT " if operator == "!" else ""
        return f"{negation}lower({column}::text) = ANY(%s)", [wanted]

    return condition


def contains(expression: str) -> Filter:
    """`~` and `!~` search in the text; `=` and `!` compare the whole text."""

    def condition(operator: str, values: list[str]) -> Condition:
        if operator not in {"~", "!~"}:
            return equals(expression)(operator, values)
        pattern = values[0].lower() if values else ""
        for special in "\\%_":
            pattern = pattern.replace(special, "\\" + special)
        negation = "NOT " if operator == "!~" else ""
        return f"{negation}lower({expression}) LIKE %s", [f"%{pattern}%"]

    return condition
