# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database that a dump file is of."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import source_of_file
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


def test_the_database_of_a_file(tmp_path: Path) -> None:
    named = tmp_path / "team_wiki_20240101_020000.sql.gz"
    other = tmp_path / "dump.sql"
    for path in (named, other):
        path.write_bytes(b"x" * 100)
    assert source_of_file(str(named), None).databases[0] == {
        "kind": "database",
        "name": "team_wiki",
        "source_bytes": 600,
    }
    assert source_of_file(str(other), ["gitea"]).databases[0]["name"] == "gitea"
    with pytest.raises(MaxopsError, match="not clear which one"):
        source_of_file(str(other), None)
