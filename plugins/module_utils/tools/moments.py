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
_SET_ID = re.compile(r"\d{8}T\d{6}Z")
_DAYS = ("today", "yesterday")

_FORMATS = (
    "write how long ago (45s, 10m, 2h30m, 3d, 1w), a date or a time (2026-11-25, 2026-11-25T02:00, "
    "2026-11-25T02:00:00+09:00, or with Z for UTC), a time of day (02:00), today or yesterday"
)


def parse_moment(text: str, now: datetime.datetime, name: str, zone: datetime.tzinfo | None = UTC) -> datetime.datetime:
    """The time that an operator means, in UTC. Raises MaxopsError that says how to write ``name``.

    ``zone`` is that of a time without one; None is the local time of this machine.
    """
    words = text.strip()
    try:
        moment = _named(words.lower(), now, zone) or _ago(words.lower(), now) or _at(words, now, zone)
    except OverflowError:
        raise MaxopsError(f'{name} is "{text}", which is before the first year; {_FORMATS}') from None
    except ValueError as error:
        raise MaxopsError(f'{name} is "{text}", which is not a time ({error}); {_FORMATS}') from None
    if moment is None:
        raise MaxopsError(f'{name} is "{text}", which is not a time; {_FORMATS}')
    return moment


def depends_on_zone(text: str) -> bool:
    """Whether a time that :func:`parse_moment` accepts is another moment in another time zone."""
    words = text.strip()
    match = _MOMENT.fullmatch(words)
    return words.lower() in _DAYS or bool(_TIME_OF_DAY.fullmatch(words)) or bool(match and not match.group(8))


def local_and_utc(moment: datetime.datetime) -> str:
    """A time as it is here and in UTC: ``2026-11-23 11:00:00 KST (2026-11-23T02:00:00Z)``; once where both are one."""
    here = moment.astimezone()
    text = here.strftime("%Y-%m-%d %H:%M:%S %Z")
    return text if not here.utcoffset() else f"{text} ({timestamp(moment)})"


def check_past(moment: datetime.datetime, now: datetime.datetime, text: str, name: str) -> None:
    """Raise MaxopsError for a moment that has not come yet; ``text`` is how it was written."""
    if moment > now:
        raise MaxopsError(
            f'{name} is "{text}", which is {local_and_utc(moment)} and in the future (now is {local_and_utc(now)}); '
            "give an earlier time, and its time zone (+09:00, or Z for UTC)"
        )


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


def _named(words: str, now: datetime.datetime, zone: datetime.tzinfo | None) -> datetime.datetime | None:
    if words == "now":
        return now
    if words not in _DAYS:
        return None
    day = now.astimezone(zone).date() - datetime.timedelta(days=_DAYS.index(words))
    return _in_zone(datetime.datetime(day.year, day.month, day.day), zone)


def _ago(words: str, now: datetime.datetime) -> datetime.datetime | None:
    match = _LENGTH.fullmatch(words.replace(" ", ""))
    if not words or not match:
        return None
    numbers = [int(number or 0) for number in match.groups()]
    return now - datetime.timedelta(**dict(zip(("weeks", "days", "hours", "minutes", "seconds"), numbers)))


def _at(words: str, now: datetime.datetime, zone: datetime.tzinfo | None) -> datetime.datetime | None:
    match = _MOMENT.fullmatch(words)
    if match:
        return _moment(match, zone)
    if _UNIX.fullmatch(words):
        return datetime.datetime.fromtimestamp(float(words), UTC)
    if _SET_ID.fullmatch(words):
        return datetime.datetime.strptime(words, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    match = _TIME_OF_DAY.fullmatch(words)
    if not match:
        return None
    hour, minute, second, microsecond = _clock(match.groups())
    today = now.astimezone(zone).replace(tzinfo=None, hour=hour, minute=minute, second=second, microsecond=microsecond)
    moment = _in_zone(today, zone)
    # At night, 23:00 is the evening before.
    return moment if moment <= now else _in_zone(today - datetime.timedelta(days=1), zone)


def _in_zone(moment: datetime.datetime, zone: datetime.tzinfo | None) -> datetime.datetime:
    """A time without a zone as one in UTC."""
    return (moment if zone is None else moment.replace(tzinfo=zone)).astimezone(UTC)


def _moment(match: re.Match[str], zone: datetime.tzinfo | None = UTC) -> datetime.datetime:
    year, month, day = (int(number) for number in match.groups()[:3])
    moment = datetime.datetime(year, month, day, *_clock(match.groups()[3:7]))
    named = match.group(8)
    return _in_zone(moment, _zone(named) if named else zone)


def _clock(words: tuple[str | None, ...]) -> tuple[int, int, int, int]:
    hour, minute, second, fraction = words
    return int(hour or 0), int(minute or 0), int(second or 0), int((fraction or "0").ljust(6, "0")[:6])


def _zone(words: str) -> datetime.timezone:
    if words in "Zz":
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
