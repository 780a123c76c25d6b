#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: check_options
short_description: Refuse misspelt options of the role that this task is part of
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Fails when a variable of the host begins with the role's name, or with C(maxops_), is no option of any role of
    the collection, and is spelt nearly like one. The message names the option that was probably meant.
  - Such a variable that resembles no option is refused where it is given on the command line (C(-e)) of a playbook of
    the collection. A variable of the inventory may be for something else, so there is only a warning of it.
  - In a playbook of the collection it also refuses variables of the command line (C(-e)) that are written like an
    option, but without the role's name before it, and misspelt short words, such as C(traget).
  - Variables of the operator's own whose names begin in the same way are listed in the variable
    C(maxops_own_variables); C(*) and C(?) are wildcards there.
  - Runs only on the controller; no host is contacted. It is the first task of every role of the collection.
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
- name: Check the names of the options
  maxops.ops.check_options:
  tags: [always]
"""

RETURN = r"""
msg:
  description: The variables that are no options, and the options that were probably meant.
  returned: failure
  type: str
  sample: >-
    backup_databses is no option of backup; did you mean backup_databases? For variables of your own, add their names
    to the list maxops_own_variables.
"""
