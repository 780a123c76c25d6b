# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files are whole or not there, names are safe and come back, and a lock has one holder."""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import json
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.maxops.ops.plugins.module_utils.tools import files, locks, moments
from ansible_collections.maxops.ops.plugins.module_utils.tools import words as words_
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.children import child, line_of

json_data = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)

# -- names and figures ----------------------------------------------------------------------------------------------

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


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (14_200_000, "14.2 MB"),
        (1_400_000_000, "1.4 GB"),
        (5e15, "5000.0 TB"),
    ],
)
def test_sizes_as_people_read_them(size: float, words: str) -> None:
    assert words_.human_size(size) == words


def test_moments_are_told_in_utc() -> None:
    seoul = datetime.timezone(datetime.timedelta(hours=9))
    assert moments.timestamp(datetime.datetime(2026, 11, 23, 8, 30, tzinfo=seoul)) == "2026-11-22T23:30:00Z"
    assert moments.utc_now().utcoffset() == datetime.timedelta(0)


@given(json_data)
@example({"config/\udcff": "열린 \ud800"})
def test_json_comes_back_and_can_be_written(data: object) -> None:
    text = files.to_json(data)
    assert json.loads(text.encode("utf-8")) == data


def test_json_is_for_people_too() -> None:
    assert files.to_json({"b": "백업", "a": 1}) == '{\n  "a": 1,\n  "b": "백업"\n}\n'


def test_only_full_disks_and_quotas_are_full_disks() -> None:
    import errno

    assert files.is_disk_full(OSError(errno.ENOSPC, "x"))
    assert files.is_disk_full(OSError(errno.EDQUOT, "x"))
    assert not files.is_disk_full(OSError(errno.EIO, "x"))
    assert not files.is_disk_full(MaxopsError("No space left on device"))


# -- digests --------------------------------------------------------------------------------------------------------


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


# -- atomic writes --------------------------------------------------------------------------------------------------

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
        leftovers = [each for each in tmp_path.iterdir() if each != path]
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


# -- trees ----------------------------------------------------------------------------------------------------------


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


# -- locks ----------------------------------------------------------------------------------------------------------

HOLDER = """
import sys
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock

with exclusive_lock(sys.argv[1], "repository /r", "backup of shop"):
    print("held", flush=True)
    sys.stdin.read()
print("released", flush=True)
sys.stdin.close()
"""


@contextmanager
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    with child(HOLDER, path) as process:
        assert line_of(process) == "held"
        yield process


@contextmanager
def taking(path: Path) -> Iterator[None]:
    with locks.exclusive_lock(str(path), "repository /r", "restore of shop"):
        yield


def test_second_one_fails_at_once_and_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with holder(lock) as process:
        begun = time.monotonic()
        with pytest.raises(MaxopsError) as refused, taking(lock):
            pytest.fail("two hold the lock")
        assert time.monotonic() - begun < 2
        words = str(refused.value)
        assert words.startswith(f"repository /r is in use: backup of shop by process {process.pid} of ")
        assert f" on {os.uname().nodename}, since 2" in words
        assert "wait until it has ended" in words
        assert process.stdin is not None
        process.stdin.close()
        assert line_of(process) == "released"
        with taking(lock):
            pass


def test_leftover_of_a_killed_holder_blocks_nobody(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with holder(lock) as process:
        process.kill()
        process.wait()
        assert "backup of shop" in lock.read_text()
        with taking(lock):
            assert "restore of shop" in lock.read_text()
            assert stat.S_IMODE(lock.stat().st_mode) == 0o600


def test_lock_is_free_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), taking(tmp_path / "lock"):
        raise RuntimeError
    with taking(tmp_path / "lock"):
        pass


def test_lock_does_not_live_on_in_a_program_that_was_started_under_it(tmp_path: Path) -> None:
    with taking(tmp_path / "lock"):
        program = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with taking(tmp_path / "lock"):
            pass
    finally:
        program.kill()
        program.wait()


@pytest.mark.parametrize("content", ["", "junk", "[]", '{"pid": 1}'])
def test_holder_that_has_not_said_who_it_is(tmp_path: Path, content: str) -> None:
    lock = tmp_path / "lock"
    lock.write_text(content)
    with lock.open("r+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with pytest.raises(MaxopsError, match=r"another maxops\.ops job has just started"), taking(lock):
            pytest.fail("two hold the lock")


def test_link_in_the_place_of_a_lock_is_refused_and_its_target_untouched(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "lock").symlink_to("precious")
    with (
        pytest.raises(MaxopsError, match=r"repository /r cannot be locked with .*/lock: .*; run as"),
        taking(tmp_path / "lock"),
    ):
        pytest.fail("locked")
    assert (tmp_path / "precious").read_text() == "kept"


CROWDED = """
import resource, sys
from ansible_collections.maxops.ops.plugins.module_utils.tools.locks import exclusive_lock

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with exclusive_lock(sys.argv[1], "repository /r", "backup of shop"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_lock_is_held_although_nothing_can_be_written_into_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with child(CROWDED, lock) as process:
        assert line_of(process) == "held"
        with pytest.raises(MaxopsError, match=r"repository /r is in use"), taking(lock):
            pytest.fail("two hold the lock")


def test_holder_without_a_name_is_told_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    with taking(tmp_path / "lock"):
        assert json.loads((tmp_path / "lock").read_text())["user"] == "user id 54321"
