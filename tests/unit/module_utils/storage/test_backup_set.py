# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A manifest is what was written or it is refused, and no name leads out of a set."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import (
    FORMAT,
    ID_PATTERN,
    Layout,
    moment_of,
    new_id,
    read_manifest,
    seal,
    write_manifest,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import to_json

MANIFEST: dict[str, Any] = {
    "format": FORMAT,
    "set_id": "20261123T020000Z",
    "project": "상점",
    "duration": 1.25,
    "parts": [{"kind": "database", "name": 'we"ird', "rows": {"public.entry": 5000}, "compression": "zstd:1"}],
    "files": [{"path": "globals.sql", "size": 18, "sha256": "ab" * 32}, {"path": "config/\udcff", "size": 0}],
    "warnings": [],
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "manifest.json"


# -- ids ------------------------------------------------------------------------------------------------------------


@given(
    st.datetimes(
        datetime.datetime(2000, 1, 1),
        datetime.datetime(2999, 1, 1),
        timezones=st.timedeltas(datetime.timedelta(hours=-14), datetime.timedelta(hours=14)).map(datetime.timezone),
    )
)
def test_name_of_a_set_is_its_moment_in_utc(moment: datetime.datetime) -> None:
    set_id = new_id(moment)
    assert ID_PATTERN.fullmatch(set_id)
    assert datetime.timedelta(0) <= moment - moment_of(set_id) < datetime.timedelta(seconds=1)
    assert moment_of(set_id).utcoffset() == datetime.timedelta(0)


def test_names_sort_as_their_moments_do() -> None:
    seoul = datetime.timezone(datetime.timedelta(hours=9))
    assert new_id(datetime.datetime(2026, 11, 23, 11, tzinfo=seoul)) == "20261123T020000Z"
    moments = [datetime.datetime(2026, month, day, tzinfo=seoul) for month in (1, 9, 10, 12) for day in (1, 9, 10, 30)]
    assert sorted(map(new_id, moments)) == list(map(new_id, sorted(moments)))


# -- layout ---------------------------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=63)


@given(names, names)
@example("..", "../../etc/passwd")
@example("a/b", "a%2Fb")
@example("manifest.json", "config")
def test_no_name_leads_out_of_its_folder_or_to_that_of_another(one: str, other: str) -> None:
    layout = Layout("/r/sets/x")
    for place, folder in ((layout.database, "databases"), (lambda name: layout.volume(name, ".tar.zst"), "volumes")):
        assert os.path.dirname(os.path.normpath(place(one))) == f"/r/sets/x/{folder}"
        assert (place(one) == place(other)) == (one == other)
    assert os.path.dirname(layout.properties(one)) == layout.database(one)


def test_data_files_are_all_but_the_manifest(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    (tmp_path / "config").mkdir()
    for name in ("manifest.json", "globals.sql", "config/manifest.json"):
        (tmp_path / name).touch()
    assert layout.data_files() == ["config/manifest.json", "globals.sql"]


# -- manifest -------------------------------------------------------------------------------------------------------


def test_manifest_comes_back_as_it_was_written(path: Path) -> None:
    write_manifest(str(path), seal(MANIFEST))
    assert read_manifest(str(path)) == seal(MANIFEST)
    assert path.stat().st_mode & 0o777 == 0o600
    assert seal(seal(MANIFEST)) == seal(MANIFEST)


WRITTEN = to_json(seal(MANIFEST)).encode()


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WRITTEN) - 1), st.integers(0, 255))
def test_any_changed_byte_is_found_or_changes_nothing(path: Path, position: int, byte: int) -> None:
    path.write_bytes(WRITTEN[:position] + bytes([byte]) + WRITTEN[position + 1 :])
    try:
        manifest = read_manifest(str(path))
    except MaxopsError:
        return
    assert manifest == seal(MANIFEST), "only white space may change undetected"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(WRITTEN.rstrip()) - 1))
def test_manifest_that_was_cut_off_is_refused(path: Path, length: int) -> None:
    path.write_bytes(WRITTEN[:length])
    with pytest.raises(MaxopsError, match=r"cannot be read"):
        read_manifest(str(path))


