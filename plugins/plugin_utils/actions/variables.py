# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that a role reads: which names are misspelt, and which variable is a module's option."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import yaml

FLEET = (
    "maxops_accept_findings",
    "maxops_applications",
    "maxops_cache_password",
    "maxops_cache_service",
    "maxops_confirm",
    "maxops_database_password",
    "maxops_database_service",
    "maxops_database_user",
    "maxops_docker_host",
    "maxops_lab",
    "maxops_own_variables",
    "maxops_progress_seconds",
    "maxops_project_name",
    "maxops_quiet",
    "maxops_repository",
    "maxops_results_dir",
    "maxops_serial",
    "maxops_target",
)
"""The variables that all roles share; tests/reference/words.yml describes them."""

MADE_BY_ROLES = ("monitoring_alert", "monitoring_health", "monitoring_job")
"""What roles register or are given by their own schedule, besides NAME_result."""

OF_OTHERS = ("ansible_", "awx_", "tower_", "_")
"""Prefixes of variables that Ansible and AWX give to every playbook."""

COLLECTION = "maxops.ops"

GUESS = 0.6
"""How alike two names are (difflib) for one to be named as a guess."""

FOR_TARGET = ("host", "hosts", "limit", "server", "servers")
"""Words that are typed for ``target``: ignored, the playbook would run on all hosts."""

ALMOST = 0.86
"""How alike a word of the command line and an option without its prefix are: one letter of seven."""

CLOSE = 0.75
"""How alike they are where the one is taken for the other misspelt."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Role:
    """A role of the collection: its short name, its folder, and the raw defaults of its options."""

    name: str
    path: str
    defaults: Mapping[str, Any]

    def options(self) -> set[str]:
        """The names of its options."""
        return _options_in(self.path) | set(self.defaults)

    def options_of_all(self) -> set[str]:
        """The names of the options of all roles beside it."""
        folder = os.path.dirname(self.path)
        return {option for name in os.listdir(folder) for option in _options_in(os.path.join(folder, name))}

    def runs_in_own_playbook(self, playbook_folder: str) -> bool:
        """Whether a playbook of the collection runs it, so that all variables typed with -e are meant for it."""
        own = os.path.join(os.path.dirname(os.path.dirname(self.path)), "playbooks")
        return os.path.realpath(playbook_folder) == os.path.realpath(own)

    def variables(self) -> dict[str, str]:
        """The variable that an operator sets for each option of the role's modules."""
        names = {}
        for variable in self.options():
            option = variable[len(self.name) + 1 :]
            read = str(self.defaults.get(variable, ""))
            # An option whose name begins with the role's: cache_service of the role cache.
            if f"maxops_{variable} " in read:
                option = variable
            shared = f"maxops_{option}"
            names[option] = shared if f"{shared} " in read else variable
        return names


def _options_in(path: str) -> set[str]:
    try:
        with open(os.path.join(path, "meta", "argument_specs.yml"), encoding="utf-8") as stream:
            specs = yaml.load(stream, _LOADER)["argument_specs"]  # noqa: S506 - a safe one
    except FileNotFoundError:
        return set()
    return {option for spec in specs.values() for option in spec.get("options") or {}}


class Misspelt(NamedTuple):
    """A sentence for each variable that is no option: those that end the run, and those that are only warned of."""

    refused: list[str]
    doubtful: list[str]


def misspelt(role: Role, names: Iterable[str], typed: Iterable[str], own: Collection[str]) -> Misspelt:
    """What to say of each variable that looks like an option and is none.

    ``names`` are all variables of the host. ``typed`` are those of the command line where a playbook of the collection
    runs: there, each name with the role's prefix is refused, and one without a prefix that is close to an option, too.
    A variable of the inventory is refused only where it is close to an option: it may be for something else, and
    such a fleet must not stop with an upgrade. ``own`` are the names, or patterns of names, that the operator uses for
    other things.
    """
    prefixes = (f"{role.name}_", "maxops_")
    quick = {*role.defaults, *FLEET, *MADE_BY_ROLES, f"{role.name}_result"}
    # Most runs end here, without reading a file.
    prefixed = [name for name in names if name.startswith(prefixes) and name not in quick]
    typed = [name for name in typed if name not in quick and not name.startswith(OF_OTHERS)]
    if not prefixed and not typed:
        return Misspelt([], [])
    options = role.options()
    known = {*options, *quick}
    suspects = [name for name in (*prefixed, *typed) if name not in known]
    known |= role.options_of_all() if suspects else set()
    suspects = [name for name in dict.fromkeys(suspects) if name not in known and not _is_own(name, own)]
    found = Misspelt([], [])
    for name in suspects:
        sentence = f"{name} is no option of {role.name}"
        if not name.startswith(prefixes):
            near = _meant(name, role.name, options)
            if near:
                found.refused.append(f"{sentence}; did you mean {near}?")
            continue
        candidates = {*FLEET} if name.startswith("maxops_") else options
        words = {whole.partition("_")[2]: whole for whole in candidates}
        word = name.partition("_")[2]
        near = _near(word, words, GUESS)
        advice = f"did you mean {near}?" if near else f"ansible-doc -t role {COLLECTION}.{role.name} lists them."
        is_refused = name in typed or _near(word, words, CLOSE)
        (found.refused if is_refused else found.doubtful).append(f"{sentence}; {advice}")
    return found


def _is_own(name: str, own: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in own)


def _meant(name: str, role: str, options: set[str]) -> str | None:
    """The variable that was meant by one without a prefix on the command line."""
    words = {"target", "confirm"} | ({"set"} if role == "restore" else set())
    if name in words:
        return None
    for whole in (f"maxops_{name}", f"{role}_{name}"):
        if whole in FLEET or whole in options:
            return whole
    if name in FOR_TARGET:
        return "target"
    # "service" for restart_services: without the refusal, all services would be restarted.
    short = {whole.partition("_")[2]: whole for whole in (*options, *FLEET)}
    return _near(name, {whole: whole for whole in (*words, *options, *FLEET)}, 0.8) or _near(name, short, ALMOST)


def _near(name: str, candidates: Mapping[str, str], cutoff: float) -> str | None:
    """The value of the candidate that is spelt most like the name."""
    near = get_close_matches(name, sorted(candidates), 1, cutoff)
    return candidates[near[0]] if near else None
