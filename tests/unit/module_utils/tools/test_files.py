# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are whole or not there, and names are safe and come back."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import time
from pathlib import Path
from typing import Any, Callable
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.tools import files
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.children import child, line_of

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
# -- names and figures ------------------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=63)


@given(names)
@example("..")
@example(".hidden")
@example("-rf /")
@example("%2E")
@example("we\"ird\n'; DROP DATABASE x; --")
@example("한글 데이터베이스")
def test_any_name_is_one_harmless_path_component_and_comes_back(name: str) -> None:
    safe = files.safe_name(name)
    assert unquote(safe) == name
    assert os.path.basename(os.path.normpath(f"/top/{safe}")) == safe
    assert not safe.startswith(".")
    assert safe.isascii()
    assert safe.isprintable()


def test_every_name_that_postgresql_takes_fits_into_a_file_name(tmp_path: Path) -> None:
    (tmp_path / (files.safe_name("é" * 31) + ".tar.zst")).touch()


@given(json_data)
@example({"config/\udcff": "열린 \ud800"})
def test_json_comes_back_and_can_be_written(data: object) -> None:
    text = files.to_json(data)
    assert json.loads(text.encode("utf-8")) == data


def test_json_is_for_people_too() -> None:
    assert files.to_json({"b": "백업", "a": 1}) == '{\n  "a": 1,\n  "b": "백업"\n}\n'


def test_only_full_disks_and_quotas_are_full_disks() -> None:
    assert files.is_disk_full(OSError(errno.ENOSPC, "x"))
    assert files.is_disk_full(OSError(errno.EDQUOT, "x"))
    assert not files.is_disk_full(OSError(errno.EIO, "x"))
    assert not files.is_disk_full(MaxopsError("No space left on device"))


# -- digests ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, files.CHUNK - 1, files.CHUNK, files.CHUNK + 1, 2 * files.CHUNK])
def test_digest_and_size_are_of_the_whole_file(tmp_path: Path, size: int) -> None:
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    path = tmp_path / "file"
    path.write_bytes(content)
    pieces: list[int] = []
    expected = (size, hashlib.sha256(content).hexdigest())
    assert files.sha256_and_sync(str(path)) == expected
    assert files.sha256_of(str(path), pieces.append) == expected
    assert sum(pieces) == size


def test_digest_of_what_is_in_a_set_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic links"):
        files.sha256_of(str(tmp_path / "link"), lambda _count: None)


# -- atomic writes ----------------------------------------------------------------------------------------------------

WRITER = """
import itertools, sys
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import write_atomically

for letter in itertools.cycle("ab"):
    write_atomically(sys.argv[1], letter * 3_000_000)
    print(letter, flush=True)
"""


def test_killed_in_the_middle_of_a_write_the_old_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    unfinished = 0
    for moment in range(6):
        with child(WRITER, path) as writer:
            line_of(writer)
            time.sleep(moment * 0.003)
            writer.kill()
            writer.wait()
        content = path.read_text(encoding="utf-8")
        assert len(content) == 3_000_000
        assert len(set(content)) == 1
        leftovers = [other for other in tmp_path.iterdir() if other != path]
        unfinished += len(leftovers)
        for leftover in leftovers:
            leftover.unlink()
    assert unfinished, "at least one kill hit a write"


LIMITED = """
import resource, sys
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import write_atomically

resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_atomically(sys.argv[1], "new" * 1000)
except OSError as error:
    print(error.strerror)
"""


