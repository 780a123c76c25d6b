# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea's configuration: where app.ini is, how it is read, and how variables of the container become its entries."""

from __future__ import annotations

import configparser
import re
from collections.abc import Mapping

CONFIGURATIONS = ("/data/gitea/conf/app.ini", "/etc/gitea/app.ini")
"""Of the normal and of the rootless image."""

# The image's program environment-to-ini takes sections in any case, and dots and dashes as _0X2E_ or _0x2e_.
_VARIABLE = re.compile(r"(?:GITEA|FORGEJO)__(?P<section>.*?)__(?P<key>.+)")
_ENCODED = re.compile(r"_0[xX](?P<bytes>(?:[0-9A-Fa-f]{2})+)_")

# What the image's first start writes into app.ini.
_OF_IMAGE = {"DB_TYPE": "DB_TYPE", "DB_HOST": "HOST", "DB_NAME": "NAME", "DB_USER": "USER", "DB_PASSWD": "PASSWD"}


def configuration_paths(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Where app.ini may be inside a container with this environment, the likeliest first."""
    named = environment.get("GITEA_APP_INI")
    return (named,) if named else CONFIGURATIONS


def read_ini(path: str) -> configparser.ConfigParser:
    """Gitea's configuration; keys keep their case. Raises OSError or configparser.Error."""
    parser = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#", ";"), strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    with open(path, encoding="utf-8", errors="replace") as stream:
        parser.read_string("[ ]\n" + stream.read())
    for section in parser.sections():
        for key, value in parser[section].items():
            parser[section][key] = _unquoted(value)
    return parser


def _unquoted(value: str) -> str:
    """A value without the quotes that Gitea puts around backquotes, and around spaces at an end."""
    for quote in ('"""', "`", '"'):
        if len(value) >= 2 * len(quote) and value.startswith(quote) and value.endswith(quote):
            return value[len(quote) : -len(quote)]
    return value


def entries(environment: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """Variables like ``GITEA__section__KEY`` by section, in lower case, and key; ``__FILE`` stays part of the key."""
    values = {}
    for name, value in environment.items():
        match = _VARIABLE.fullmatch(name)
        if match:
            values[_decoded(match["section"]).lower(), _decoded(match["key"])] = value
    return values


def image_database(environment: Mapping[str, str]) -> dict[str, str]:
    """Entries of the section ``database`` from the image's own variables ``DB_TYPE``, ``DB_HOST`` and so on."""
    return {key: environment[name] for name, key in _OF_IMAGE.items() if name in environment}


def _decoded(name: str) -> str:
    return _ENCODED.sub(lambda match: bytes.fromhex(match["bytes"]).decode("utf-8", "replace"), name)
