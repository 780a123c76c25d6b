#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: health_check
short_description: Check the health of a stack, and show how to fix problems
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Checks containers, HTTP endpoints, PostgreSQL, the cache (Redis or memcached), disks, memory, the gateway's
    certificate, the clock, backups and images of a stack, all at the same time, each check with its own time limit.
  - Every result is a finding that shows what was seen, the limit, and the command that fixes the problem.
  - Grades all findings together by the table of the manual's section 7.1.
  - Reports a service, a database or a Docker daemon that is down. The task does not fail because of it unless
    O(fail_on) says so. A service that accepts a connection and never answers does not delay the other checks.
options:
  checks:
    description:
      - The checks to run.
    type: list
    elements: str
    choices: [containers, http, postgresql, redis, disk, memory, certificate, clock, backup, images]
    default: [containers, http, postgresql, redis, disk, memory, certificate, clock, backup, images]
  exclude:
    description:
      - Checks to leave out of O(checks).
    type: list
    elements: str
    choices: [containers, http, postgresql, redis, disk, memory, certificate, clock, backup, images]
    default: []
  thresholds:
    description:
      - Limits that differ from the defaults, by check and name, as in the example below. V(0) for a name that ends in
        C(_warning) or C(_critical) means no limit.
      - C(containers) has C(restarts_warning) (1) and C(restarts_critical) (3), counted while the last restart is less
        than C(restart_minutes) (60) ago.
      - C(http) has C(latency_warning) (2 s) and C(latency_critical) (8 s).
      - C(postgresql) has C(connections_warning) and C(connections_critical) (80 and 95 % of the connections that are
        not reserved for the superuser), C(transaction_warning) and C(transaction_critical) (15 and 240 minutes),
        C(idle_transaction_warning) and C(idle_transaction_critical) (5 and 60 minutes), C(dead_rows_warning) and
        C(dead_rows_critical) (20 % of a table and none) for tables with C(dead_rows_minimum) (10000) of them,
        C(size_warning) and C(size_critical) (none; GB of a database), C(wraparound_warning) and
        C(wraparound_critical) (25 and 60 % of the transaction numbers).
      - C(redis) has C(memory_warning) and C(memory_critical) (90 and 99 % of its limit), C(clients_warning) and
        C(clients_critical) (80 and 95 %), C(evictions_warning) and C(evictions_critical) (1000 keys an hour and none),
        C(blocked_warning) and C(blocked_critical) (20 clients and none), C(latency_warning) and C(latency_critical) (1
        and 5 s).
      - C(disk) has C(used_warning) and C(used_critical) (80 and 90 %), C(inodes_warning) and C(inodes_critical) (80
        and 95 %), C(days_warning) and C(days_critical) (14 and 2 days until it is full).
      - C(memory) has C(available_warning) and C(available_critical) (10 and 4 %), C(swap_warning) and
        C(swap_critical) (60 and 95 %), C(stalled_warning) and C(stalled_critical) (10 and 40 % of the last minute).
      - C(certificate) has C(days_warning) and C(days_critical) (21 and 3 days).
      - C(clock) has C(offset_warning) and C(offset_critical) (10 and 60 s, connection time included), and
        C(unsynchronised) (1; 0 accepts a clock that is not synchronised).
      - C(backup) has C(age_warning) and C(age_critical) (26 and 50 hours), C(verified_warning) and
        C(verified_critical) (192 hours and none).
      - C(images) has C(drift) (1; 0 accepts drift).
    type: dict
    default: {}
  fail_on:
    description:
      - When the task fails. A check that could not see anything does not count as ok, so V(critical) also fails for
        V(unknown).
    type: str
    choices: [critical, warning, never]
    default: never
  timeout:
    description:
      - Seconds that all checks together may take.
    type: float
    default: 30
  check_timeout:
    description:
      - Seconds that a single check may take. A check that has not finished by then is a finding.
    type: float
    default: 10
  gateway_url:
    description:
      - Address that users open, such as V(https://maxops.example.com).
      - By default the port that the gateway's container publishes on this host.
    type: str
  controller_time:
    description:
      - Time of the controller's clock, in seconds since 1970, to compare with the host's clock. The role
        P(maxops.ops.health#role) sets it.
    type: float
  state_dir:
    description:
      - Folder on the host for measurements that one run saves for the next. They are needed to estimate the days until
        a disk is full.
    type: path
    default: /var/lib/maxops
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.database
  - maxops.ops.stack.cache
  - maxops.ops.repository
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Changes nothing in the stack. In check mode it does not write to O(state_dir) either.
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - Should run as C(root), which may use Docker and read the repository. As another user, anything that cannot be read
    is V(unknown).
  - Does not need the Python package C(docker). Without C(psycopg2) the check C(postgresql) is V(unknown).
seealso:
  - module: maxops.ops.backup_info
"""

EXAMPLES = r"""
- name: Check the health of the stack
  maxops.ops.health_check:
  register: health

- name: Fail on any warning, with a stricter limit for disks
  maxops.ops.health_check:
    fail_on: warning
    thresholds:
      disk:
        used_warning: 70

- name: Check only what users see
  maxops.ops.health_check:
    checks: [http, certificate]
    gateway_url: https://maxops.example.com
"""

RETURN = r"""
state:
  description: The worst of all findings, from V(ok) over V(notice), V(warning) and V(unknown) to V(critical).
  returned: always
  type: str
  sample: warning
grade:
  description: The grade of all findings together by the manual's table 7.1, V(P1) to V(P4), or V(none).
  returned: always
  type: str
  sample: P4
findings:
  description:
    - All findings without those that follow from another one, the worst first, those with state V(ok) at the end. Of
      equal states, the one with the worst grade comes first.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: The check that found it.
      type: str
    subject:
      description: The service, disk, file or other thing that it is about.
      type: str
    state:
      description: V(ok), V(notice), V(warning), V(unknown) or V(critical).
      type: str
    seen:
      description: What was seen.
      type: str
    limit:
      description: The limit, or what it should be.
      type: str
    evidence:
      description: What the finding is based on.
      type: list
      elements: str
    fix:
      description: What to do about it, where possible a command.
      type: str
  sample:
    - check: disk
      subject: /
      state: warning
      seen: 84 % used, 12.1 GB free; full in 9.3 days at the current rate
      limit: 80 %
      evidence: ["it holds /var/lib/docker, /var/backups/maxops"]
      fix: "see what uses it: du -xh -d2 / | sort -h | tail -20; free space with ansible-playbook maxops.ops.cleanup"
consequences:
  description:
    - Findings that follow from another one, such as those about an application whose container is stopped. They are
      not in RV(findings), RV(counts) or the summary; the evidence of their cause names them.
  returned: always
  type: list
  elements: dict
  contains:
    follows:
      description: The C(check) and C(subject) of the finding that it follows from; the other keys are as in findings.
      type: dict
  sample:
    - check: http
      subject: gitea
      state: critical
      seen: "no answer: its container is exited"
      limit: "200"
      evidence: [maxoperation-gitea-1]
      fix: docker compose --project-name maxoperation up --detach gitea
      follows: {"check": "containers", "subject": "gitea"}
counts:
  description: Number of findings by state.
  returned: always
  type: dict
  sample: {"critical": 0, "notice": 0, "ok": 40, "unknown": 0, "warning": 1}
checks:
  description: State and duration in seconds of every check.
  returned: always
  type: dict
  sample: {"disk": {"seconds": 0.002, "state": "warning"}}
measures:
  description: The measurements for the metrics, in base units.
  returned: always
  type: list
  elements: dict
  sample:
    - name: disk_used_ratio
      labels: {"mountpoint": "/"}
      value: 0.84
duration:
  description: Seconds that all checks took together.
  returned: always
  type: float
  sample: 0.08
at:
  description: Time of the check, in UTC.
  returned: always
  type: str
  sample: "2026-11-23T02:00:00Z"
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.job import CHECKS, check_health
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.options import HealthOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.thresholds import merged
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, fail, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    CACHE,
    DATABASE,
    REPOSITORY,
    STACK,
    Bounds,
    Spec,
    access_of,
    check_bounds,
    rest_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import OK, STATES, UNKNOWN, WARNING

FAILS_FROM = {"critical": UNKNOWN, "warning": WARNING}
"""The least bad state that fails the task."""

NAMES = list(CHECKS)
SECONDS = Bounds(above=0, most=3600)
SPEC = (
    STACK
    + DATABASE
    + CACHE
    + REPOSITORY
    + Spec(
        {
            "checks": {"type": "list", "elements": "str", "choices": NAMES, "default": NAMES},
            "exclude": {"type": "list", "elements": "str", "choices": NAMES, "default": []},
            "thresholds": {"type": "dict", "default": {}},
            "fail_on": {"type": "str", "choices": ["critical", "warning", "never"], "default": "never"},
            "timeout": {"type": "float", "default": 30},
            "check_timeout": {"type": "float", "default": 10},
            "gateway_url": {"type": "str"},
            "controller_time": {"type": "float"},
            "state_dir": {"type": "path", "default": "/var/lib/maxops"},
        },
        {"timeout": SECONDS, "check_timeout": SECONDS},
    )
)


def read_options(module: AnsibleModule) -> HealthOptions:
    """The module's parameters as options of the job; fails for an invalid address or selection of checks."""
    parameters = dict(module.params)
    parameters.pop("fail_on")
    url = parameters["gateway_url"]
    if url and not url.startswith(("http://", "https://")):
        fail(module, f'gateway_url "{url}" is not an address; write it as https://maxops.example.com')
    if url and "@" in url.split("/")[2]:
        fail(module, "gateway_url contains a user name or password, which would end up in logs; give the address alone")
    exclude = parameters.pop("exclude")
    checks = tuple(name for name in CHECKS if name in parameters["checks"] and name not in exclude)
    if not checks:
        fail(module, "no check is left to run: name some in checks, or fewer in exclude")
    parameters.update(checks=checks, thresholds=merged(parameters["thresholds"]))
    return HealthOptions(access_of(parameters), **rest_of(parameters))


def failure_of(result: dict[str, Any], fail_on: str) -> str | None:
    """Why the task fails, or None if it does not."""
    limit = FAILS_FROM.get(fail_on)
    if not limit or STATES.index(result["state"]) < STATES.index(limit):
        return None
    bad = [finding for finding in result["findings"] if finding["state"] != OK]
    worst = "; ".join(f"{it['state']}: {it['check']} {it['subject']}: {it['seen']}" for it in bad[:3])
    more = f"; and {len(bad) - 3} more" if len(bad) > 3 else ""
    return f"the stack has problems (grade {result['grade']}): {worst}{more}"


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    with report_failures(module, "nothing was changed, run this again"):
        result = check_health(read_options(module), module.check_mode)
        end(module, {"changed": False, **result}, failure_of(result, module.params["fail_on"]))


if __name__ == "__main__":
    main()
