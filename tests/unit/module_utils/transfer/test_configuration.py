# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration in a set is enough to start the stack again, and only its owner can read its secrets.

What is looked for, and what is missing, is tested in test_configuration_files.py.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Mount
from ansible_collections.maxops.ops.plugins.module_utils.transfer import configuration_files as config_part
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration import (
    copy_configuration,
    write_effective,
)
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration_files import Configuration
from ansible_collections.maxops.ops.tests.unit.stacks import (
    CONFIG_FILES,
    ENVIRONMENT_FILE,
    WORKING_DIR,
    bind,
    container,
    stack_of,
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "gateway").mkdir(parents=True)
    (folder / "docker-compose.yml").write_text("services: {}\n")
    (folder / "docker-compose.yml").chmod(0o644)
    (folder / ".env").write_text("SECRET=한글\n")
    (folder / ".env").chmod(0o644)
    (folder / "gateway" / "nginx.conf").write_text("server {}\n")
    (folder / "gateway" / "nginx.conf").chmod(0o640)
    return folder


def copied(project: Path, tmp_path: Path, *mounts: Mount, **labels: str) -> tuple[dict[str, str], list[str], Path]:
    """Copy the configuration of a project; returns the copied files as path → source, the warnings and the folder."""
    stack = stack_of(container("app", *mounts, labels={WORKING_DIR: str(project), **labels}))
    target = tmp_path / "config"
    target.mkdir()
    taken, warnings = copy_configuration(stack, str(target))
    return {entry["path"]: entry["source"] for entry in taken}, warnings, target


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


def test_compose_files_environment_and_read_only_mounts_are_copied(project: Path, tmp_path: Path) -> None:
    (project / "override.yml").write_text("services: {app: {}}\n")
    (project / "data").mkdir()
    taken, warnings, target = copied(
        project,
        tmp_path,
        bind(str(project / "gateway"), "/etc/nginx"),
        bind(str(project / "data"), "/data", writable=True),
        bind("/etc/localtime", "/etc/localtime"),
        **{CONFIG_FILES: f"{project}/docker-compose.yml,override.yml,{project}/gone.yml"},
    )
    assert taken == {name: str(project / name) for name in ("docker-compose.yml", "override.yml", ".env", "gateway")}
    gone = (
        f"configuration {project}/gone.yml was left out: it is not on this host, and a label of the containers names it"
    )
    assert warnings == [gone]
    assert files_in(target) == {"docker-compose.yml", "override.yml", ".env", "gateway/nginx.conf"}
    assert (target / ".env").read_text() == "SECRET=한글\n"


def test_files_outside_of_the_projects_folder_keep_their_path(project: Path, tmp_path: Path) -> None:
    (tmp_path / "shared.env").write_text("A=1\n")
    taken, _warnings, target = copied(project, tmp_path, **{ENVIRONMENT_FILE: "../shared.env"})
    inside = "outside" + str(tmp_path / "shared.env")
    assert taken == {inside: str(tmp_path / "shared.env"), ".env": str(project / ".env")}
    assert (target / inside).read_text() == "A=1\n"


def test_only_the_owner_can_read_files_with_secrets_even_if_copied_twice(project: Path, tmp_path: Path) -> None:
    (project / "gateway" / "compose.yml").write_text("services: {}\n")
    (project / "gateway" / "compose.yml").chmod(0o644)
    labels = {CONFIG_FILES: "docker-compose.yml,gateway/compose.yml"}
    _taken, _warnings, target = copied(project, tmp_path, bind(str(project / "gateway"), "/etc/nginx"), **labels)
    for name in (".env", "docker-compose.yml", "gateway/compose.yml"):
        assert (target / name).stat().st_mode & 0o777 == 0o600
    assert (target / "gateway/nginx.conf").stat().st_mode & 0o777 == 0o640


def test_links_are_kept_as_links_and_odd_names_as_they_are(project: Path, tmp_path: Path) -> None:
    (project / "gateway" / "current.conf").symlink_to("nginx.conf")
    (project / "gateway" / "secret").symlink_to("/etc/shadow")
    (project / "gateway" / "loop").symlink_to(".")
    Path(os.fsdecode(os.fsencode(project) + b"/gateway/\xff\n")).write_text("x")
    _taken, _warnings, target = copied(project, tmp_path, bind(str(project / "gateway"), "/etc/nginx"))
    links = {path.name: os.readlink(path) for path in (target / "gateway").iterdir() if path.is_symlink()}
    assert links == {"current.conf": "nginx.conf", "secret": "/etc/shadow", "loop": "."}
    assert b"\xff\n" in os.listdir(os.fsencode(target / "gateway"))


