# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of a dump's contents, with names of every kind."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.verify.dump_list import (
    readings,
    tables_in,
    unlisted,
)


def test_entries_with_rows() -> None:
    lines = [
        "; Archive created at 2026-11-30 20:00:00 UTC",
        "215; 1259 16385 TABLE public t owner",
        "216; 1259 16390 TABLE DATA t owner",
        "3512; 0 16385 TABLE DATA public t owner",
        "3513; 0 16391 TABLE DATA a.b t x the owner",
        "3514; 0 0 SEQUENCE SET public t_id_seq owner",
    ]
    data = "\n".join(lines).encode()
    assert tables_in(data, "UTF8") == {"3512": {"public t owner"}, "3513": {"a.b t x the owner"}}


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("public.t", [("public", "t")]),
        ('"a.b".t', [("a.b", "t"), ('"a', 'b".t'), ('"a.b"', "t")]),
        ('a."b.c"', [("a", "b.c"), ("a", '"b.c"'), ('a."b', 'c"')]),
        ('"q""x".t', [('q"x', "t"), ('"q""x"', "t")]),
        ("a.b.t", [("a", "b.t"), ("a.b", "t")]),
    ],
)
def test_readings_of_a_key(key: str, expected: list[tuple[str, str]]) -> None:
    assert readings(key) == expected


LISTED = ["public t maxops", "a.b t maxops", "a b.c the owner", "my schema my table maxops", "public two lines maxops"]


@pytest.mark.parametrize(
    ("key", "listed"),
    [
        ("public.t", True),
        ("public.u", False),
        ('"a.b".t', True),
        ("a.b.t", True),
        ('a."b.c"', True),
        ('"a.b".c', False),
        ("my schema.my table", True),
        ("my schema.my", False),
        ("public.two\nlines", True),
        ("public.two", False),
        ("a.b", False),
    ],
)
def test_table_that_had_rows_is_in_the_list(key: str, listed: bool) -> None:
    assert unlisted({key: 1}, LISTED, ["maxops", "the owner"]) == ([] if listed else [key])
    assert unlisted({key: 0}, LISTED, ["maxops", "the owner"]) == []


@pytest.mark.parametrize(
    ("table", "encoding", "codec"),
    [
        ("größe", "UTF8", "utf-8"),
        ("größe", "LATIN1", "latin-1"),
        ("größe", "LATIN1", "utf-8"),
        # These two bytes are also a letter in UTF-8.
        ("표", "EUC_KR", "euc_kr"),
        ("표", "UHC", "cp949"),
        ("é", "WIN1252", "cp1252"),
        # Only a line feed ends a line.
        ("a\u2028b\x0cc", "UTF8", "utf-8"),
    ],
)
def test_names_in_the_encoding_of_the_database_or_in_utf_8(table: str, encoding: str, codec: str) -> None:
    data = f"; head\n7; 0 2 TABLE DATA public {table} owner\n".encode(codec)
    assert f"public {table} owner" in tables_in(data, encoding)["7"]


def test_names_in_no_encoding_at_all() -> None:
    assert tables_in(b"7; 0 2 TABLE DATA public \xff owner", "SQL_ASCII") == {"7": {"public \ufffd owner"}}
