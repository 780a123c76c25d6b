# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of a set is found, and a good set passes."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.storage.checksum import check_set
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.tests.integration.support import Module, finish, run
from ansible_collections.maxops.ops.tests.integration.verify_support import (
    ContentStack,
    copy_set,
    findings_of,
    manifest_of,
    part_of,
    reseal,
)

CORRUPTIONS = 600


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository for this test only."""
    return tmp_path / "repository"


@pytest.fixture
def folder(good_set: Path, repository: Path) -> Path:
    """A set for this test only."""
    return copy_set(good_set, repository)


@pytest.fixture
def verify(content_stack: ContentStack, repository: Path, tmp_path: Path) -> Module:
    """The module on this test's repository."""
    return Module("verify", {"project_name": content_stack.project, "repository": str(repository)}, tmp_path)


# -- checksum ---------------------------------------------------------------------------------------------------------


class Corruptor:
    """Damages one file of a set in a random way, and repairs it again."""

    def __init__(self, folder: Path, twin: Path, seed: int) -> None:
        self.folder = folder
        self.twin = twin
        self.random = random.Random(seed)
        self.names = sorted(
            str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and not path.is_symlink()
        )
        self.kinds = [self.flip, self.cut, self.grow, self.remove, self.add, self.swap, self.edit, self.cut_manifest]

    def spoil(self, number: int) -> tuple[str, str, Any]:
        """Gives the kind, the damaged file, and how to repair it."""
        kind = self.kinds[number % len(self.kinds)]
        name, repair = kind()
        return kind.__name__, name, repair

    def flip(self) -> tuple[str, Any]:
        path = self._any(least=1)
        data = bytearray(path.read_bytes())
        data[self.random.randrange(len(data))] ^= 1 << self.random.randrange(8)
        return self._write(path, bytes(data))

    def cut(self) -> tuple[str, Any]:
        path = self._any(least=1)
        data = path.read_bytes()
        return self._write(path, data[: self.random.randrange(len(data))])

    def grow(self) -> tuple[str, Any]:
        path = self._any()
        return self._write(path, path.read_bytes() + self.random.randbytes(self.random.randint(1, 9)))

    def remove(self) -> tuple[str, Any]:
        path = self._any()
        data = path.read_bytes()
        path.unlink()
        return str(path.relative_to(self.folder)), lambda: path.write_bytes(data)

    def add(self) -> tuple[str, Any]:
        parents = sorted(path for path in self.folder.rglob("*") if path.is_dir())
        path = self.random.choice([self.folder, *parents]) / f"extra-{self.random.randrange(1000)}"
        make = self.random.choice([path.touch, lambda: os.mkfifo(path), lambda: path.symlink_to("/etc/passwd")])
        make()
        return str(path.relative_to(self.folder)), path.unlink

    def swap(self) -> tuple[str, Any]:
        there = [name for name in self.names if (self.twin / name).exists()]
        different = [name for name in there if (self.twin / name).read_bytes() != (self.folder / name).read_bytes()]
        name = self.random.choice(different)
        return self._write(self.folder / name, (self.twin / name).read_bytes())

    def edit(self) -> tuple[str, Any]:
        path = self.folder / "manifest.json"
        manifest = json.loads(path.read_text())
        entry = self.random.choice(manifest["files"])
        change = self.random.choice(["size", "remove", "sha256", "rows", "text"])
        if change == "size":
            entry["size"] += 1
        elif change == "remove":
            manifest["files"].remove(entry)
        elif change == "sha256":
            manifest["sha256"] = self.random.randbytes(32).hex()
        elif change == "rows":
            rows = next(part["rows"] for part in manifest["parts"] if "rows" in part)
            rows[next(iter(rows))] += 1
        text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False)
        return self._write(path, text.encode() + (b"" if change == "text" else b"\n"))

    def cut_manifest(self) -> tuple[str, Any]:
        path = self.folder / "manifest.json"
        data = path.read_bytes()
        return self._write(path, data[: self.random.randrange(len(data))])

    def _any(self, least: int = 0) -> Path:
        paths = [self.folder / name for name in self.names]
        return self.random.choice([path for path in paths if path.stat().st_size >= least])

    def _write(self, path: Path, data: bytes) -> tuple[str, Any]:
        before = path.read_bytes()
        assert before != data
        path.write_bytes(data)
        return str(path.relative_to(self.folder)), lambda: path.write_bytes(before)


