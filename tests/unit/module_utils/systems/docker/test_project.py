# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command that uses the files with which a project was started."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import ComposeProject, project_of
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.stacks import (
    CONFIG_FILES,
    ENVIRONMENT_FILE,
    WORKING_DIR,
    container,
    stack_of,
)

LABELS = {
    WORKING_DIR: "/opt/my stack",
    CONFIG_FILES: "/opt/my stack/compose.yml,/opt/my stack/compose.prod.yml",
    ENVIRONMENT_FILE: "/opt/my stack/.env,secret.env",
}


def test_all_files_are_repeated_in_their_order_and_quoted() -> None:
    command = stack_of(container("app", labels=LABELS)).compose.command("up", "--detach", "app")
    assert command == (
        "docker compose --project-name shop --project-directory '/opt/my stack' "
        "--file '/opt/my stack/compose.yml' --file '/opt/my stack/compose.prod.yml' "
        "--env-file '/opt/my stack/.env' --env-file '/opt/my stack/secret.env' up --detach app"
    )
    assert shlex.split(command) == stack_of(container("app", labels=LABELS)).compose.argv("up", "--detach", "app")


def test_files_of_most_containers_are_those_of_the_project() -> None:
    # One was started by hand with another file.
    odd = container("odd", labels={**LABELS, CONFIG_FILES: "/tmp/other.yml"})
    found = project_of("shop", [odd, container("app", labels=LABELS), container("db", labels=LABELS)])
    assert found.files == ("/opt/my stack/compose.yml", "/opt/my stack/compose.prod.yml")


BASE = {WORKING_DIR: "/opt/shop", CONFIG_FILES: "/opt/shop/docker-compose.yml"}
OVERRIDE = {**BASE, CONFIG_FILES: "/opt/shop/docker-compose.yml,/opt/shop/docker-compose.override.yml"}


def test_files_of_the_newest_container_are_those_of_the_project() -> None:
    # An override was added later: Compose created only the service that it changes.
    old = [container(name, labels=BASE, created=f"2026-11-30T10:00:0{i}Z") for i, name in enumerate(("db", "web", "a"))]
    new = container("gitea", labels=OVERRIDE, created="2026-11-30T12:00:00Z")
    assert project_of("shop", [*old, new]).files == (
        "/opt/shop/docker-compose.yml",
        "/opt/shop/docker-compose.override.yml",
    )
    # The other way round: one service was created again without the override.
    later = container("web", labels=BASE, created="2026-11-30T13:00:00Z")
    assert project_of("shop", [new, later]).files == ("/opt/shop/docker-compose.yml",)


def test_container_that_was_started_on_its_own_is_not_the_project() -> None:
    odd = container("odd", labels={**BASE, CONFIG_FILES: "/tmp/other.yml"}, created="2026-11-30T12:00:00Z")
    others = [container(name, labels=BASE, created="2026-11-30T10:00:00Z") for name in ("db", "web")]
    assert project_of("shop", [odd, *others]).files == ("/opt/shop/docker-compose.yml",)


def test_files_that_exist_come_before_files_of_an_earlier_start(tmp_path: Path) -> None:
    here = {WORKING_DIR: str(tmp_path), CONFIG_FILES: f"{tmp_path}/compose.yml"}
    (tmp_path / "compose.yml").touch()
    gone = {**here, CONFIG_FILES: f"{tmp_path}/compose.yml,{tmp_path}/removed.yml"}
    before = [container(name, labels=gone, created="2026-11-30T12:00:00Z") for name in ("db", "web")]
    after = container("gitea", labels=here, created="2026-11-30T11:00:00Z")
    assert project_of("shop", [*before, after]).files == (f"{tmp_path}/compose.yml",)


def test_container_without_labels_does_not_outvote_the_others() -> None:
    found = project_of("shop", [container("a"), container("b"), container("app", labels=LABELS)])
    assert found.folder == "/opt/my stack"


@pytest.mark.parametrize("containers", [[], [container("app")]])
def test_without_labels_only_the_name_is_given(containers: list[object]) -> None:
    found = project_of("shop", containers)  # type: ignore[arg-type]
    assert found == ComposeProject("shop")
    assert found.command("ps") == "docker compose --project-name shop ps"
    assert not found.files_exist


def test_path_with_a_comma_is_one_path(tmp_path: Path) -> None:
    folder = tmp_path / "a,b,c"
    folder.mkdir()
    (folder / "compose.yml").touch()
    (tmp_path / "x,y.yml").touch()
    label = f"{folder}/compose.yml,{tmp_path}/x,y.yml,{folder}/gone.yml"
    found = stack_of(container("app", labels={WORKING_DIR: str(folder), CONFIG_FILES: label})).compose
    assert found.files == (f"{folder}/compose.yml", f"{tmp_path}/x,y.yml", f"{folder}/gone.yml")
    assert f"--file {tmp_path}/x,y.yml" in found.command("ps")


def test_missing_paths_with_commas_are_told_apart_by_their_beginnings() -> None:
    labels = {WORKING_DIR: "/gone/a,b", CONFIG_FILES: "/gone/a,b/c.yml,/other,x/d.yml,/gone/a,b/e.yml,f.yml"}
    assert stack_of(container("app", labels=labels)).compose.files == (
        "/gone/a,b/c.yml",
        "/other,x/d.yml",
        "/gone/a,b/e.yml",
        "/gone/a,b/f.yml",
    )


def test_compose_file_of_the_role_stack_is_recognised_by_its_first_line(tmp_path: Path) -> None:
    marker = yaml.safe_load((ROOT / "roles/stack/vars/main.yml").read_text(encoding="utf-8"))["__stack_marker"]
    path = tmp_path / "docker-compose.yml"
    path.write_text(f"{marker}; what is changed here by hand is lost\n---\n", encoding="utf-8")
    override = str(tmp_path / "override.yml")
    assert ComposeProject("shop", str(tmp_path), (str(path), override)).of_role_stack
    path.write_text(f"services: {{}} {marker}\n", encoding="utf-8")
    assert not ComposeProject("shop", str(tmp_path), (str(path), override)).of_role_stack


@pytest.mark.parametrize(
    "text", ["services:\n  db:\n    profiles: [data]\n", '{"services": {"db": {"profiles": ["data"]}}}']
)
def test_profiles_are_active_in_a_command_that_names_a_service(text: str, tmp_path: Path) -> None:
    path = tmp_path / "compose.yml"
    path.write_text(text, encoding="utf-8")
    project = ComposeProject("shop", str(tmp_path), (str(path),))
    assert project.command("up", "--detach", "web").endswith("--profile '*' up --detach web")
    # Without a name, it would start services that were never asked for.
    assert "--profile" not in project.command("up", "--detach")
    assert "--profile" not in project.command("config", "--quiet")
    path.write_text("services: {}\n", encoding="utf-8")
    assert "--profile" not in project.command("up", "--detach", "web")
