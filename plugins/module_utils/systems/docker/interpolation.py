# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fills in the variables of a Compose file's value as Compose does: ``$A``, ``${A:-default}`` and so on."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_]\w*")
_OPERATOR = re.compile(r":?[-?+]")


class UnsetVariable(LookupError):
    """A variable without a value and without a default; its text is the name."""

    def __str__(self) -> str:
        return str(self.args[0])


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """The text with its variables filled in. Raises UnsetVariable, where Compose would use an empty text or end."""
    filled, position = "", 0
    while True:
        dollar = text.find("$", position)
        if dollar < 0 or dollar + 1 == len(text):
            return filled + text[position:]
        filled += text[position:dollar]
        following = text[dollar + 1]
        if following == "$":
            filled, position = filled + "$", dollar + 2
        elif following == "{":
            end = _closing(text, dollar + 2)
            filled += _value(text[dollar + 2 : end], variables)
            position = end + 1
        else:
            name = _NAME.match(text, dollar + 1)
            if name:
                filled, position = filled + _value(name.group(), variables), name.end()
            else:
                filled, position = filled + "$", dollar + 1


def _closing(text: str, position: int) -> int:
    """The index of the brace that ends an expression; the text's end where it is missing."""
    depth = 1
    for index in range(position, len(text)):
        if text.startswith("${", index):
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if not depth:
                return index
    return len(text)


def _value(expression: str, variables: Mapping[str, str]) -> str:
    name = _NAME.match(expression)
    if name is None:
        raise UnsetVariable(expression)
    value = variables.get(name.group())
    operator = _OPERATOR.match(expression, name.end())
    if operator is None:
        if value is None:
            raise UnsetVariable(name.group())
        return value
    present = bool(value) if operator.group().startswith(":") else value is not None
    word = expression[operator.end() :]
    if operator.group().endswith("+"):
        return interpolate(word, variables) if present else ""
    if present and value is not None:
        return value
    if operator.group().endswith("?"):
        raise UnsetVariable(name.group())
    return interpolate(word, variables)
