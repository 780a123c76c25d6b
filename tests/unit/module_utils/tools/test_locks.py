# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock has one holder."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools import locks
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.children import child, line_of

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
        assert time.monotonic() - begun < 20
        words = str(refused.value)
        assert words.startswith(f"repository /r is in use: backup of shop by process {process.pid} of ")
        assert f" on {os.uname().nodename}, since 2" in words
        assert "wait until it has ended" in words
        assert process.stdin is not None
        process.stdin.close()
        assert line_of(process) == "released"
        with taking(lock):
            pass


def test_leftover_of_a_killed_holder_blocks_no_job(tmp_path: Path) -> None:
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
