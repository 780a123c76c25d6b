# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One word per verb, from the playbook to the test, as a function that returns the violations in a tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Verb:
    """The names that belong to a verb; None for a part that it does not have."""

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
    # A single check, as the schedule of monitoring runs it.
    "monitor": Verb("monitoring", (), "monitoring", "health"),
    "deploy": Verb(None, (), "stack", None),
    "host": Verb(None, (), "host", None),
}
"""Playbook → its names, where they are not all the same word (docs/architecture.md, "Files and folders")."""

HELPERS = {"host": "prepares a host for all jobs"}
"""Roles that other playbooks run before their own."""

OF_ALL = {
    "outcome": "fails where any job failed",
    "summary": "prints the results of any job",
    "check_options": "refuses misspelt options of any role",
}
"""Modules that belong to no verb."""


def verb_of(playbook: str) -> Verb:
    """The names that belong to a playbook."""
    return EXCEPTIONS.get(playbook, Verb(playbook, (playbook,), playbook, playbook))


def violations(root: Path) -> list[str]:
    """A sentence for each name that is not the word of its verb. Raises AssertionError for a tree without playbooks."""
    playbooks = _files(root / "playbooks", "*.yml")
    assert playbooks, f"{root} contains no playbook"
    verbs = {name: verb_of(name) for name in playbooks}
    jobs = {verb.job for verb in verbs.values() if verb.job}
    expected = {
        "roles": {verb.role for verb in verbs.values() if verb.role} | set(HELPERS),
        "modules": {module for verb in verbs.values() for module in verb.modules} | set(OF_ALL),
        "jobs": jobs,
        "summaries": {verb.summary for verb in verbs.values() if verb.summary},
    }
    present = {
        "roles": _folders(root / "roles"),
        "modules": _files(root / "plugins" / "modules", "*.py"),
        "jobs": _folders(root / "plugins" / "module_utils" / "jobs"),
        "summaries": _files(root / "plugins" / "plugin_utils" / "summary", "*.py"),
    }
    sentences = [sentence for kind in expected for sentence in _compared(kind, expected[kind], present[kind])]
    tests = _folders(root / "tests" / "unit" / "module_utils" / "jobs")
    sentences += [f"tests/unit/module_utils/jobs/{name} has no job" for name in sorted(tests - jobs)]
    sentences += [f"the job {name} has no folder of tests" for name in sorted(jobs & present["jobs"] - tests)]
    about_summaries = {name.removeprefix("test_") for name in _files(root / "tests/unit/plugin_utils/summary", "*.py")}
    sentences += [f"test_{name}.py has no summary" for name in sorted(about_summaries - expected["summaries"])]
    return sentences


def _compared(kind: str, expected: set[str], present: set[str]) -> Iterator[str]:
    for name in sorted(present - expected):
        yield f"{name} of the {kind} has neither a playbook of that name nor an exception"
    for name in sorted(expected - present):
        yield f"{name} is missing among the {kind}"


def _files(folder: Path, pattern: str) -> set[str]:
    return {path.stem for path in folder.glob(pattern) if path.stem != "__init__"}


def _folders(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_dir() and path.name != "__pycache__"}
