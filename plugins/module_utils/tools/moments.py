# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moments as operators and Docker write them. Private to this collection."""

from __future__ import annotations

import datetime
import re

from .errors import MaxopsError

UTC = datetime.timezone.utc

_LENGTH = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?:in)?)?(?:(\d+)s)?")
_CLOCK = r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
_TIME_OF_DAY = re.compile(_CLOCK)
_DATE = r"(\d{4})-(\d{1,2})-(\d{1,2})"
_ZONE = r"(Z|[+-]\d{2}(?::?\d{2})?)"
_MOMENT = re.compile(rf"{_DATE}(?:[T ]{_CLOCK})?\s?{_ZONE}?", re.IGNORECASE)
_UNIX = re.compile(r"\d{9,11}(?:\.\d+)?")

_HOW = (
    "write how long ago (45s, 10m, 2h30m, 3d, 1w), a moment (2026-11-25, 2026-11-25T02:00, 2026-11-25T02:00:00+09:00; "
    "without a zone it is UTC), a time of day (02:00), today or yesterday"
)


def parse_moment(text: str, now: datetime.datetime, name: str) -> datetime.datetime:
    """The moment that an operator means, in UTC. Raises MaxopsError that tells how to write ``name``."""
    words = text.strip()
    try:
        found = _named(words.lower(), now) or _ago(words.lower(), now) or _at(words, now)
    except OverflowError:
        raise MaxopsError(f'{name} is "{text}", which is before the first year; {_HOW}') from None
    except ValueError as error:
        raise MaxopsError(f'{name} is "{text}", which is no moment ({error}); {_HOW}') from None
    if found is None:
        raise MaxopsError(f'{name} is "{text}", which is no moment; {_HOW}')
    return found


def check_order(since: datetime.datetime | None, until: datetime.datetime | None, now: datetime.datetime) -> None:
    """Raise MaxopsError for a time in which nothing can have happened."""
    if since and since > now:
        raise MaxopsError(f"since is {_told(since)}, which is yet to come (it is {_told(now)}); name an earlier moment")
    if since and until and until <= since:
        raise MaxopsError(f"until ({_told(until)}) is not after since ({_told(since)}); exchange them")


def docker_text(moment: datetime.datetime) -> str:
    """A moment as Docker stamps log lines, always as long: such texts compare like the moments themselves."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def parse_docker(text: str | None) -> datetime.datetime | None:
    """A moment as Docker tells it, with nanoseconds; None for what has not happened (year 1) or is no moment."""
    match = _MOMENT.fullmatch(text or "")
    return _moment(match) if match and int(match.group(1)) > 1 else None


def _told(moment: datetime.datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _named(words: str, now: datetime.datetime) -> datetime.datetime | None:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"now": now, "today": midnight, "yesterday": midnight - datetime.timedelta(days=1)}.get(words)


def _ago(words: str, now: datetime.datetime) -> datetime.datetime | None:
    match = _LENGTH.fullmatch(words.replace(" ", ""))
    if not words or not match:
        return None
    numbers = [int(each or 0) for each in match.groups()]
    return now - datetime.timedelta(**dict(zip(("weeks", "days", "hours", "minutes", "seconds"), numbers)))


def _at(words: str, now: datetime.datetime) -> datetime.datetime | None:
    match = _MOMENT.fullmatch(words)
    if match:
        return _moment(match)
    if _UNIX.fullmatch(words):
        return datetime.datetime.fromtimestamp(float(words), UTC)
    match = _TIME_OF_DAY.fullmatch(words)
    if not match:
        return None
    hour, minute, second, microsecond = _clock(match.groups())
    today = now.astimezone(UTC).replace(hour=hour, minute=minute, second=second, microsecond=microsecond)
    # At night, 23:00 is the evening before.
    return today if today <= now else today - datetime.timedelta(days=1)


def _moment(match: re.Match[str]) -> datetime.datetime:
    year, month, day = (int(each) for each in match.groups()[:3])
    clock = _clock(match.groups()[3:7])
    return datetime.datetime(year, month, day, *clock, tzinfo=_zone(match.group(8))).astimezone(UTC)


def _clock(words: tuple[str | None, ...]) -> tuple[int, int, int, int]:
    hour, minute, second, fraction = words
    return int(hour or 0), int(minute or 0), int(second or 0), int((fraction or "0").ljust(6, "0")[:6])


def _zone(words: str | None) -> datetime.timezone:
    if not words or words in "Zz":
        return UTC
    digits = words[1:].replace(":", "").ljust(4, "0")
    offset = datetime.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return datetime.timezone(-offset if words[0] == "-" else offset)


def utc_now() -> datetime.datetime:
    """The present moment in UTC, with its zone."""
    return datetime.datetime.now(datetime.timezone.utc)


def timestamp(moment: datetime.datetime) -> str:
    """ISO 8601 in UTC to the second, as in ``2026-11-23T02:00:00Z``."""
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
