# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first superuser of a rehearsal's server, and the libraries that it preloads."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.server import (
    bootstrap_user,
    preload_libraries,
    without_missing,
)


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("CREATE ROLE maxops;\nALTER ROLE maxops WITH SUPERUSER INHERIT;\n", "maxops"),
        ("ALTER ROLE a WITH NOSUPERUSER;\nALTER ROLE root WITH SUPERUSER;\nALTER ROLE z WITH SUPERUSER;\n", "root"),
        ('ALTER ROLE "odd "" name" WITH SUPERUSER;\n', 'odd " name'),
        ("ALTER ROLE a WITH SUPERUSER;\nGRANT readers TO x WITH INHERIT TRUE GRANTED BY b;\n", "b"),
        ("CREATE ROLE a;\n", "maxops"),
    ],
)
def test_first_superuser_of_a_set(text: str, user: str) -> None:
    assert bootstrap_user(text) == user


@pytest.mark.parametrize(
    ("manifest", "libraries"),
    [
        (None, []),
        (
            {"server": {"shared_preload_libraries": ["pgaudit", "pg_cron", "pg_stat_statements"]}},
            ["pgaudit", "pg_stat_statements"],
        ),
        (
            {
                "server": {"shared_preload_libraries": []},
                "parts": [{"kind": "database", "extensions": {"pgaudit": "1"}}],
            },
            [],
        ),
        (
            {"parts": [{"kind": "database", "extensions": {"pgaudit": "1", "pg_cron": "1"}}, {"kind": "volume"}]},
            ["pgaudit"],
        ),
    ],
)
def test_libraries_of_the_sets_server_but_none_that_would_change_the_data(
    manifest: dict[str, Any] | None, libraries: list[str]
) -> None:
    assert preload_libraries(manifest) == libraries


def test_missing_library_is_left_out_and_all_of_them_after_another_failure() -> None:
    message = (
        'the rehearsal\'s PostgreSQL ended by itself (FATAL: could not access file "b": No such file or directory)'
    )
    assert without_missing(["a", "b", "c"], message) == ["a", "c"]
    assert without_missing(["a"], message) == []
    assert without_missing(["a", "b"], "FATAL: invalid value") == []
