# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks whose database is not one of their own services."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.database import (
    as_superuser,
    check_database,
)
from ansible_collections.maxops.ops.tests.unit.diagnoses import inspection, view_of


@pytest.mark.parametrize(
    ("kind", "state", "words"),
    [
        ("postgres", "unknown", "the applications log in to pg.example.com, which is no server of this stack"),
        ("sqlite3", "ok", "the stack has no PostgreSQL server"),
        ("mysql", "ok", "the stack has no PostgreSQL server"),
    ],
)
def test_server_outside_the_stack_is_said_to_be_unchecked(kind: str, state: str, words: str) -> None:
    database = {"DB_TYPE": kind, "HOST": "pg.example.com:5432", "NAME": "gitea", "USER": "gitea", "PASSWD": "x"}
    environment = {f"GITEA__database__{key}": value for key, value in database.items()}
    result = check_database(view_of(inspection("server", image="gitea/gitea:1.22", environment=environment)))
    assert result.state == state
    assert result.in_words().startswith(words)


def test_superuser_is_that_of_the_container() -> None:
    assert as_superuser(inspection("db")) == " -U postgres"
    assert as_superuser(inspection("db", environment={"POSTGRES_USER": "forge admin"})) == " -U 'forge admin'"
