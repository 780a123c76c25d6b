# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that differ from those of the set are named, and their values never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.secrets import secrets_that_differ
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource

THEN = "# made once\nPOSTGRES_PASSWORD=then\nSECRET_KEY_BASE='old one'\nexport GITEA_TOKEN=same\nMONKEY=1\nGONE_KEY=x\n"


@pytest.mark.parametrize(
    ("now", "remark"),
    [
        (THEN, None),
        (THEN.replace("then", "now"), None),
        ('SECRET_KEY_BASE="old one"\n', None),
        (THEN.replace("old one", "new one"), "another SECRET_KEY_BASE than"),
        ("SECRET_KEY_BASE=x\nGITEA_TOKEN=y\n", "another GITEA_TOKEN, SECRET_KEY_BASE than"),
        (None, None),
    ],
)
def test_differences(tmp_path: Path, now: str, remark: str | None) -> None:
    (tmp_path / "set" / "config").mkdir(parents=True)
    (tmp_path / "set" / "config" / ".env").write_text(THEN)
    if now is not None:
        (tmp_path / ".env").write_text(now)
    config = [{"source": str(tmp_path / ".env"), "path": ".env"}, {"source": "/x/docker-compose.yml", "path": "y"}]
    source = RestoreSource("set X", "17.1", kept=KeptSet("X", str(tmp_path / "set"), {"config": config}))
    remarks = secrets_that_differ(source)
    assert len(remarks) == (remark is not None)
    assert remark is None or remark in remarks[0]
    assert "old one" not in str(remarks)
    assert "new one" not in str(remarks)
