"""Rails' cache in memcached, where the environment names one; without it nothing is cached."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from ..shared.memcached import Memcached, MemcachedError, from_text
from . import log
from .context import request_id

SECONDS = 3600


def fetch(key: str, read: Callable[[], Any]) -> Any:
    """The cached value, or what `read` gives, which is then kept. A cache that is down only costs time, as in Rails."""
    server = _server()
    if server is None:
        return read()
    try:
        found = server.get(key)
        if found is not None:
            return json.loads(found)
        value = read()
        server.set(key, json.dumps(value), SECONDS)
    except MemcachedError as error:
        log.write("WARN", f"{error}", request_id())
        log.write("ERROR", "DalliError: No server available", request_id())
        return read()
    return value


def _server() -> Memcached | None:
    text = os.environ.get("OPENPROJECT_CACHE__MEMCACHE__SERVER")
    return from_text(text) if text else None