def test_write_that_fails_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with child(LIMITED, path) as writer:
        assert line_of(writer) == "File too large"
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_mode_of_a_written_file_is_what_was_asked_for(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.touch(0o666)
    before = os.umask(0o077)
    try:
        files.write_atomically(str(path), "text", mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_file_in_the_present_folder_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files.write_atomically("file", "한글\n")
    assert (tmp_path / "file").read_bytes() == "한글\n".encode()


# -- trees ------------------------------------------------------------------------------------------------------------


def test_listing_has_every_file_and_link_and_follows_none(tmp_path: Path) -> None:
    (tmp_path / "folder" / "empty").mkdir(parents=True)
    (tmp_path / "folder" / ".hidden").touch()
    (tmp_path / "b").touch()
    (tmp_path / "to-folder").symlink_to("folder")
    (tmp_path / "to-nothing").symlink_to("nothing")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")).touch()
    assert files.list_files(str(tmp_path)) == ["b", "folder/.hidden", "to-folder", "to-nothing", "\udcff"]


def test_removing_takes_what_is_named_and_nothing_that_a_link_leads_to(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "tree" / "deep").mkdir(parents=True)
    (tmp_path / "tree" / "deep" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "file").touch()
    for name in ("tree", "link", "file", "never there"):
        files.remove_tree(str(tmp_path / name))
    assert [str(path.relative_to(tmp_path)) for path in sorted(tmp_path.rglob("*"))] == ["kept", "kept/file"]


def test_free_space_is_that_of_the_folder_that_will_hold_the_new_one(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nothing")
    assert files.nearest_existing(str(tmp_path / "new" / "deep")) == str(tmp_path)
    assert files.nearest_existing(str(tmp_path / "dangling" / "x")) == str(tmp_path)
    assert files.nearest_existing("/no-such-folder/x") == "/"
    assert files.free_bytes(str(tmp_path / "new" / "deep")) > 0


def test_everything_below_a_folder_reaches_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    files.fsync_folders(str(tmp_path))


# -- file systems that refuse to write to the disk ------------------------------------------------------------------


def refusing(monkeypatch: pytest.MonkeyPatch, number: int, folders: bool) -> None:
    """Let the fsync of folders, or of files, fail."""

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode) == folders:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EBADF])
def test_folder_that_cannot_be_written_to_the_disk_on_request_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refusing(monkeypatch, number, folders=True)
    assert files.fsync_path(str(tmp_path)) is False
    files.fsync_folders(str(tmp_path))
    files.write_atomically(str(tmp_path / "file"), "text")
    assert (tmp_path / "file").read_text() == "text"


@pytest.mark.parametrize(
    ("number", "folders"),
    [(errno.EIO, True), (errno.ENOSPC, True), (errno.EIO, False), (errno.EINVAL, False), (errno.EDQUOT, False)],
)
def test_failed_write_to_the_disk_names_the_path_and_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, folders: bool
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    refusing(monkeypatch, number, folders)
    failing: list[Callable[[], object]] = [lambda: files.fsync_path(str(tmp_path))]
    if not folders:
        failing = [
            lambda: files.fsync_path(str(path)),
            lambda: files.sha256_and_sync(str(path)),
            lambda: files.write_atomically(str(path), "new"),
        ]
    for call in failing:
        with pytest.raises(OSError, match=r"fsync") as raised:
            call()
        assert raised.value.errno == number
        assert raised.value.strerror == f"fsync: {os.strerror(number)}"
        assert raised.value.filename == str(tmp_path if folders else path)
        assert files.is_disk_full(raised.value) == (number in (errno.ENOSPC, errno.EDQUOT))
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["file"]


def test_all_that_can_be_removed_is_and_the_first_cause_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "held", "z"):
        (tmp_path / "tree" / name).mkdir(parents=True)
        (tmp_path / "tree" / name / name).touch()
    unlink = os.unlink

    def unlink_most(path: Any, **more: Any) -> None:
        if os.path.basename(path) == "held":
            raise PermissionError(1, "Operation not permitted", "held")
        unlink(path, **more)

    monkeypatch.setattr(os, "unlink", unlink_most)
    with pytest.raises(PermissionError, match="held"):
        files.remove_tree(str(tmp_path / "tree"))
    assert [path.name for path in (tmp_path / "tree").rglob("*")] == ["held", "held"]
