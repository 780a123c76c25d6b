"""Two years of working days, in seconds since the first day: fixed, so that every seeding gives the same rows."""

from __future__ import annotations

import datetime
import random

FIRST_DAY = datetime.date(2024, 7, 1)
DAYS = 730
DAY = 86_400
LENGTH = DAYS * DAY
FIRST_UNIX = int(datetime.datetime(2024, 7, 1, tzinfo=datetime.timezone.utc).timestamp())

DATES = [(FIRST_DAY + datetime.timedelta(days=day)).isoformat() for day in range(2 * DAYS)]
MINUTES = [f"{minute // 60:02}:{minute % 60:02}:" for minute in range(1440)]


def moment(rng: random.Random) -> int:
    """Some time in working hours of the two years."""
    return rng.randrange(DAYS) * DAY + 8 * 3600 + rng.randrange(10 * 3600)


def stamp(second: int) -> str:
    return f"{DATES[second // DAY]} {MINUTES[second // 60 % 1440]}{second % 60:02}+00"


def date(second: int) -> str:
    return DATES[second // DAY]


def unix(second: int) -> int:
    return FIRST_UNIX + second
