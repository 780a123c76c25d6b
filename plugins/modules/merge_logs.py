#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: merge_logs
short_description: Put the logs of all hosts into one file, by time
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Merges the files that M(maxops.ops.logs) has written for the hosts of the play into C(logs.log) beside them, mode
    0600, each line with its host.
  - Does nothing where there is one host only.
  - Runs on the controller alone; no host is contacted. The role P(maxops.ops.logs#role) uses it.
options:
  variable:
    description:
      - Name of the variable that the result of M(maxops.ops.logs) was registered in, on each host.
    type: str
    required: true
  dest:
    description:
      - Folder of the controller for the file.
    type: path
    required: true
extends_documentation_fragment:
  - maxops.ops.attributes
attributes:
  check_mode:
    support: full
    details:
      - Names the file and writes none.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - The same logs make the same file.
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
seealso:
  - module: maxops.ops.logs
"""

EXAMPLES = r"""
- name: See what happened on all hosts in one order
  maxops.ops.merge_logs:
    variable: logs_result
    dest: build/logs
  run_once: true
"""

RETURN = r"""
path:
  description: The file, or nothing where there is one host only.
  returned: always
  type: str
  sample: /home/ops/build/logs/logs.log
hosts:
  description: Hosts whose logs are in it.
  returned: always
  type: list
  elements: str
  sample: [project1.example.org, project2.example.org]
"""
