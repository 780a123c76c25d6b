# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Compose itself says about a project; a program in its place answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.compose import (
    ComposeRefusal,
    compose_config,
    effective_configuration,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import ComposeProject
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import CONFIG_FILES, WORKING_DIR, container, stack_of

PROJECT = ComposeProject("shop", "/opt/shop", ("/opt/shop/compose.yml",))


def answering(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """Put a program called docker first in PATH; returns the file that gets its words."""
    program = folder / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >{folder}/words\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return folder / "words"


def test_merged_project_has_the_services_of_all_profiles_and_names_unset_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warning = r'time="x" level=warning msg="The \"A\" variable is not set. Defaulting to a blank string."'
    script = f"""echo '{{"services": {{"a": "s3cret$$1"}}}}'; echo '{warning}' >&2; echo '{warning}' >&2"""
    words = answering(tmp_path, monkeypatch, script)
    merged = effective_configuration(PROJECT)
    assert merged.text == '{"services": {"a": "s3cret$$1"}}\n'
    assert merged.unset == ("A",)
    assert "s3cret" not in repr(merged)
    assert words.read_text() == (
        "compose --project-name shop --project-directory /opt/shop --file /opt/shop/compose.yml "
        "--profile * config --format json\n"
    )


def test_values_are_those_that_a_container_gets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, monkeypatch, """echo '{"services": {"a": {"environment": {"P": "x$$y"}, "l": ["$$", 1]}}}'""")
    stack = stack_of(container("a", labels={WORKING_DIR: "/opt/shop", CONFIG_FILES: "c.yml"}))
    assert compose_config(stack) == {"services": {"a": {"environment": {"P": "x$y"}, "l": ["$", 1]}}}


def test_refusal_of_compose_is_shown_without_the_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, monkeypatch, "echo 'invalid template: s3cret${' >&2; exit 15")
    with pytest.raises(ComposeRefusal, match=r"invalid template: \*\*\*$"):
        effective_configuration(PROJECT)


def test_compose_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(tmp_path, monkeypatch, "exec sleep 60")
    with pytest.raises(MaxopsError, match=r"config took longer than 0.3 s; does a Compose file include a remote one\?"):
        effective_configuration(PROJECT, seconds=0.3)


def test_project_without_a_folder_is_not_guessed() -> None:
    with pytest.raises(MaxopsError, match="no container has a label with the path of the Compose files"):
        effective_configuration(ComposeProject("shop"))
