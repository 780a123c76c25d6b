# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The types and choices of a role's options, checked with a message of one line.

Ansible's own check of a role prints the role's whole argument spec after its message.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

CHECK_TYPES = "__maxops_check_types"
"""Variable of a playbook that includes its role with ``rolespec_validate: false``."""

READ_AS_LISTS = (
    "monitoring_alert_urls",
    "monitoring_pip_arguments",
    "monitoring_prometheus_hosts",
    "stack_gateway_metrics_allow",
    "stack_gateway_trusted_proxies",
)
"""Options that expressions of their role read: a text would be read letter by letter, or not at all.

A module makes a list of a text with commas.
"""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNCONVERTED = re.compile(
    r"argument '(\w+)' is of type (?:<class ')?(\w+)(?:'>)? and we were unable to convert to (\w+).*"
)
_BARE = re.compile(r"dictionary requested, could not parse")
_KINDS = {
    "bool": "true or false",
    "dict": "a dictionary",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "path": "a path",
    "str": "a text",
}


def wrong_types(path: str, variables: Mapping[str, Any], template: Callable[[Any], Any]) -> list[str]:
    """A sentence for each option of the role in this folder whose value has a wrong type or is no choice."""
    with open(os.path.join(path, "meta", "argument_specs.yml"), encoding="utf-8") as stream:
        content = yaml.load(stream, Loader=_LOADER)  # noqa: S506 - both loaders are safe
    options = content["argument_specs"]["main"].get("options") or {}
    given = template({name: variables[name] for name in options if name in variables})
    result = ArgumentSpecValidator(options).validate(given, validate_role_argument_spec=True)
    messages = [" ".join(str(message).split()) for message in result.error_messages]
    unconverted = [found for found in map(_UNCONVERTED.match, messages) if found]
    # Ansible says more than once of a dictionary that it is none.
    wrong = {found[1] for found in unconverted}
    others = [
        message
        for message in messages
        if not _UNCONVERTED.match(message) and not any(name in message for name in wrong) and not _BARE.match(message)
    ]
    return [_sentence(found, given) for found in unconverted] + others + _texts(given)


def _texts(given: Mapping[str, Any]) -> list[str]:
    # The value is not shown: an address has a password in it.
    return [
        f"""{name} is a text, not a list: write -e '{{"{name}": ["…"]}}', or a list in the inventory"""
        for name in READ_AS_LISTS
        if isinstance(given.get(name), str)
    ]


def _sentence(found: re.Match[str], given: Mapping[str, Any]) -> str:
    name, kind, wanted = found.groups()
    # Only a simple value is shown: a long one would hide the message, and a password is never of a wrong type.
    value = given.get(name)
    shown = f'"{value}"' if isinstance(value, (str, int, float)) and len(str(value)) <= 40 else f"of type {kind}"
    return f"{name} is {shown}, which is not {_KINDS.get(wanted, wanted)}"
