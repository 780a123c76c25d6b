# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Folders of the host and unnamed volumes are backed up, rehearsed and restored like volumes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.tests.integration.support import Module, run, running
from ansible_collections.maxops.ops.tests.integration.verify_support import (
    COMPOSE,
    ContentStack,
    findings_of,
    manifest_of,
    rehearsal_leftovers,
)

SECOND_SERVER = """
  second-db:
    image: maxops-lab/postgres:{version}
    environment: {{POSTGRES_USER: second, POSTGRES_PASSWORD: secret}}
    stop_grace_period: 0s
    volumes: ["second-data:/var/lib/postgresql/data"]
    healthcheck: {{test: [CMD, pg_isready, -U, second, -h, 127.0.0.1], interval: 1s, start_period: 60s}}"""

BUSY = """
CREATE TABLE busy AS SELECT g AS id, 0 AS changed FROM generate_series(1, 20000) g;
ALTER SYSTEM SET max_wal_size = '32MB'; SELECT pg_reload_conf();
"""


class FolderStack(ContentStack):
    """The same rows and files in folders of the host, as in both official quick starts."""

    template = (
        COMPOSE.replace("openproject-assets:/var/openproject/assets", "./assets:/var/openproject/assets")
        .replace('"gitea-data:/data"', '"./gitea:/data", "/unnamed"')
        .replace(", openproject-assets: {{}}, gitea-data: {{}}", ", second-data: {{}}")
        .replace("\nvolumes: {{postgres", SECOND_SERVER + "\nvolumes: {{postgres")
    )

    def up(self) -> None:
        """Start it, with a file in the unnamed volume, and a volume that no container mounts."""
        super().up()
        self.inside("gitea", "echo precious > /unnamed/file")
        labels = ["--label", f"com.docker.compose.project={self.project}", "--label", "com.docker.compose.volume=x"]
        run("docker", "volume", "create", *labels, f"{self.project}_left-behind")
        self.left_behind.joinpath("file").write_text("of a removed service")

    def down(self) -> None:
        """Remove it, with the volume that Compose does not remove."""
        super().down()
        run("docker", "volume", "rm", "--force", f"{self.project}_left-behind")

    @property
    def left_behind(self) -> Path:
        """The folder of the volume that no container mounts."""
        return Path("/var/lib/docker/volumes") / f"{self.project}_left-behind" / "_data"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FolderStack]:
    """The stack of this file."""
    with running(FolderStack("maxfolders", tmp_path_factory.mktemp("folders"), 17)) as stack:
        yield stack


