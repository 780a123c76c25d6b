"""Request bodies: one JSON object, with its content type."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import request

from ...shared.database import Row
from ..errors import ApiError, constraint, invalid_body


class MissingContentTypeError(Exception):
    pass


def check_content_type() -> None:
    if request.method not in {"POST", "PATCH"}:
        return
    if not request.content_type:
        raise MissingContentTypeError
    if request.mimetype not in {"application/json", "application/hal+json"}:
        message = f"Expected CONTENT-TYPE to be application/json but got {request.mimetype}."
        raise ApiError(415, "TypeNotSupported", message)


def json_object() -> Row:
    try:
        body = json.loads(request.get_data(as_text=True) or "{}")
    except ValueError as error:
        raise invalid_body("The request body could not be parsed as JSON.") from error
    if not isinstance(body, dict):
        raise invalid_body()
    return body


def text(body: Row, key: str, name: str) -> str:
    value = body[key]
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ApiError(422, "PropertyFormatError", f"Invalid format for property '{key}': Expected a string.", key)
    return value.strip() if name else value


def link_id(link: Any, attribute: str, *kinds: str) -> int | None:
    """The number at the end of `/api/v3/KIND/ID`; None where the link is empty."""
    href = link.get("href") if isinstance(link, dict) else None
    if href is None:
        return None
    found = re.fullmatch(rf".*/api/v3/(?:{'|'.join(kinds)})/(\d+)", str(href))
    if not found:
        expected = "' or '".join(f"/api/v3/{kind}/:id" for kind in kinds)
        message = f"For property '{attribute}' a link like '{expected}' is expected, but got '{href}'."
        raise ApiError(422, "ResourceTypeMismatch", message)
    return int(found[1])


def required_link(links: Row, key: str, *kinds: str) -> int:
    found = link_id(links.get(key), key, *kinds)
    if found is None:
        raise constraint(key, f"{key.capitalize()} can't be blank.")
    return found
