# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""tests/unit is the same tree as plugins, so the tests of a file are found by its name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

TREES = ("module_utils", "plugin_utils")
LARGE = 60
"""A file with at least this number of lines has a unit test of the same name."""

# Large files without a unit test, covered by integration tests. Entries may be removed, but not added.
INTEGRATION_TESTS_ONLY = {
    "module_utils/jobs/cache": "job",
    "module_utils/jobs/cleanup": "job",
    "module_utils/jobs/diagnose/steps": "firewall host",
    "module_utils/jobs/health/checks": "cache disk host",
    "module_utils/jobs/health": "view",
    "module_utils/jobs/logs": "reading",
    "module_utils/jobs/monitoring": "alert",
    "module_utils/jobs/restore": "job plan",
    "module_utils/jobs/status": "job",
    "module_utils/jobs/users": "job",
    "module_utils/jobs/users/openproject": "accounts groups roles",
    "module_utils/jobs/verify": "decode job source",
    "module_utils/module": "users",
    "module_utils/rehearsal": "compare content git",
    "module_utils/systems": "channels",
    "module_utils/systems/docker": "container volumes",
    "module_utils/systems/host": "system",
    "module_utils/systems/openproject": "api",
    "module_utils/systems/postgresql": "snapshot statistics",
    "module_utils/tools/http": "probe words",
    "module_utils/transfer": "database_load",
}


def sources() -> Iterator[Path]:
    for tree in TREES:
        yield from sorted((ROOT / "plugins" / tree).rglob("*.py"))


def expected_test_of(source: Path) -> Path:
    folder = source.parent.relative_to(ROOT / "plugins")
    return ROOT / "tests" / "unit" / folder / f"test_{source.name}"


def test_every_test_file_has_its_source_file() -> None:
    tests = {path for tree in TREES for path in (ROOT / "tests" / "unit" / tree).rglob("test_*.py")}
    assert len(tests) > 80
    assert tests - {expected_test_of(source) for source in sources()} == set()


def test_every_large_source_file_has_its_test_file() -> None:
    large = {source for source in sources() if len(source.read_text(encoding="utf-8").splitlines()) >= LARGE}
    untested = {str(source.relative_to(ROOT / "plugins")) for source in large if not expected_test_of(source).exists()}
    allowed = {f"{folder}/{name}.py" for folder, names in INTEGRATION_TESTS_ONLY.items() for name in names.split()}
    assert untested - allowed == set(), "write a unit test of the same name"
    assert allowed - untested == set(), "these files have a test now or do not exist: remove them from the list"
