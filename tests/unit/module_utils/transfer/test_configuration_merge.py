# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The project as Compose merges it is in the set, and what it names, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.compose import (
    ComposeRefusal,
    EffectiveConfiguration,
)
from ansible_collections.maxops.ops.plugins.module_utils.transfer import configuration_merge
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration_files import (
    Configuration,
    find_configuration,
)
from ansible_collections.maxops.ops.plugins.module_utils.transfer.configuration_merge import merge_configuration
from ansible_collections.maxops.ops.tests.unit.stacks import CONFIG_FILES, WORKING_DIR, container, stack_of


def merged(project: Path, monkeypatch: pytest.MonkeyPatch, answer: EffectiveConfiguration | Exception) -> Configuration:
    def compose(*_arguments: object) -> EffectiveConfiguration:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(configuration_merge, "effective_configuration", compose)
    made = stack_of(
        container(
            "app",
            environment={"APP_PASSWORD": "s3cret-value"},
            labels={WORKING_DIR: str(project), CONFIG_FILES: "docker-compose.yml"},
        )
    )
    found = find_configuration(made)
    merge_configuration(made, found, lambda _name: False)
    return found


def test_files_that_only_compose_finds_are_taken(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "k$y").touch()
    (project / "m.conf").touch()
    text = (
        f'{{"secrets": {{"k": {{"file": "{project}/k$$y"}}}}, "configs": {{"c": {{"file": "{project}/gone"}}}}, '
        f'"services": {{"a": {{"volumes": [{{"type": "bind", "source": "{project}/m.conf"}}, '
        '{"type": "volume"}]}}}'
    )
    found = merged(project, monkeypatch, EffectiveConfiguration(text, ("NOTSET",)))
    assert {file.path: file.private for file in found.files} == {
        "docker-compose.yml": True,
        ".env": True,
        "k$y": True,
        "m.conf": False,
    }
    assert found.effective == text
    assert "s3cret" not in repr(found)
    assert "no file on this host sets NOTSET" in found.warnings[0]
    assert f"{project}/gone was left out" in found.warnings[1]


def test_compose_that_cannot_merge_is_a_warning_without_secrets(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = merged(project, monkeypatch, ComposeRefusal("bad value s3cret-value in x"))
    assert found.effective == ""
    assert found.warnings[0].startswith(
        "the set has no effective configuration (config/effective.json): bad value *** in x; docker compose "
    )
