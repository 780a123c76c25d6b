# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values that every kind of repository returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class KeptSet:
    """A set of the repository; ``problem`` says why its manifest can't be used, or is None."""

    set_id: str
    path: str
    manifest: dict[str, Any] | None
    problem: str | None = None

    @property
    def size(self) -> int:
        """Bytes of all files that the manifest lists."""
        return sum(entry["size"] for entry in self.manifest["files"]) if self.manifest else 0
