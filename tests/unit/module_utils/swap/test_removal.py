# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaced data and leftovers: removed whole, or kept and reported, and never offered once removal has begun."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap import mounts, removal
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import (
    DatabaseSwap,
    Journal,
    Journals,
    Leftovers,
    VolumeSwap,
)
from ansible_collections.maxops.ops.plugins.module_utils.swap.removal import Removal, expire_previous, remove_folder
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import ServerGoneError
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

ACCESS = Access("shop")
PAST, FUTURE = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


@pytest.fixture
def journals(tmp_path: Path) -> Journals:
    return Journals("shop", str(tmp_path / "state"))


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    folder = tmp_path / "_data.maxops-previous-X"
    (folder / "git").mkdir(parents=True)
    for name in ("a", "b", "git/c"):
        (folder / name).write_text("x")
    return folder


def keep(journals: Journals, previous: Path, until: str | None = PAST, **fields: Any) -> Journal:
    volume = VolumeSwap("shop_data", str(previous.parent / "_data"), "new", str(previous))
    record = Journal("20261130T120000Z", "shop", "set X", volumes=[volume], kept_until=until, **fields)
    journals.write(record)
    journals.keep(record)
    return record


def refuse(*names: str) -> Any:
    """In place of the removal of a folder: these files in it cannot be removed."""
    real = removal.remove_folder

    def remove(folder: str) -> None:
        if any(name in folder for name in names):
            error = PermissionError(1, "Operation not permitted", f"{folder}/f150")
            raise error
        real(folder)

    return remove


def test_expired_data_is_removed_and_forgotten(journals: Journals, previous: Path) -> None:
    keep(journals, previous)
    assert expire_previous(ACCESS, journals) == ([str(previous)], [])
    assert not previous.exists()
    assert journals.records() == []


def test_data_that_is_kept_longer_stays(journals: Journals, previous: Path) -> None:
    keep(journals, previous, FUTURE)
    assert expire_previous(ACCESS, journals) == ([], [])
    assert previous.exists()


