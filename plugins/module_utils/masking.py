# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets taken out of what people and files get to see. Private to this collection."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote, urlsplit

MASK = "***"

SHORTEST = 4
"""Letters that a secret has at least: a shorter value would be taken out of every other word."""

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?|secret|token|credential|authori[sz]ation|api_?key|private_?key|key_?base|redis_?url"
    r"|(^|_)auth$|(^|_)key$|cookie",
    re.IGNORECASE,
)
# The password may hold anything but what ends a URL or a word: an "@" in it too.
_IN_URL = re.compile(r"(?P<before>[a-z][a-z0-9+.-]*://[^\s:/@'\"]*:)[^\s'\"/]+@", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?P<before>\b[\w.-]*(?:pass(?:word|wd|phrase)?|secret|token|api[_-]?key)[\w.-]*[\"']?\s*[=:]\s*)"
    r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)",
    re.IGNORECASE,
)
_BEARER = re.compile(r"(?P<before>\b(?:bearer|basic|token)\s+)(?P<value>[A-Za-z0-9._~+/=-]{8,})", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """True for the name of a variable or key whose value nobody should see."""
    return _SECRET_NAME.search(name) is not None


def secrets_of(environment: Mapping[str, str]) -> set[str]:
    """The values of an environment that are secret: by their name, or as the password of a URL."""
    found = set()
    for name, value in environment.items():
        password = _password_of_url(value)
        if password:
            found.update((password, unquote(password)))
        if is_secret_name(name) and not (password or name.upper().endswith("_FILE")):
            found.add(value)
    return {each for each in found if len(each) >= SHORTEST and not each.isspace()}


class Mask:
    """Takes known secrets, and what looks like one, out of any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {each for each in secrets if len(each) >= SHORTEST}
        known |= {quote(each, safe="") for each in known}
        # The longest first: a secret may begin with another one.
        words = sorted(known, key=lambda each: (-len(each), each))
        self._known = re.compile("|".join(re.escape(each) for each in words)) if words else None

    def __call__(self, text: str) -> str:
        """The text without its secrets."""
        if self._known:
            text = self._known.sub(MASK, text)
        text = _IN_URL.sub(rf"\g<before>{MASK}@", text)
        text = _ASSIGNED.sub(rf"\g<before>{MASK}", text)
        return _BEARER.sub(rf"\g<before>{MASK}", text)


def _password_of_url(value: str) -> str:
    if "://" not in value:
        return ""
    try:
        return urlsplit(value).password or ""
    except ValueError:  # a port that is no number, a bracket that is not closed
        return ""
