# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea's app.ini and the variables that become its entries, in the spellings that the image accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.configuration import (
    CONFIGURATIONS,
    configuration_paths,
    entries,
    image_database,
    read_ini,
)


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("GITEA__database__PASSWD", ("database", "PASSWD")),
        ("GITEA__DATABASE__PASSWD", ("database", "PASSWD")),
        ("FORGEJO__database__PASSWD", ("database", "PASSWD")),
        ("GITEA__database__PASSWD__FILE", ("database", "PASSWD__FILE")),
        ("GITEA__LOG_0x2E_CONSOLE__LEVEL", ("log.console", "LEVEL")),
        ("GITEA__log_0X2E_console__LEVEL", ("log.console", "LEVEL")),
        ("GITEA____APP_NAME", ("", "APP_NAME")),
        ("GITEA__i18n__NAMES_0xC3A9_", ("i18n", "NAMESé")),
        ("FORGEJO__LOG_0x2e_CONSOLE__LEVEL", ("log.console", "LEVEL")),
        ("GITEA__a_0x2E___KEY", ("a.", "KEY")),
        ("GITEA__a_0x5F5F_b__KEY", ("a__b", "KEY")),
        ("GITEA__server__A__B", ("server", "A__B")),
    ],
)
def test_variable_becomes_an_entry(name: str, entry: tuple[str, str]) -> None:
    assert entries({name: "x", "OTHER": "y", "GITEA_CUSTOM": "/data"}) == {entry: "x"}


@pytest.mark.parametrize(
    "name", ["GITEA__", "GITEA__database", "GITEA__database__", "GITEA_database__KEY", "MY_GITEA__a__B"]
)
def test_other_variable_is_no_entry(name: str) -> None:
    assert entries({name: "x"}) == {}


def test_forgejo_reads_its_own_variables_last() -> None:
    assert entries({"FORGEJO__a__B": "own", "GITEA__a__B": "old"}) == {("a", "B"): "own"}


def test_variables_of_the_image_are_entries_of_the_database() -> None:
    assert image_database({"DB_TYPE": "postgres", "DB_HOST": "db:5432", "DB_PASSWD": "x", "DB_POOL": "5"}) == {
        "DB_TYPE": "postgres",
        "HOST": "db:5432",
        "PASSWD": "x",
    }


def test_place_of_the_file() -> None:
    assert configuration_paths({}) == CONFIGURATIONS
    assert configuration_paths({"GITEA_APP_INI": "/srv/app.ini"}) == ("/srv/app.ini",)


def test_file_is_read_by_section_and_key(tmp_path: Path) -> None:
    path = tmp_path / "app.ini"
    path.write_text("APP_NAME = Gitea\n[database]\n; comment\nPASSWD = `a#b`\n", encoding="utf-8")
    assert read_ini(str(path)) == {"": {"APP_NAME": "Gitea"}, "database": {"PASSWD": "a#b"}}
