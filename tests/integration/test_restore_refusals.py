# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusals before a restore touches anything, legacy dumps, other versions, and a disk that fills up."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.integration.restore_support import SMALL_DISK, AppStack, module
from ansible_collections.maxops.ops.tests.integration.support import Module, run, running


def _stack(factory: pytest.TempPathFactory, stack: AppStack) -> Iterator[AppStack]:
    stack.folder = factory.mktemp(stack.project)
    with running(stack):
        yield stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppStack]:
    """PostgreSQL 17, on a disk of 400 MB."""
    yield from _stack(
        tmp_path_factory, AppStack("maxrestore17", Path(), 17, disk=SMALL_DISK, services=("openproject",))
    )


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppStack]:
    """PostgreSQL 15."""
    yield from _stack(tmp_path_factory, AppStack("maxrestore15", Path(), 15, services=("postgres",)))


@pytest.fixture(scope="module")
def repository(stack: AppStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    module("backup", stack, folder, folder)()
    return folder


@pytest.fixture
def restore(stack: AppStack, repository: Path, tmp_path: Path) -> Module:
    """The module on a stack in which all data has the marker "second"."""
    stack.forget_kept()
    stack.write("second")
    return module("restore", stack, repository, tmp_path)


def the_set(repository: Path) -> Path:
    return next(path for path in (repository / "sets").iterdir() if path.is_dir())


def assert_untouched(stack: AppStack) -> None:
    assert [stack.word_of(name) for name in ("openproject", "gitea")] == ["second", "second"]
    assert (stack.leftovers(), stack.kept()) == ([], [])
    stack.wait_up()


# -- sets -----------------------------------------------------------------------------------------------------------


def test_options_that_do_not_fit_together(stack: AppStack, restore: Module) -> None:
    starts = stack.starts()
    for arguments, expected in (
        ({}, "give exactly one of set, before and file"),
        ({"set": "latest", "file": "/x.sql"}, "mutually exclusive"),
        ({"set": "latest", "state": "previous"}, "state previous"),
        ({"set": "latest", "databases": ["nowhere"]}, "has no database nowhere"),
        ({"set": "20200101T000000Z"}, 'has no set "20200101T000000Z"'),
        ({"set": "latest_verified"}, "has no verified set"),
        ({"before": "2020-01-01"}, "has no complete set"),
        ({"before": "yesterday"}, "has no complete set"),
        ({"before": "before lunch"}, "which is not a time"),
        ({"before": "2199-01-01T00:00:00Z"}, "and in the future (now is "),
        ({"set": "latest", "into": {"nowhere": "x"}}, "which is not restored"),
        ({"set": "latest", "into": {"openproject": "both", "gitea": "both"}}, "into gives the name both twice"),
        ({"set": "latest", "paths": ["x"], "destination": "/x"}, "name it in volumes"),
        ({"file": "/nowhere/openproject_20240101_020000.sql"}, "there is no file"),
        ({"set": "latest", "jobs": 0}, "jobs is 0"),
        ({"set": "latest", "project_name": "another"}, "made of"),
    ):
        result = restore(**arguments)
        assert expected in result.get("msg", ""), (arguments, result)
    assert stack.starts() == starts
    assert_untouched(stack)


def test_a_damaged_set(stack: AppStack, restore: Module, repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository, tmp_path / "damaged", symlinks=True)
    rows = max(
        (the_set(tmp_path / "damaged") / "databases/openproject").glob("*.dat*"), key=lambda path: path.stat().st_size
    )
    content = bytearray(rows.read_bytes())
    content[-5] ^= 1
    rows.write_bytes(content)
    set_id = the_set(repository).name
    arguments = {"repository": str(tmp_path / "damaged"), "set": set_id}
    for check_mode in (True, False):
        message = restore(**arguments, check_mode=check_mode)["msg"]
        assert f"set {set_id} is damaged, nothing was touched" in message
        assert rows.name in message
    assert_untouched(stack)
    # What is not damaged may be restored, and what is, when the set is forced by its name.
    assert restore(**arguments, databases=["gitea"])["changed"] is True
    assert stack.word_of("gitea") == "first"
    forced = restore(**arguments, databases=["openproject"], force=set_id)
    assert "by force" in str(forced.get("remarks")) or "could not be loaded" in forced["msg"]


def test_rows_that_are_missing_although_everything_could_be_read(
    stack: AppStack, restore: Module, repository: Path, tmp_path: Path
) -> None:
    """A dump cut at the end of a line loads without an error: only counting finds it."""
    module("backup", stack, tmp_path / "plain", tmp_path)(compression="none", volumes=[])
    dump = the_set(tmp_path / "plain")
    rows = next(path for path in (dump / "databases/gitea").glob("*.dat") if b"second" in path.read_bytes())
    rows.write_bytes(b"".join(rows.read_bytes().splitlines(keepends=True)[:100]))
    result = restore(repository=str(tmp_path / "plain"), set="latest", databases=["gitea"], force=dump.name)
    assert "public.repository: 100 instead of 500" in str(result["remarks"])
    stack.forget_kept()
    stack.write("second")
    result = restore(repository=str(tmp_path / "plain"), set="latest", databases=["gitea"], force="another")
    assert "is damaged" in result["msg"]
    assert_untouched(stack)


def test_the_set_of_another_stack(
    old: AppStack, stack: AppStack, restore: Module, repository: Path, tmp_path: Path
) -> None:
    """Refused unless its stack is named; older versions go into newer ones, and not the other way round."""
    old.write("second")
    module("backup", old, tmp_path / "old", tmp_path)()
    set_id = the_set(tmp_path / "old").name
    into_17 = {"repository": str(tmp_path / "old"), "databases": ["openproject", "gitea"]}
    assert 'made of stack "maxrestore15"' in restore(**into_17, set=set_id)["msg"]
    assert 'has no complete set of stack "maxrestore17"' in restore(**into_17, set="latest")["msg"]
    assert_untouched(stack)
    result = restore(**into_17, set="latest", source_project="maxrestore15")
    assert result["changed"] is True, result
    [remark] = [remark for remark in result["remarks"] if "SECRET_KEY_BASE" in remark]
    assert remark.startswith("the set has no SECRET_KEY_BASE, because no container had it when the set was made")
    assert "s3cret" not in json.dumps(result)
    assert [stack.word_of(name) for name in ("openproject", "gitea")] == ["second", "second"]
    assert len(stack.kept()) == 2
    into_15 = module("restore", old, repository, tmp_path)
    result = into_15(set="latest", databases=["openproject"], source_project="maxrestore17")
    assert "an older server cannot read it" in result["msg"]
    assert (old.leftovers(), old.kept()) == ([], [])


def test_a_volume_that_the_stack_does_not_have(
    restore: Module, old: AppStack, repository: Path, tmp_path: Path
) -> None:
    run("docker", "volume", "rm", "maxrestore15_openproject-assets")
    other = module("restore", old, repository, tmp_path)
    result = other(set="latest", volumes=["openproject-assets"], source_project="maxrestore17")
    assert "has no volume maxrestore15_openproject-assets" in result["msg"]


# -- space ----------------------------------------------------------------------------------------------------------


def test_not_enough_space_is_refused(stack: AppStack, restore: Module) -> None:
    with_ballast(stack, restore, free=60)
    try:
        message = restore(set="latest", databases=["openproject", "gitea"])["msg"]
        assert "free, and the restored data may need" in message
        assert_untouched(stack)
    finally:
        without_ballast(stack)


def test_the_disk_fills_up_while_loading(stack: AppStack, restore: Module, tmp_path: Path) -> None:
    stack.sql("CREATE TABLE filler AS SELECT repeat(md5(g::text), 30) AS t FROM generate_series(1, 100000) g")
    module("backup", stack, tmp_path / "large", tmp_path)(databases=["openproject"], volumes=[])
    with_ballast(stack, restore, free=70)
    try:
        message = restore(repository=str(tmp_path / "large"), set="latest", space_check=False)["msg"]
        assert "No space left on device" in message
        assert "The running data was not touched, and the loaded data is removed" in message
        assert_untouched(stack)
    finally:
        without_ballast(stack)
        stack.sql("DROP TABLE filler")


def test_the_disk_of_a_volume_fills_up(stack: AppStack, restore: Module, tmp_path: Path) -> None:
    large = stack.folder_of("openproject") / "large"
    large.write_bytes(b"x" * 60_000_000)
    module("backup", stack, tmp_path / "large", tmp_path)(databases=[], volumes=["openproject-assets"])
    large.unlink()
    with_ballast(stack, restore, free=40)
    destination = Path("/var/lib/docker/volumes/maxrestore17_postgres-data/_data/found")
    try:
        arguments = {"volumes": ["openproject-assets"], "paths": ["."], "destination": str(destination)}
        message = restore(repository=str(tmp_path / "large"), set="latest", space_check=False, **arguments)["msg"]
        assert "the disk filled up while volume" in message
        assert not list(destination.parent.glob("found*"))
    finally:
        without_ballast(stack)


BALLAST = "/var/lib/docker/volumes/maxrestore17_postgres-data/_data/ballast"


def with_ballast(stack: AppStack, restore: Module, free: int) -> None:
    """Leave so many MB free on the server's disk."""
    stack.sql("CHECKPOINT")
    size = shutil.disk_usage(Path(BALLAST).parent).free - free * 1_000_000
    run("fallocate", "--length", str(size), BALLAST)


def without_ballast(stack: AppStack) -> None:
    Path(BALLAST).unlink(missing_ok=True)


# -- legacy dumps ---------------------------------------------------------------------------------------------------


@pytest.fixture
def plain(stack: AppStack, restore: Module) -> bytes:
    """A dump of "first" as /backup.sh writes it; the running data is "second"."""
    stack.write("first")
    stack.sql("ALTER DATABASE gitea SET work_mem = '9MB'", "postgres")
    dump = stack.compose("exec", "-T", "postgres", "pg_dump", "-U", "maxops", "--dbname=gitea").encode()
    stack.write("second")
    return dump


@pytest.mark.parametrize("ending", [".sql", ".sql.gz"])
def test_a_legacy_dump(stack: AppStack, restore: Module, plain: bytes, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"gitea_20240101_020000{ending}"
    file.write_bytes(gzip.compress(plain) if ending == ".sql.gz" else plain)
    result = restore(file=str(file))
    assert result["changed"] is True, result
    assert [stack.word_of(name) for name in ("openproject", "gitea")] == ["second", "first"]
    assert result["parts"][0]["rows"] == {"public.repository": 500}
    assert stack.sql("SHOW work_mem", "gitea") == "9MB"
    restore(state="previous")
    assert stack.word_of("gitea") == "second"


def test_dumps_that_are_refused(stack: AppStack, restore: Module, plain: bytes, tmp_path: Path) -> None:
    def refusal(content: bytes, name: str = "gitea_20240101_020000.sql.gz", **arguments: object) -> str:
        (tmp_path / name).write_bytes(content)
        return restore(file=str(tmp_path / name), **arguments)["msg"]

    packed = gzip.compress(plain)
    damaged = bytearray(packed)
    damaged[len(damaged) // 2] ^= 0xFF
    newer = plain.replace(b"-- Dumped from database version 17", b"-- Dumped from database version 18")
    assert "cannot be read to its end" in refusal(packed[: len(packed) // 2])
    assert "cannot be read to its end" in refusal(bytes(damaged))
    assert "it is truncated" in refusal(gzip.compress(plain[: len(plain) // 2]))
    assert "would change another database" in refusal(gzip.compress(b"\\connect openproject\n" + plain))
    assert "an older server cannot read it" in refusal(gzip.compress(newer))
    assert "not clear which one" in refusal(packed, name="something.sql.gz")
    assert "is not a /backup.sh dump" in refusal(packed, name="gitea.dump")
    wrong = plain.replace(b"CREATE TABLE", b"CREATE TABEL")
    assert "syntax error" in refusal(gzip.compress(wrong))
    unknown = plain.replace(b"OWNER TO maxops", b"OWNER TO unknown")
    assert "create that role" in refusal(gzip.compress(unknown))
    assert_untouched(stack)
