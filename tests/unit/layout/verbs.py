# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One word per verb, from the playbook to the test, as a function that gives the strays of a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Verb:
    """A verb whose word is not the same everywhere; None for a part says that it has none."""

    job: str | None
    modules: tuple[str, ...] = ()
    role: str | None = None
    summary: str | None = None


EXCEPTIONS = {
    "backup": Verb("backup", ("backup",), "backup", "backup"),
    "backups": Verb("backup", ("backup_info",), "backups", "backups"),
    "verify": Verb("verify", ("verify",), "verify", "verify"),
    "drill": Verb("verify", ("drill_report",), "drill", "drill"),
    "health": Verb("health", ("health_check",), "health", "health"),
    "users": Verb("users", ("gitea_user", "openproject_user", "gitea_admin", "people"), "users", "users"),
    "logs": Verb("logs", ("logs", "merge_logs"), "logs", "logs"),
    "monitoring": Verb("monitoring", ("metrics", "alert"), "monitoring", "monitoring"),
    # One look, as the schedule of monitoring runs it.
    "monitor": Verb("monitoring", (), "monitoring", "health"),
    "deploy": Verb(None, (), "stack", None),
}
"""Playbook → what belongs to it, where it is not its own word alone (design.md, "One word per verb")."""

HELPERS = {"host": "prepares a host for all jobs"}
"""Roles without a playbook of their own."""

OF_ALL = {"summary": "prints the results of any job"}
"""Modules that belong to no verb."""


def verb_of(playbook: str) -> Verb:
    """What belongs to a playbook."""
    return EXCEPTIONS.get(playbook, Verb(playbook, (playbook,), playbook, playbook))


def strays(root: Path) -> list[str]:
    """Every name that is not its verb's word, as a sentence. Raises AssertionError for a tree without playbooks."""
    playbooks = _files(root / "playbooks", "*.yml")
    assert playbooks, f"there is no playbook in {root}"
    verbs = {name: verb_of(name) for name in playbooks}
    jobs = {verb.job for verb in verbs.values() if verb.job}
    wanted = {
        "roles": {verb.role for verb in verbs.values() if verb.role} | set(HELPERS),
        "modules": {module for verb in verbs.values() for module in verb.modules} | set(OF_ALL),
        "jobs": jobs,
        "summaries": {verb.summary for verb in verbs.values() if verb.summary},
    }
    there = {
        "roles": _folders(root / "roles"),
        "modules": _files(root / "plugins" / "modules", "*.py"),
        "jobs": _folders(root / "plugins" / "module_utils" / "jobs"),
        "summaries": _files(root / "plugins" / "plugin_utils" / "summary", "*.py"),
    }
    found = [sentence for kind in wanted for sentence in _compared(kind, wanted[kind], there[kind])]
    tests = _folders(root / "tests" / "unit" / "module_utils" / "jobs")
    found += [f"tests/unit/module_utils/jobs/{name} tests no job" for name in sorted(tests - jobs)]
    found += [f"the job {name} has no folder of tests" for name in sorted(jobs & there["jobs"] - tests)]
    about_summaries = {name.removeprefix("test_") for name in _files(root / "tests/unit/plugin_utils/summary", "*.py")}
    found += [f"test_{name}.py tests no summary" for name in sorted(about_summaries - wanted["summaries"])]
    return found


def _compared(kind: str, wanted: set[str], there: set[str]) -> Iterator[str]:
    for name in sorted(there - wanted):
        yield f"{name} of the {kind} is the word of no playbook, and no exception names it"
    for name in sorted(wanted - there):
        yield f"{name} is missing among the {kind}"


def _files(folder: Path, pattern: str) -> set[str]:
    return {path.stem for path in folder.glob(pattern) if path.stem != "__init__"}


def _folders(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"}