@pytest.fixture(scope="module")
def made(stack: FolderStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of the whole stack."""
    return stack.back_up(tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("repository"))


def module(name: str, stack: FolderStack, made: Path, folder: Path, **options: Any) -> Module:
    return Module(name, {"project_name": stack.project, "repository": str(made.parents[1]), **options}, folder)


def test_set_holds_the_folders_the_unnamed_and_the_unused_volume(stack: FolderStack, made: Path) -> None:
    manifest = manifest_of(made)
    parts = {(part["kind"], part["name"]): part for part in manifest["parts"] if part["kind"] != "database"}
    gitea = str(stack.folder / "gitea")
    assert set(parts) == {
        ("folder", gitea),
        ("folder", str(stack.folder / "assets")),
        ("folder", "gitea:/unnamed"),
        ("volume", "left-behind"),
        ("volume", "second-data"),
    }
    assert parts["folder", gitea]["mounts"] == [{"service": "gitea", "target": "/data"}]
    assert manifest["format"] == 2
    [warning] = manifest["warnings"]
    assert 'volume "second-data" holds PostgreSQL 17: service second-db is paused while it is copied' in warning
    assert (parts["volume", "second-data"]["live_databases"], stack.states()["second-db"]) == (
        ["PostgreSQL 17"],
        "running",
    )
    assert len(os.listdir(made / "folders")) == 3


def test_set_with_folders_passes_every_level(stack: FolderStack, made: Path, tmp_path: Path) -> None:
    verify = module("verify", stack, made, tmp_path)
    assert verify(level="decode")["passed"]
    result = verify(level="rehearse")
    assert result["passed"], result["message"]
    assert findings_of(result) == {}
    content = result["sets"][0]["rehearsal"]["content"]
    assert content["OpenProject"] == {"attachments": 41, "attachment_files": 40}
    assert content["Gitea"]["git_repositories"] == 4
    assert rehearsal_leftovers(made.parents[1]) == []


def test_restore_replaces_the_folders_and_the_services_see_the_new_ones(
    stack: FolderStack, made: Path, tmp_path: Path
) -> None:
    gitea, assets = stack.folder / "gitea", stack.folder / "assets"
    top = gitea.stat()
    stack.inside("gitea", "rm -rf /data/git/repositories/anna; echo changed > /unnamed/file; echo new > /data/later")
    shutil.rmtree(assets / "files")
    stack.left_behind.joinpath("file").unlink()
    restore = module("restore", stack, made, tmp_path)
    result = restore(set="latest")
    assert result.get("changed"), result
    assert {(part["kind"], part["name"]) for part in result["parts"] if part["kind"] != "database"} == {
        ("folder", str(gitea)),
        ("folder", str(assets)),
        ("folder", "gitea:/unnamed"),
        ("volume", "left-behind"),
        ("volume", "second-data"),
    }
    assert set(result["services"]) == {"gitea", "openproject", "second-db"}
    seen = stack.inside(
        "gitea", "ls /data/git/repositories; cat /unnamed/file; stat -c %i /data; test ! -e /data/later"
    )
    assert seen.split() == ["anna", "org", "precious", str(gitea.stat().st_ino)]
    assert (gitea.stat().st_uid, gitea.stat().st_mode) == (top.st_uid, top.st_mode)
    assert (assets / "files/attachment/file/1").is_dir()
    assert stack.left_behind.joinpath("file").read_text() == "of a removed service"

    back = restore(state="previous")
    assert back.get("changed"), back
    assert stack.inside("gitea", "ls /data/git/repositories; cat /unnamed/file /data/later").split() == [
        "org",
        "changed",
        "new",
    ]


def test_single_files_and_another_path(stack: FolderStack, made: Path, tmp_path: Path) -> None:
    restore = module("restore", stack, made, tmp_path, set="latest")
    gitea = str(stack.folder / "gitea")
    taken = restore(folders=[gitea], paths=["git/repositories/anna"], destination=str(tmp_path / "taken"))
    assert taken["services"] == []
    assert sorted(os.listdir(tmp_path / "taken/git/repositories/anna")) == ["site.git", "site.wiki.git", "tools.git"]
    beside = restore(folders=[gitea], into={gitea: str(tmp_path / "beside")})
    assert beside["services"] == []
    assert (tmp_path / "beside/git/repositories/org/core.git/HEAD").exists()


def test_second_server_that_writes_all_the_time_starts_from_its_copy(stack: FolderStack, tmp_path: Path) -> None:
    def second(statement: str, **options: Any) -> str:
        argv = ["exec", "-T", "second-db", "psql", "-U", "second", "-qAt", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        return stack.compose(*argv, input=statement, **options).strip()

    second(BUSY)
    script = (
        "while :; do echo 'UPDATE busy SET changed = changed + 1; CHECKPOINT;'; done | psql -U second -qAt >/dev/null"
    )
    stack.compose("exec", "--detach", "second-db", "sh", "-c", script)
    options = {"project_name": stack.project, "repository": str(tmp_path / "repository")}
    made = Module("backup", options, tmp_path)(databases=[], folders=[], volumes=["second-data"])
    assert made.get("changed"), made
    assert int(second("SELECT sum(changed) FROM busy")) > 0
    restored = Module("restore", options, tmp_path)(set="latest", volumes=["second-data"])
    assert restored.get("changed"), restored
    counts = second("SELECT count(*), min(changed) = max(changed) FROM busy")
    assert counts == "20000|t", "each update is there for every row or for none"


def test_own_server_is_not_copied_beside_its_dump(stack: FolderStack, made: Path, tmp_path: Path) -> None:
    backup = module("backup", stack, made, tmp_path)
    refused = backup(volumes=["postgres-data"])
    assert 'volume "postgres-data" holds the data of service "postgres", whose databases are dumped' in refused["msg"]


def test_device_in_a_folder_neither_stops_the_backup_nor_the_restore(
    stack: FolderStack, made: Path, tmp_path: Path
) -> None:
    device = stack.folder / "assets" / "null"
    os.mknod(device, 0o20666, os.makedev(1, 3))
    options = {"project_name": stack.project, "repository": str(tmp_path / "repository")}
    result = Module("backup", options, tmp_path)(databases=[], volumes=[], folders=["./assets"])
    remark = f"folder {stack.folder}/assets: not in the archive, because a restore creates no devices: null"
    assert result["remarks"] == [remark]
    restored = Module("restore", options, tmp_path)(set="latest")
    assert restored.get("changed"), restored
    assert not device.exists()
