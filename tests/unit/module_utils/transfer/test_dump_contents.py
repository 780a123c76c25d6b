# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which entries of a dump are loaded apart."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.transfer import dump_contents
from ansible_collections.maxops.ops.plugins.module_utils.transfer.dump_contents import Contents

LIST = """;
; Archive created at 2026-11-23 02:00:00 UTC
2; 3079 16385 EXTENSION - pg_cron\x20
3457; 0 0 COMMENT - EXTENSION pg_cron\x20
3458; 0 16390 TABLE DATA cron job maxops
3459; 0 0 SEQUENCE SET cron jobid_seq maxops
3460; 0 0 ACL - SCHEMA cron maxops
3; 3079 16400 EXTENSION - pg_trgm\x20
215; 1259 16410 TABLE public cron maxops
3461; 0 16410 TABLE DATA public cron maxops
3462; 0 16420 MATERIALIZED VIEW DATA public mv maxops
216; 1259 16420 MATERIALIZED VIEW public mv maxops
3300; 3466 16430 EVENT TRIGGER - aud maxops
3463; 0 0 COMMENT - EVENT TRIGGER aud maxops
3301; 2620 16440 TRIGGER public t EVENT TRIGGER maxops
""".splitlines()


def chosen(pattern: str) -> list[int]:
    """Numbers of the entries that a pattern fits, by the same program as in the helper container."""
    done = subprocess.run(
        ["grep", "-E", "-e", pattern], input="\n".join(LIST), capture_output=True, text=True, check=True
    )
    return sorted(int(line.split(";")[0]) for line in done.stdout.splitlines())


def test_patterns_fit_their_entries_and_no_others() -> None:
    assert chosen(dump_contents.EVENT_TRIGGERS) == [3300, 3463]
    assert chosen(dump_contents.MATERIALIZED_ROWS) == [3462]
    assert chosen(dump_contents.of_extension("pg_cron")) == [2, 3457, 3458, 3459, 3460]


def toc(*words: str) -> bytes:
    """Strings as in a table of contents."""
    return b"PGDMP" + b"".join(b"\0" + len(word.encode()).to_bytes(4, "little") + word.encode() for word in words)


def test_words_of_a_table_of_contents(tmp_path: Path) -> None:
    assert Contents.of(str(tmp_path)) == Contents(b"")
    (tmp_path / "toc.dat").write_bytes(toc("aud", "EVENT TRIGGER", "fast"))
    contents = Contents.of(str(tmp_path))
    assert contents.event_triggers
    assert not contents.distant_views
    assert contents.tablespaces(["fast", "fas", "slow"]) == ["fast"]
    assert not Contents(toc("EVENT TRIGGERS", "no EVENT TRIGGER")).event_triggers
    assert Contents(toc("MATERIALIZED VIEW DATA", "there", "SERVER")).distant_views
    assert Contents(toc("MATERIALIZED VIEW DATA", "CREATE … dblink(…)")).distant_views
    assert not Contents(toc("MATERIALIZED VIEW DATA")).distant_views


def run(tmp_path: Path, pg_restore: str, **options: object) -> tuple[int, str]:
    """Run the command of a load with a stand-in for pg_restore; returns its code and the list that it used."""
    program = tmp_path / "pg_restore"
    program.write_text(f"#!/bin/sh\n{pg_restore}\n")
    program.chmod(0o755)
    argv = [
        word.replace("/dev/shm", str(tmp_path)) for word in dump_contents.loading(["pg_restore", "-d", "x"], **options)
    ]
    done = subprocess.run(
        argv,
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )
    return done.returncode, done.stdout


LISTS = "case $1 in --list) cat <<'END'\n" + "\n".join(LIST) + '\nEND\n;; *) cat "${3#--use-list=}"; echo $@ ;; esac'


def test_command_uses_the_chosen_entries(tmp_path: Path) -> None:
    assert dump_contents.loading(["pg_restore"]) == ["pg_restore", "/maxops/source"]
    code, out = run(tmp_path, LISTS, without=[dump_contents.EVENT_TRIGGERS, dump_contents.MATERIALIZED_ROWS])
    assert code == 0
    assert not re.search("EVENT TRIGGER - aud|MATERIALIZED VIEW DATA|EVENT TRIGGER aud", out)
    assert "215; 1259 16410 TABLE public cron maxops" in out
    assert out.endswith(f"-d x --use-list={tmp_path}/list /maxops/source\n")
    code, out = run(tmp_path, LISTS, only=dump_contents.EVENT_TRIGGERS)
    assert (code, out.count("\n")) == (0, 3)


@pytest.mark.parametrize("script", ["exit 1", "case $1 in --list) exit 9;; *) echo loaded ;; esac"])
def test_list_that_cannot_be_made_loads_nothing(tmp_path: Path, script: str) -> None:
    code, out = run(tmp_path, script, without=[dump_contents.EVENT_TRIGGERS])
    assert code != 0
    assert out == ""


def test_extensions_of_a_single_database() -> None:
    assert dump_contents.single_database({"pg_trgm": "1", "pg_cron": "1.6"}) == ["pg_cron"]
    assert dump_contents.single_database({}) == []
