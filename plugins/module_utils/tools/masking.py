# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Masking of secrets in text for people and files.

Two methods, one after the other: the values that the stack is known to keep secret, in every spelling, and the places
where secrets of any kind are written (addresses, headers, assignments).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote, urlsplit

MASK = "***"

SHORTEST = 4
"""Characters of the shortest value that is masked: a shorter one would be masked inside ordinary words."""

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?|secret|token|credential|authori[sz]ation|api_?key|private_?key|key_?base|redis_?url"
    r"|(^|_)auth$|(^|_)key$|cookie",
    re.IGNORECASE,
)
_POINTS_ELSEWHERE = ("_FILE", "_PATH", "_DIR", "_ENABLED", "_LENGTH", "_EXPIRY", "_TTL")
_NOT_SECRET = re.compile(r"\s+|true|false|none|null|auto|default|\d{1,5}", re.IGNORECASE)
_VARIABLE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*?)\s*")
_QUOTED = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)\"""")

_WORD = r"(?:pass(?:word|wd|phrase)|secret|token|(?:api|access|private)[_-]?key|key[_-]?base)"
_VALUE = r"""(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\\"(?:[^"\\]|\\[^"])*\\"|[^\s"'&,;)\]}<>\\]+)"""
_EQUALS = r"""(?:\\?["'])?\s*(?:=>|=|:(?!:))\s*"""
_HEADER = rf"(?:proxy-)?authorization{_EQUALS}"

# Places of secrets, each with its replacement; the text before the secret stays. All repetitions are bounded: the
# writer of a log must not be able to make reading it slow.
_PLACES = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # scheme://user:password@host; the password may contain anything except what ends a URL or a word, also an "@"
        (r"""(?P<before>[a-z][a-z0-9+.-]{0,30}://[^\s:/@'"]{0,200}:)[^\s'"/]{1,500}@""", rf"\g<before>{MASK}@"),
        # Headers as curl, Rails, Go and JSON write them; a digest has several words.
        (rf"""(?P<before>{_HEADER}(?:\\?["'])?digest\s).*""", rf"\g<before>{MASK}"),
        (
            rf"""(?P<before>{_HEADER}(?:\\?["'])?(?:(?:basic|bearer|token|apikey|negotiate)\s+)?)(?!digest\s)[^\s"',;\\]+""",
            rf"\g<before>{MASK}",
        ),
        (rf"""(?P<before>\b(?:set-)?cookie{_EQUALS}(?:\\?["'])?)[^"'\\]+""", rf"\g<before>{MASK}"),
        (r"(?P<before>\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}", rf"\g<before>{MASK}"),
        # password=…, "token": "…", api_key => …, --password …, and SQL's PASSWORD '…'
        (rf"(?P<before>{_WORD}[\w.-]{{0,60}}{_EQUALS}){_VALUE}", rf"\g<before>{MASK}"),
        (rf"(?P<before>--[\w-]{{0,30}}{_WORD}\s+){_VALUE}", rf"\g<before>{MASK}"),
        (r"(?P<before>\bpassword\s+)'(?:[^']|'')*'", rf"\g<before>{MASK}"),
        # Secrets that are recognised by their form: JSON web tokens, and tokens of well-known services.
        (r"\b(?-i:eyJ)[\w-]{8,999}\.[\w-]{8,9999}\.[\w-]*", MASK),
        (r"\b(?-i:gh[pousr]_|github_pat_|glpat-|opapi-|xox[abposr]-|AKIA)[\w-]{12,}", MASK),
    )
)
# Most lines contain none of these, and searching for each place in turn takes ten times as long.
_CANDIDATE = re.compile(
    r"://|authori|cookie|bearer|passw|passphrase|secret|token|key|eyj|gh[pousr]_|github_pat_|glpat-|opapi-|xox|akia",
    re.IGNORECASE,
)


def is_secret_name(name: str) -> bool:
    """True for the name of a variable or key whose value must not be shown."""
    return _SECRET_NAME.search(name) is not None


def secrets_of(environment: Mapping[str, str]) -> set[str]:
    """The values of an environment that are secret: by their name, or as the password of a URL."""
    secrets: set[str] = set()
    for name, value in environment.items():
        password = _password_of_url(value)
        if password:
            secrets.update((password, unquote(password)))
        if is_secret_name(name) and not (password or name.upper().endswith(_POINTS_ELSEWHERE)):
            secrets.add(value)
    return {secret for secret in secrets if len(secret) >= SHORTEST and not _NOT_SECRET.fullmatch(secret)}


def read_environment(text: str) -> dict[str, str]:
    """Names and values of an environment file as Compose reads it: without quotes and comments."""
    lines = (_VARIABLE.fullmatch(line) for line in text.splitlines())
    return {match.group(1): _unquoted(match.group(2)) for match in lines if match}


class Mask:
    """Masks known secrets, and what looks like one, in any text."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {spelling for secret in secrets if len(secret) >= SHORTEST for spelling in _spellings(secret)}
        # The longest first: a secret may begin with another one.
        words = sorted(spellings, key=lambda word: (-len(word), word))
        self._secrets = re.compile("|".join(re.escape(word) for word in words)) if words else None

    def __call__(self, text: str) -> str:
        """The text with its secrets masked."""
        if self._secrets:
            text = self._secrets.sub(MASK, text)
        if _CANDIDATE.search(text):
            for place, replacement in _PLACES:
                text = place.sub(replacement, text)
        return text


def _spellings(secret: str) -> set[str]:
    """The spellings of a secret: unchanged, in an address, in JSON, in SQL, in Compose, in a shell."""
    spellings = {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
    spellings |= {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    return spellings | {secret.replace("'", "''"), secret.replace("$", "$$"), secret.replace("'", "'\\''")}


def _unquoted(value: str) -> str:
    quoted = _QUOTED.match(value)
    if not quoted:
        return re.split(r"\s#", value, maxsplit=1)[0].strip()
    if quoted.group(1) is not None:
        return quoted.group(1)
    return re.sub(r"\\(.)", r"\1", quoted.group(2))


def _password_of_url(value: str) -> str:
    if "://" not in value:
        return ""
    try:
        return urlsplit(value).password or ""
    except ValueError:  # a port that is not a number, a bracket that is not closed
        return ""
