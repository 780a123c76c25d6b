# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of modules in the words of the role that runs them: variables in place of options.

A module names its own options (``set project_name to one of them``). Who runs a playbook types variables, and would get
the same error again for ``-e project_name=…``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ADVICE = ("fix", "msg", "remarks")
"""Keys of a result, at any depth, whose texts tell an operator what to do."""

# Not part of a longer name, a path, an option of a program, or a quoted name.
_NAME = r"(?<![\w./\"'-])({})(?![\w/\"'-])"
# An option whose name is an ordinary word is translated only where it cannot be one.
_BEFORE = re.compile(
    r"(?:\b(?:options?|exactly one of) (?:[a-z_]+(?:, | and | or ))*|\bset |\bname[sd]?\b[^.;:()]{0,40} in "
    r"|\bgive another name in |\bwith )$"
)
# A message for users of the module may name the variable, too: docker_host (maxops_docker_host).
_TWICE = re.compile(r"\b(\w+) \(\1\)")
_AFTER_SET = re.compile(r" to \S")


def in_variables(result: dict[str, Any], variables_of_role: Callable[[], Mapping[str, str]]) -> dict[str, Any]:
    """The result, with the role's variable for each option that its advice names.

    ``variables_of_role`` reads a file, so it is called only for a result with advice.
    """
    if not any(_advice(result)):
        return result
    variables = variables_of_role()
    if not variables:
        return result
    names = sorted(variables, key=len, reverse=True)
    pattern = re.compile(_NAME.format("|".join(re.escape(name) for name in names)))

    def translated(text: str) -> str:
        text = pattern.sub(lambda match: variables[match[0]] if _is_option(match) else match[0], text)
        return _TWICE.sub(r"\1", text)

    def walk(value: Any, is_advice: bool) -> Any:
        if isinstance(value, str):
            return translated(value) if is_advice else value
        if isinstance(value, Mapping):
            return {key: walk(inner, key in ADVICE) for key, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner, is_advice) for inner in value]
        return value

    changed: dict[str, Any] = walk(result, False)
    if changed.get("msg") != result.get("msg"):
        # Ansible prints the message that is in it.
        changed.pop("exception", None)
    return changed


def _advice(value: Any, is_advice: bool = False) -> Iterator[str]:
    if isinstance(value, str):
        if is_advice and value:
            yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _advice(inner, key in ADVICE)
    elif isinstance(value, list):
        for inner in value:
            yield from _advice(inner, is_advice)


def _is_option(match: re.Match[str]) -> bool:
    if "_" in match[0]:
        return True
    text, before = match.string, match.string[: match.start()]
    if text.startswith("=", match.end()):
        return True
    found = _BEFORE.search(before)
    if found is None:
        return False
    if found[0] == "set ":
        return bool(_AFTER_SET.match(text, match.end()))
    # "with quiesce pause": an option and its value.
    return found[0] != "with " or match[0] == "quiesce"