@pytest.mark.parametrize(
    "change",
    [
        {"project": "other"},
        {"set_id": "20261124T020000Z"},
        {"files": []},
        {"parts": [{**MANIFEST["parts"][0], "rows": {"public.entry": 4999}}]},
        {"duration": 1},
        {"added": None},
    ],
)
def test_any_changed_value_is_found(path: Path, change: dict[str, Any]) -> None:
    write_manifest(str(path), {**seal(MANIFEST), **change})
    with pytest.raises(MaxopsError, match="was changed after it was written"):
        read_manifest(str(path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is missing: this folder is not a complete backup set; take another set"),
        (b"", "cannot be read"),
        (b"\xff\xfe", "cannot be read"),
        (b"[]", "is not a manifest of maxops.ops"),
        (b"{}", "is not a manifest of maxops.ops"),
        (b'{"format": "1"}', "is not a manifest of maxops.ops"),
        (b'{"format": 1}', "its own SHA-256 does not match"),
        (b"[" * 100_000, "cannot be read"),
    ],
)
def test_bad_manifest_is_refused_with_a_message(path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(MaxopsError) as refused:
        read_manifest(str(path))
    assert f"{path} " in str(refused.value)
    assert message in str(refused.value)


def test_manifest_of_a_later_format_asks_for_a_later_collection(path: Path) -> None:
    path.write_text(json.dumps(seal({**MANIFEST, "format": FORMAT + 1})))
    with pytest.raises(MaxopsError, match=r"has format 3, this maxops\.ops supports 2: update the collection"):
        read_manifest(str(path))


def test_folder_in_the_place_of_a_manifest_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(MaxopsError, match="cannot be read"):
        read_manifest(str(path))


# -- archived parts -------------------------------------------------------------------------------------------------

FOLDER = {"kind": "folder", "name": "/srv/gitea data"}


def test_folder_has_its_own_archive() -> None:
    layout = backup_set.Layout("/set")
    assert layout.folder("/srv/gitea data", ".tar.zst") == "/set/folders/%2Fsrv%2Fgitea data.tar.zst"
    assert layout.folder("server:/data", ".tar") == "/set/folders/server%3A%2Fdata.tar"
    long = [os.path.basename(layout.folder(f"/{name * 300}", ".tar.zst")) for name in ("a", "b")]
    assert all(len(name) < 255 for name in long)
    assert long[0] != long[1]


def test_file_belongs_to_exactly_one_part() -> None:
    layout = backup_set.Layout("")
    names = ["a", "a.tar", "a.tar.gz", "a.b"]
    for suffix in backup_set.ARCHIVE_SUFFIXES:
        for name in names:
            path = layout.volume(name, suffix)
            owners = [other for other in names if layout.holds({"kind": "volume", "name": other}, path)]
            assert owners == [name]
    assert layout.holds(FOLDER, "folders/%2Fsrv%2Fgitea data.tar.gz")
    assert not layout.holds({**FOLDER, "kind": "volume"}, "folders/%2Fsrv%2Fgitea data.tar.gz")
    assert layout.holds({"kind": "database", "name": "shop"}, "databases/shop/toc.dat")
    assert not layout.holds({"kind": "database", "name": "shop"}, "databases/shop2/toc.dat")


def test_archive_of_a_part_is_the_one_in_the_manifest() -> None:
    manifest = {"parts": [FOLDER], "files": [{"path": "folders/%2Fsrv%2Fgitea data.tar"}, {"path": "globals.sql"}]}
    assert backup_set.archived_parts(manifest) == [FOLDER]
    assert backup_set.archive_of("/sets/1", manifest, FOLDER) == "/sets/1/folders/%2Fsrv%2Fgitea data.tar"
    with pytest.raises(MaxopsError, match='set 1 lists 0 archives of folder "/other" instead of one'):
        backup_set.archive_of("/sets/1", manifest, {"kind": "folder", "name": "/other"})
    assert backup_set.archived_parts(None) == []


def test_set_without_folders_can_be_read_by_earlier_versions() -> None:
    volume, database = {"kind": "volume", "name": "a"}, {"kind": "database", "name": "b"}
    assert backup_set.format_of([volume, database]) == 1
    assert backup_set.format_of([volume, FOLDER]) == 2
