# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an application took what was asked: its answer is compared with the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .plan import Field, NotTakenError, Step


def check_answer(fields: Sequence[Field], asked: Mapping[str, Any], account: Any, program: str, page: str) -> None:
    """Raise NotTakenError for each field whose value in the answer is not the one that was asked.

    Fields that the answer does not show are skipped. ``program`` is its name and version, ``page`` where an
    administrator sets the field by hand.
    """
    problems = {}
    for field in fields:
        if field.name not in asked or not field.readable:
            continue
        present, wanted = getattr(account, field.name), asked[field.name]
        if present is not None and not field.same(present, wanted):
            problems[field.name] = not_taken(field.name, present, wanted, program, page)
    if problems:
        raise NotTakenError(problems, account)


def not_taken(name: str, present: Any, wanted: Any, program: str, page: str, why: str = "") -> str:
    """The sentence for a field that was accepted and ignored."""
    cause = f" ({why})" if why else ""
    return (
        f"{name} is still {_shown(present)} and not {_shown(wanted)}: {program} accepted the request and did not take "
        f"it{cause}; set it by hand ({page}), or leave {name} out"
    )


def refused(name: str, change: tuple[Any, Any], sentence: str) -> Step:
    """A step that is known to have no effect: nothing is sent, and the sentence becomes the person's error."""

    def run(account: Any) -> Any:
        raise NotTakenError({name: sentence}, account)

    return Step({name: change}, run, expected={name: sentence})


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if value == "" or " " in str(value) else str(value)
