# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements that one run of the checks saves for the next: disk samples, the gateway's address.

They are in a small file on the host, which every run reads and which is written at most every few minutes. It can be
deleted at any time: if it is lost or damaged, the days until a disk is full are unknown for a while.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from .view import View

KEPT_SECONDS = 14 * 86400
EVERY_SECONDS = 1800
"""Minimum interval between two samples of a disk; a check every five minutes needs no more."""
SHORTEST_SECONDS = 6 * 3600
"""A shorter history is not enough to estimate days."""
COUNTED_SECONDS = 1800
"""Minimum interval between two saved numbers of a counter."""


def path_of(view: View) -> str:
    """Path of the file of one stack."""
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in view.options.access.project_name)
    return os.path.join(view.options.state_dir, f"health-{name}.json")


def _saved(view: View) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        try:
            with open(path_of(view), encoding="utf-8") as stream:
                data = json.load(stream)
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    return view.shared("measurements of earlier runs", read)


def recall(view: View, name: str) -> Any:
    """The value that an earlier run saved under a name; None if there is none."""
    return _saved(view).get(name)


def remember(view: View, name: str, value: Any) -> None:
    """Keep a value for later runs; :func:`save` writes it."""
    view.to_save[name] = value


def hourly(view: View, name: str, count: int, run: Any, start: float, same: Callable[[Any], bool]) -> float:
    """How much a server's counter grew an hour since an earlier check, or since the server's start if that was later.

    ``name`` is the one that the number is saved under, ``run`` what tells this run of the server from others, ``start``
    its time, and ``same`` whether a saved ``run`` is this one. Less than an hour counts as an hour.
    """
    last = recall(view, name)
    known = isinstance(last, list) and len(last) == 3 and same(last[0]) and last[1] <= count
    before, since = last[1:] if known else (0, start)
    seconds = view.now - since
    if not known or seconds >= COUNTED_SECONDS:
        remember(view, name, [run, count, int(view.now)])
    return float((count - before) / max(seconds, 3600) * 3600)


def save(view: View) -> None:
    """Write the values that changed. A failure to write is ignored: the next run only has fewer measurements."""
    saved = _saved(view)
    changed = {name: value for name, value in view.to_save.items() if saved.get(name) != value}
    if not changed:
        return
    path = path_of(view)
    temporary = f"{path}.{os.getpid()}"
    with suppress(OSError):
        os.makedirs(view.options.state_dir, mode=0o755, exist_ok=True)
        try:
            with open(temporary, "w", encoding="utf-8") as stream:
                json.dump({**saved, **changed}, stream)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)


def extended(samples: Any, now: float, used: int, total: int) -> list[list[float]]:
    """A disk's samples plus a new one, unless the last one is recent; drops old samples and those of another size."""
    valid = [sample for sample in samples if _is_sample(sample)] if isinstance(samples, list) else []
    kept = [sample for sample in valid if now - KEPT_SECONDS < sample[0] < now and sample[2] == total]
    return kept if kept and now - kept[-1][0] < EVERY_SECONDS else [*kept, [round(now), used, total]]


def _is_sample(sample: Any) -> bool:
    return isinstance(sample, list) and len(sample) == 3 and all(isinstance(value, (int, float)) for value in sample)


def days_until_full(samples: Sequence[Sequence[float]], now: float, used: float, free: float) -> float | None:
    """Days until the trend of the samples reaches the disk's size; None if it does not grow, or the history is short.

    The slope is the median of all slopes (Theil–Sen): a temporary peak, such as a rehearsal, does not distort it as it
    would distort a least-squares line.
    """
    points = [(float(sample[0]), float(sample[1])) for sample in samples]
    if not points or now - points[0][0] < SHORTEST_SECONDS:
        return None
    points = [*_thinned(points), (now, used)]
    slopes = sorted(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for index, earlier in enumerate(points)
        for later in points[index + 1 :]
        if later[0] > earlier[0]
    )
    if not slopes:
        return None
    middle = len(slopes) // 2
    slope = slopes[middle] if len(slopes) % 2 else (slopes[middle - 1] + slopes[middle]) / 2
    return free / slope / 86400 if slope > 0 else None


def _thinned(points: Sequence[tuple[float, float]], most: int = 48) -> list[tuple[float, float]]:
    step = max(1, -(-len(points) // most))
    return list(points[::step])


def disk_samples(view: View, mountpoint: str) -> Any:
    """The samples of one disk that earlier runs saved."""
    disks = recall(view, "disks")
    return disks.get(mountpoint) if isinstance(disks, Mapping) else None
