# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs of a stack's services, merged by time, without secrets, and limited in size."""

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
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.installation import kind_of, notice
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.services import chosen_containers
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import check_order, parse_moment, utc_now
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from .level import looks_like_error
from .lines import Line, Newest, fit, fit_to_show, in_order, pack, render, shorten
from .reading import known_secrets, read_log, source_names

TAIL = 1000
"""Lines per service if neither a number nor a time is given."""

PACKED_LIMIT = 3_500_000
"""Maximum size in characters of a result's packed text, so that the output of a task stays below 5 MB."""


@dataclass(frozen=True)
class LogOptions:
    """The options of one run: ``tail`` 0 means all lines, ``limit`` is the maximum size of the text in bytes."""

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
class Selection:
    """The lines to read: ``newest`` is the number of lines per source, None for all."""

    since: datetime.datetime | None
    until: datetime.datetime | None
    pattern: re.Pattern[str] | None
    newest: int | None


@dataclass
class Source:
    """The lines of one container, and how reading them went."""

    container: Container
    name: str
    lines: Newest
    errors: int = 0
    problem: str | None = None
    complete: bool = False


class OutOfTime(Exception):
    """Reading took longer than the timeout."""


def collect_logs(options: LogOptions, now: datetime.datetime | None = None) -> dict[str, Any]:
    """Read the logs. Raises MaxopsError for invalid options before anything is read."""
    started = time.monotonic()
    selection = parse_selection(options, now or utc_now())
    stack = options.access.connect()
    names = source_names(stack)
    containers = chosen_containers(stack, options.services)
    sources = [
        Source(container, names[container.id], Newest(selection.newest, options.limit)) for container in containers
    ]
    mask = Mask(known_secrets(stack))
    left_out = _read_all(stack, sources, selection, options)
    masked = sum(_mask_and_shorten(source, mask) for source in sources)
    if sources and all(source.problem for source in sources):
        raise MaxopsError(f"no log could be read: {sources[0].problem}")
    root = next((inspection.docker_root for inspection in stack.inspections), "")
    remark = notice(kind_of({"DockerRootDir": root}, stack.docker_host))
    lines = in_order(source.lines.kept for source in sources)
    kept, text, packed = _fit(lines, options.limit)
    if len(kept) < len(lines):
        left_out.append(
            f"the oldest {len(lines) - len(kept):,} of {len(lines):,} lines, because all together are larger than "
            f"{human_size(options.limit)} or too large for one task: choose a shorter time, or fewer services"
        )
    return {
        "changed": False,
        "project": options.access.project_name,
        "services": [_summary(source) for source in sources],
        "lines": len(kept),
        "bytes": len(text.encode("utf-8", "replace")),
        "first": kept[0].time if kept else None,
        "last": kept[-1].time if kept else None,
        "masked": masked,
        "left_out": left_out,
        "remarks": [remark] if remark else [],
        "newest": [shorten(line, 500) for line in render(kept[-options.show :]).splitlines()] if options.show else [],
        "content": packed,
        "duration": round(time.monotonic() - started, 3),
    }


def parse_selection(options: LogOptions, now: datetime.datetime) -> Selection:
    """The selection of lines from the options. Raises MaxopsError for an invalid time or pattern."""
    since = parse_moment(options.since, now, "since") if options.since is not None else None
    until = parse_moment(options.until, now, "until") if options.until is not None else None
    check_order(since, until, now)
    pattern = None
    if options.grep is not None:
        try:
            pattern = re.compile(options.grep, re.IGNORECASE if options.ignore_case else 0)
        except re.error as error:
            raise MaxopsError(
                f'grep is "{options.grep}", which is not a valid regular expression ({error}); put a backslash before '
                r"a character that should be matched literally, as in \(failed\)"
            ) from None
    tail = options.tail if options.tail is not None else 0 if since else TAIL
    return Selection(since, until, pattern, tail or None)


def _read_all(stack: Stack, sources: list[Source], selection: Selection, options: LogOptions) -> list[str]:
    """Read one log after the other; returns messages about the lines that are left out."""
    left_out = []
    try:
        with _at_most(options.timeout):
            for source in sources:
                _read(stack, source, selection)
    except OutOfTime:
        cut = ", ".join(source.name for source in sources if not source.complete)
        left_out.append(
            f"lines of {cut} that could not be read within {options.timeout:g} s: choose fewer services, a shorter "
            "time or a simpler grep, or raise the timeout"
        )
    return left_out + [message for source in sources for message in _dropped(source, selection)]


def _read(stack: Stack, source: Source, selection: Selection) -> None:
    # Docker counts its last lines before it applies an end time, and before the pattern is applied here.
    docker_counts = selection.until is None and selection.pattern is None
    # One line more than requested shows that there are more.
    newest = selection.newest + 1 if docker_counts and selection.newest else None
    try:
        for moment, raw in read_log(stack, source.container, selection.since, selection.until, newest):
            text = fit_to_show(raw)
            if selection.pattern is None or selection.pattern.search(text):
                source.lines.add(Line(moment, source.name, text))
    except MaxopsError as error:
        source.problem = str(error)
        if "does not support reading" in source.problem:
            name = source.container.name
            source.problem = (
                f"{name} logs elsewhere: its logging driver (docker inspect {name}) keeps no log on this host"
            )
    source.complete = True


def _mask_and_shorten(source: Source, mask: Mask) -> int:
    """Mask the secrets in a source's lines and cut long lines; returns the number of lines with a secret."""
    masked = 0
    result: list[Line] = []
    for line in source.lines.kept:
        text = mask(line.text)
        masked += text != line.text
        source.errors += looks_like_error(text)
        result.append(line._replace(text=shorten(text)))
    source.lines.kept = deque(result)
    return masked


def _dropped(source: Source, selection: Selection) -> list[str]:
    if not source.lines.dropped:
        return []
    if selection.newest and len(source.lines.kept) == selection.newest:
        counted = selection.until is not None or selection.pattern is not None
        number = f"the oldest {source.lines.dropped:,}" if counted else "older"
        return [f"{number} lines of {source.name}, because only the newest {selection.newest:,} were requested (tail)"]
    return [f"the oldest {source.lines.dropped:,} lines of {source.name}, because they are larger than the limit"]


def _fit(lines: list[Line], limit: int) -> tuple[list[Line], str, str]:
    """The newest lines that fit into the limit and, packed, into the output of a task."""
    while True:
        lines, text = fit(lines, limit)
        packed = pack(text)
        if len(packed) <= PACKED_LIMIT:
            return lines, text, packed
        limit = int(len(text.encode("utf-8", "replace")) * 0.9 * PACKED_LIMIT / len(packed))


def _summary(source: Source) -> dict[str, Any]:
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
    """Stop the block after so many seconds, even in the middle of a regular expression that never finishes."""

    def on_alarm(_number: int, _frame: object) -> NoReturn:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
