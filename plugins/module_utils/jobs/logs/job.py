# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of a stack's services in one order, without secrets, not too much of them. Private to this collection."""

from __future__ import annotations

import datetime
import re
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.services import chosen_containers
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import check_order, parse_moment, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from .lines import Line, Newest, fit, fit_to_show, in_order, looks_bad, pack, render, shorten
from .reading import known_secrets, read_log, source_names

TAIL = 1000
"""Lines of each service when neither a number nor a time is asked for."""

PACKED_LIMIT = 3_500_000
"""Characters of a result's packed text, so that no task's output gets larger than 5 MB."""


@dataclass(frozen=True)
class LogOptions:
    """What the operator asked for; ``tail`` 0 is all lines, ``limit`` the bytes of text that are brought."""

    access: Access
    services: list[str]
    tail: int | None
    since: str | None
    until: str | None
    grep: str | None
    ignore_case: bool
    limit: int
    show: int
    timeout: float


@dataclass(frozen=True)
class Wanted:
    """The lines that were asked for, in terms of the work: ``newest`` of each source, or all."""

    since: datetime.datetime | None
    until: datetime.datetime | None
    pattern: re.Pattern[str] | None
    newest: int | None


@dataclass
class Source:
    """One container's part of the result."""

    container: Container
    name: str
    lines: Newest
    errors: int = 0
    problem: str | None = None
    complete: bool = False


class OutOfTime(Exception):
    """Reading took longer than it may."""


def collect_logs(options: LogOptions, now: datetime.datetime | None = None) -> dict[str, Any]:
    """Read the logs. Raises MaxopsError for what makes no sense before anything is read."""
    started = time.monotonic()
    wanted = understand(options, now or utc_now())
    stack = options.access.connect()
    names = source_names(stack)
    containers = chosen_containers(stack, options.services)
    sources = [Source(each, names[each.id], Newest(wanted.newest, options.limit)) for each in containers]
    mask = Mask(known_secrets(stack))
    left_out = _read_all(stack, sources, wanted, options)
    masked = sum(_make_fit(source, mask) for source in sources)
    if sources and all(source.problem for source in sources):
        raise MaxopsError(f"no log could be read: {sources[0].problem}")
    lines = in_order(source.lines.kept for source in sources)
    kept, text, packed = _fit(lines, options.limit)
    if len(kept) < len(lines):
        left_out.append(
            f"the oldest {len(lines) - len(kept):,} of {len(lines):,} lines, because all together are larger than "
            f"{human_size(options.limit)} or too large for one task: ask for a shorter time, or for fewer services"
        )
    return {
        "changed": False,
        "project": options.access.project_name,
        "services": [_told(source) for source in sources],
        "lines": len(kept),
        "bytes": len(text.encode("utf-8", "replace")),
        "first": kept[0].time if kept else None,
        "last": kept[-1].time if kept else None,
        "masked": masked,
        "left_out": left_out,
        "newest": [shorten(each, 500) for each in render(kept[-options.show :]).splitlines()] if options.show else [],
        "content": packed,
        "duration": round(time.monotonic() - started, 3),
    }


def understand(options: LogOptions, now: datetime.datetime) -> Wanted:
    """Times and patterns in terms of the work. Raises MaxopsError that says what is wrong with them."""
    since = parse_moment(options.since, now, "since") if options.since is not None else None
    until = parse_moment(options.until, now, "until") if options.until is not None else None
    check_order(since, until, now)
    pattern = None
    if options.grep is not None:
        try:
            pattern = re.compile(options.grep, re.IGNORECASE if options.ignore_case else 0)
        except re.error as error:
            raise MaxopsError(
                f'grep is "{options.grep}", which is no regular expression ({error}); put a backslash before a '
                r"character that is meant as it is, as in \(failed\)"
            ) from None
    tail = options.tail if options.tail is not None else 0 if since else TAIL
    return Wanted(since, until, pattern, tail or None)


def _read_all(stack: Stack, sources: list[Source], wanted: Wanted, options: LogOptions) -> list[str]:
    """Read one log after the other; gives in words what is not in the result."""
    left_out = []
    try:
        with _at_most(options.timeout):
            for source in sources:
                _read(stack, source, wanted)
    except OutOfTime:
        cut = ", ".join(source.name for source in sources if not source.complete)
        left_out.append(
            f"what {cut} logged and could not be read within {options.timeout:g} s: ask for fewer services, a shorter "
            "time or a simpler grep, or raise the timeout"
        )
    return left_out + [words for source in sources for words in _dropped(source, wanted)]


def _read(stack: Stack, source: Source, wanted: Wanted) -> None:
    # Docker counts its last lines before it looks at the time of an end or anybody looks for a pattern.
    counts_itself = wanted.until is None and wanted.pattern is None
    # One more than is wanted tells that there are more.
    newest = wanted.newest + 1 if counts_itself and wanted.newest else None
    try:
        for moment, raw in read_log(stack, source.container, wanted.since, wanted.until, newest):
            text = fit_to_show(raw)
            if wanted.pattern is None or wanted.pattern.search(text):
                source.lines.add(Line(moment, source.name, text))
    except MaxopsError as error:
        source.problem = str(error)
        if "does not support reading" in source.problem:
            name = source.container.name
            source.problem = (
                f"{name} logs elsewhere: its logging driver (docker inspect {name}) keeps nothing to read here"
            )
    source.complete = True


def _make_fit(source: Source, mask: Mask) -> int:
    """Take the secrets out of a source's lines and cut the long ones; gives how many lines held a secret."""
    masked = 0
    shown: list[Line] = []
    for line in source.lines.kept:
        text = mask(line.text)
        masked += text != line.text
        source.errors += looks_bad(text)
        shown.append(line._replace(text=shorten(text)))
    source.lines.kept = deque(shown)
    return masked


def _dropped(source: Source, wanted: Wanted) -> list[str]:
    if not source.lines.dropped:
        return []
    if wanted.newest and len(source.lines.kept) == wanted.newest:
        counted = wanted.until is not None or wanted.pattern is not None
        number = f"the oldest {source.lines.dropped:,}" if counted else "older"
        return [f"{number} lines of {source.name}, because the newest {wanted.newest:,} were asked for (tail)"]
    return [f"the oldest {source.lines.dropped:,} lines of {source.name}, because they are larger than the limit"]


def _fit(lines: list[Line], limit: int) -> tuple[list[Line], str, str]:
    """The newest lines that fit the limit and, packed, a task's output."""
    while True:
        lines, text = fit(lines, limit)
        packed = pack(text)
        if len(packed) <= PACKED_LIMIT:
            return lines, text, packed
        limit = int(len(text.encode("utf-8", "replace")) * 0.9 * PACKED_LIMIT / len(packed))


def _told(source: Source) -> dict[str, Any]:
    kept = source.lines.kept
    return {
        "service": source.container.service,
        "source": source.name,
        "container": source.container.name,
        "lines": len(kept),
        "errors": source.errors,
        "first": kept[0].time if kept else None,
        "last": kept[-1].time if kept else None,
        "problem": source.problem,
    }


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """End the block after so many seconds, even in the middle of a pattern that never ends."""

    def ring(_number: int, _frame: object) -> NoReturn:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
