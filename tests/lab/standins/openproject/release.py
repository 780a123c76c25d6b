"""Which OpenProject this is, and the last migration that it knows."""

from __future__ import annotations

import os
from dataclasses import dataclass

LAST_MIGRATIONS = {14: 20240703131641, 15: 20250129094520, 17: 20250129094520}


@dataclass(frozen=True)
class Release:
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    @property
    def last_migration(self) -> int:
        return LAST_MIGRATIONS[self.major]


def from_environment() -> Release:
    release = Release(os.environ.get("LAB_APP_VERSION", "14.6.3"))
    if release.major not in LAST_MIGRATIONS:
        known = ", ".join(str(major) for major in LAST_MIGRATIONS)
        raise SystemExit(f"LAB_APP_VERSION={release.version}: this stand-in knows OpenProject {known}")
    return release
