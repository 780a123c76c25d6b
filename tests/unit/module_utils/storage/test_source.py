"""Which set is meant, which parts of it, and moments as people write them."""

import datetime

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.options import RestoreOptions, check_options
from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.volumes import _member
from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import source_of_file
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import choose_set, moment, source_of_set
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

SETS = ["20261121T020000Z", "20261122T020000Z", "20261123T020000Z", "20261124T020000Z"]


def utc(*numbers):
    return datetime.datetime(*numbers, tzinfo=datetime.timezone.utc)


@pytest.fixture
def repository(tmp_path):
    """Four sets of this stack; the second is of another one, the last has no manifest."""
    for set_id in SETS:
        folder = tmp_path / "sets" / set_id
        folder.mkdir(parents=True)
        project = "other" if set_id == SETS[1] else "this"
        parts = [
            {"kind": "database", "name": "gitea"},
            {"kind": "database", "name": "openproject"},
            {"kind": "volume", "name": "gitea-data", "docker_name": f"{project}_gitea-data"},
        ]
        manifest = {"format": 1, "set_id": set_id, "project": project, "parts": parts, "files": []}
        if set_id != SETS[3]:
            backup_set.write_manifest(str(folder / "manifest.json"), backup_set.seal(manifest))
    return Repository(str(tmp_path))


def test_choosing_a_set(repository):
    assert choose_set(repository, "this", "latest", None).set_id == SETS[2]
    assert choose_set(repository, "this", "latest", "2026-11-23T01:59:59Z").set_id == SETS[0]
    assert choose_set(repository, "this", "latest", SETS[2]).set_id == SETS[2]
    assert choose_set(repository, "other", "latest", None).set_id == SETS[1]
    assert choose_set(repository, "this", SETS[1], None).set_id == SETS[1]


@pytest.mark.parametrize(
    ("which", "before", "said"),
    [
        ("20200101T000000Z", None, "its newest: 20261124T020000Z of \\?, 20261123T020000Z of this"),
        (SETS[3], None, "manifest.json is missing"),
        ("latest_verified", None, 'no verified set of stack "this"'),
        ("latest", "2026-11-20", "no whole set of stack"),
    ],
)
def test_no_such_set(repository, which, before, said):
    with pytest.raises(MaxopsError, match=said):
        choose_set(repository, "this", which, before)


@pytest.mark.parametrize(
    ("databases", "volumes", "chosen"),
    [
        (None, None, ["gitea", "openproject", "gitea-data"]),
        (["openproject"], None, ["openproject"]),
        (None, ["gitea-data"], ["gitea-data"]),
        (None, ["this_gitea-data"], ["gitea-data"]),
        (["gitea", "gitea"], ["gitea-data"], ["gitea", "gitea-data"]),
        ([], None, []),
    ],
)
def test_parts(repository, databases, volumes, chosen):
    source = source_of_set(choose_set(repository, "this", "latest", None), "this", databases, volumes)
    assert [part["name"] for part in [*source.databases, *source.volumes]] == chosen


def test_parts_that_are_not_there(repository):
    with pytest.raises(MaxopsError, match=r"has no database redmine \(it has gitea, openproject\)"):
        source_of_set(choose_set(repository, "this", "latest", None), "this", ["redmine"], None)


def test_another_stack_has_to_be_named(repository):
    kept = choose_set(repository, "this", SETS[1], None)
    with pytest.raises(MaxopsError, match="name that stack in source_project"):
        source_of_set(kept, "this", None, None)
    assert source_of_set(kept, "other", None, None).databases


def test_which_files_are_needed(repository):
    kept = choose_set(repository, "this", "latest", None)
    paths = ["manifest.json", "globals.sql", "databases/gitea/toc.dat", "databases/gitea2/toc.dat", "config/.env"]
    paths += ["volumes/gitea-data.tar.zst", "volumes/gitea-data2.tar.zst"]
    database = source_of_set(kept, "this", ["gitea"], None)
    assert [path for path in paths if database.needs(path)] == paths[:3]
    volume = source_of_set(kept, "this", None, ["gitea-data"])
    assert [path for path in paths if volume.needs(path)] == ["manifest.json", "volumes/gitea-data.tar.zst"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23T02:00:00Z", utc(2026, 11, 23, 2)),
        ("2026-11-23T11:00:00+09:00", utc(2026, 11, 23, 2)),
        ("2026-11-23 02:00", utc(2026, 11, 23, 2)),
        ("2026-11-23", utc(2026, 11, 23)),
        ("20261123T020000Z", utc(2026, 11, 23, 2)),
    ],
)
def test_moments(text, expected):
    assert moment(text) == expected


def test_no_moment():
    with pytest.raises(MaxopsError, match="is no moment"):
        moment("last night")


def test_the_database_of_a_file(tmp_path):
    named = tmp_path / "team_wiki_20240101_020000.sql.gz"
    other = tmp_path / "dump.sql"
    for path in (named, other):
        path.write_bytes(b"x" * 100)
    assert source_of_file(str(named), None).databases[0] == {
        "kind": "database",
        "name": "team_wiki",
        "source_bytes": 600,
    }
    assert source_of_file(str(other), ["gitea"]).databases[0]["name"] == "gitea"
    with pytest.raises(MaxopsError, match="not clear which one"):
        source_of_file(str(other), None)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"set": "latest", "file": "x"},
        {"previous": True, "set": "latest"},
        {"previous": True, "into": {"a": "b"}},
        {"set": "latest", "paths": ["x"]},
        {"set": "latest", "destination": "/x"},
        {"set": "latest", "paths": ["x"], "destination": "/x", "volumes": ["a", "b"]},
        {"set": "latest", "paths": ["x"], "destination": "/x", "volumes": ["a"], "databases": ["b"]},
        {"file": "x", "volumes": ["a"]},
    ],
)
def test_what_does_not_fit_together(fields):
    with pytest.raises(MaxopsError):
        check_options(RestoreOptions(Access("p"), "/r", **fields))


@pytest.mark.parametrize(
    ("path", "member"),
    [("a/b", "./a/b"), ("/a/b/", "./a/b"), ("./a", "./a"), (".", "."), ("/", "."), ("..a", "./..a")],
)
def test_paths_as_members(path, member):
    assert _member(path) == member


@pytest.mark.parametrize("path", ["..", "../a", "a/../../b", "/../a"])
def test_paths_that_lead_out(path):
    with pytest.raises(MaxopsError, match="leads out of the volume"):
        _member(path)
