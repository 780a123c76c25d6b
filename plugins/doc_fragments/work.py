# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of long jobs: parallel work, priority, free space and progress."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of long jobs; a module takes only the parts that it uses."""

    DOCUMENTATION = r"""
options:
  jobs:
    description:
      - How many workers may run at the same time in total. By default the number of the host's processors.
    type: int
"""

    NICE = r"""
options:
  nice:
    description:
      - CPU priority of the work as a nice value, from V(0) (normal) to V(19) (lowest).
    type: int
    default: 10
"""

    IONICE = r"""
options:
  ionice:
    description:
      - I/O scheduling class of the work.
    type: str
    choices: [none, best-effort, idle]
    default: best-effort
"""

    SPACE = r"""
options:
  space_check:
    description:
      - Refuse to start when the free space is below the estimated need.
    type: bool
    default: true
"""

    PROGRESS = r"""
options:
  progress_file:
    description:
      - File that holds the progress of the work as JSON while it runs. The action of the same name uses it to show
        progress.
    type: path
"""