def test_pipes_and_sockets_are_left_out_with_a_warning(project: Path, tmp_path: Path) -> None:
    os.mkfifo(project / "gateway" / "pipe")
    os.mkfifo(project / "socket")
    taken, warnings, target = copied(
        project, tmp_path, bind(str(project / "gateway"), "/etc/nginx"), bind(str(project / "socket"), "/run/socket")
    )
    assert warnings == [
        f"configuration {project}/gateway/pipe was left out: it is not a regular file",
        f"configuration {project}/socket was left out: it is not a regular file",
    ]
    assert set(taken) == {".env", "gateway"}
    assert files_in(target) == {".env", "gateway/nginx.conf"}


def test_large_content_is_left_out(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_part, "LIMIT", 1_000_000)
    (project / "media").mkdir()
    (project / "media" / "film").write_bytes(b"x" * 1_000_001)
    taken, warnings, target = copied(project, tmp_path, bind(str(project / "media"), "/media"))
    assert warnings == [f"configuration {project}/media was left out: 1.0 MB is too large for configuration"]
    assert set(taken) == files_in(target) == {".env"}


def test_file_that_was_removed_from_the_host_is_left_out_with_a_warning(project: Path, tmp_path: Path) -> None:
    taken, warnings, _target = copied(project, tmp_path, bind(str(project / "gone.conf"), "/etc/gone.conf"))
    assert warnings == [f"configuration {project}/gone.conf was left out: it is no longer on the host"]
    assert set(taken) == {".env"}


def test_stack_without_a_compose_folder_has_no_configuration_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    taken, warnings = copy_configuration(stack_of(container("app")), str(tmp_path / "config"))
    assert taken == []
    assert warnings == [
        (
            "no Compose file and no .env of this stack was found on this host (labels name none): "
            "the set cannot start the applications again"
        )
    ]


