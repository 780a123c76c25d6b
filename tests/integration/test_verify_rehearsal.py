# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal brings a set back for real, sees what did not come back, and leaves nothing behind."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.integration.support import (
    CHECKOUT,
    MiniStack,
    Module,
    finish,
    kill,
    run,
    wait_until,
)
from ansible_collections.maxops.ops.tests.integration.verify_support import (
    BLOB,
    ODD_NAME,
    OID,
    UUID,
    ContentStack,
    copy_set,
    findings_of,
    manifest_of,
    part_of,
    rehearsal_leftovers,
    reseal,
    unpacked,
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of the test's own."""
    return tmp_path / "repository"


@pytest.fixture
def folder(good_set: Path, repository: Path) -> Path:
    """A set of the test's own."""
    return copy_set(good_set, repository)


@pytest.fixture
def rehearse(content_stack: ContentStack, repository: Path, tmp_path: Path) -> Module:
    """The module, rehearsing."""
    defaults = {"project_name": content_stack.project, "repository": str(repository), "level": "rehearse"}
    return Module("verify", defaults, tmp_path)


def test_good_set_comes_back(rehearse: Module, folder: Path, repository: Path) -> None:
    result = rehearse()
    assert result["passed"], result
    assert findings_of(result) == {}
    [entry] = result["sets"]
    assert entry["rows"] == {"openproject": 3043, "gitea": 10}
    assert entry["rehearsal"]["rows"]["openproject"]["public.work_packages"] == 3000
    assert entry["rehearsal"]["content"] == {
        "OpenProject": {"attachments": 41, "attachment_files": 40},
        "Gitea": {
            "repositories": 4,
            "git_repositories": 4,
            "lfs_meta_object_rows": 1,
            "lfs_meta_object_files": 1,
            "attachment_rows": 1,
            "attachment_files": 1,
            "package_blob_rows": 1,
            "package_blob_files": 1,
            "avatars_rows": 1,
            "avatars_files": 1,
        },
    }
    assert result["sets"][0]["causes"] == {}
    assert len(result["sets"][0]["not_compared"]) == 2
    assert 0 < entry["recovery_seconds"] < entry["steps"]["rehearse"]
    verdict = json.loads(folder.with_name(f"{folder.name}.verified.json").read_text())
    assert (verdict["passed"], verdict["level"]) == (True, "rehearse")
    assert verdict["recovery_seconds"] == entry["recovery_seconds"]
    assert verdict["results"]["rehearse"]["versions"]["image"] == "maxops-lab/postgres:17"
    assert rehearsal_leftovers(repository) == []


def test_everything_that_did_not_come_back_is_found(
    rehearse: Module, odd_set: Path, repository: Path, tmp_path: Path
) -> None:
    folder = copy_set(odd_set, repository)
    manifest = manifest_of(folder)
    rows = part_of(manifest, "openproject")["rows"]
    rows["public.work_packages"] += 1
    rows["public.forgotten"] = 2
    del rows["public.lagging"]
    part_of(manifest, "openproject")["extensions"].update(btree_gist="0.9", postgis="3.5")
    manifest["roles"].append("auditor")
    with unpacked(folder, "openproject-assets", tmp_path) as top:
        files = top / "files/attachment/file"
        (files / "7" / "plan 7 – 계획.pdf").unlink()
        (files / "8" / "plan 8 – 계획.pdf").write_text("short")
        (files / "99").mkdir()
        (files / "99" / "stray.txt").write_text("stray")
    with unpacked(folder, "gitea-data", tmp_path) as top:
        repositories = top / "git/repositories"
        objects = sorted((repositories / "org/core.git/objects").glob("[0-9a-f][0-9a-f]"))
        run("rm", "-rf", repositories / "anna/tools.git", *objects[: len(objects) // 2])
        run("cp", "-a", repositories / "anna/site.git", repositories / "anna/stray.git")
        # A fork in a set of the rootless image: its objects are where that image keeps the other repository.
        run("rm", "-rf", *(repositories / "anna/site.git/objects").iterdir())
        (repositories / "anna/site.git/objects/info").mkdir()
        other = "/var/lib/gitea/git/repositories/anna/site.wiki.git/objects\n"
        (repositories / "anna/site.git/objects/info/alternates").write_text(other)
        (top / f"git/lfs/{OID[:2]}/{OID[2:4]}/{OID[4:]}").unlink()
        (top / f"gitea/attachments/{UUID[0]}/{UUID[1]}/{UUID}").write_text("longer")
        (top / f"gitea/packages/{BLOB[:2]}/{BLOB[2:4]}/{BLOB}").write_text("pAckage")
        (top / "gitea/avatars/a1b2").unlink()
    reseal(folder, parts=manifest["parts"], roles=manifest["roles"])
    result = rehearse()
    found = {subject: entry["seen"] for subject, entry in findings_of(result).items()}
    pictures = "openproject-assets: files/attachment/file"
    assert found == {
        "table public.work_packages of openproject": "3000 rows",
        "table public.forgotten of openproject": "is missing",
        "table public.lagging of openproject": "exists with 1 row",
        "extension postgis of openproject": "is missing",
        "role auditor": "is missing",
        f'sequence public."100 % lost_id_seq" of {ODD_NAME}': "its next value is 1",
        "attachment 7 (plan 7 – 계획.pdf)": f"has no file ({pictures}/7/plan 7 – 계획.pdf)",
        "attachment 8 (plan 8 – 계획.pdf)": f"has a file of 5 bytes ({pictures}/8/plan 8 – 계획.pdf)",
        "repository 1 (anna/tools)": "has no repository (gitea-data: git/repositories/anna/tools.git)",
        "gitea-data: git/repositories/org/core.git": found["gitea-data: git/repositories/org/core.git"],
        f"lfs_meta_object 1 ({OID})": f"has no file (gitea-data: git/lfs/{OID[:2]}/{OID[2:4]}/{OID[4:]})",
        f"attachment 1 ({UUID})": f"has a file of 6 bytes (gitea-data: gitea/attachments/0/f/{UUID})",
        f"package_blob {BLOB}": found[f"package_blob {BLOB}"],
    }
    assert {entry["cause"] for entry in findings_of(result).values()} == {"set"}
    assert "git fsck reports" in found["gitea-data: git/repositories/org/core.git"]
    assert findings_of(result)["table public.work_packages of openproject"]["limit"] == "3001 rows"
    assert set(findings_of(result, "notice")) == {
        "openproject-assets: files/attachment/file/99",
        "gitea-data: git/repositories/anna/stray.git",
    }
    assert set(findings_of(result, "warning")) == {
        "extension btree_gist of openproject",
        f"sequence public.behind_id_seq of {ODD_NAME}",
        "user 1 (a1b2)",
    }
    assert result["failed"]
    assert result["sets"][0]["verdict"]["passed"] is False


BREAK_PRODUCTION = f"""
cp -a /data /tmp/before; cd /data/git/repositories
echo 1111111111111111111111111111111111111111 > anna/site.git/refs/pull/1/head
find org/core.git/objects -type f | sort | head -n 40 | xargs rm
printf 12345678X > /data/git/lfs/{OID[:2]}/{OID[2:4]}/{OID[4:]}
"""


def test_finding_says_whether_production_or_the_backup_without_a_pause_is_the_cause(
    rehearse: Module, content_stack: ContentStack, repository: Path, tmp_path: Path
) -> None:
    """The set is made of a stack with faults, and two objects are deleted while it is made."""
    assets = "cd /var/openproject/assets/files/attachment/file"
    try:
        content_stack.inside("gitea", f"mkdir -p /data/git/repositories/anna/site.git/refs/pull/1 {BREAK_PRODUCTION}")
        content_stack.inside("openproject", f"cp -a /var/openproject/assets /tmp/before; {assets}; rm 8/* 10/*")
        folder = content_stack.back_up(tmp_path, repository)
        with unpacked(folder, "openproject-assets", tmp_path) as top:
            (top / "files/attachment/file/9/plan 9 – 계획.pdf").unlink()
        with unpacked(folder, "gitea-data", tmp_path) as top:
            run("rm", "-rf", top / "git/repositories/anna/tools.git")
        reseal(folder)
        content_stack.sql("DELETE FROM attachments WHERE id = 9")
        content_stack.sql("UPDATE repository SET lower_name = 'new-tools' WHERE id = 1", "gitea")
        known = {"finding": "attachment 10 *", "reason": "an example", "until": "2999-12-31"}
        gone = {"finding": "attachment 11 *", "reason": "was repaired", "until": "2999-12-31"}
        result = rehearse(accept=[known, gone])
    finally:
        content_stack.inside("gitea", "rm -rf /data/*; cp -a /tmp/before/. /data; rm -rf /tmp/before")
        content_stack.inside("openproject", "cp -a /tmp/before/. /var/openproject/assets; rm -rf /tmp/before")
        content_stack.sql(
            "INSERT INTO attachments (id, file, filesize) VALUES (9, 'plan 9 – 계획.pdf', 1009) ON CONFLICT DO NOTHING"
        )
        content_stack.sql("UPDATE repository SET lower_name = 'tools' WHERE id = 1", "gitea")
    assert result["passed"], result
    assert {entry["subject"]: (entry["state"], entry["cause"]) for entry in result["findings"]} == {
        "attachment 8 (plan 8 – 계획.pdf)": ("warning", "production"),
        "attachment 9 (plan 9 – 계획.pdf)": ("warning", "changed"),
        "attachment 10 (plan 10 – 계획.pdf)": ("notice", "accepted"),
        "repository 1 (anna/tools)": ("warning", "changed"),
        "gitea-data: git/repositories/anna/site.git": ("warning", "production"),
        "gitea-data: git/repositories/org/core.git": ("warning", "production"),
        f"lfs_meta_object {OID}": ("warning", "production"),
    }
    [dead] = [entry for entry in result["findings"] if entry["subject"].endswith("site.git")]
    assert "refs/pull/1/head: invalid sha1 pointer 1111" in dead["seen"]
    assert result["sets"][0]["causes"] == {"production": 4, "changed": 2, "accepted": 1}
    assert result["remarks"] == ['no finding matches "attachment 11 *" of the option accept (was repaired): remove it']
    verdict = json.loads(folder.with_name(f"{folder.name}.verified.json").read_text())
    assert (verdict["passed"], verdict["level"]) == (True, "rehearse")
    [accepted] = verdict["results"]["rehearse"]["accepted"]
    assert accepted["accepted"] == "warning, accepted until 2999-12-31: an example"
    assert verdict["results"]["rehearse"]["causes"] == result["sets"][0]["causes"]


def test_set_without_the_files_of_its_rows_does_not_pass(
    rehearse: Module, content_stack: ContentStack, repository: Path, tmp_path: Path
) -> None:
    folder = content_stack.back_up(tmp_path, repository, databases=["openproject"], volumes=[])
    reseal(folder, scope={})
    result = rehearse()
    assert findings_of(result)["OpenProject"]["seen"] == (
        "its data is in no volume or folder of this set (40 attachments without files)"
    )
    assert result["failed"]
    assert "is bad: OpenProject: its data is in no volume or folder of this set" in result["msg"]
    # The same set, where an operator asked for the database only.
    reseal(folder, scope={"databases": ["openproject"], "volumes": [], "folders": None})
    result = rehearse()
    assert result["passed"], result
    assert findings_of(result, "warning")["OpenProject"]["cause"] == "coverage"
    assert result["sets"][0]["not_covered"] == ["OpenProject: 40 attachments: only these were asked for: volumes none"]


def test_dump_that_does_not_load_and_archive_that_attacks(rehearse: Module, folder: Path, repository: Path) -> None:
    (folder / "databases/gitea/toc.dat").write_bytes(b"PGDMP nonsense")
    archive = folder / "volumes/openproject-assets.tar.zst"
    run("bash", "-c", f"tar --create --absolute-names --file=- /etc/hostname | zstd -q > {archive}")
    services = manifest_of(folder)["services"]
    services["postgres"].update(id="sha256:" + "0" * 64, digests=[])
    reseal(folder, services=services)
    result = rehearse()
    assert set(findings_of(result)) >= {'database "gitea"', 'volume "openproject-assets"'}
    assert "its own image is not on this host" in findings_of(result, "warning")["image"]["seen"]
    assert rehearsal_leftovers(repository) == []


def test_killed_it_leaves_nothing_running_and_the_next_one_sweeps(
    rehearse: Module, folder: Path, repository: Path
) -> None:
    label = f"label=ops.maxops.helper=rehearsal:{repository / 'rehearsal'}"
    for moment in (0.0, 1.5):
        process = rehearse.start()
        wait_until(lambda: bool(run("docker", "ps", "--quiet", "--filter", label).stdout), 60, "a helper runs")
        time.sleep(moment)
        kill(process)
        wait_until(lambda: rehearsal_leftovers(repository) == [], 60, "containers and folders are gone")
    assert not folder.with_name(f"{folder.name}.verified.json").exists()
    # What is left when the guard is killed as well, or the machine stops.
    (repository / "rehearsal/20200101T000000Z/data").mkdir(parents=True)
    argv = ["docker", "run", "--detach", "--network=none", f"--{label.replace('=', ' ', 1)}".split(" ")[0]]
    run(*argv, label.partition("=")[2], "--entrypoint", "sleep", "maxops-lab/base:trixie", "infinity")
    assert len(rehearsal_leftovers(repository)) == 2
    # Gone before the space is even looked at.
    result = rehearse(rehearsal_budget="1M")
    assert "rehearsal_budget allows" in result["msg"]
    assert len(result["remarks"]) == 2
    assert rehearsal_leftovers(repository) == []


def test_one_that_writes_too_much_is_stopped(rehearse: Module, folder: Path, repository: Path, tmp_path: Path) -> None:
    manifest = manifest_of(folder)
    with unpacked(folder, "openproject-assets", tmp_path) as top, (top / "zeros").open("wb") as stream:
        for _ in range(400):
            stream.write(bytes(1000 * 1000))
    reseal(folder, parts=manifest["parts"])
    result = rehearse(rehearsal_budget="250M")
    assert "more than its budget of 262.1 MB" in result["msg"]
    [entry] = result["sets"]
    assert (entry["state"], entry["verdict"]["results"].keys()) == ("not verified", {"checksum": 1}.keys())
    assert rehearsal_leftovers(repository) == []


def test_set_whose_image_is_nowhere(rehearse: Module, folder: Path) -> None:
    services = manifest_of(folder)["services"]
    services["postgres"].update(id="sha256:" + "0" * 64, digests=[], image="gone:1")
    reseal(folder, services=services, project="elsewhere")
    result = rehearse(project_name="elsewhere")
    assert "could not be verified: this host has neither the image" in result["msg"]
    assert "docker pull gone:1" in result["msg"]
    assert json.loads(folder.with_name(f"{folder.name}.verified.json").read_text())["level"] == "checksum"


def test_set_of_a_newer_postgresql(rehearse: Module, folder: Path) -> None:
    reseal(folder, versions={"postgresql": "18.1"})
    assert "comes from PostgreSQL 18.1" in rehearse()["msg"]


def test_check_mode_tells_what_it_would_take(rehearse: Module, folder: Path, repository: Path) -> None:
    result = rehearse(check_mode=True)
    assert result["passed"], result
    assert "would be rehearsed in image maxops-lab/postgres:17" in result["remarks"][0]
    assert not (repository / "rehearsal").exists()


def test_set_is_held_while_it_is_verified(
    rehearse: Module, folder: Path, repository: Path, content_stack: ContentStack, tmp_path: Path
) -> None:
    process = rehearse.start()
    wait_until((repository / "rehearsal" / folder.name).exists, 60, "it has begun")
    made = content_stack.back_up(tmp_path, repository, retention={"keep_last": 1}, volumes=["openproject-assets"])
    assert folder.exists()
    assert finish(process)["passed"]
    content_stack.back_up(tmp_path, repository, retention={"keep_last": 1}, volumes=["openproject-assets"])
    # The newest verified one stays; what is neither goes.
    assert folder.exists()
    assert not made.exists()


def test_second_rehearsal_at_once_says_who_is_at_work(rehearse: Module, folder: Path, repository: Path) -> None:
    process = rehearse.start()
    wait_until((repository / "rehearsal" / folder.name).exists, 60, "it has begun")
    assert "is in use: rehearsal of a backup set by process" in rehearse()["msg"]
    process.terminate()
    finish(process)


def test_old_dump_comes_back(rehearse: Module, content_stack: ContentStack, tmp_path: Path) -> None:
    path = tmp_path / "openproject_20240101_020000.sql"
    path.write_text(content_stack.inside("postgres", "pg_dump -U maxops openproject"))
    run("gzip", path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "of somebody").write_text("kept")
    result = rehearse(set=f"{path}.gz", rehearsal_dir=str(tmp_path / "elsewhere"))
    assert result["passed"], result
    assert result["sets"][0]["rows"] == {"openproject": 3043}
    left = {str(entry.relative_to(tmp_path / "elsewhere")) for entry in (tmp_path / "elsewhere").rglob("*")}
    assert left == {"of somebody", "maxops-rehearsal", "maxops-rehearsal/lock"}


def test_set_of_an_older_postgresql_comes_back_in_its_own_image(
    old_stack: MiniStack, repository: Path, tmp_path: Path
) -> None:
    old_stack.fill(rows=2000, files=2)
    defaults = {"project_name": old_stack.project, "repository": str(repository)}
    assert Module("backup", defaults, tmp_path)()["compression"]["databases"] == "1"
    verify = Module("verify", defaults, tmp_path)
    assert verify(level="decode")["passed"]
    result = verify(level="rehearse")
    assert result["passed"], result
    assert result["sets"][0]["rehearsal"]["postgresql"].startswith("15.")
    assert result["sets"][0]["rows"]["openproject"] >= 2000


def test_user_who_may_not_read_the_repository(rehearse: Module, folder: Path, repository: Path) -> None:
    repository.chmod(0o700)
    code = (
        "import os, sys; os.setgid(65534); os.setuid(65534)\n"
        "from ansible_collections.maxops.ops.plugins.module_utils.jobs.verify.job import verify\n"
        "from ansible_collections.maxops.ops.plugins.module_utils.jobs.verify.options import VerifyOptions\n"
        "from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access\n"
        f"verify(VerifyOptions(Access('x'), {str(repository)!r}))"
    )
    environment = {"PYTHONPATH": str(CHECKOUT / ".ansible/collections")}
    done = run(sys.executable, "-c", code, check=False, env=environment)
    assert "cannot be read by this user" in done.stderr
