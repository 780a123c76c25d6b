# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every folder in ``sets/`` is complete; ``staging/`` holds only unfinished sets and leftovers."""

from __future__ import annotations

import datetime
import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Origin
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository import local
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.children import child, line_of
from ansible_collections.maxops.ops.tests.unit.sets import CONTENT, make_set

MOMENT = datetime.datetime(2026, 11, 23, 2, tzinfo=datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
SHOP = Origin("shop", "web1", "a" * 32)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(str(tmp_path / "repository"))


def mode_of(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def ids(repository: Repository) -> list[str]:
    return [kept.set_id for kept in repository.sets()]


# -- the folder -----------------------------------------------------------------------------------------------------


def test_new_repository_is_its_owners_alone(repository: Repository) -> None:
    before = os.umask(0o022)
    try:
        with repository.locked("test"):
            pass
    finally:
        os.umask(before)
    assert [mode_of(path) for path in (repository.path, repository.sets_path, repository.staging_path)] == [0o700] * 3
    assert mode_of(os.path.join(repository.path, "lock")) == 0o600


def test_second_job_on_a_repository_is_refused(repository: Repository) -> None:
    refusal = pytest.raises(MaxopsError, match=r"in use: backup of shop by process")
    with repository.locked("backup of shop"), refusal, repository.locked("verification"):
        pytest.fail("two jobs at work")


@pytest.mark.parametrize("inside", ["", "deep/er"])
def test_repository_that_would_be_a_file_is_refused_before_anything_is_made(tmp_path: Path, inside: str) -> None:
    (tmp_path / "file").write_text("kept")
    bad = Repository(str(tmp_path / "file" / inside))
    with pytest.raises(MaxopsError, match=r"/file is not a folder; name another repository"):
        bad.check_usable()
    with pytest.raises(MaxopsError, match=r"cannot be created: .*; name a folder"), bad.locked("test"):
        pytest.fail("locked")
    assert (tmp_path / "file").read_text() == "kept"


def test_usable_repository_is_not_made_by_asking(repository: Repository) -> None:
    repository.check_usable()
    assert repository.sets() == []
    assert not os.path.exists(repository.path)


UNPRIVILEGED = """
import os, sys
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository

if os.getuid() == 0:
    os.setuid(65534)
try:
    Repository(sys.argv[1]).check_usable()
except MaxopsError as error:
    print(error)
"""


def test_folder_that_this_user_may_not_write_is_refused() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o500)
        with child(UNPRIVILEGED, os.path.join(folder, "repository")) as process:
            message = line_of(process)
        os.chmod(folder, 0o700)
    assert f"cannot be written by this user ({folder}): run as root (become: true)" in message


def test_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    repository = Repository(str(tmp_path))
    with repository.locked("test"):
        pass
    assert mode_of(tmp_path) == 0o755
    assert mode_of(repository.sets_path) == mode_of(repository.staging_path) == 0o700


# -- making sets ----------------------------------------------------------------------------------------------------


def test_set_appears_only_when_it_is_published(repository: Repository) -> None:
    with repository.locked("test"):
        set_id, layout = repository.begin(MOMENT)
        assert (set_id, ids(repository)) == ("20261123T020000Z", [])
        assert mode_of(layout.path) == 0o700
        backup_set.write_manifest(layout.manifest, backup_set.seal({"format": 1, "project": "shop", "files": []}))
        assert ids(repository) == []
        assert repository.publish(set_id) == os.path.join(repository.sets_path, set_id)
    assert ids(repository) == [set_id]
    assert os.listdir(repository.staging_path) == []


def test_sets_of_the_same_second_get_names_of_their_own(repository: Repository) -> None:
    for _ in range(3):
        make_set(repository, MOMENT, CONTENT)
    assert ids(repository) == ["20261123T020000Z", "20261123T020001Z", "20261123T020002Z"]
    assert repository.free_id(MOMENT) == "20261123T020003Z"


def test_new_folders_reach_the_disk_before_anything_is_put_into_them(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(local, "fsync_path", synced.append)
    with repository.locked("test"):
        assert set(synced) == {str(tmp_path), repository.path}


@pytest.mark.parametrize("below", ["", "sets", "staging"])
def test_file_system_that_cannot_write_folders_is_one_remark_and_no_failure(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, below: str
) -> None:
    assert repository.remarks() == []
    with repository.locked("test"):
        pass
    assert repository.remarks() == []
    refused = os.stat(os.path.join(repository.path, below)).st_ino

    def fsync(descriptor: int) -> None:
        if os.fstat(descriptor).st_ino == refused:
            raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", fsync)
    [remark] = repository.remarks()
    assert remark.startswith(f"the file system of repository {repository.path} cannot write the names in a folder")
    made = make_set(repository, MOMENT, CONTENT)
    assert ids(repository) == [made.name]


def test_set_that_cannot_be_started_is_refused_with_a_message(repository: Repository) -> None:
    with repository.locked("test"):
        os.rmdir(repository.staging_path)
        Path(repository.staging_path).touch()
        with pytest.raises(MaxopsError, match=r"repository .* cannot take a new set: Not a directory; free some space"):
            repository.begin(MOMENT)


def test_size_of_a_set(repository: Repository) -> None:
    make_set(repository, MOMENT, CONTENT)
    [kept] = repository.sets()
    assert kept.size == sum(map(len, CONTENT.values()))
    assert kept.problem is None


KILLED = """
import datetime, sys
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository

repository = Repository(sys.argv[1])
with repository.locked("test"):
    set_id, layout = repository.begin(datetime.datetime(2026, 11, 23, 3, tzinfo=datetime.timezone.utc))
    with open(layout.globals, "w") as stream:
        stream.write("half")
    print(set_id, flush=True)
    sys.stdin.read()
"""


def test_killed_job_leaves_only_staging_which_the_next_one_removes(repository: Repository) -> None:
    make_set(repository, MOMENT, CONTENT)
    with child(KILLED, repository.path) as process:
        left = line_of(process)
        process.kill()
        process.wait()
    assert ids(repository) == ["20261123T020000Z"]
    with repository.locked("test"):
        assert repository.clean_staging() == ([left], [])
        assert repository.clean_staging() == ([], [])
    assert os.listdir(repository.staging_path) == []
    assert ids(repository) == ["20261123T020000Z"]


def test_leftover_bytes_are_known_before_they_are_removed(repository: Repository) -> None:
    assert repository.leftover_bytes() == 0
    make_set(repository, MOMENT, CONTENT)
    assert repository.leftover_bytes() == 0
    with repository.locked("test"):
        _set_id, layout = repository.begin(MOMENT)
        Path(layout.globals).write_bytes(b"x" * 300_000)
        Path(layout.databases, "link").symlink_to("/usr/bin")
    assert 300_000 <= repository.leftover_bytes() < 400_000


def test_other_files_and_folders_are_not_sets(repository: Repository) -> None:
    make_set(repository, MOMENT, CONTENT)
    for name in ("20261123T020000Z.old", "lost+found", "20261123", ".20261124T020000Z"):
        os.mkdir(os.path.join(repository.sets_path, name))
    assert ids(repository) == ["20261123T020000Z"]


def test_set_that_cannot_be_read_is_shown_with_its_problem_and_never_removed(repository: Repository) -> None:
    broken = make_set(repository, MOMENT, CONTENT)
    make_set(repository, MOMENT + HOUR, CONTENT)
    (broken / "manifest.json").write_text("{")
    [first, second] = repository.sets()
    assert (first.manifest, first.size) == (None, 0)
    assert "cannot be read" in str(first.problem)
    assert second.problem is None
    assert list(repository.reasons_to_keep(SHOP, Policy(keep_last=1))) == [second.set_id]


# -- retention and removal ------------------------------------------------------------------------------------------


def test_retention_of_one_stack_counts_and_removes_no_set_of_another(repository: Repository) -> None:
    for hour, project in enumerate(["shop", "other", "shop", "other"]):
        make_set(repository, MOMENT + hour * HOUR, CONTENT, project=project)
    reasons = repository.reasons_to_keep(SHOP, Policy(keep_last=1))
    assert reasons == {"20261123T040000Z": ["newest", "keep_last"], "20261123T020000Z": []}


def test_dry_run_counts_the_set_that_would_be_made(repository: Repository) -> None:
    make_set(repository, MOMENT, CONTENT)
    latest = "20261123T050000Z"
    planned = {"parts": [{"kind": "database", "name": "shop"}, {"kind": "volume", "name": "assets"}]}
    reasons = repository.reasons_to_keep(SHOP, Policy(keep_last=1), latest, planned)
    assert reasons == {latest: ["newest", "keep_last"], "20261123T020000Z": []}


def test_set_just_made_stays_although_a_wrong_clock_dated_others_later(repository: Repository) -> None:
    for year in (2026, 2030, 2031):
        make_set(repository, MOMENT.replace(year=year), CONTENT)
    reasons = repository.reasons_to_keep(SHOP, Policy(keep_last=1), "20261123T020000Z")
    assert reasons == {
        "20311123T020000Z": ["newest", "keep_last"],
        "20301123T020000Z": [],
        "20261123T020000Z": ["just made"],
    }


def test_removed_set_is_gone_with_all_that_was_in_it(repository: Repository) -> None:
    first = make_set(repository, MOMENT, CONTENT)
    second = make_set(repository, MOMENT + HOUR, CONTENT)
    with repository.locked("test"):
        assert repository.remove(first.name) is True
    assert os.listdir(repository.sets_path) == [second.name]
    assert os.listdir(repository.staging_path) == []


REMOVER = """
import os, sys
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Origin
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository import local

def wait(path):
    print("removing", path, flush=True)
    sys.stdin.read()

local.remove_tree = wait
local.Repository(sys.argv[1]).remove("20261123T020000Z")
"""


def test_killed_removal_leaves_no_partial_set(repository: Repository) -> None:
    make_set(repository, MOMENT, CONTENT)
    make_set(repository, MOMENT + HOUR, CONTENT)
    with child(REMOVER, repository.path) as process:
        assert line_of(process).startswith("removing")
        process.kill()
        process.wait()
    assert ids(repository) == ["20261123T030000Z"]
    with repository.locked("test"):
        assert repository.clean_staging() == (["removed-20261123T020000Z"], [])


def test_leftover_that_cannot_be_removed_stops_no_backup(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``chattr +i`` in a leftover, or a file that NFS keeps open: every later backup failed at its start."""
    remove_tree = local.remove_tree

    def held(path: str) -> None:
        if path.endswith("20261123T020000Z"):
            raise PermissionError(1, "Operation not permitted", f"{path}/manifest.json")
        remove_tree(path)

    monkeypatch.setattr(local, "remove_tree", held)
    with repository.locked("test"):
        for name in ("20261123T020000Z", "20261123T030000Z"):
            os.mkdir(os.path.join(repository.staging_path, name))
        removed, [remark] = repository.clean_staging()
        assert removed == ["20261123T030000Z"]
        path = os.path.join(repository.staging_path, "20261123T020000Z")
        assert remark.startswith(
            f"leftover {path} of an earlier job cannot be removed (Operation not permitted: {path}/manifest.json); "
        )
        assert repository.begin(MOMENT)[0] == "20261123T020001Z"
