# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea's configuration: where app.ini is, how it is read, and how variables of the container become its entries."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .ini import parse_ini

CONFIGURATIONS = ("/data/gitea/conf/app.ini", "/etc/gitea/app.ini")
"""Of the normal and of the rootless image."""

_PREFIXES = ("GITEA__", "FORGEJO__")
_BETWEEN = "__"
# The image's program environment-to-ini takes sections in any case, and dots and dashes as _0X2E_ or _0x2e_.
_ENCODED = re.compile(r"_0[xX](?P<bytes>(?:[0-9A-Fa-f]{2})+)_")

# What the image's first start writes into app.ini.
_OF_IMAGE = {"DB_TYPE": "DB_TYPE", "DB_HOST": "HOST", "DB_NAME": "NAME", "DB_USER": "USER", "DB_PASSWD": "PASSWD"}


def configuration_paths(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Where app.ini may be inside a container with this environment, the likeliest first."""
    named = environment.get("GITEA_APP_INI")
    return (named,) if named else CONFIGURATIONS


def read_ini(path: str) -> Mapping[str, Mapping[str, str]]:
    """Gitea's configuration by section, "" for keys before the first one; keys keep their case.

    Raises OSError, or IniError for a file that Gitea cannot read either.
    """
    with open(path, encoding="utf-8", errors="replace") as stream:
        return parse_ini(stream.read())


def entries(environment: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Variables like ``GITEA__section__KEY`` by section, in lower case, and key; ``__FILE`` stays part of the key."""
    values = {}
    # Forgejo reads both, its own ones last.
    for prefix in _PREFIXES:
        for name, value in environment.items():
            section, key = _section_and_key(name[len(prefix) :]) if name.startswith(prefix) else ("", "")
            if key:
                values[section.lower(), key] = value
    return values


def image_database(environment: Mapping[str, str]) -> dict[str, str]:
    """Entries of the section ``database`` from the image's own variables ``DB_TYPE``, ``DB_HOST`` and so on."""
    return {key: environment[name] for name, key in _OF_IMAGE.items() if name in environment}


def _section_and_key(name: str) -> tuple[str, str]:
    """Both parts of a variable's name, decoded: a part's encoded letters never count as what stands between them."""
    parts = [""]
    position = 0
    for match in [*_ENCODED.finditer(name), None]:
        plain = name[position : match.start() if match else len(name)]
        if len(parts) == 1 and _BETWEEN in plain:
            section, _between, plain = plain.partition(_BETWEEN)
            parts[0] += section
            parts.append("")
        parts[-1] += plain
        if match:
            parts[-1] += bytes.fromhex(match["bytes"]).decode("utf-8", "replace")
            position = match.end()
    return parts[0], parts[1] if len(parts) > 1 else ""
