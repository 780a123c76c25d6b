# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configuration of a stack is: everything that labels, Compose files and mounts name, or a word on it."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Mount, Stack
from ansible_collections.maxops.ops.plugins.module_utils.transfer import configuration_files
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration_files import (
    Configuration,
    find_configuration,
)
from ansible_collections.maxops.ops.tests.unit.stacks import (
    CONFIG_FILES,
    ENVIRONMENT_FILE,
    WORKING_DIR,
    bind,
    container,
    stack_of,
)


def stack(project: Path, *mounts: Mount, files: str = "docker-compose.yml", **labels: str) -> Stack:
    return stack_of(container("app", *mounts, labels={WORKING_DIR: str(project), CONFIG_FILES: files, **labels}))


def taken(found: Configuration) -> dict[str, bool]:
    """Path in the set → private."""
    return {file.path: file.private for file in found.files}


COMPOSE = {"docker-compose.yml": True, ".env": True}


def test_everything_that_the_compose_files_draw_in_is_taken(project: Path, tmp_path: Path) -> None:
    (project / "app").mkdir()
    (project / "env").mkdir()
    for name in ("app/.env", "env/op.env", "c.txt", "x.conf"):
        (project / name).write_text("X=1\n")
    (project / "app/compose.yml").write_text("services: {extra: {image: e, env_file: ../env/op.env}}\n")
    (tmp_path / "key").write_text("k")
    (project / "docker-compose.yml").write_text(
        "include: [{path: app/compose.yml, env_file: app/.env}]\n"
        "services: {app: {env_file: [./env/op.env, none.env], "
        "volumes: ['./x.conf:/x', '/etc/localtime:/etc/localtime']}}\n"
        f"secrets: {{thekey: {{file: {tmp_path}/key}}}}\nconfigs: {{c: {{file: c.txt}}}}\n"
    )
    found = find_configuration(stack(project))
    assert taken(found) == {
        **COMPOSE,
        "app/compose.yml": True,
        "app/.env": True,
        "env/op.env": True,
        "c.txt": False,
        "x.conf": False,
        f"outside{tmp_path}/key": True,
    }
    assert found.warnings == [
        (
            f"configuration {project}/none.env was left out: it is not on this host, "
            f"and {project}/docker-compose.yml names it as an environment file"
        )
    ]
    assert found.lacks == []


@pytest.mark.parametrize("writable", [True, False])
def test_mounted_files_are_taken_whatever_their_mode_and_place(project: Path, tmp_path: Path, writable: bool) -> None:
    (project / "inside.conf").touch()
    (tmp_path / "redis.conf").touch()
    mounts = [bind(str(path), "/x", writable) for path in (project / "inside.conf", tmp_path / "redis.conf")]
    found = find_configuration(stack(project, *mounts))
    assert taken(found) == {**COMPOSE, "inside.conf": False, f"outside{tmp_path}/redis.conf": False}
    assert found.warnings == []