def test_each_of_many_random_corruptions_is_found(folder: Path, twin_set: Path) -> None:
    corruptor = Corruptor(folder, twin_set, seed=20261123)
    missed, kinds = [], set()
    for number in range(CORRUPTIONS):
        kind, name, repair = corruptor.spoil(number)
        found = check_set(str(folder), 2, Cancellation())
        repair()
        kinds.add(kind)
        if found.passed or name not in {entry.subject for entry in found.all()}:
            missed.append((number, kind, name, [entry.sentence() for entry in found.all()]))
    assert missed == []
    assert len(kinds) == 8
    assert check_set(str(folder), 2, Cancellation()).all() == []


def test_verdict_is_written_beside_the_set_and_the_set_is_unchanged(verify: Module, folder: Path) -> None:
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [folder, *folder.rglob("*")]}
    first, second = verify(), verify()
    assert (first["passed"], first["changed"], second["changed"]) == (True, True, False)
    verdict = json.loads(folder.with_name(f"{folder.name}.verified.json").read_text())
    assert (verdict["passed"], verdict["level"], verdict["set_id"]) == (True, "checksum", folder.name)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in [folder, *folder.rglob("*")]} == before


def test_bad_set_fails_the_task_and_says_what_to_do(verify: Module, folder: Path) -> None:
    verify()
    archive = folder / "volumes/gitea-data.tar.zst"
    archive.write_bytes(archive.read_bytes()[:-10])
    (folder / "globals.sql").unlink()
    result = verify()
    assert result["failed"]
    assert "globals.sql: is missing" in result["msg"]
    assert "volumes/gitea-data.tar.zst" in result["msg"]
    assert "Take another set" in result["msg"]
    [entry] = result["sets"]
    assert (entry["state"], entry["counts"]["critical"], entry["verdict"]["passed"]) == ("failed", 2, False)
    assert json.loads(folder.with_name(f"{folder.name}.verified.json").read_text())["passed"] is False


def test_check_mode_reads_everything_and_writes_nothing(verify: Module, folder: Path) -> None:
    result = verify(check_mode=True)
    assert (result["passed"], result["changed"]) == (True, True)
    assert result["diff"] == {
        "before": {folder.name: None},
        "after": {folder.name: {"passed": True, "level": "checksum"}},
    }
    (folder / "globals.sql").unlink()
    assert verify(check_mode=True)["failed"]
    assert list(folder.parent.iterdir()) == [folder]


def test_all_sets_are_verified_and_only_the_bad_ones_fail(
    verify: Module, good_set: Path, twin_set: Path, repository: Path
) -> None:
    good = copy_set(good_set, repository)
    bad = repository / "sets" / twin_set.name
    run("cp", "--archive", twin_set, bad)
    (bad / "config" / "docker-compose.yml").write_text("name: other\n")
    (repository / "sets" / "20200101T000000Z").mkdir()
    result = verify(set="all")
    assert {entry["set_id"]: entry["state"] for entry in result["sets"]} == {
        "20200101T000000Z": "failed",
        good.name: "passed",
        bad.name: "failed",
    }
    assert result["msg"].startswith("2 of 3 sets did not pass: ")
    assert verify(set=[good.name])["passed"]
    assert verify(set=[good.name, bad.name])["failed"]


def test_name_that_is_not_there(verify: Module, folder: Path, repository: Path) -> None:
    assert f'has no set "20200101T000000Z" (its newest: {folder.name})' in verify(set="20200101T000000Z")["msg"]
    assert "there is no file /nowhere.sql.gz" in verify(set="/nowhere.sql.gz")["msg"]
    assert 'has no set of stack "other"' in verify(project_name="other")["msg"]
    assert "has no set; create one" in verify(repository=str(repository / "none"))["msg"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"jobs": 0}, "jobs is 0"),
        ({"findings": 0}, "findings is 0"),
        ({"nice": 20}, "nice is 20"),
        ({"rehearsal_budget": "much"}, "rehearsal_budget is not a size"),
    ],
)
def test_options_that_make_no_sense(verify: Module, folder: Path, options: dict[str, Any], words: str) -> None:
    assert words in verify(**options)["msg"]


