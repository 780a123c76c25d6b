#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: merge_logs
short_description: Merge the logs of all hosts into one file, by time
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Merges the files that M(maxops.ops.logs) wrote for the hosts of the play into C(logs.log) in the same folder, mode
    0600, every line with its host.
  - Does nothing if there is only one host.
  - Runs only on the controller; no host is contacted. The role P(maxops.ops.logs#role) uses it.
options:
  variable:
    description:
      - Name of the variable in which the result of M(maxops.ops.logs) was registered on every host.
    type: str
    required: true
  dest:
    description:
      - Folder on the controller for the file.
    type: path
    required: true
extends_documentation_fragment:
  - maxops.ops.attributes
attributes:
  check_mode:
    support: full
    details:
      - Returns the path of the file, but does not write it.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - The same logs give the same file.
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
seealso:
  - module: maxops.ops.logs
"""

EXAMPLES = r"""
- name: Merge the logs of all hosts
  maxops.ops.merge_logs:
    variable: logs_result
    dest: build/logs
  run_once: true
"""

RETURN = r"""
path:
  description: Path of the file; empty if there is only one host.
  returned: always
  type: str
  sample: /home/ops/build/logs/logs.log
hosts:
  description: Hosts whose logs are in the file.
  returned: always
  type: list
  elements: str
  sample: [project1.example.org, project2.example.org]
"""