def test_mounted_secret_is_private_without_any_compose_file(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    found = find_configuration(stack_of(container("app", bind(str(tmp_path / "key"), "/run/secrets/key"))))
    assert taken(found) == {f"outside{tmp_path}/key": True}


def test_sockets_are_passed_over_and_files_of_the_host_are_left_out(project: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        found = find_configuration(
            stack(
                project,
                bind(str(tmp_path / "s"), "/var/run/docker.sock", writable=True),
                bind("/etc/hostname", "/etc/host", writable=False),
                bind("/", "/host"),
                bind("/proc", "/host/proc"),
            )
        )
    assert taken(found) == COMPOSE
    assert found.warnings == []
    assert [(entry["name"], entry["reason"]) for entry in found.left_out] == [
        ("/etc/hostname", "belongs to the host"),
    ]


def test_project_below_a_folder_of_the_host_is_not_the_hosts(
    project: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(configuration_files, "system_kind", lambda _path: "system")
    (project / "gateway").mkdir()
    for name in (project / "x.conf", tmp_path / "y.conf"):
        name.touch()
    mounts = [bind(str(path), "/x") for path in (project / "gateway", project / "x.conf", tmp_path / "y.conf")]
    found = find_configuration(stack(project, *mounts))
    assert taken(found) == {"gateway": False, "x.conf": False, **COMPOSE}
    assert [entry["name"] for entry in found.left_out] == [f"{tmp_path}/y.conf"]


def test_mounted_file_that_is_gone_is_a_warning_anywhere(project: Path) -> None:
    found = find_configuration(stack(project, bind("/srv/gone.conf", "/x"), bind("/srv/gone2", "/y", writable=True)))
    assert found.warnings == [
        "configuration /srv/gone.conf was left out: it is no longer on the host",
    ]


def test_read_only_folder_of_the_project_is_configuration_unless_a_service_writes_it(
    project: Path, tmp_path: Path
) -> None:
    """A folder outside of the project is a part of its own kind, if any."""
    for folder in (project / "certs", project / "data/public", tmp_path / "certs"):
        folder.mkdir(parents=True)
    found = find_configuration(
        stack(
            project,
            bind(str(tmp_path / "certs"), "/other"),
            bind(str(project / "certs"), "/certs"),
            bind(str(project / "data/public"), "/public"),
            bind(str(project / "data"), "/data", writable=True),
        )
    )
    assert taken(found) == {"certs": False, **COMPOSE}


def test_read_only_folder_is_left_to_a_part_only_where_that_has_it(project: Path) -> None:
    """Its files are in the set once: not in none, and not in two."""
    (project / "data/nginx").mkdir(parents=True)
    mounts = [bind(str(project / "data"), "/data", writable=True), bind(str(project / "data/nginx"), "/etc/nginx")]
    both = {**COMPOSE, "data/nginx": False}
    assert taken(find_configuration(stack(project, *mounts), parts={})) == both
    assert taken(find_configuration(stack(project, *mounts), parts={str(project / "data"): ()})) == COMPOSE
    assert taken(find_configuration(stack(project, *mounts), parts={str(project / "data"): ("nginx",)})) == both
    same = [*mounts, bind(str(project / "data"), "/srv/data")]
    assert taken(find_configuration(stack(project, *same), parts={})) == both, "what services write is no configuration"


def test_large_read_only_folder_is_no_lack_when_it_is_a_part(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration_files, "LIMIT", 100)
    (project / "media").mkdir()
    (project / "media/film").write_bytes(b"x" * 101)
    mount = bind(str(project / "media"), "/media")
    [lack] = find_configuration(stack(project, mount), parts={}).lacks
    assert (lack.name, lack.fix) == (f"{project}/media", "name it in folders, with the other folders to take")
    found = find_configuration(stack(project, mount), parts={str(project / "media"): ()})
    assert (found.lacks, taken(found)) == ([], COMPOSE)


def test_what_is_excluded_inside_a_folder_is_said_and_not_measured(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configuration_files, "LIMIT", 100)
    for name in ("gateway/a.conf", "gateway/cache/large", "gateway/large.log"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_bytes(b"x" * (1 if name.endswith("conf") else 101))
    excluded = {f"{project}/gateway/cache", f"{project}/gateway/large.log"}
    found = find_configuration(stack(project, bind(str(project / "gateway"), "/x")), excluded.__contains__)
    assert (taken(found), found.lacks) == ({**COMPOSE, "gateway": False}, [])
    assert {entry["name"] for entry in found.left_out} == excluded <= found.passed_over


def test_database_in_a_single_mounted_file_is_never_copied_while_it_is_written(project: Path) -> None:
    (project / "app.db").write_bytes(b"SQLite format 3\0" + b"x" * 100)
    (project / "docker-compose.yml").write_text("services: {app: {volumes: ['./app.db:/app.db']}}\n")
    found = find_configuration(stack(project, bind(f"{project}/app.db", "/app.db", writable=True)))
    assert taken(found) == COMPOSE
    [lack] = found.lacks
    assert lack.name == f"{project}/app.db"
    assert "service app writes this SQLite database" in lack.reason


# -- what is missing ------------------------------------------------------------------------------------------------


def test_without_the_projects_folder_one_sentence_says_so() -> None:
    found = find_configuration(
        stack(Path("/gone"), files="/gone/docker-compose.yml,/gone/b.yml", **{ENVIRONMENT_FILE: "/gone/prod.env"})
    )
    [lack] = found.lacks
    assert lack.sentence == (
        "no Compose file and no .env of this stack was found on this host (labels name /gone/docker-compose.yml, "
        "/gone/b.yml): the set cannot start the applications again"
    )
    assert found.warnings == [
        "configuration /gone/prod.env was left out: it is not on this host, and a label of the containers names it"
    ]


def test_environment_alone_does_not_start_anything(project: Path) -> None:
    found = find_configuration(stack(project, files="gone.yml"))
    assert taken(found) == {".env": True}
    assert [lack.sentence for lack in found.lacks] == [
        (
            f"no Compose file of this stack was found on this host (labels name {project}/gone.yml): "
            "the set cannot start the applications again"
        )
    ]


def test_each_compose_file_that_the_labels_name_is_needed(project: Path) -> None:
    """Without production.yml, the others start another stack."""
    found = find_configuration(stack(project, files="docker-compose.yml,production.yml"))
    assert (taken(found), found.warnings) == (COMPOSE, [])
    [lack] = found.lacks
    assert lack.name == f"{project}/production.yml"
    assert lack.reason == "it is not on this host, and a label of the containers names it"
    found = find_configuration(stack(project, files="docker-compose.yml,production.yml"), {lack.name}.__contains__)
    assert found.lacks == []
    assert found.left_out == [{"kind": "configuration", "name": lack.name, "reason": "excluded"}]


def test_what_is_excluded_by_name_is_left_out_and_no_lack(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration_files, "LIMIT", 3)
    (project / "docker-compose.yml").unlink()
    (project / "large.conf").write_text("large")
    (project / ".env").write_text("")
    names = {"Compose files", f"{project}/large.conf", f"{project}/gone.env"}
    mounts = [bind(f"{project}/large.conf", "/x"), bind(f"{project}/gone.env", "/y")]
    found = find_configuration(stack(project, *mounts), names.__contains__)
    assert (found.lacks, found.warnings, taken(found)) == ([], [], {".env": True})
    assert {entry["name"] for entry in found.left_out} == {"Compose files", f"{project}/large.conf"}
    found = find_configuration(stack(project, *mounts))
    assert {lack.name for lack in found.lacks} == {"Compose files", f"{project}/large.conf"}
    assert len(found.warnings) == 1


def test_build_folders_are_named_once_in_a_remark(project: Path) -> None:
    (project / "docker-compose.yml").write_text("services: {b: {build: ./web}, a: {build: {context: /src}}}\n")
    [remark] = find_configuration(stack(project)).warnings
    assert f"a (/src), b ({project}/web)" in remark
    assert find_configuration(stack(project), lambda _name: True).warnings == []


def test_measuring_stops_above_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(configuration_files, "LIMIT", 10)
    for number in range(5):
        (tmp_path / str(number)).write_text("x" * 8)
    assert configuration_files.size_of(str(tmp_path), ()) == 16
    assert configuration_files.size_of(str(tmp_path), {str(tmp_path)}) == 16
