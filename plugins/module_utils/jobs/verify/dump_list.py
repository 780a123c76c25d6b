# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the list of a dump's contents (pg_restore --list), whose names may contain spaces, dots and quotes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress

# An entry with rows has no catalogue table; that of a table in a schema called DATA has the one of pg_class.
_TABLE_DATA = re.compile(r"(\d+); 0 \d+ TABLE DATA (.+)")

_QUOTED = re.compile(r'(?:"(?:[^"]|"")*"|[^".]*)')

_CODECS = {"SQL_ASCII": "utf-8", "MULE_INTERNAL": "utf-8", "WIN1258": "cp1258", "UHC": "cp949", "SJIS": "cp932"}
"""Python's names of PostgreSQL's encodings, where they are not the same."""


def tables_in(data: bytes, encoding: str) -> dict[str, set[str]]:
    """The entries with rows by their numbers: schema, table and owner, separated by single spaces.

    The names are in the encoding of the database, or in UTF-8; some bytes are valid in both, so each entry has both
    readings.
    """
    tables: dict[str, set[str]] = {}
    for text in _texts(data, encoding):
        for line in text.split("\n"):
            match = _TABLE_DATA.fullmatch(line.rstrip("\r"))
            if match:
                tables.setdefault(match.group(1), set()).add(match.group(2))
    return tables


def _texts(data: bytes, encoding: str) -> list[str]:
    texts = []
    for codec in (_CODECS.get(encoding, encoding.replace("WIN", "cp")), "utf-8"):
        with suppress(UnicodeDecodeError, LookupError):
            texts.append(data.decode(codec))
    return texts or [data.decode("utf-8", "replace")]


def readings(key: str) -> list[tuple[str, str]]:
    """The schema and table that a key of a manifest's row counts may mean.

    A key is ``schema.table``, and a part with a dot or a quote is quoted. Older manifests quote nothing, so each dot
    may be the one between schema and table.
    """
    plain = [(key[: match.start()], key[match.end() :]) for match in re.finditer(r"\.", key)]
    first = _QUOTED.match(key)
    end = first.end() if first else 0
    if key[end : end + 1] == "." and _QUOTED.fullmatch(key[end + 1 :]):
        plain.insert(0, (_unquoted(key[:end]), _unquoted(key[end + 1 :])))
    return list(dict.fromkeys(plain))


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if len(name) > 1 and name[0] == name[-1] == '"' else name


def unlisted(rows: Mapping[str, int], listed: Iterable[str], owners: Collection[str]) -> list[str]:
    """The keys of the tables that had rows and are not in the list; ``owners`` are the names of the roles."""
    known = {one_line(owner) for owner in owners}
    # By length: a table "a" is also the beginning of a table "a b".
    starts: dict[str, set[str]] = {}
    for entry in listed:
        words = entry.split(" ")
        for at in range(2, len(words)):
            owner = " ".join(words[at:])
            if owner in known or at == len(words) - 1:
                starts.setdefault(" ".join(words[:at]), set()).add(entry)
    return [
        key
        for key, number in rows.items()
        if number and not any(f"{one_line(schema)} {one_line(table)}" in starts for schema, table in readings(key))
    ]


def one_line(name: str) -> str:
    """A name as in the list: pg_restore writes a line feed as a space."""
    return name.replace("\n", " ").replace("\r", " ")
