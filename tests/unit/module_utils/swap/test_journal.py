# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of loaded and replaced databases, and a journal that is read as it was written."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import (
    FORMAT,
    DatabaseSwap,
    Journal,
    Journals,
    VolumeSwap,
    new_name,
    previous_name,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

MOMENT = "20261125T141253Z"
NAMES = ["gitea", "a" * 29, "a" * 30, "a" * 63, "ü" * 31, "여" * 21]


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    return Journals("my/project", str(tmp_path))


def journal(**fields: Any) -> Journal:
    swaps = [DatabaseSwap("gitea", "gitea_new", "gitea_previous"), DatabaseSwap("copy", "copy_new", None)]
    volumes = [VolumeSwap("p_data", "/v/_data", "/v/_data.new", "/v/_data.previous")]
    return Journal(MOMENT, "my/project", "set X", databases=swaps, volumes=volumes, **fields)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [new_name, previous_name])
def test_names_fit_and_contain_their_purpose(make: Callable[[str, str], str], name: str) -> None:
    made = make(name, MOMENT)
    assert len(made.encode()) <= 63
    assert made.endswith(MOMENT)
    assert "__maxops_" in made


def test_names_stay_different() -> None:
    made = [make(name, MOMENT) for name in NAMES for make in (new_name, previous_name)]
    assert len(set(made)) == len(made)


def test_journal_is_read_as_it_was_written(journals: Journals) -> None:
    assert journals.current() is None
    written = journal(services={"gitea": ["p-gitea-1"]}, kept_until="2026-12-02T00:00:00Z")
    journals.write(written)
    assert journals.current() == written


def test_journal_has_the_roles_that_the_restore_created(journals: Journals, tmp_path: Path) -> None:
    journals.write(journal(roles={"ann": 16400}))
    path = tmp_path / "my%2Fproject" / "restore.json"
    current = journals.current()
    assert current is not None
    assert current.roles == {"ann": 16400}
    older = json.loads(path.read_text())
    del older["roles"]
    path.write_text(json.dumps(older))
    assert journals.current() == journal()


def test_journal_becomes_a_record(journals: Journals) -> None:
    journals.write(journal())
    journals.keep(journal(downtime=1.5))
    assert journals.current() is None
    assert journals.records() == [journal(downtime=1.5)]
    assert journals.free_id() != MOMENT
    journals.forget(journal())
    assert journals.records() == []


def test_only_the_owner_can_read_the_journal(journals: Journals, tmp_path: Path) -> None:
    journals.write(journal())
    [path] = (tmp_path / "my%2Fproject").glob("*.json")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"format": 1, "id": "x"}', '{"format": 1, "databases": [], "x": 1}']
)
def test_a_broken_journal_is_reported(journals: Journals, tmp_path: Path, text: str) -> None:
    journals.write(journal())
    (tmp_path / "my%2Fproject" / "restore.json").write_text(text)
    with pytest.raises(MaxopsError, match="cannot be read"):
        journals.current()


def test_a_journal_of_a_later_version_is_reported(journals: Journals, tmp_path: Path) -> None:
    journals.write(journal())
    path = tmp_path / "my%2Fproject" / "restore.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": FORMAT + 1}))
    with pytest.raises(MaxopsError, match="was written by a later"):
        journals.current()


def test_a_journal_of_the_earlier_format_is_read(journals: Journals, tmp_path: Path) -> None:
    journals.write(journal())
    path = tmp_path / "my%2Fproject" / "restore.json"
    data = json.loads(path.read_text())
    assert data["format"] == 3
    for later in ("clearings", "cleared", "regenerate", "extensions", "set_roles", "changed_back"):
        del data[later]
    path.write_text(json.dumps({**data, "format": 1}))
    assert journals.current() == journal()


def test_a_record_of_format_2_is_read(journals: Journals, tmp_path: Path) -> None:
    journals.write(journal())
    journals.keep(journal())
    (path,) = (tmp_path / "my%2Fproject" / "previous").iterdir()
    data = json.loads(path.read_text())
    for later in ("origin", "is_undone", "sizes"):
        del data[later]
    path.write_text(json.dumps({**data, "format": 2}))
    assert journals.records() == [journal()]


def test_names_in_the_journal(journals: Journals) -> None:
    assert journal().loaded == {"gitea_new", "copy_new", "/v/_data.new"}
    assert journal().replaced == ["gitea_previous", "/v/_data.previous"]
