#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: people
short_description: Read a list of people and turn it into user entries for Gitea and OpenProject
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Reads one list of people, as YAML or as CSV, and checks every row. A list with an invalid row is refused, and every
    invalid row is named by its number.
  - Returns the lists that M(maxops.ops.gitea_user) and M(maxops.ops.openproject_user) take as O(ignore:users).
  - The role P(maxops.ops.users#role) does all of this; its README describes the format of the list.
  - Runs only on the controller; no host is contacted.
options:
  path:
    description:
      - File on the controller with the list, CSV or, when its name ends in C(.yml), C(.yaml) or C(.json), YAML. It
        may be encrypted with Ansible Vault. A relative path starts at the current folder.
    type: str
  people:
    description:
      - The list itself, instead of O(path).
    type: list
    elements: raw
  encoding:
    description:
      - Encoding of a CSV file. A byte order mark, as spreadsheets write it, is ignored.
    type: str
    default: utf-8
  exact:
    description:
      - Whether people are in exactly the teams, projects and groups of the list, or at least in these.
    type: bool
    default: true
  unlock:
    description:
      - Whether locked accounts of active people in the list are unlocked.
    type: bool
    default: true
  rotate:
    description:
      - Whether people who have left get a random password and lose their SSH keys when they are locked.
    type: bool
    default: false
  invite:
    description:
      - Whether new accounts of OpenProject are invited by mail, unless the list has another status for them.
    type: bool
    default: false
  new:
    description:
      - Logins of people who have no account yet in one of the applications. Those without a password in the list get
        a generated one. Without this option, people without a password in the list get a random one that is not kept.
    type: list
    elements: str
  passwords_file:
    description:
      - File on the controller for generated passwords, encrypted with the vault password of this run.
      - It is written before anything else is done, and a later run uses the passwords in it.
    type: str
extends_documentation_fragment:
  - maxops.ops.attributes
attributes:
  check_mode:
    support: full
    details:
      - Does not write O(passwords_file).
  diff_mode:
    support: none
  idempotent:
    support: full
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
seealso:
  - module: maxops.ops.gitea_user
  - module: maxops.ops.openproject_user
"""

EXAMPLES = r"""
- name: Read the list
  maxops.ops.people:
    path: people.csv
  register: people
"""

RETURN = r"""
gitea:
  description: Users for M(maxops.ops.gitea_user).
  returned: success
  type: list
  elements: dict
  sample: [{name: alice, email: alice@example.com, full_name: Alice Kim, prohibit_login: false}]
openproject:
  description: Users for M(maxops.ops.openproject_user).
  returned: success
  type: list
  elements: dict
  sample: [{name: alice, email: alice@example.com, first_name: Alice, last_name: Kim, status: active, locked: false}]
count:
  description: Number of people in the list.
  returned: success
  type: int
  sample: 12
remarks:
  description: Remarks, such as skipped empty rows.
  returned: success
  type: list
  elements: str
  sample: []
new_passwords:
  description: Logins of people whose password was generated and written to O(passwords_file).
  returned: success
  type: list
  elements: str
  sample: [alice]
"""