def test_many_findings_are_counted(verify: Module, folder: Path) -> None:
    for number in range(20):
        (folder / f"stray-{number}").touch()
    result = verify(findings=5)
    assert result["sets"][0]["counts"]["critical"] == 20
    assert len(result["findings"]) == 6
    assert "15 more findings" in result["findings"][-1]["seen"]


# -- decode -----------------------------------------------------------------------------------------------------------


def dump_again(stack: ContentStack, folder: Path, compression: str) -> list[Path]:
    """Put a dump with another compression in the place of OpenProject's; gives the files of its tables."""
    target = folder / "databases" / "openproject"
    run("rm", "-rf", target)
    stack.inside("postgres", f"rm -rf /tmp/d; pg_dump -U maxops -Fd --compress={compression} -f /tmp/d openproject")
    run("docker", "cp", f"{stack.project}-postgres-1:/tmp/d", target)
    reseal(folder)
    return sorted(target.glob("[0-9]*.dat.*"), key=lambda path: path.stat().st_size)


def lists(stack: ContentStack, folder: Path) -> bool:
    """Whether pg_restore --list is content with it."""
    run("docker", "cp", folder / "databases" / "openproject", f"{stack.project}-postgres-1:/tmp/listed")
    done = stack.compose(
        "exec", "-T", "postgres", "sh", "-c", "pg_restore --list /tmp/listed | wc -l; rm -rf /tmp/listed"
    )
    return int(done) > 20


def test_good_set_with_odd_names_and_an_empty_large_object_is_read(
    verify: Module, odd_set: Path, repository: Path
) -> None:
    copy_set(odd_set, repository)
    result = verify(level="decode")
    assert result["passed"], result
    assert result["findings"] == []


