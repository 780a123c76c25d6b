"""The seeder without an engine: its text, its arithmetic, and that rows and files fit together."""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from seed import dates, people, prose, repositories, vocabulary
from seed.gitea import Gitea
from seed.openproject import OpenProject

FIRST_NUMBERS_FROM = 1000


def ignore(*_arguments: object) -> None:
    pass


class Recorder:
    """Replaces the loader and keeps the rows instead of writing them to the database."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, str | None]]] = {}
        self.progress = SimpleNamespace(say=ignore, add=ignore)

    def run(self, sql: str, arguments: Any = None) -> None:
        pass

    def pairs(self, sql: str) -> dict[str, int]:
        return {"Member": 3, "Project admin": 5}

    def column(self, sql: str, arguments: Any = None) -> list[int]:
        return [1, 2, 3]

    def copy(self, table: str, columns: str, rows: Iterable[bytes]) -> None:
        names = columns.split(", ")
        for row in rows:
            assert row.endswith(b"\n")
            values = row[:-1].decode().split("\t")
            assert len(values) == len(names), row
            self.rows.setdefault(table, []).append(
                {name: None if value == "\\N" else value for name, value in zip(names, values, strict=True)}
            )


def seeded(application: Any, folder: Path) -> Recorder:
    recorder = Recorder()
    chosen = application("small", folder)
    for _name, step in chosen.steps(first_numbers(chosen)):
        step(recorder)
    return recorder


def first_numbers(chosen: Any) -> dict[str, int]:
    return {table: FIRST_NUMBERS_FROM * (at + 1) for at, table in enumerate(chosen.counts)}


@pytest.fixture(scope="module")
def writer() -> prose.Writer:
    return prose.Writer()


@pytest.fixture(scope="module")
def openproject(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recorder, Path]:
    folder = tmp_path_factory.mktemp("openproject")
    return seeded(OpenProject, folder), folder


@pytest.fixture(scope="module")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> tuple[Recorder, Path]:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("gitea")
    return seeded(Gitea, folder), folder


def test_text_compresses_like_prose(writer: prose.Writer) -> None:
    rng = random.Random("ratio")
    text = b"\n".join(writer.copy(rng, 150) for _row in range(2_000))
    assert 2.8 < len(text) / len(zlib.compress(text, 6)) < 3.6


def test_text_repeats_no_phrases(writer: prose.Writer) -> None:
    words = writer.plain(random.Random("phrases"), 60_000).split()
    phrases = [tuple(words[at : at + 6]) for at in range(len(words) - 6)]
    assert len(set(phrases)) > 0.99 * len(phrases)


def test_text_is_the_same_each_time(writer: prose.Writer) -> None:
    other = prose.Writer()
    for kind in ("plain", "copy", "code"):
        assert getattr(writer, kind)(random.Random(7), 500) == getattr(other, kind)(random.Random(7), 500)
    assert writer.plain(random.Random(7), 500) != writer.plain(random.Random(8), 500)


def test_copied_text_needs_no_escaping(writer: prose.Writer) -> None:
    text = writer.copy(random.Random(1), 20_000)
    assert b"\t" not in text
    assert b"\n" not in text
    assert text.replace(b"\\n", b"").count(b"\\") == 0


def test_vocabulary_is_large_and_inflected() -> None:
    words = vocabulary.english_content()
    assert len(words) == len(set(words)) > 5_000
    assert {"deploys", "stopped", "copied", "committing", "policies", "automatically", "built"} <= set(words)
    assert {"서버를", "용량을", "디스크를", "검증으로", "매뉴얼로"} <= set(vocabulary.korean_nouns())


def test_forty_people_have_different_names() -> None:
    all_people = people.all_people()
    assert len({one.login for one in all_people}) == len(all_people) == 40
    assert len({one.full_name for one in all_people}) == 40
    assert sum(one.language == "ko" for one in all_people) == 16


def test_times_are_within_the_two_years() -> None:
    rng = random.Random(1)
    moments = [dates.moment(rng) for _moment in range(10_000)]
    assert max(moments) < dates.LENGTH - 6 * 3600
    assert dates.stamp(0) == "2024-07-01 00:00:00+00"
    assert dates.stamp(dates.DAY + 3 * 3600 + 4 * 60 + 5) == "2024-07-02 03:04:05+00"


@pytest.mark.parametrize("application", [OpenProject, Gitea])
def test_every_row_gets_one_of_the_reserved_numbers(application: Any, request: pytest.FixtureRequest) -> None:
    recorder, folder = request.getfixturevalue(application.name)
    chosen = application("small", folder)
    for table, first in first_numbers(chosen).items():
        numbers = sorted(int(row["id"]) for row in recorder.rows[table])
        assert numbers == list(range(first, first + chosen.counts[table])), table


@pytest.mark.parametrize("application", [OpenProject, Gitea])
def test_reserved_rows_are_the_removed_rows(application: Any, tmp_path: Path) -> None:
    chosen = application("large", tmp_path)
    assert {table for table, column in chosen.removal if column == "id"} == set(chosen.counts)


def test_openproject_is_seeded_the_same_again(openproject: tuple[Recorder, Path], tmp_path: Path) -> None:
    assert seeded(OpenProject, tmp_path).rows == openproject[0].rows


def test_journals_follow_each_other_without_overlap(openproject: tuple[Recorder, Path]) -> None:
    rows = openproject[0].rows
    data = {row["id"] for row in rows["work_package_journals"]}
    history: dict[str, list[dict[str, str]]] = {}
    for row in rows["journals"]:
        assert row["data_id"] in data
        history.setdefault(row["journable_id"], []).append(row)
    assert history.keys() == {row["id"] for row in rows["work_packages"]}
    for journals in history.values():
        assert [row["version"] for row in journals] == [str(at + 1) for at in range(len(journals))]
        periods = [row["validity_period"].strip("[)").split(",") for row in journals]
        starts = [start for start, _end in periods]
        assert starts == sorted(set(starts))
        assert [end for _start, end in periods] == [*starts[1:], ""]


def test_attachments_have_their_files(openproject: tuple[Recorder, Path]) -> None:
    recorder, folder = openproject
    expected = {}
    for row in recorder.rows["attachments"]:
        expected[f"files/attachment/file/{row['id']}/{row['file']}"] = (int(row["filesize"]), row["digest"])
    found = {}
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            digest = hashlib.md5(data, usedforsecurity=False).hexdigest()
            found[str(path.relative_to(folder))] = (len(data), digest)
    assert found == expected


def test_repositories_are_complete_and_have_their_rows(gitea: tuple[Recorder, Path]) -> None:
    recorder, folder = gitea
    root = folder / "git/repositories"
    rows = {f"{row['owner_name']}/{row['lower_name']}.git" for row in recorder.rows["repository"]}
    assert {str(path.relative_to(root)) for path in root.glob("*/*")} == rows
    for name in rows:
        subprocess.run(["git", "fsck", "--connectivity-only"], cwd=root / name, check=True, capture_output=True)
        count = subprocess.run(
            ["git", "rev-list", "--count", "main"], cwd=root / name, check=True, capture_output=True, text=True
        )
        assert int(count.stdout) >= 25


def test_lfs_objects_and_attachments_have_their_rows(gitea: tuple[Recorder, Path]) -> None:
    recorder, folder = gitea
    objects = {"".join(path.relative_to(folder / "git/lfs").parts) for path in (folder / "git/lfs").rglob("*/*/*")}
    assert objects == {row["oid"] for row in recorder.rows["lfs_meta_object"]}
    files = {path.name: path.stat().st_size for path in (folder / "gitea/attachments").rglob("*-*")}
    assert files == {row["uuid"]: int(row["size"]) for row in recorder.rows["attachment"]}


def test_issues_are_numbered_without_gaps(gitea: tuple[Recorder, Path]) -> None:
    recorder, _folder = gitea
    numbers: dict[str, list[int]] = {}
    for row in recorder.rows["issue"]:
        numbers.setdefault(row["repo_id"], []).append(int(row["index"]))
    assert all(found == list(range(1, len(found) + 1)) for found in numbers.values())
    comments: dict[str, int] = {}
    for row in recorder.rows["comment"]:
        comments[row["issue_id"]] = comments.get(row["issue_id"], 0) + 1
    assert all(comments.get(row["id"], 0) == int(row["num_comments"]) for row in recorder.rows["issue"])


def test_a_failed_import_leaves_no_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    monkeypatch.setattr(repositories, "_stream", lambda *_arguments: [b"nonsense\n"])
    history = repositories.History(commits=1, text_files=1, words_per_file=10, asset_bytes=0)
    with pytest.raises(RuntimeError, match=r"demo\.git"):
        repositories.create(tmp_path / "demo.git", history, [], people.all_people(), random.Random(1), prose.Writer())
    assert not (tmp_path / "demo.git").exists()


def test_no_row_has_the_current_time(openproject: tuple[Recorder, Path]) -> None:
    """A column that defaults to now() would make every seeding different."""
    for table, rows in openproject[0].rows.items():
        without = {"group_users", "projects_types", "member_roles", "work_package_journals", "relations"}
        if table not in without:
            assert all(row["created_at"] < "2026-07-01" and row["updated_at"] < "2026-07-01" for row in rows), table
