# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets and dumps the words of an operator mean."""

from __future__ import annotations

import datetime
from pathlib import Path

from ansible_collections.maxops.ops.plugins.module_utils.jobs.verify.plan import _meant, _not_there
from ansible_collections.maxops.ops.plugins.module_utils.storage import legacy_dumps
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.tests.unit.sets import CONTENT, make_set

UTC = datetime.timezone.utc


def test_latest_and_all_are_sets_of_the_stack_else_its_legacy_dumps(tmp_path: Path) -> None:
    repository = Repository(str(tmp_path))
    for hour, project in ((1, "shop"), (2, "shop"), (3, "other")):
        make_set(repository, datetime.datetime(2026, 11, 23, hour, tzinfo=UTC), CONTENT, project=project)
    (tmp_path / "daily").mkdir()
    for stamp in ("20240101_020000", "20240102_020000"):
        (tmp_path / "daily" / f"gitea_{stamp}.sql").write_text("")
    known, dumps = repository.sets(), legacy_dumps.list_dumps(str(tmp_path))

    def meant(word: str, project: str = "shop") -> tuple[list[str], list[str]]:
        sets, files = _meant(word, known, dumps, project)
        return [kept.set_id for kept in sets], [dump.set_id for dump in files]

    assert meant("latest") == (["20261123T020000Z"], [])
    assert meant("latest", "nothing") == ([], ["gitea_20240102_020000"])
    assert meant("all")[0] == ["20261123T010000Z", "20261123T020000Z"]
    assert meant("20261123T030000Z") == (["20261123T030000Z"], [])
    assert meant("gitea_20240101_020000") == ([], ["gitea_20240101_020000"])
    assert meant("20261123T040000Z") == ([], [])
    assert 'has no set "20261123T040000Z"' in _not_there("20261123T040000Z", repository, known, dumps, "shop")
