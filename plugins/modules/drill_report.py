#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: drill_report
short_description: Write the report of a restore drill
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Writes the results of the rehearsals on all hosts of the play to C(drill-DATE.md) and C(drill-DATE.json) on the
    controller, with recovery times, row counts and findings, also for hosts that were not reached.
  - Runs only on the controller; no host is contacted. The role P(maxops.ops.drill#role) uses it.
options:
  variable:
    description:
      - Name of the variable that the result of M(maxops.ops.verify) was registered in, on each host.
    type: str
    required: true
  folder:
    description:
      - Folder on the controller for the report. It is created if it is missing.
    type: path
    required: true
extends_documentation_fragment:
  - maxops.ops.attributes
attributes:
  check_mode:
    support: full
    details:
      - Returns the report and writes no file.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every report contains its time.
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
seealso:
  - module: maxops.ops.verify
"""

EXAMPLES = r"""
- name: Write the report
  maxops.ops.drill_report:
    variable: drill_result
    folder: ./build/drill
  run_once: true
"""

RETURN = r"""
markdown:
  description: Path of the report for people.
  returned: always
  type: str
  sample: /home/ops/build/drill/drill-2026-11-23.md
json:
  description: Path of the report for programs.
  returned: always
  type: str
  sample: /home/ops/build/drill/drill-2026-11-23.json
report:
  description: The report.
  returned: always
  type: dict
  sample: {"time": "2026-11-23T02:00:00Z", "passed": true, "hosts": {}}
"""
