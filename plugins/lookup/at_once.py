# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: at_once
short_description: How many hosts of the play a task may run on at the same time
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Returns the number of hosts, for the keyword C(throttle) of a play. Unlike with C(serial), a host that fails or is
    down does not keep the others from their turn.
options:
  _terms:
    description:
      - A number of hosts, or a percentage of the hosts of the play.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Back up the hosts, two at a time
  hosts: maxops
  gather_facts: false
  throttle: "{{ query('maxops.ops.at_once', '2') | first }}"
  roles:
    - maxops.ops.backup
"""

RETURN = r"""
_raw:
  description: The number of hosts, at least 1.
  type: list
  elements: int
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase


class LookupModule(LookupBase):  # type: ignore[misc]
    """Reads a number or a percentage."""

    def run(self, terms: Sequence[Any], variables: Mapping[str, Any] | None = None, **_kwargs: Any) -> list[int]:
        """Return the number of hosts. Raises AnsibleLookupError for text that is none."""
        hosts = len((variables or {}).get("ansible_play_hosts_all", ())) or 1
        return [_number(str(term).strip(), hosts) for term in terms]


def _number(text: str, hosts: int) -> int:
    match = re.fullmatch(r"(\d+)(%?)", text)
    number = int(match[1]) if match else 0
    if match is None or not number:
        raise AnsibleLookupError(
            f'maxops_serial is "{text}": give the number of hosts that a playbook works on at the same time, such as '
            "5, or a percentage, such as 20%"
        )
    return math.ceil(number * hosts / 100) if match[2] else number
