# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A legacy dump may set, at its head, what an older server does not know."""

from __future__ import annotations

import gzip
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.transfer import legacy_load

DUMP = """--
-- PostgreSQL database dump
--

\\restrict 7dKbd3XhWpz

-- Dumped from database version 17.6

SET statement_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET row_security = off;

CREATE TABLE public.t (body text);
SET default_tablespace = '';
COPY public.t (body) FROM stdin;
SET transaction_timeout = 0;
\\.
"""


class Older:
    """A session on a server that lacks a setting."""

    def run(self, _action: str, _statement: str, parameters: Sequence[Any]) -> list[tuple[str]]:
        return [(name,) for name in parameters[0] if name == "transaction_timeout"]


class Target:
    """Only its connection string is needed."""

    def dsn(self, database: str) -> str:
        return f"dbname={database}"


@pytest.fixture(params=["x.sql", "x.sql.gz"])
def dump(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / request.param
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(DUMP.encode()))
    else:
        path.write_text(DUMP)
    return path


def loaded(dump: Path, passed_over: dict[int, str], psql: str = "cat") -> subprocess.CompletedProcess[str]:
    """Run the command of a load with a stand-in for psql."""
    program = dump.parent / "psql"
    program.write_text(f"#!/bin/sh\n{psql}\n")
    program.chmod(0o755)
    argv = [
        str(word).replace("/maxops/source", str(dump.parent))
        for word in legacy_load.command(Target(), str(dump), "n", passed_over)
    ]
    environment = {**os.environ, "PATH": f"{dump.parent}:{os.environ['PATH']}"}
    return subprocess.run(argv, check=False, capture_output=True, text=True, env=environment)


def test_settings_at_the_head_only(dump: Path) -> None:
    assert legacy_load.settings_at_head(str(dump)) == {
        9: "statement_timeout",
        10: "transaction_timeout",
        11: "client_encoding",
        13: "row_security",
    }
    assert legacy_load.unknown_settings(Older(), str(dump)) == {10: "transaction_timeout"}


def test_line_is_passed_over_and_rows_are_not_touched(dump: Path) -> None:
    done = loaded(dump, {10: "transaction_timeout"})
    lines = DUMP.splitlines()
    lines[9] = ""
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).splitlines() == lines
    assert (loaded(dump, {}).stdout + loaded(dump, {}).stderr).splitlines() == DUMP.splitlines()


def test_failure_of_psql_and_of_a_damaged_file(dump: Path) -> None:
    assert loaded(dump, {10: "x"}, "cat >/dev/null; echo 'ERROR:  no' >&2; exit 3").returncode == 3
    if dump.suffix == ".gz":
        dump.write_bytes(dump.read_bytes()[:100])
        done = loaded(dump, {})
        assert (done.returncode, "gunzip failed" in done.stderr) == (3, True)
        assert legacy_load.settings_at_head(str(dump)) != {1: ""}
    assert legacy_load.settings_at_head(str(dump.parent / "missing.sql")) == {}
