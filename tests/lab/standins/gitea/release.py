"""Which Gitea this is, and the database version that it brings its schema to."""

from __future__ import annotations

import os
from dataclasses import dataclass

DATABASE_VERSIONS = {(1, 21): 280, (1, 22): 299, (1, 25): 323}


@dataclass(frozen=True)
class Release:
    version: str

    @property
    def minor(self) -> tuple[int, int]:
        major, minor = self.version.split(".")[:2]
        return int(major), int(minor)

    @property
    def database_version(self) -> int:
        return DATABASE_VERSIONS[self.minor]

    def at_least(self, major: int, minor: int) -> bool:
        return self.minor >= (major, minor)


def from_environment() -> Release:
    release = Release(os.environ.get("LAB_APP_VERSION", "1.21.11"))
    if release.minor not in DATABASE_VERSIONS:
        known = ", ".join(f"{major}.{minor}" for major, minor in DATABASE_VERSIONS)
        raise SystemExit(f"LAB_APP_VERSION={release.version}: this stand-in knows Gitea {known}")
    return release
