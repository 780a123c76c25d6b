# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server's list of databases: names of any bytes, and libraries of any spelling."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import inventory
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import name_of


@pytest.mark.parametrize(
    ("setting", "names"),
    [
        ("", []),
        ("pg_cron", ["pg_cron"]),
        ('pg_stat_statements, "pgaudit" ,timescaledb', ["pg_stat_statements", "pgaudit", "timescaledb"]),
    ],
)
def test_libraries_of_a_setting(setting: str, names: list[str]) -> None:
    assert inventory.libraries_in(setting) == names


@pytest.mark.parametrize(
    ("sent", "name", "readable"),
    [
        (b"openproject", "openproject", True),
        ("größe".encode(), "größe", True),
        (b"m\xfcller", "m\\xfcller", False),
        (memoryview(b"x"), "x", True),
    ],
)
def test_names_of_another_encoding_are_shown_and_marked(sent: bytes, name: str, readable: bool) -> None:
    assert name_of(sent) == name
    assert inventory._is_utf8(sent) is readable
