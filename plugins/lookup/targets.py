# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: targets
short_description: The pattern of hosts to run a playbook on, if it matches a host of the inventory
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Returns the pattern, for the keyword C(hosts) of a play.
  - Fails when no host of the inventory matches it, or when a part of it, or of C(--limit), is neither a host nor a
    group. Ansible itself would only print a warning and end with exit code 0, without having done anything.
  - With C(--syntax-check), C(--list-hosts), C(--list-tasks) and C(--list-tags) the pattern is returned as it is.
options:
  _terms:
    description:
      - The pattern, as in C(hosts), or several of them.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Back up the hosts of one group
  hosts: "{{ query('maxops.ops.targets', target | default('maxops')) }}"
  gather_facts: false
  roles:
    - maxops.ops.backup
"""

RETURN = r"""
_raw:
  description: The pattern, one element for each of the terms.
  type: list
  elements: str
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from ansible import context
from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.plugins.lookup import LookupBase

WILDCARDS = "*?[~"
LISTING = ("syntax", "listhosts", "listtasks", "listtags")
"""Options of ansible-playbook with which no host is contacted."""


class LookupModule(LookupBase):  # type: ignore[misc]
    """Checks the pattern against the inventory."""

    def run(self, terms: Sequence[Any], variables: Mapping[str, Any] | None = None, **_kwargs: Any) -> list[str]:
        """Return the pattern. Raises AnsibleLookupError where it matches no host."""
        patterns = [str(term) for term in _flattened(terms)]
        if any(context.CLIARGS.get(name) for name in LISTING):
            return patterns
        groups: Mapping[str, Sequence[str]] = (variables or {}).get("groups", {})
        limit = context.CLIARGS.get("subset") or ""
        if not any(groups.values()) and not _local(patterns):
            raise AnsibleLookupError("the inventory has no hosts: name the right one with -i INVENTORY")
        inventory = self._inventory(groups)
        for option, parts in (("target", patterns), ("--limit", [limit] if limit else [])):
            _check_parts(option, parts, inventory, groups)
        self._check_limit(patterns, limit, inventory)
        return patterns

    def _inventory(self, groups: Mapping[str, Sequence[str]]) -> InventoryManager:
        inventory = InventoryManager(self._loader, parse=False)
        for group, hosts in groups.items():
            inventory.add_group(group)
            for host in hosts:
                inventory.add_host(host, group=group)
        return inventory

    def _check_limit(self, patterns: list[str], limit: str, inventory: InventoryManager) -> None:
        named = ",".join(patterns)
        if not _matching(inventory, patterns):
            raise AnsibleLookupError(f'no host of the inventory matches "{named}": name others with -e target=HOSTS')
        if limit:
            try:
                inventory.subset(limit)
            except AnsibleError as error:
                raise AnsibleLookupError(f"--limit {limit}: {error}") from error
            if not _matching(inventory, patterns):
                raise AnsibleLookupError(
                    f'no host matches both "{named}" and --limit {limit}: correct --limit, or name other hosts with '
                    "-e target=HOSTS"
                )


def _check_parts(
    option: str, patterns: Iterable[str], inventory: InventoryManager, groups: Mapping[str, Sequence[str]]
) -> None:
    """Refuse a name that is neither a host nor a group, also where other parts of the pattern match."""
    hosts = {host for members in groups.values() for host in members}
    for part in (part for pattern in patterns for part in split_host_pattern(pattern)):
        name = part.lstrip("!&")
        if not name or name.startswith("@") or name in hosts or name in groups or _local([name]):
            continue
        # An exclusion may match nothing; hosts that are asked for may not.
        if any(letter in name for letter in WILDCARDS) and (part.startswith("!") or _matching(inventory, [name])):
            continue
        near = get_close_matches(name, sorted({*hosts, *groups} - {"ungrouped"}), 1)
        guess = f"; did you mean {near[0]}?" if near else ""
        put = "; put hosts into the group maxops, or name others with -e target=HOSTS" if name == "maxops" else ""
        raise AnsibleLookupError(f'no host or group of the inventory matches "{name}" ({option}){guess or put}')


def _local(patterns: Iterable[str]) -> bool:
    """Whether Ansible knows all of these names without an inventory."""
    return all(pattern in ("localhost", "127.0.0.1", "::1") for pattern in patterns)


def _matching(inventory: InventoryManager, patterns: list[str]) -> list[str]:
    """The hosts that match. Raises AnsibleLookupError where Ansible is configured to refuse a part without a host."""
    try:
        return [str(host) for host in inventory.list_hosts(patterns)]
    except AnsibleError as error:
        raise AnsibleLookupError(f"{', '.join(patterns)}: {error} (host_pattern_mismatch of ansible.cfg)") from error


def _flattened(terms: Iterable[Any]) -> Iterable[Any]:
    for term in terms:
        yield from term if isinstance(term, (list, tuple)) else [term]
