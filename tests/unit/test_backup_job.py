# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup does once its set is in its place."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils import backup_job
from ansible_collections.maxops.ops.plugins.module_utils.backup_plan import Options
from ansible_collections.maxops.ops.plugins.module_utils.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.repository import Repository
from ansible_collections.maxops.ops.plugins.module_utils.retention import Policy
from ansible_collections.maxops.ops.tests.unit.sets import CONTENT, make_set

MOMENT = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.timezone.utc)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Three sets, the last one just made."""
    made = Repository(str(tmp_path / "repository"))
    for hour in range(3):
        make_set(made, MOMENT + datetime.timedelta(hours=hour), CONTENT)
    return made


def options(repository: Repository) -> Options:
    return Options("shop", repository.path, retention=Policy(keep_last=1))


def test_retention_tells_what_it_removed_and_what_somebody_holds(repository: Repository) -> None:
    with repository.holding("20261123T030000Z"):
        reasons, removed = backup_job._retain(repository, options(repository), "20261123T040000Z")
    assert removed == ["20261123T020000Z"]
    assert reasons == {
        "20261123T040000Z": ["newest", "keep_last"],
        "20261123T030000Z": ["in use"],
        "20261123T020000Z": [],
    }


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (Cancelled("stopped by signal SIGTERM; nothing was published"), "the job was told to stop"),
        (PermissionError(1, "Operation not permitted", "/r/sets/x"), "Operation not permitted: /r/sets/x"),
    ],
)
def test_retention_that_breaks_off_tells_that_the_set_was_made(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, error: BaseException, words: str
) -> None:
    remove = repository.remove

    def second_fails(set_id: str) -> bool:
        if set_id == "20261123T020000Z":
            raise error
        return remove(set_id)

    monkeypatch.setattr(repository, "remove", second_fails)
    with pytest.raises(MaxopsError) as failure:
        backup_job._retain(repository, options(repository), "20261123T040000Z")
    assert str(failure.value) == (
        f"backup set 20261123T040000Z was made and is whole, but retention did not come to its end ({words}; "
        "removed: 20261123T030000Z): mend the cause; the next backup removes what is left"
    )
    assert sorted(os.listdir(repository.sets_path)) == ["20261123T020000Z", "20261123T040000Z"]
