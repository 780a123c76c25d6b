# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""First, last and full names, of which a list gives one or two."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

HANGUL = re.compile(r"[\uac00-\ud7a3]+")
LONG_SURNAMES = ("남궁", "황보", "제갈", "사공", "선우", "서문", "독고", "동방")


class Names(NamedTuple):
    """The three names of a person."""

    first: str
    last: str
    full: str


def of(row: Mapping[str, Any]) -> Names | None:
    """The names of a row of the list; None when it has no first and last name."""
    first, last, full = (str(row.get(key) or "").strip() for key in ("first_name", "last_name", "full_name"))
    if not (first and last):
        first, last = _split(full)
    if not (first and last):
        return None
    return Names(first, last, full or _joined(first, last))


def _split(full: str) -> tuple[str, str]:
    words = full.split()
    if len(words) > 1:
        # A Korean name with a space still begins with the family name.
        return (" ".join(words[1:]), words[0]) if HANGUL.fullmatch(words[0]) else (" ".join(words[:-1]), words[-1])
    if HANGUL.fullmatch(full) and 2 <= len(full) <= 5:
        length = 2 if full.startswith(LONG_SURNAMES) and len(full) > 2 else 1
        return full[length:], full[:length]
    return "", ""


def _joined(first: str, last: str) -> str:
    return f"{last}{first}" if HANGUL.fullmatch(first) and HANGUL.fullmatch(last) else f"{first} {last}"
