# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The input of a rehearsal (what to restore) and its outcome (what it measured)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .image import Image


@dataclass
class Outcome:
    """What a rehearsal measured and counted.

    ``recovery_seconds`` is the time until all data was restored, ``written_bytes`` the largest measured size,
    ``rows`` are numbers of rows by database and table, ``content`` the counts of each application. ``not_covered`` says
    which data an operator left out of the set or keeps elsewhere, ``not_compared`` what no check compares.
    """

    image: str
    postgresql: str = ""
    recovery_seconds: float = 0.0
    written_bytes: int = 0
    rows: dict[str, dict[str, int]] = field(default_factory=dict)
    content: dict[str, dict[str, int]] = field(default_factory=dict)
    not_covered: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The outcome as data."""
        return dict(vars(self))


@dataclass
class Source:
    """What to restore: databases as in a manifest, read by ``image``; ``file`` is a legacy dump.

    Without databases no server is needed, and ``image`` may be None.
    ``roles`` are the roles that such a file expects to exist.
    """

    image: Image | None
    databases: Sequence[dict[str, Any]]
    file: str | None = None
    roles: Sequence[str] = ()

    @property
    def server_image(self) -> Image:
        """The image that reads the databases. Raises MaxopsError for a source without databases."""
        if self.image is None:
            raise MaxopsError("this set has no databases, so no image reads it")
        return self.image