def test_what_cannot_be_removed_is_marked_and_reported_each_time(
    journals: Journals, previous: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(journals, previous)
    with monkeypatch.context() as patch:
        patch.setattr(removal, "remove_folder", refuse("previous-X"))
        for _run in range(2):
            removed, [remark] = expire_previous(ACCESS, journals)
            assert removed == []
            assert f'"{previous}" could not be removed: {previous}/f150: Operation not permitted' in remark
            assert "the next job tries again" in remark
            [record] = journals.records()
            assert record.expiring
    assert expire_previous(ACCESS, journals) == ([str(previous)], [])


def test_the_mark_is_on_the_disk_before_the_first_file_goes(
    journals: Journals, previous: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(journals, previous)
    seen = []

    def look(_folder: str) -> None:
        seen.append(journals.records()[0].expiring)
        raise KeyboardInterrupt

    monkeypatch.setattr(removal, "remove_folder", look)
    with pytest.raises(KeyboardInterrupt):
        expire_previous(ACCESS, journals)
    assert seen == [True]
    assert previous.exists()


def test_data_that_is_in_use_stays_whole(journals: Journals, previous: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(journals, previous)
    monkeypatch.setattr(mounts, "users_of", lambda _folder: ["process 42 (gitea)"])
    removed, [remark] = expire_previous(ACCESS, journals)
    assert removed == []
    assert f"{previous} is still used by process 42 (gitea)" in remark
    assert len(list(previous.rglob("*"))) == 4
    assert not journals.records()[0].expiring


def test_one_record_does_not_keep_the_others(
    journals: Journals, previous: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(journals, previous)
    other = tmp_path / "other"
    other.mkdir()
    volume = VolumeSwap("more", "folder", "new", str(other))
    journals.write_record(Journal("20261130T130000Z", "shop", "set Y", volumes=[volume], kept_until=PAST))
    monkeypatch.setattr(removal, "remove_folder", refuse("previous-X"))
    removed, remarks = expire_previous(ACCESS, journals)
    assert (removed, len(remarks)) == ([str(other)], 1)
    assert [record.id for record in journals.records()] == ["20261130T120000Z"]


def test_leftovers_are_tried_again_until_they_are_gone(
    journals: Journals, previous: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals.write(Journal("X", "shop", "set X"))
    journals.drop()
    journals.leave(Leftovers(databases=["s8__maxops_new_X"], folders=[str(previous)]))

    def drop(_self: Removal, name: str) -> None:
        raise MaxopsError(f'could not drop database "{name}": is being used by logical replication subscription')

    with monkeypatch.context() as patch:
        patch.setattr(Removal, "_drop", drop)
        for _run in range(2):
            removed, [remark] = expire_previous(ACCESS, journals)
            assert removed == []
            assert "a failed restore left this behind" in remark
            assert "logical replication subscription" in remark
        assert journals.leftovers() == Leftovers(databases=["s8__maxops_new_X"])
        assert not previous.exists()
    monkeypatch.setattr(Removal, "_drop", lambda _self, _name: None)
    assert expire_previous(ACCESS, journals) == ([], [])
    assert journals.leftovers() == Leftovers()


def test_roles_are_tried_again_with_their_object_ids(journals: Journals, monkeypatch: pytest.MonkeyPatch) -> None:
    journals.write(Journal("X", "shop", "set X"))
    journals.drop()
    journals.leave(Leftovers(roles={"ann": 16400, "bob": 16401}))
    assert journals.leftovers().roles == {"ann": 16400, "bob": 16401}
    dropped: list[dict[str, int]] = []

    def refuse_once(_self: Removal, names: Leftovers) -> None:
        dropped.append(dict(names.roles))
        if len(dropped) == 1:
            raise MaxopsError('role "ann" cannot be dropped because some objects depend on it')

    monkeypatch.setattr(Removal, "_drop_roles", refuse_once)
    _removed, [remark] = expire_previous(ACCESS, journals)
    assert 'role "ann, bob" could not be removed' in remark
    assert expire_previous(ACCESS, journals) == ([], [])
    assert dropped == [{"ann": 16400, "bob": 16401}] * 2
    assert journals.leftovers() == Leftovers()


def test_a_broken_record_is_a_remark(journals: Journals, previous: Path) -> None:
    keep(journals, previous)
    next((Path(journals.folder) / "previous").glob("*.json")).write_text("{")
    removed, [remark] = expire_previous(ACCESS, journals)
    assert removed == []
    assert "cannot be read" in remark


def test_as_much_as_possible_of_a_folder_is_removed(previous: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    real = os.unlink

    def unlink(path: Any, *arguments: Any, **options: Any) -> None:
        if str(path).endswith("b"):
            raise PermissionError(1, "Operation not permitted", path)
        real(path, *arguments, **options)

    monkeypatch.setattr(os, "unlink", unlink)
    with pytest.raises(PermissionError, match="b"):
        remove_folder(str(previous))
    assert [path.name for path in previous.rglob("*")] == ["b"]


def test_a_server_that_ends_meanwhile_is_not_taken_for_a_failed_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    def drop(_self: Removal, _name: str) -> None:
        raise ServerGoneError("the server closed the connection")

    monkeypatch.setattr(Removal, "_drop", drop)
    with pytest.raises(ServerGoneError):
        Removal(ACCESS).remove(Leftovers(databases=["x"]))


def test_databases_of_a_record_are_dropped(journals: Journals, previous: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(journals, previous, databases=[DatabaseSwap("gitea", "gitea_new", "gitea_previous")])
    dropped: list[str] = []
    monkeypatch.setattr(Removal, "_drop", lambda _self, name: dropped.append(name))
    assert expire_previous(ACCESS, journals)[0] == ["gitea_previous", str(previous)]
    assert dropped == ["gitea_previous"]
