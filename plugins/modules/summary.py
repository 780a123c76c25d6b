#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: summary
short_description: Print a job's results for all hosts of the play
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Prints the registered results of a job as a few lines for one host, or as a table for many, failures first.
  - Runs only on the controller; no host is contacted.
options:
  job:
    description:
      - The job whose results are printed.
    type: str
    required: true
    choices:
      - backup
      - backups
      - cache
      - cleanup
      - diagnose
      - drill
      - health
      - logs
      - monitoring
      - optimize
      - restart
      - restore
      - status
      - users
      - verify
  variable:
    description:
      - Name of the variable that the job's result was registered in, on each host.
    type: str
    required: true
  fail_on:
    description:
      - Fail, after everything was printed, if a host's C(state) is this or worse. C(unknown), a failed job and an
        unreachable host count as V(critical). For results that have a C(state).
    type: str
    choices: [critical, never, warning]
    default: never
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
"""

EXAMPLES = r"""
- name: Show the new backup sets
  maxops.ops.summary:
    job: backup
    variable: backup_result
  run_once: true
"""

RETURN = r"""
lines:
  description: What was printed.
  returned: success
  type: list
  elements: str
  sample: ["lab: backup set 20261123T020000Z, 45.8 MB, 0.9 s"]
"""
