# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a line of a log reports an error: by the level that its program wrote, and by its words without one."""

from __future__ import annotations

import re

HEAD = 200
"""A level is looked for in so many first characters: what follows is the message."""

_ERROR_LEVELS = frozenset(
    (
        "e",
        "c",
        "f",
        "error",
        "err",
        "crit",
        "critical",
        "fatal",
        "panic",
        "alert",
        "emerg",
        "emergency",
        "severe",
        "ftl",
    )
)
_NUMBER_OF_ERROR = 50
"""Levels as numbers (pino, bunyan): 30 is information, 40 a warning, 50 an error, 60 fatal."""

_NAMES = (
    "trace|debug|info|information|notice|note|system|warn|warning|error|err|crit|critical|fatal|panic|alert|emerg"
    "|emergency|severe"
)
# {"level":"info"} of Caddy and others, {"level":30} of pino.
_JSON_LEVEL = re.compile(rf'"(?:level|lvl|severity|levelname)"\s*:\s*"?(?P<level>(?i:{_NAMES})\b|\d+)')
_LEVELS = tuple(
    re.compile(pattern)
    for pattern in (
        # level=info
        rf'\b(?:level|lvl|severity)="?(?P<level>(?i:{_NAMES}))\b',
        # Gitea: [I]; nginx: [error]; Apache: [core:error]; MySQL: [Note]
        rf"(?:^|\s)\[(?:\w+:)?(?P<level>[TDIWECF]|(?i:{_NAMES}))\]",
        # PostgreSQL: the lines that follow an error have words of their own.
        (
            r"(?:^|[\s\]])(?P<level>DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC"
            r"|STATEMENT|DETAIL|HINT|CONTEXT|QUERY|LOCATION):(?=\s)"
        ),
        # Ruby: I, [2026-11-30T13:26:49.123456 #1]  INFO -- :
        r"^(?P<level>[DIWEFAU]), \[",
        # Redis, for all but a warning: that is also how it reports errors.
        r"^\d+:[A-Z] \d\d \w{3} \d{4} [\d:.]+ (?P<level>[.*-]) ",
        # glog: I1130 13:26:49.123456
        r"^(?P<level>[IWEF])\d{4} \d\d:\d\d:",
        # Traefik: 2026-11-30T13:26:49Z ERR message
        r"^\S*\d(?:Z|[+-]\d\d:\d\d) (?P<level>TRC|DBG|INF|WRN|ERR|FTL)(?=\s)",
        # 2026-11-30 13:26:49 WARN message; INFO:module:message
        r"(?:^|[\s\]])(?P<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL|PANIC|ALERT|EMERG|SEVERE)(?=[\s:])",
    )
)

# The line of a request: "GET /errors HTTP/1.1" 200
_REQUEST = re.compile(r'"[A-Z]+ \S+ HTTP/[\d.]+"\s+(?P<status>\d{3})\b')
# A status that is no error of the server has the word: 417 Expectation Failed, 424 Failed Dependency.
_STATUS = re.compile(r"\b[1-4]\d\d (?:Precondition Failed|Expectation Failed|Failed Dependency)\b", re.IGNORECASE)
_WORDS = re.compile(r"\b(?:error|fatal|panic|critical|exception|traceback|emerg|failed|failure)\b", re.IGNORECASE)


def level_of(text: str) -> str:
    """The level that is written in a line, in lower case; the first one of several, empty without one."""
    of_json = _JSON_LEVEL.search(text) if text.startswith("{") else None
    found = [of_json] if of_json else [match for pattern in _LEVELS if (match := pattern.search(text[:HEAD]))]
    return min(found, key=lambda match: match.start("level"))["level"].lower() if found else ""


def looks_like_error(text: str) -> bool:
    """Whether a line reports an error: its level says so, or a request's status, or a word where it has neither."""
    level = level_of(text)
    if level.isdigit():
        return int(level) >= _NUMBER_OF_ERROR
    if level:
        return level in _ERROR_LEVELS
    request = _REQUEST.search(text)
    if request:
        return request["status"] >= "500"
    return _WORDS.search(_STATUS.sub("", text)) is not None
