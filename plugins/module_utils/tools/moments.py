# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times as operators and Docker write them."""

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

_FORMATS = (
    "write how long ago (45s, 10m, 2h30m, 3d, 1w), a date or a time (2026-11-25, 2026-11-25T02:00, "
    "2026-11-25T02:00:00+09:00; without a zone it is UTC), a time of day (02:00), today or yesterday"
)


def parse_moment(text: str, now: datetime.datetime, name: str) -> datetime.datetime:
    """The time that an operator means, in UTC. Raises MaxopsError that says how to write ``name``."""
    words = text.strip()
    try:
        moment = _named(words.lower(), now) or _ago(words.lower(), now) or _at(words, now)
    except OverflowError:
        raise MaxopsError(f'{name} is "{text}", which is before the first year; {_FORMATS}') from None
    except ValueError as error:
        raise MaxopsError(f'{name} is "{text}", which is not a time ({error}); {_FORMATS}') from None
    if moment is None:
        raise MaxopsError(f'{name} is "{text}", which is not a time; {_FORMATS}')
    return moment


def check_order(since: datetime.datetime | None, until: datetime.datetime | None, now: datetime.datetime) -> None:
    """Raise MaxopsError for a period that is empty or in the future."""
    if since and since > now:
        raise MaxopsError(
            f"since is {timestamp(since)}, which is in the future (now is {timestamp(now)}); give an earlier time"
        )
    if since and until and until <= since:
        raise MaxopsError(f"until ({timestamp(until)}) is not after since ({timestamp(since)}); swap them")


def docker_text(moment: datetime.datetime) -> str:
    """A time as in Docker's log lines, always of the same length, so that texts compare like the times themselves."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def parse_docker(text: str | None) -> datetime.datetime | None:
    """A time as Docker writes it, with nanoseconds; None for year 1 (has not happened) and for anything else."""
    match = _MOMENT.fullmatch(text or "")
    return _moment(match) if match and int(match.group(1)) > 1 else None


def _named(words: str, now: datetime.datetime) -> datetime.datetime | None:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {"now": now, "today": midnight, "yesterday": midnight - datetime.timedelta(days=1)}.get(words)


def _ago(words: str, now: datetime.datetime) -> datetime.datetime | None:
    match = _LENGTH.fullmatch(words.replace(" ", ""))
    if not words or not match:
        return None
    numbers = [int(number or 0) for number in match.groups()]
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
    year, month, day = (int(number) for number in match.groups()[:3])
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
    """The current time in UTC, with its time zone."""
    return datetime.datetime.now(UTC)


def timestamp(moment: datetime.datetime) -> str:
    """ISO 8601 in UTC to the second, as in ``2026-11-23T02:00:00Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
