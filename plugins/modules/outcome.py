#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: outcome
short_description: Fail on the hosts whose job failed, after the summary
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - The playbooks of this collection keep a host whose job failed until the summary of all hosts was shown. Then this
    module fails on exactly the hosts whose job failed, and marks those as unreachable that could not be reached.
  - Runs only on the controller; no host is contacted.
options:
  job:
    description:
      - Name of the job, for the message.
    type: str
    required: true
  variable:
    description:
      - Name of the variable that the job's result was registered in.
    type: str
    required: true
  fail_on:
    description:
      - For a job whose result has a C(state), such as health. Fail on the host if its state is this or worse.
        C(unknown), a failed job and an unreachable host count as V(critical).
    type: str
    choices: [critical, never, warning]
extends_documentation_fragment:
  - maxops.ops.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
seealso:
  - module: maxops.ops.summary
"""

EXAMPLES = r"""
- name: Fail where no backup set was made
  maxops.ops.outcome:
    job: backup
    variable: backup_result
"""

RETURN = r"""
msg:
  description: How the job of this host ended.
  returned: on failure
  type: str
  sample: backup of project1 failed, see the summary above
"""
