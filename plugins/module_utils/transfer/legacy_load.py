# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading a legacy dump, ``.sql`` or ``.sql.gz``, with psql."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Mapping, Sequence

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session

from .load_target import INSIDE_SOURCE, Target

HEAD_LINES = 200
"""Lines in which the settings at the head of a dump are looked for."""

_SETTING = re.compile(rb"SET ([a-z_]+) = [^;]*;")

# All exit codes count: psql takes a truncated stream for the end of the file, so the code of the reader is needed too.
_SCRIPT = """
file=$1 edit=$2; shift 2
case $file in *.gz) unpack="gunzip -c" ;; *) unpack=cat ;; esac
if test "$unpack" = cat && test -z "$edit"; then exec "$@" <"$file"; fi
edited() { if test -n "$edit"; then sed -e "$edit"; else cat; fi; }
failed=$({
  { $unpack "$file" || echo "${unpack%% *} failed" >&3; } | { edited || echo "sed failed" >&3; } |
    "$@" >&2 || echo "psql failed" >&3
} 3>&1)
test -z "$failed" || { echo "$failed" >&2; exit 3; }
"""


def settings_at_head(path: str) -> dict[int, str]:
    """The settings that a dump makes before its first other statement: their names by the number of the line."""
    found: dict[int, str] = {}
    try:
        with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as stream:
            for number, line in zip(range(1, HEAD_LINES + 1), stream):
                text = line.strip()
                match = _SETTING.fullmatch(text)
                if match:
                    found[number] = match.group(1).decode()
                elif text and not text.startswith((b"--", b"\\", b"SELECT pg_catalog.set_config(")):
                    break
    except (OSError, EOFError, zlib.error):
        pass  # psql or gunzip reports what is wrong with the file
    return found


def unknown_settings(session: Session, path: str) -> dict[int, str]:
    """Those settings at the head of a dump that the server does not have, as with a dump of a later pg_dump."""
    found = settings_at_head(path)
    query = "SELECT name FROM unnest(%s::text[]) name WHERE current_setting(name, true) IS NULL"
    unknown = {row[0] for row in session.run("read the settings of", query, [sorted(set(found.values()))])}
    return {number: name for number, name in found.items() if name in unknown}


def command(target: Target, path: str, name: str, passed_over: Mapping[int, str]) -> Sequence[str]:
    """The command that loads the dump in the folder at ``/maxops/source`` in one transaction, without some lines."""
    psql = ["psql", "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--single-transaction"]
    psql += [f"--dbname={target.dsn(name)}"]
    # An empty line in its place keeps the numbers of the lines in messages right.
    edit = ";".join(f"{number}s/.*//" for number in sorted(passed_over))
    return ["sh", "-c", _SCRIPT, "sh", f"{INSIDE_SOURCE}/{os.path.basename(path)}", edit, *psql]
