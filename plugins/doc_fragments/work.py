# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of long work: how much at once, how considerate, and where its progress is."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of long work; a module takes only the parts that it uses."""

    DOCUMENTATION = r"""
options:
  jobs:
    description:
      - How much may work at the same time in total. By default the number of the host's processors.
    type: int
"""

    NICE = r"""
options:
  nice:
    description:
      - How far the work steps back for others' use of the processor, from V(0) (not at all) to V(19).
    type: int
    default: 10
"""

    IONICE = r"""
options:
  ionice:
    description:
      - How far it steps back for others' use of the disk.
    type: str
    choices: [none, best-effort, idle]
    default: best-effort
"""

    SPACE = r"""
options:
  space_check:
    description:
      - Refuse to start when there is less free space than the work is estimated to need.
    type: bool
    default: true
"""

    PROGRESS = r"""
options:
  progress_file:
    description:
      - File to keep the state of the work in while it runs, as JSON. The action of the same name uses it to show
        progress.
    type: path
"""
