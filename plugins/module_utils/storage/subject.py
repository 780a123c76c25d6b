# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup set while it is verified."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Callable

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, NOTICE, WARNING, Finding

from .backup_set import Layout
from .findings import SET, Findings


@dataclass
class Subject:
    """One set, its manifest and its findings so far; ``steps`` are the seconds that each step took.

    ``needed`` is true for the files to check, by their path in the set.
    """

    set_id: str
    path: str
    manifest: dict[str, Any] | None = None
    findings: Findings = field(default_factory=Findings)
    steps: dict[str, float] = field(default_factory=dict)
    needed: Callable[[str], bool] = lambda _path: True

    @property
    def layout(self) -> Layout:
        """Where things are in the set."""
        return Layout(self.path)

    def parts(self, kind: str) -> Sequence[dict[str, Any]]:
        """The manifest's parts of one kind: ``database``, ``volume`` or ``folder``."""
        parts = (self.manifest or {}).get("parts", [])
        return [part for part in parts if part["kind"] == kind]

    def critical(self, check: str, subject: str, seen: str, limit: str = "", fix: str = "", cause: str = SET) -> None:
        """Add a critical finding: the set is not as required, by default because it is damaged."""
        self.findings.add(Finding(check, subject, CRITICAL, seen, limit, fix=fix, cause=cause))

    def warning(self, check: str, subject: str, seen: str, limit: str = "", fix: str = "", cause: str = "") -> None:
        """Add a warning: a person should check it."""
        self.findings.add(Finding(check, subject, WARNING, seen, limit, fix=fix, cause=cause))

    def notice(self, check: str, subject: str, seen: str, limit: str = "", fix: str = "", cause: str = "") -> None:
        """Add a notice: good to know."""
        self.findings.add(Finding(check, subject, NOTICE, seen, limit, fix=fix, cause=cause))