@pytest.mark.parametrize("compression", ["zstd:1", "lz4"])
def test_what_pg_restore_lets_pass(verify: Module, content_stack: ContentStack, folder: Path, compression: str) -> None:
    largest = dump_again(content_stack, folder, compression)[-1]
    assert verify(level="decode")["passed"]
    whole = largest.read_bytes()
    dice = random.Random(7)
    for _ in range(8):
        data = bytearray(whole)
        data[dice.randrange(len(data) // 3, len(data))] ^= 1 << dice.randrange(8)
        largest.write_bytes(data)
        found = check_set(str(folder), 2, Cancellation()).all()
        assert [entry.subject for entry in found] == [str(largest.relative_to(folder))]
    assert lists(content_stack, folder)
    largest.write_bytes(whole[: len(whole) // 2])
    reseal(folder)
    assert lists(content_stack, folder)
    assert verify()["passed"]
    assert list(findings_of(verify(level="decode"))) == [str(largest.relative_to(folder))]


def test_half_of_a_tables_rows_in_a_file_that_is_whole(
    verify: Module, content_stack: ContentStack, folder: Path
) -> None:
    largest = dump_again(content_stack, folder, "zstd:1")[-1]
    run("zstd", "--decompress", "--quiet", "--rm", largest)
    plain = largest.with_suffix("")
    lines = plain.read_bytes().splitlines(keepends=True)
    plain.write_bytes(b"".join(lines[: len(lines) // 2]))
    run("zstd", "--quiet", "--rm", plain)
    reseal(folder)
    assert lists(content_stack, folder)
    [finding] = findings_of(verify(level="decode")).values()
    assert "rows are missing after them" in finding["seen"]


def test_archive_that_ends_early(verify: Module, folder: Path) -> None:
    archive = folder / "volumes/gitea-data.tar.zst"
    run("zstd", "--decompress", "--quiet", "--rm", archive)
    plain = archive.with_suffix("")
    plain.write_bytes(plain.read_bytes()[:20000])
    run("zstd", "--quiet", "--rm", plain)
    reseal(folder)
    assert verify()["passed"]
    [finding] = findings_of(verify(level="decode")).values()
    assert (finding["subject"], "tar reports" in finding["seen"]) == ("volumes/gitea-data.tar.zst", True)


def test_table_without_its_file_and_roles_without_their_end(verify: Module, folder: Path) -> None:
    tables = folder / "databases/openproject"
    max(tables.glob("*.dat.*"), key=lambda path: path.stat().st_size).unlink()
    text = (folder / "globals.sql").read_text()
    (folder / "globals.sql").write_text(text[: len(text) // 2])
    manifest = manifest_of(folder)
    part_of(manifest, "openproject")["rows"]["public.forgotten"] = 3
    reseal(folder, parts=manifest["parts"])
    found = findings_of(verify(level="decode"))
    assert "ends early" in found["globals.sql"]["seen"]
    assert "is not in the dump of openproject" in found["table public.forgotten"]["seen"]
    [lost] = [entry for entry in found.values() if "has no file" in entry["seen"]]
    assert "work_packages" in lost["subject"]


def test_dump_whose_list_cannot_be_read(verify: Module, folder: Path) -> None:
    (folder / "databases/gitea/toc.dat").write_bytes(b"PGDMP nonsense")
    reseal(folder)
    assert "pg_restore reports" in findings_of(verify(level="decode"))['database "gitea"']["seen"]


def test_without_the_image_the_list_is_not_read_and_that_is_said(verify: Module, folder: Path) -> None:
    services = manifest_of(folder)["services"]
    services["postgres"].update(id="sha256:" + "0" * 64, digests=[], image="gone:1")
    reseal(folder, services=services, project="elsewhere")
    result = verify(level="decode", project_name="elsewhere")
    assert result["passed"]
    assert "were not read" in findings_of(result, "warning")["lists of the dumps"]["seen"]


# -- legacy dumps ---------------------------------------------------------------------------------------------------


@pytest.fixture
def daily(content_stack: ContentStack, repository: Path) -> Path:
    """What /backup.sh leaves."""
    folder = repository / "daily"
    folder.mkdir(parents=True)
    for name in ("openproject", "gitea"):
        text = content_stack.inside("postgres", f"pg_dump -U maxops {name}")
        for stamp in ("20240101_020000", "20240102_020000"):
            (folder / f"{name}_{stamp}.sql").write_text(text)
            run("gzip", folder / f"{name}_{stamp}.sql")
    return folder


def test_old_dumps_are_read_to_their_end(verify: Module, daily: Path) -> None:
    assert [entry["set_id"] for entry in verify()["sets"]] == ["gitea_20240102_020000", "openproject_20240102_020000"]
    assert len(verify(set="all")["sets"]) == 4
    assert verify(set="gitea_20240101_020000")["sets"][0]["kind"] == "dump"
    path = daily / "openproject_20240101_020000.sql.gz"
    assert verify(set=str(path), repository="/nowhere")["passed"]
    path.write_bytes(path.read_bytes()[:-2000])
    result = verify(set="all")
    assert "could not be read" not in result["msg"]
    assert "openproject_20240101_020000 is bad" in result["msg"]
    assert [entry["state"] for entry in result["sets"]].count("failed") == 1
    assert not list(daily.glob("*.json"))


def test_old_dump_without_its_last_line(verify: Module, daily: Path) -> None:
    path = daily / "gitea_20240102_020000.sql.gz"
    run("gunzip", path)
    plain = path.with_suffix("")
    assert verify(set=str(plain))["passed"]
    plain.write_text("\n".join(plain.read_text().splitlines()[:-8]) + "\n")
    assert verify(set=str(plain))["failed"]
    run("gzip", plain)
    assert "truncated" in verify(set=str(path))["msg"]


def test_stopped_by_signal_it_says_so(verify: Module, folder: Path) -> None:
    process = verify.start(level="rehearse")
    while not (folder.parents[1] / "rehearsal" / folder.name).exists():
        assert process.poll() is None
    process.terminate()
    result = finish(process)
    assert "stopped by signal SIGTERM; no verdict was written" in result["msg"]
    assert not folder.with_name(f"{folder.name}.verified.json").exists()
