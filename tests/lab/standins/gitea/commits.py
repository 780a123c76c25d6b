"""The number of commits of a repository, which the real application keeps in its cache for hours."""

from __future__ import annotations

import subprocess

from ..shared.database import Row
from .settings import Settings

SECONDS = 16 * 3600
LISTED = "MacaronCache"
"""The hash in which the real application lists the keys of its cache."""


def count(settings: Settings, repository: Row) -> int:
    key = f"commits-count-{repository['id']}-ref-{repository['default_branch']}"
    cache = settings.cache
    cached = cache.run("GET", key) if cache else None
    if cached is not None:
        return int(cached)
    number = _counted(settings, repository)
    if cache:
        cache.run("SET", key, number, "EX", SECONDS)
        cache.run("HSET", LISTED, key, "0")
    return number


def _counted(settings: Settings, repository: Row) -> int:
    folder = settings.repositories / repository["owner_name"].lower() / f"{repository['lower_name']}.git"
    command = ["git", "--git-dir", str(folder), "rev-list", "--count", repository["default_branch"] or "HEAD"]
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    return int(finished.stdout) if finished.returncode == 0 else 0
