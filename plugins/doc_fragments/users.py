# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for users share. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """What the modules for users have in common beside the options of one user."""

    DOCUMENTATION = r"""
options:
  prune:
    description:
      - What to do about accounts that are not in O(users).
      - V(report) names them in RV(ignore:unlisted), V(lock) locks them out as well, V(none) does not look at them.
      - The account that the API is used with is never locked.
    type: str
    choices: [none, report, lock]
    default: none
  prune_exclude:
    description:
      - Names or shell patterns of accounts that O(prune) leaves alone.
    type: list
    elements: str
    default: []
attributes:
  check_mode:
    support: full
    details:
      - Reads what is there and tells what would change.
  diff_mode:
    support: full
    details:
      - Shows each changed field before and after; passwords and tokens are masked.
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
notes:
  - One user's failure ends nobody else's turn. The task fails at its end, and its result tells what became of
    everybody.
  - A run that was stopped or killed leaves each account as it was or as wanted; the next run does the rest.
"""
