#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: alert
short_description: Notify people of what changed about a host's health
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Compares a health check with what was told before, and sends each address one message with all that changed.
  - A finding is told when it was bad in O(after) runs in a row, when its state changed for as long, and again after
    O(repeat_after). It is told as recovered when it was well in O(recover_after) runs in a row. What flaps is not told
    of with every turn.
  - A check that could see nothing (unknown) is told of, and what it could not see does not count as recovered.
  - Where an address does not take the message, the others get theirs, the changes are kept for the next run, and the
    task fails at its end.
  - Messages go out through apprise, which knows mail, webhooks, Slack, Microsoft Teams, ntfy and a hundred more.
options:
  health:
    description:
      - Result of M(maxops.ops.health_check), the variable that it was registered in. A result that failed is told of as
        well.
    type: dict
    required: true
  urls:
    description:
      - Addresses to tell, in apprise's form, such as V(mailtos://user:password@example.com?to=ops@example.com),
        V(slack://token), V(ntfys://ntfy.example.com/maxops) or V(jsons://example.com/hook).
      - They are secrets. Keep them in a vault.
    type: list
    elements: str
    default: []
  state_file:
    description:
      - File on the host that keeps what was told.
    type: path
    default: /var/lib/maxops/alerts.json
  name:
    description:
      - How messages name the host. By default its host name.
    type: str
  level:
    description:
      - The least state that is told of. V(unknown) is worse than V(warning), and never passes as well.
    type: str
    choices: [warning, unknown, critical]
    default: warning
  after:
    description:
      - In how many runs in a row something has to be bad before it is told of.
    type: int
    default: 2
  recover_after:
    description:
      - In how many runs in a row something has to be well before it is told of as recovered.
    type: int
    default: 2
  repeat_after:
    description:
      - Seconds after which what is still bad is told of again. V(0) is never.
    type: int
    default: 14400
  ping_url:
    description:
      - Address that is asked for (GET) after each run in which all was delivered, as a dead man's switch wants it. When
        it is not asked for any more, the switch raises an alarm of its own.
      - It is a secret.
    type: str
  timeout:
    description:
      - Seconds that an address may take.
    type: int
    default: 20
extends_documentation_fragment:
  - maxops.ops.attributes
attributes:
  check_mode:
    support: full
    details:
      - Tells what would be sent to how many addresses; sends and remembers nothing.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - What was told is not told again, but each run counts.
requirements:
  - Python package C(apprise), which the role P(maxops.ops.monitoring#role) brings in its own virtual environment
  - Python package C(requests), with O(ping_url)
seealso:
  - module: maxops.ops.health_check
  - module: maxops.ops.metrics
"""

EXAMPLES = r"""
- name: Look at the stack
  maxops.ops.health_check:
    fail_on: never
  register: health

- name: Tell of what changed
  maxops.ops.alert:
    health: "{{ health }}"
    urls: "{{ vault_alert_urls }}"
    ping_url: "{{ vault_ping_url }}"
"""

RETURN = r"""
events:
  description: What changed in this run, the worst first.
  returned: always
  type: list
  elements: dict
  sample:
    - kind: raised
      check: containers
      subject: gitea
      state: critical
      before: ok
      seen: exited with code 137
      since: "2026-11-25T14:00:00Z"
      at: "2026-11-25T14:05:00Z"
deliveries:
  description: What became of each message. Addresses are secret, so they are named by their kind and number.
  returned: always
  type: list
  elements: dict
  sample:
    - channel: slack (address 1)
      outcome: delivered
      changes: 1
      title: "[MaxOps] project1: 1 critical"
waiting:
  description: Number of changes that wait for an address that could not be reached.
  returned: always
  type: int
  sample: 0
unwell:
  description: What is not well at present, told or not.
  returned: always
  type: list
  elements: dict
  sample:
    - check: containers
      subject: gitea
      state: critical
      since: "2026-11-25T14:00:00Z"
pinged:
  description: Whether the dead man's switch was told that all is in order.
  returned: always
  type: bool
  sample: true
problems:
  description: What went wrong in telling, and what to do about it.
  returned: always
  type: list
  elements: str
  sample: []
"""

import socket

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.alert import AlertOptions, alert
from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.plan import Rules
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    NOT_NEGATIVE,
    ONE_OR_MORE,
    Spec,
    check_bounds,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.channels import APPRISE_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import REQUESTS_IMPORT_ERROR

SPEC = Spec(
    {
        "health": {"type": "dict", "required": True},
        "urls": {"type": "list", "elements": "str", "default": [], "no_log": True},
        "state_file": {"type": "path", "default": "/var/lib/maxops/alerts.json"},
        "name": {"type": "str"},
        "level": {"type": "str", "default": "warning", "choices": ["warning", "unknown", "critical"]},
        "after": {"type": "int", "default": 2},
        "recover_after": {"type": "int", "default": 2},
        "repeat_after": {"type": "int", "default": 14400},
        "ping_url": {"type": "str", "no_log": True},
        "timeout": {"type": "int", "default": 20},
    },
    {
        "after": ONE_OR_MORE,
        "recover_after": ONE_OR_MORE,
        "repeat_after": NOT_NEGATIVE,
        "timeout": ONE_OR_MORE,
    },
)


def require_libraries(module: AnsibleModule) -> None:
    """Fail where a library is missing that the given addresses need."""
    reason = "The role maxops.ops.monitoring brings it in its own virtual environment"
    if module.params["urls"]:
        require(module, {"apprise": APPRISE_IMPORT_ERROR}, reason)
    if module.params["ping_url"]:
        require(module, {"requests": REQUESTS_IMPORT_ERROR}, reason)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    require_libraries(module)
    given = module.params
    options = AlertOptions(
        name=given["name"] or socket.gethostname(),
        state_file=given["state_file"],
        rules=Rules(given["level"], given["after"], given["recover_after"], given["repeat_after"]),
        urls=[url for url in given["urls"] if url.strip()],
        ping_url=given["ping_url"] or None,
        timeout=given["timeout"],
    )
    with report_failures(module, "what was not sent is sent by the next run"):
        result = alert(given["health"], options, module.check_mode)
        end(module, {"changed": bool(result["deliveries"]), **result}, "; ".join(result["problems"]))


if __name__ == "__main__":
    main()
