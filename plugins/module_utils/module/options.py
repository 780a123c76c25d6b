# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options shared by modules: one part for each documentation fragment, with the bounds of its numbers.

A module adds the parts that it uses to its own options: ``SPEC = STACK + DATABASE + Spec({...}, {...})``.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.text.formatters import human_to_bytes

from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import DEFAULT_DOCKER_HOST
from ansible_collections.maxops.ops.plugins.module_utils.systems.recognition import APPLICATIONS

from .frame import fail

_OF_ACCESS = frozenset(option.name for option in fields(Access))


@dataclass(frozen=True)
class Bounds:
    """The allowed range of a number: from ``least`` (or above ``above``) to ``most``; None means no limit."""

    least: float | None = None
    most: float | None = None
    above: float | None = None

    def allow(self, value: float) -> bool:
        """Whether a number is in the range; infinity and NaN never are."""
        return (
            math.isfinite(value)
            and (self.least is None or value >= self.least)
            and (self.above is None or value > self.above)
            and (self.most is None or value <= self.most)
        )

    def describe(self) -> str:
        """The range for a message: "1 or more", "0 to 19", "more than 0 and at most 3600"."""
        if self.above is not None:
            most = "" if self.most is None else f" and at most {_plain(self.most)}"
            return f"more than {_plain(self.above)}{most}"
        least = _plain(self.least or 0)
        return f"{least} or more" if self.most is None else f"{least} to {_plain(self.most)}"


@dataclass(frozen=True)
class Spec:
    """Options in the form of AnsibleModule, and the bounds of their numbers.

    The bounds of a list hold for each element; ``retention.daily`` is a suboption of a dict.
    """

    options: Mapping[str, dict[str, Any]]
    bounds: Mapping[str, Bounds] = field(default_factory=dict)

    def __add__(self, other: Spec) -> Spec:
        """The sum of both. Raises ValueError when an option is in both."""
        duplicates = set(self.options) & set(other.options)
        if duplicates:
            raise ValueError(f"options that are in both parts: {', '.join(sorted(duplicates))}")
        return Spec({**self.options, **other.options}, {**self.bounds, **other.bounds})


NOT_NEGATIVE = Bounds(least=0)
ONE_OR_MORE = Bounds(least=1)

# maxops.ops.stack and its parts project, database and cache
PROJECT = Spec({"project_name": {"type": "str", "default": "maxoperation"}})
_SERVICES = {"type": "list", "elements": "str"}
DAEMON = Spec(
    {
        "docker_host": {"type": "str", "default": DEFAULT_DOCKER_HOST},
        "applications": {"type": "dict", "options": {name: dict(_SERVICES) for name in APPLICATIONS}},
    }
)
STACK = PROJECT + DAEMON
DATABASE = Spec(
    {
        "database_service": {"type": "str"},
        "database_user": {"type": "str"},
        "database_password": {"type": "str", "no_log": True},
    }
)
CACHE = Spec({"cache_service": {"type": "str"}, "cache_password": {"type": "str", "no_log": True}})

# maxops.ops.repository and its part retention
REPOSITORY = Spec({"repository": {"type": "path", "default": "/var/backups/maxops"}})
_RULES = ("keep_last", "daily", "weekly", "monthly")
RETENTION = Spec(
    {"retention": {"type": "dict", "options": {rule: {"type": "int", "default": 0} for rule in _RULES}}},
    {f"retention.{rule}": NOT_NEGATIVE for rule in _RULES},
)

# The parts of maxops.ops.work
JOBS = Spec({"jobs": {"type": "int"}}, {"jobs": ONE_OR_MORE})
NICE = Spec({"nice": {"type": "int", "default": 10}}, {"nice": Bounds(least=0, most=19)})
IONICE = Spec({"ionice": {"type": "str", "choices": ["none", "best-effort", "idle"], "default": "best-effort"}})
SPACE_CHECK = Spec({"space_check": {"type": "bool", "default": True}})
PROGRESS = Spec({"progress_file": {"type": "path"}})


def check_bounds(module: AnsibleModule, spec: Spec) -> None:
    """Fail for numbers outside their range; a module calls this before it does anything else."""
    for name, bounds in spec.bounds.items():
        value: Any = module.params
        for key in name.split("."):
            value = (value or {}).get(key)
        for number in value if isinstance(value, list) else [value]:
            if number is not None and not bounds.allow(number):
                fail(module, f"{name} is {_plain(number)}; give {bounds.describe()}")


def size_of(module: AnsibleModule, name: str, most: str | None = None) -> int | None:
    """Bytes of a size such as 20M, or None where it was not given; fails for other text.

    With ``most``, it also fails for 0 and for larger sizes.
    """
    text = module.params[name]
    if text is None:
        return None
    try:
        size = int(human_to_bytes(text))
    except ValueError:
        fail(module, f'{name} is not a size: "{text}"; write it as in 20M')
    if most is not None and not 0 < size <= human_to_bytes(most):
        fail(module, f"{name} is {text}; give more than 0 and at most {most}")
    return size


def workers_of(parameters: Mapping[str, Any]) -> int:
    """The number of parallel workers: the option ``jobs``, or the number of the host's processors."""
    return int(parameters["jobs"] or len(os.sched_getaffinity(0)))


def policy_of(parameters: Mapping[str, Any]) -> Policy | None:
    """The retention rules, or None where none were given."""
    rules = parameters["retention"]
    return None if rules is None else Policy(**{rule: rules.get(rule) or 0 for rule in _RULES})


def _plain(number: float) -> str:
    """A number without an exponent and without a needless ``.0``."""
    return str(int(number)) if math.isfinite(number) and number == int(number) else str(number)


def access_of(parameters: Mapping[str, Any]) -> Access:
    """How the stack is reached, from a module's parameters; a module may have only some of the stack's options."""
    chosen = {name: value for name, value in parameters.items() if name in _OF_ACCESS and value is not None}
    if "applications" in chosen:
        chosen["applications"] = {
            name: tuple(service for service in services if service)
            for name, services in chosen["applications"].items()
            if services is not None
        }
    return Access(**chosen)


def rest_of(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that are not part of :func:`access_of`."""
    return {name: value for name, value in parameters.items() if name not in _OF_ACCESS}
