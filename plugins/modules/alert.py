#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: alert
short_description: Send alerts about changes of a host's health
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Compares a health check with the alerts sent before, and sends one message with all changes to each address.
  - A finding is reported when it was bad in O(after) runs in a row, when its state changed for as many runs, and again
    after O(repeat_after). It is reported as recovered when it was ok in O(recover_after) runs in a row. A state that
    changes again and again does not cause a message at every change.
  - A check that could not see anything (unknown) is reported, and what it could not see does not count as recovered.
  - If an address does not accept the message, the others still get theirs, the changes are kept for the next run, and
    the task fails at its end.
  - Messages are sent through apprise, which supports mail, webhooks, Slack, Microsoft Teams, ntfy and a hundred more.
  - With O(purpose=addresses) or O(purpose=test) it checks the addresses instead, before an alert depends on them.
options:
  purpose:
    description:
      - V(changes) sends alerts about changes.
      - V(addresses) only checks, without a network, that apprise can use each address, and fails where it cannot.
      - V(test) also sends a test message to each address, and fails where it was not accepted.
    type: str
    choices: [changes, addresses, test]
    default: changes
  health:
    description:
      - Result of M(maxops.ops.health_check), the variable that it was registered in. A failed result is reported, too.
      - Required with O(purpose=changes).
    type: dict
  urls:
    description:
      - Addresses that get the alerts, in apprise's format, such as V(mailtos://user:password@example.com?to=ops@example.com),
        V(slack://token), V(ntfys://ntfy.example.com/maxops) or V(jsons://example.com/hook).
      - They are secrets. Keep them in a vault.
    type: list
    elements: str
    default: []
  state_file:
    description:
      - File on the host that stores which alerts were sent.
    type: path
    default: /var/lib/maxops/alerts.json
  name:
    description:
      - Name of the host in messages. By default its host name.
    type: str
  level:
    description:
      - The least bad state that is reported. V(unknown) is worse than V(warning), and never counts as ok.
    type: str
    choices: [warning, unknown, critical]
    default: warning
  after:
    description:
      - Number of runs in a row in which a finding has to be bad before it is reported.
    type: int
    default: 2
  recover_after:
    description:
      - Number of runs in a row in which a finding has to be ok before it is reported as recovered.
    type: int
    default: 2
  repeat_after:
    description:
      - Seconds after which a persisting problem is reported again. V(0) means never.
    type: int
    default: 14400
  ping_url:
    description:
      - Address of a dead man's switch. It is requested (GET) after each run whose messages were all delivered. When the
        requests stop, the switch raises an alarm.
      - It is a secret.
    type: str
  timeout:
    description:
      - Seconds that an address may take to answer.
    type: int
    default: 20
extends_documentation_fragment:
  - maxops.ops.attributes
attributes:
  check_mode:
    support: full
    details:
      - Shows what would be sent to how many addresses; sends and saves nothing.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - An alert is not sent twice, but each run counts.
requirements:
  - Python package C(apprise), which the role P(maxops.ops.monitoring#role) installs in its own virtual environment
  - Python package C(requests), with O(ping_url)
seealso:
  - module: maxops.ops.health_check
  - module: maxops.ops.metrics
"""

EXAMPLES = r"""
- name: Check the stack
  maxops.ops.health_check:
    fail_on: never
  register: health

- name: Send alerts about changes
  maxops.ops.alert:
    health: "{{ health }}"
    urls: "{{ vault_alert_urls }}"
    ping_url: "{{ vault_ping_url }}"

- name: Send a test message to each address
  maxops.ops.alert:
    purpose: test
    urls: "{{ vault_alert_urls }}"
"""

RETURN = r"""
events:
  description: What changed in this run, the worst first.
  returned: with O(purpose=changes)
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
  description:
    - The outcome of each message, or of each address that was checked. Addresses are secret, so they are named by their
      kind and number.
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
  returned: with O(purpose=changes)
  type: int
  sample: 0
unwell:
  description: Current problems, reported or not.
  returned: with O(purpose=changes)
  type: list
  elements: dict
  sample:
    - check: containers
      subject: gitea
      state: critical
      since: "2026-11-25T14:00:00Z"
pinged:
  description: Whether the dead man's switch was notified of the successful run.
  returned: with O(purpose=changes)
  type: bool
  sample: true
problems:
  description: Failures of this run, such as a message that was not delivered, and what to do about them.
  returned: always
  type: list
  elements: str
  sample: []
"""

import socket

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.addresses import check_addresses
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
        "purpose": {"type": "str", "default": "changes", "choices": ["changes", "addresses", "test"]},
        "health": {"type": "dict"},
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
    """Fail if a library is missing that the given addresses need."""
    reason = "for alerts; the playbook maxops.ops.monitoring installs it in a virtual environment of its own"
    if module.params["urls"]:
        require(module, {"apprise": APPRISE_IMPORT_ERROR}, reason)
    if module.params["ping_url"]:
        require(module, {"requests": REQUESTS_IMPORT_ERROR}, reason)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec=SPEC.options, required_if=[("purpose", "changes", ["health"])], supports_check_mode=True
    )
    check_bounds(module, SPEC)
    require_libraries(module)
    given = module.params
    name = given["name"] or socket.gethostname()
    if given["purpose"] != "changes":
        send = given["purpose"] == "test" and not module.check_mode
        with report_failures(module):
            result = check_addresses(given["urls"], name, send, given["timeout"])
            end(module, {"changed": send and bool(given["urls"]), **result}, "; ".join(result["problems"]))
    options = AlertOptions(
        name=name,
        state_file=given["state_file"],
        rules=Rules(given["level"], given["after"], given["recover_after"], given["repeat_after"]),
        urls=[url for url in given["urls"] if url.strip()],
        ping_url=given["ping_url"] or None,
        timeout=given["timeout"],
    )
    with report_failures(module, "the next run sends what was not sent"):
        result = alert(given["health"], options, module.check_mode)
        end(module, {"changed": bool(result["deliveries"]), **result}, "; ".join(result["problems"]))


if __name__ == "__main__":
    main()
