# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The password in Redis' own configuration files, which include each other and may name a file of users (ACL)."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Callable

DEPTH = 8
"""How deep files may include each other."""


@dataclass
class Configured:
    """The password of the default user, empty where none is known; ``unread`` are files that could not be read.

    ``hashed`` is True where only the hash of the password is written down.
    """

    password: str = field(default="", repr=False)
    hashed: bool = False
    unread: list[str] = field(default_factory=list)


def read_configuration(paths: Iterable[str], read: Callable[[str], str | None]) -> Configured:
    """What some files say. ``read`` gives the text of a file, or None for one that cannot be read."""
    found = Configured()
    for path in paths:
        _read(path, read, found, DEPTH)
    return found


def _read(path: str, read: Callable[[str], str | None], found: Configured, depth: int) -> None:
    text = read(path) if depth else None
    if text is None:
        found.unread.append(path)
        return
    for words in filter(None, map(_words, text.splitlines())):
        name, values = words[0].lower(), words[1:]
        if name == "requirepass" and values:
            found.password, found.hashed = values[0], False
        elif name == "user" and values[:1] == ["default"]:
            _of_user(values[1:], found)
        elif name in ("include", "aclfile") and values:
            # Redis takes a relative path from the folder of its data, which is seldom where such files are.
            _read(posixpath.join(posixpath.dirname(path), values[0]), read, found, depth - 1)


def _of_user(rules: list[str], found: Configured) -> None:
    """The password in the rules of a user: ``>`` comes before one in plain text, ``#`` before a hash."""
    plain = [rule[1:] for rule in rules if rule.startswith(">")]
    if plain:
        found.password, found.hashed = plain[0], False
    elif any(rule.startswith("#") for rule in rules):
        found.hashed = not found.password
    elif "nopass" in rules:
        found.password = ""


def _words(line: str) -> list[str]:
    if line.lstrip().startswith("#"):
        return []
    try:
        return shlex.split(line)
    except ValueError:  # a quotation mark without its pair
        return line.split()
