#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_info
short_description: List the backups of a host, with remarks on what needs attention
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Lists the backup sets of a repository with age, size, parts, verdict and what retention will do with each, and the
    legacy dumps (made by C(/backup.sh)) beside them.
  - Adds a remark when the newest set is too old, when its size differs much from the sets before it, when a part is
    missing, empty or much smaller without being accepted.
  - Needs neither Docker nor PostgreSQL.
options:
  max_age_hours:
    description:
      - How many hours old the newest set may be. V(0) for any age.
    type: float
    default: 26
  size_change:
    description:
      - By how many percent the newest set, and each of its parts, may differ from the median of the five before it.
    type: int
    default: 30
extends_documentation_fragment:
  - maxops.ops.stack.project
  - maxops.ops.repository
  - maxops.ops.repository.retention
  - maxops.ops.attributes
attributes:
  check_mode:
    support: full
    details:
      - Changes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - All sets of O(repository) are listed; those of O(project_name) and this host are counted for age, size and
    retention.
  - O(retention) are the rules that backups of this stack use, as in M(maxops.ops.backup). Without it the result says
    nothing about retention.
seealso:
  - module: maxops.ops.backup
  - module: maxops.ops.verify
"""

EXAMPLES = r"""
- name: List the backups
  maxops.ops.backup_info:
  register: backups

- name: Fail when a backup needs attention
  ansible.builtin.assert:
    that: backups.healthy
    fail_msg: "{{ backups.remarks | join('; ') }}"
"""

RETURN = r"""
repository:
  description: Folder that keeps the sets.
  returned: success
  type: str
  sample: /var/backups/maxops
project:
  description: The Compose project of the stack.
  returned: success
  type: str
  sample: maxoperation
host:
  description: Name of this host.
  returned: success
  type: str
  sample: web1
other_hosts:
  description: Hosts that made sets of the same stack in this repository. Retention on this host never removes them.
  returned: success
  type: list
  elements: str
  sample: []
sets:
  description: All sets, the newest first.
  returned: success
  type: list
  elements: dict
  contains:
    set_id:
      description: Name of the set, its UTC time.
      type: str
    path:
      description: Folder of the set.
      type: str
    project:
      description: The Compose project that it was made of.
      type: str
    host:
      description: Name of the host that it was made on.
      type: str
    missing:
      description: Databases and volumes that the stack has and this set does not; only for sets of this host and stack.
      type: list
      elements: dict
    time:
      description: When it was started.
      type: str
    age_hours:
      description: Hours since then.
      type: float
    bytes:
      description: Size of the set.
      type: int
    parts:
      description: Databases and volumes with their sizes, and the number of a database's rows.
      type: list
      elements: dict
    problem:
      description: Why its manifest can't be used.
      type: str
    verdict:
      description: The results of verifications, with C(passed), C(level) and the results of each level.
      type: dict
    retention:
      description: Whether the next backup keeps it, and why.
      type: dict
  sample:
    - set_id: 20261123T020000Z
      age_hours: 7.5
      bytes: 310378496
      retention: {"keep": true, "reasons": ["newest"]}
dumps:
  description: Legacy dumps, the newest first.
  returned: success
  type: list
  elements: dict
  sample:
    - set_id: openproject_20240101_020000
      database: openproject
      bytes: 20971520
kept:
  description:
    - The data that restores of this stack replaced and that is kept beside the running data, one entry for each
      restore, the newest first. The size of a database is the one that it had when it was replaced.
  returned: success
  type: list
  elements: dict
  sample:
    - replaced_by: the restore of set 20261123T020000Z started at 20261125T031500Z
      replaced: "2026-11-25T03:15:00Z"
      kept_until: "2026-12-02T03:15:00Z"
      bytes: 23600000
      parts:
        - {kind: database, name: gitea, kept_as: gitea__maxops_previous_20261125T031500Z, bytes: 23600000}
newest:
  description: The newest complete set of this stack and host.
  returned: success
  type: str
  sample: 20261123T020000Z
healthy:
  description: Whether there are no remarks.
  returned: success
  type: bool
  sample: true
remarks:
  description: What needs attention.
  returned: success
  type: list
  elements: str
  sample: ["set 20261123T020000Z cannot be used: its manifest is missing"]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.listing import ListingOptions, list_backups
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    NOT_NEGATIVE,
    PROJECT,
    REPOSITORY,
    RETENTION,
    Spec,
    check_bounds,
    policy_of,
)

SPEC = (
    PROJECT
    + REPOSITORY
    + RETENTION
    + Spec(
        {"max_age_hours": {"type": "float", "default": 26}, "size_change": {"type": "int", "default": 30}},
        {"max_age_hours": NOT_NEGATIVE, "size_change": NOT_NEGATIVE},
    )
)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    options = ListingOptions(**{**module.params, "retention": policy_of(module.params)})
    with report_failures(module, "nothing was changed, run this again"):
        result = list_backups(options)
        end(module, {"changed": False, **result})


if __name__ == "__main__":
    main()
