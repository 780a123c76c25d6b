# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets and legacy dumps the option ``set`` names."""

from __future__ import annotations

import datetime
from pathlib import Path

from ansible_collections.maxops.ops.plugins.module_utils.jobs.verify.plan import _about_others, _missing, _named
from ansible_collections.maxops.ops.plugins.module_utils.storage import legacy_dumps
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Origin
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.tests.unit.kept_sets import HERE, database, day, kept, only, volume
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
        sets, files = _named(word, known, dumps, Origin(project, "web1").split(known))
        return [kept.set_id for kept in sets], [dump.set_id for dump in files]

    assert meant("latest") == (["20261123T020000Z"], [])
    assert meant("latest", "nothing") == ([], ["gitea_20240102_020000"])
    assert meant("all")[0] == ["20261123T010000Z", "20261123T020000Z"]
    assert meant("20261123T030000Z") == (["20261123T030000Z"], [])
    assert meant("gitea_20240101_020000") == ([], ["gitea_20240101_020000"])
    assert meant("20261123T040000Z") == ([], [])
    assert 'has no set "20261123T040000Z"' in _missing("20261123T040000Z", repository, known, dumps, "shop")


def test_sets_of_other_hosts_and_newest_sets_of_some_parts_are_remarked() -> None:
    full, partial = (database("gitea"), volume("data")), only(databases=["gitea"], volumes=[])
    sets = [kept(day(1), *full), kept(day(2), *full, host="web2", machine_id="b" * 32)]
    sets.append(kept(day(3), full[0], scope=partial))
    ownership = HERE.split(sets)
    assert [kept.set_id for kept in _named("latest", sets, [], ownership)[0]] == [day(3)]
    assert [kept.set_id for kept in _named("all", sets, [], ownership)[0]] == [day(1), day(3)]
    assert _about_others([sets[1]], ownership) == [f"set {day(2)} was made on another host, web2"]
    assert _about_others([sets[2]], ownership) == [
        f"set {day(3)} has no volume data; the newest set with everything is {day(1)}"
    ]
    assert _about_others([sets[0]], ownership) == []
    alone = HERE.split([sets[1]])
    assert [kept.set_id for kept in _named("latest", [sets[1]], [], alone)[0]] == [day(2)]
