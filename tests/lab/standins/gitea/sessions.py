"""Sessions of the web pages, as the real application keeps them: they name a user only by the number.

They are in Redis, in files or in the process, never in the database (the provider `db` is not known here).
"""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path
from typing import Any, Protocol

from ..shared.redis import Redis, from_text
from .settings import Settings

COOKIE = "i_like_gitea"
SECONDS = 86400
NAME = re.compile(r"[0-9a-f]{16}")


class Store(Protocol):
    def read(self, name: str) -> str | None: ...
    def write(self, name: str, text: str) -> None: ...
    def remove(self, name: str) -> None: ...


class InRedis:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def read(self, name: str) -> str | None:
        text: str | None = self._redis.run("GET", name)
        return text

    def write(self, name: str, text: str) -> None:
        self._redis.run("SET", name, text, "EX", SECONDS)

    def remove(self, name: str) -> None:
        self._redis.run("DEL", name)


class InFiles:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, name: str) -> Path:
        return self._folder / name[0] / name[1] / name

    def read(self, name: str) -> str | None:
        path = self._path(name)
        return path.read_text() if path.exists() else None

    def write(self, name: str, text: str) -> None:
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def remove(self, name: str) -> None:
        self._path(name).unlink(missing_ok=True)


class InMemory:
    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def read(self, name: str) -> str | None:
        return self._texts.get(name)

    def write(self, name: str, text: str) -> None:
        self._texts[name] = text

    def remove(self, name: str) -> None:
        self._texts.pop(name, None)


_memory = InMemory()


def store(settings: Settings) -> Store:
    provider = settings.text("session", "PROVIDER", "memory").lower()
    value = settings.text("session", "PROVIDER_CONFIG")
    if provider == "redis":
        return InRedis(from_text(value))
    if provider == "file":
        return InFiles(Path(value or "/data/gitea/sessions"))
    return _memory


def begin(settings: Settings, user: dict[str, Any]) -> str:
    """A new session of a user; returns its name, which is the cookie's value."""
    name = secrets.token_hex(8)
    store(settings).write(name, json.dumps({"uid": user["id"], "uname": user["name"]}))
    return name


def user_number(settings: Settings, name: str) -> int | None:
    """The number of the user who is signed in: nothing else of the session is compared."""
    text = store(settings).read(name) if NAME.fullmatch(name) else None
    return int(json.loads(text)["uid"]) if text else None
