# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics in the text format of Prometheus."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")


@dataclass
class Family:
    """A metric with its samples, one per set of labels; ``kind`` is gauge or counter."""

    name: str
    kind: str
    help: str
    samples: list[tuple[Mapping[str, str], float]] = field(default_factory=list)

    def add(self, value: Any, labels: Mapping[str, str]) -> None:
        """Add a sample; a value that is not a number is ignored."""
        if isinstance(value, (int, float)):
            self.samples.append((labels, value))


def is_name(text: str) -> bool:
    """Whether a text is a valid name of a metric."""
    return bool(_NAME.match(text))


def exposition(families: Iterable[Family]) -> str:
    """The families that have samples, as text; of samples with equal labels only the last is written."""
    lines = []
    for family in families:
        samples = {_labels(labels): value for labels, value in family.samples}
        if samples:
            lines.append(f"# HELP {family.name} {_escaped(family.help)}")
            lines.append(f"# TYPE {family.name} {family.kind}")
            lines += [f"{family.name}{labels} {_number(value)}" for labels, value in samples.items()]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    pairs = [
        # A file name that is not valid UTF-8 would make the whole file unreadable.
        f'{name}="{_quoted(str(value))}"'
        for name, value in sorted(labels.items())
        if _LABEL.match(name) and not name.startswith("__")
    ]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")


def _number(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    return repr(int(value)) if float(value).is_integer() else repr(float(value))
