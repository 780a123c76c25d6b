# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run of the checks leaves for the next: disks, the gateway. Private to this collection.

A small file of the host, read at every run and written at most once in some minutes. It is nobody's data: where it is
lost or spoilt, the days until a disk is full are not known for a while.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from .view import View

KEPT_SECONDS = 14 * 86400
EVERY_SECONDS = 1800
"""Samples of a disk are kept so far apart; a check every five minutes needs no more."""
SHORTEST_SECONDS = 6 * 3600
"""A shorter history says nothing about days."""


def path_of(view: View) -> str:
    """The file of one stack."""
    name = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in view.options.access.project_name)
    return os.path.join(view.options.state_dir, f"health-{name}.json")


def _kept(view: View) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        try:
            with open(path_of(view), encoding="utf-8") as stream:
                data = json.load(stream)
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}

    return view.shared("what the last run kept", read)


def recall(view: View, name: str) -> Any:
    """What an earlier run kept under a name; None where nothing was."""
    return _kept(view).get(name)


def remember(view: View, name: str, value: Any) -> None:
    """Keep something for later runs; it is written by :func:`save`."""
    view.kept[name] = value


def save(view: View) -> None:
    """Write what is new; no run fails because the next one will know less."""
    known = _kept(view)
    new = {name: value for name, value in view.kept.items() if known.get(name) != value}
    if not new:
        return
    path = path_of(view)
    temporary = f"{path}.{os.getpid()}"
    with suppress(OSError):
        os.makedirs(view.options.state_dir, mode=0o755, exist_ok=True)
        try:
            with open(temporary, "w", encoding="utf-8") as stream:
                json.dump({**known, **new}, stream)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)


def extended(samples: Any, now: float, used: int, total: int) -> list[list[float]]:
    """A disk's samples with one more, unless the last one is young; without those that are old, or of another size."""
    good = [each for each in samples if _is_sample(each)] if isinstance(samples, list) else []
    kept = [each for each in good if now - KEPT_SECONDS < each[0] < now and each[2] == total]
    return kept if kept and now - kept[-1][0] < EVERY_SECONDS else [*kept, [round(now), used, total]]


def _is_sample(each: Any) -> bool:
    return isinstance(each, list) and len(each) == 3 and all(isinstance(value, (int, float)) for value in each)


def days_until_full(samples: Sequence[Sequence[float]], now: float, used: float, free: float) -> float | None:
    """When the line through the samples meets the end of the disk; None where it does not, or where nobody can say.

    The median of all slopes (Theil–Sen): a backup that came and went does not bend it as it would the usual line.
    """
    points = [(float(each[0]), float(each[1])) for each in samples]
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
    """What earlier runs saw of one disk."""
    known = recall(view, "disks")
    return known.get(mountpoint) if isinstance(known, Mapping) else None