def test_secret_outside_of_the_project_is_private_and_its_mode_is_kept_in_the_manifest(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("s3cret")
    (tmp_path / "key").chmod(0o644)
    (project / "docker-compose.yml").write_text(f"secrets: {{k: {{file: {tmp_path}/key}}}}\n")
    stack = stack_of(container("app", labels={WORKING_DIR: str(project), CONFIG_FILES: "docker-compose.yml"}))
    (tmp_path / "config").mkdir()
    taken, warnings = copy_configuration(stack, str(tmp_path / "config"))
    [entry] = [entry for entry in taken if entry["source"] == f"{tmp_path}/key"]
    assert entry == {"source": f"{tmp_path}/key", "path": f"outside{tmp_path}/key", "mode": "0644"}
    assert (tmp_path / "config" / entry["path"]).read_text() == "s3cret"
    assert (tmp_path / "config" / entry["path"]).stat().st_mode & 0o777 == 0o600
    assert warnings == []


def test_file_behind_a_link_of_a_mounted_folder_is_copied_and_the_hosts_own_file_is_never_changed(
    project: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.env").write_text("A=1")
    (tmp_path / "elsewhere" / "a.env").chmod(0o644)
    (project / "gateway" / "linked").symlink_to(tmp_path / "elsewhere")
    (project / "docker-compose.yml").write_text("services: {app: {env_file: gateway/linked/a.env}}\n")
    labels = {CONFIG_FILES: "docker-compose.yml"}
    taken, warnings, target = copied(project, tmp_path, bind(str(project / "gateway"), "/etc/nginx"), **labels)
    assert warnings == []
    assert taken[f"outside{tmp_path}/elsewhere/a.env"] == f"{tmp_path}/elsewhere/a.env"
    assert (target / "gateway" / "linked").is_symlink()
    assert (tmp_path / "elsewhere" / "a.env").stat().st_mode & 0o777 == 0o644


def test_data_and_the_repository_inside_a_read_only_folder_are_passed_over(project: Path, tmp_path: Path) -> None:
    for name in ("gateway/data", "gateway/sets/config"):
        (project / name).mkdir(parents=True)
    (project / "gateway/data/large").write_text("x")
    stack = stack_of(
        container("app", bind(str(project / "gateway"), "/etc/nginx"), labels={WORKING_DIR: str(project)}),
        container("writer", bind(str(project / "gateway/data"), "/data", writable=True)),
    )
    found = config_part.find_configuration(stack, avoid=[str(project / "gateway/sets")])
    copy_configuration(stack, str(project / "gateway/sets/config"), found)
    assert files_in(project / "gateway/sets/config") == {".env", "gateway/nginx.conf"}


def test_whole_project_mounted_read_only_is_taken_once(project: Path, tmp_path: Path) -> None:
    _taken, warnings, target = copied(
        project, tmp_path, bind(str(project), "/app"), bind(str(project / "gateway"), "/etc/nginx")
    )
    assert warnings == []
    assert files_in(target) == {".env", "docker-compose.yml", "gateway/nginx.conf"}
    assert (target / ".env").stat().st_mode & 0o777 == 0o600


def test_file_that_cannot_be_read_is_a_lack_and_the_others_are_copied(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copyfile(source: str, target: str) -> None:
        if source.endswith(".env"):
            raise PermissionError(13, "Permission denied", source)
        Path(target).write_bytes(Path(source).read_bytes())

    monkeypatch.setattr("shutil.copyfile", copyfile)
    stack = stack_of(container("app", bind(str(project / "gateway"), "/x"), labels={WORKING_DIR: str(project)}))
    found = config_part.find_configuration(stack)
    (tmp_path / "config").mkdir()
    taken, _warnings = copy_configuration(stack, str(tmp_path / "config"), found)
    assert [entry["path"] for entry in taken] == ["gateway"]
    assert [(lack.name, lack.reason) for lack in found.lacks] == [
        (f"{project}/.env", "it could not be read (Permission denied)")
    ]


def test_folder_is_copied_beyond_a_file_that_cannot_be_read(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a-locked", "b/c", "z-last"):
        (project / "gateway" / name).parent.mkdir(exist_ok=True)
        (project / "gateway" / name).write_text(name)

    def copyfile(source: str, target: str) -> None:
        Path(target).write_bytes(Path(source).read_bytes()[:3])
        if source.endswith("a-locked"):
            raise OSError(5, "Input/output error", source)

    monkeypatch.setattr("shutil.copyfile", copyfile)
    stack = stack_of(container("app", bind(str(project / "gateway"), "/x"), labels={WORKING_DIR: str(project)}))
    excluded = {f"{project}/gateway/b"}
    found = config_part.find_configuration(stack, excluded.__contains__)
    (tmp_path / "config").mkdir()
    copy_configuration(stack, str(tmp_path / "config"), found)
    assert files_in(tmp_path / "config") == {".env", "gateway/nginx.conf", "gateway/z-last"}, "half a file is none"
    assert [(lack.name, lack.reason) for lack in found.lacks] == [
        (f"{project}/gateway/a-locked", "it could not be read (Input/output error)")
    ]


def test_files_of_the_project_with_the_names_of_the_effective_configuration_are_kept(tmp_path: Path) -> None:
    for name in ("effective.json", "containers.json", "maxops-containers.json"):
        (tmp_path / name).write_text("the project's own")
    write_effective(stack_of(container("app")), Configuration(effective='{"services": {}}'), str(tmp_path))
    assert (
        (tmp_path / "effective.json").read_text() == (tmp_path / "containers.json").read_text() == "the project's own"
    )
    assert (tmp_path / "maxops-effective.json").read_text() == '{"services": {}}'
    assert json.loads((tmp_path / "maxops-maxops-containers.json").read_text())[0]["service"] == "app"


def test_effective_configuration_and_containers_are_written_for_the_owner_only(tmp_path: Path) -> None:
    stack = stack_of(container("app", bind("/x.conf", "/y.conf"), environment={"SECRET_KEY_BASE": "s3cret"}))
    write_effective(stack, Configuration(effective='{"services": {}}'), str(tmp_path))
    assert (tmp_path / "effective.json").read_text() == '{"services": {}}'
    [described] = json.loads((tmp_path / "containers.json").read_text())
    assert described["environment"] == {"SECRET_KEY_BASE": "s3cret"}
    assert described["mounts"] == [{"type": "bind", "source": "/x.conf", "target": "/y.conf", "read_only": True}]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="owners are root's to give")
def test_owners_are_kept(project: Path, tmp_path: Path) -> None:
    os.chown(project / "gateway", 1234, 4321)
    os.chown(project / "gateway/nginx.conf", 1234, 4321)
    _taken, _warnings, target = copied(project, tmp_path, bind(str(project / "gateway"), "/etc/nginx"))
    for name in ("gateway", "gateway/nginx.conf"):
        assert ((target / name).stat().st_uid, (target / name).stat().st_gid) == (1234, 4321)
