# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether an application took what was asked: its answer is compared with the request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .plan import Field, NotTakenError, Step


def check_answer(
    fields: Sequence[Field], asked: Mapping[str, Any], account: Any, program: str, page: str, before: Any = None
) -> None:
    """Raise NotTakenError for each field whose value in the answer is not the one that was asked.

    Fields that the answer does not show are skipped. ``program`` is its name and version, ``page`` where an
    administrator sets the field by hand, ``before`` the account before the request (None: it was created).
    """
    problems = {}
    for field in fields:
        if field.name not in asked or not field.readable:
            continue
        present, wanted = getattr(account, field.name), asked[field.name]
        if present is not None and not field.same(present, wanted):
            former = getattr(before, field.name, None)
            stays = former is not None and field.same(present, former)
            say = not_taken if stays else _taken_otherwise
            problems[field.name] = say(field.name, present, wanted, program, page)
    if problems:
        raise NotTakenError(problems, account)


def not_taken(name: str, present: Any, wanted: Any, program: str, page: str, why: str = "") -> str:
    """The sentence for a field that was accepted and ignored."""
    cause = f" ({why})" if why else ""
    return (
        f"{name} is still {_shown(present)} and not {_shown(wanted)}: {program} accepted the request and did not take "
        f"it{cause}; set it by hand ({page}), or leave {name} out"
    )


def _taken_otherwise(name: str, present: Any, wanted: Any, program: str, page: str) -> str:
    """The sentence for a field that has neither its former value nor the one that was asked."""
    return (
        f"{name} is {_shown(present)} and not {_shown(wanted)}: {program} accepted the request and stored another "
        f"value; give it as it was stored, set it by hand ({page}), or leave {name} out"
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
