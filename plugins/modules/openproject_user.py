#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: openproject_user
short_description: Manage OpenProject users, one or thousands per task
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Creates, invites, changes, locks, unlocks and removes accounts of OpenProject, with their roles in projects, their
    global roles and their groups.
  - Takes one user by its own options, or any number of them in O(users). Accounts are read once and compared, and only
    differences are changed, several at a time; each group is written once for all users.
options:
  api_url:
    description:
      - Address below which OpenProject's C(/api/v3) is. OpenProject answers only for its own host name
        (C(OPENPROJECT_HOST__NAME) and C(OPENPROJECT_ADDITIONAL__HOST__NAMES)), so an address needs one of these names.
      - By default OpenProject's container in the stack O(project_name) on the same host, which is found through Docker,
        with its own host name, so that neither the gateway's port nor its certificate matters.
    type: str
  api_token:
    description:
      - API token of an administrator, from My account > Access tokens.
    type: str
  api_token_file:
    description:
      - File on the host that contains the token.
    type: path
  name:
    description:
      - Login name. OpenProject ignores case in it, and so does this module.
    type: str
  state: &state
    description:
      - V(present) creates or changes the account to match the other options.
      - V(locked) is for users who have left. An existing account is locked; no account is created. O(password), if
        given, replaces the present one when the account is locked; other options are ignored.
      - V(absent) removes the account. OpenProject allows that only where its administrators have enabled it, so
        V(locked) is the better way to end an account's use. OpenProject 17 removes it by a background job; an account
        that waits for it has the status C(deleted) and is left alone.
    type: str
    choices: [present, locked, absent]
    default: present
  email: &email
    description:
      - E-mail address; required for a new account.
    type: str
  first_name: &first_name
    description:
      - First name; required for a new active account.
    type: str
  last_name: &last_name
    description:
      - Last name; required for a new active account.
    type: str
  password: &password
    description:
      - Password; required for a new active account.
    type: str
  update_password: &update_password
    description:
      - V(on_create) sets O(password) for new accounts only, V(always) in every run. By default V(on_create).
      - OpenProject does not allow a password to be checked, so V(always) is never idempotent.
    type: str
    choices: [on_create, always]
  status: &status
    description:
      - Whether a new account is V(active) at once or V(invited), so that the user gets a mail and chooses the
        password.
      - By default V(active) if there is a O(password). It is ignored for existing accounts.
    type: str
    choices: [active, invited]
  admin: &admin
    description:
      - Whether the user is an administrator.
    type: bool
  language: &language
    description:
      - Language of the user's pages, such as V(en) or V(ko).
    type: str
  locked: &locked
    description:
      - Whether the account is locked. Only active accounts can be locked.
    type: bool
  rename_from: &rename_from
    description:
      - Former name. An account of that name is renamed if there is none with O(name).
    type: str
  roles: &roles
    description:
      - Global roles, exactly these.
    type: list
    elements: str
  projects: &projects
    description:
      - Projects of the user, and the roles there.
      - Roles that come from a group are not changed. Nor are memberships of the programs and portfolios of OpenProject
        17, and of projects that the token does not see, such as archived ones; with O(projects_exclusive), they are
        named in the user's C(remarks).
    type: list
    elements: dict
    suboptions:
      project:
        description: Identifier of the project, the part of its address after C(/projects/), or its name.
        type: str
        required: true
      roles:
        description: Roles in the project, exactly these.
        type: list
        elements: str
        required: true
  projects_exclusive: &projects_exclusive
    description:
      - Whether the user is a member of exactly O(projects) (V(true)) or at least of these. By default V(false).
    type: bool
  groups: &groups
    description:
      - Groups of the user. They have to exist.
    type: list
    elements: str
  groups_exclusive: &groups_exclusive
    description:
      - Whether the user is in exactly O(groups) (V(true)) or at least in these. By default V(false).
    type: bool
  notify: &notify
    description:
      - Whether OpenProject sends a mail about new and changed memberships. By default V(false).
    type: bool
  users:
    description:
      - Users, with the options of one user. Options beside O(users) are the defaults of the entries that do
        not say otherwise.
    type: list
    elements: dict
    suboptions:
      name:
        description: Login name.
        type: str
        required: true
      state:
        description: State of the account; by default the O(state) of the task.
        type: str
        choices: [present, locked, absent]
      email: *email
      first_name: *first_name
      last_name: *last_name
      password: *password
      update_password: *update_password
      status: *status
      admin: *admin
      language: *language
      locked: *locked
      rename_from: *rename_from
      roles: *roles
      projects: *projects
      projects_exclusive: *projects_exclusive
      groups: *groups
      groups_exclusive: *groups_exclusive
      notify: *notify
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.api
  - maxops.ops.users
  - maxops.ops.work.progress
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_password=always), every run sets the password again.
seealso:
  - module: maxops.ops.gitea_user
"""

EXAMPLES = r"""
- name: One user, with a role in a project
  maxops.ops.openproject_user:
    api_token: "{{ vault_openproject_token }}"
    name: alice
    email: alice@example.com
    first_name: Alice
    last_name: Kim
    language: ko
    status: invited
    projects:
      - project: webshop
        roles: [Member]

- name: All users at once, with a report of accounts that are not in the list
  maxops.ops.openproject_user:
    api_token: "{{ vault_openproject_token }}"
    users: "{{ people }}"
    prune: report

- name: Lock the account of a user who has left
  maxops.ops.openproject_user:
    api_token: "{{ vault_openproject_token }}"
    name: bob
    state: locked
"""

RETURN = r"""
users:
  description:
    - Outcome of the users, in the order of the list; accounts that O(prune) locked follow.
    - Users without a change or remark are in RV(unchanged) instead.
  returned: always, except when nothing could be read
  type: list
  elements: dict
  contains:
    name:
      description: The user's name.
      type: str
    status:
      description: V(created), V(changed), V(unchanged), V(removed) or V(failed).
      type: str
    changes:
      description:
        - Each field that was changed (would be, in check mode), with C(before) and C(after).
        - The fields of a new account are shown in diff mode only.
      type: dict
      returned: when something was changed
    remarks:
      description: Remarks, such as a removal that OpenProject has not finished yet.
      type: list
      elements: str
      returned: when there is any
    error:
      description: Why the user failed.
      type: str
      returned: when the status is V(failed)
  sample:
    - {name: alice, status: changed, changes: {project webshop: {before: [Reader], after: [Member]}}}
    - {name: carol, status: created}
unchanged:
  description: Names of users whose accounts are as wanted.
  returned: always, except when nothing could be read
  type: list
  elements: str
  sample: [bob]
counts:
  description: How many users had each status.
  returned: always, except when nothing could be read
  type: dict
  sample: {created: 1, changed: 1, unchanged: 1, removed: 0, failed: 0}
unlisted:
  description: Accounts that are not in O(users), are active and are not excluded, when O(prune) looks for them.
  returned: always, except when nothing could be read
  type: list
  elements: str
  sample: [former-intern]
version:
  description: Version of OpenProject.
  returned: always, except when nothing could be read
  type: str
  sample: 14.6.3
requests:
  description: How many requests were sent.
  returned: always, except when nothing could be read
  type: int
  sample: 6
duration:
  description: How long the task took, in seconds.
  returned: always, except when nothing could be read
  type: float
  sample: 0.71
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.address import accepted_names
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.openproject.accounts import OpenProjectUsers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import System
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import PROGRESS, STACK, access_of, check_bounds
from ansible_collections.maxops.ops.plugins.module_utils.module.users import (
    TOKEN,
    api_spec,
    endpoint_of,
    people_of,
    run,
    token_of,
    users_spec,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.api import OpenProject
from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.refusals import (
    foreign_host,
    is_foreign_host,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import (
    REQUESTS_IMPORT_ERROR,
    ApiError,
    Client,
    basic,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

PROJECT_OPTIONS = {
    "project": {"type": "str", "required": True},
    "roles": {"type": "list", "elements": "str", "required": True},
}
USER_OPTIONS: dict[str, dict[str, Any]] = {
    "email": {"type": "str"},
    "first_name": {"type": "str"},
    "last_name": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "no_log": False},
    "status": {"type": "str", "choices": ["active", "invited"]},
    "admin": {"type": "bool"},
    "language": {"type": "str"},
    "locked": {"type": "bool"},
    "rename_from": {"type": "str"},
    "roles": {"type": "list", "elements": "str"},
    "projects": {"type": "list", "elements": "dict", "options": PROJECT_OPTIONS},
    "projects_exclusive": {"type": "bool"},
    "groups": {"type": "list", "elements": "str"},
    "groups_exclusive": {"type": "bool"},
    "notify": {"type": "bool"},
}
SPEC = STACK + api_spec() + TOKEN + users_spec(USER_OPTIONS) + PROGRESS


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec=SPEC.options,
        required_one_of=[("name", "users"), ("api_token", "api_token_file")],
        mutually_exclusive=[("name", "users"), ("api_token", "api_token_file")],
        supports_check_mode=True,
    )
    check_bounds(module, SPEC)
    require(module, {"requests": REQUESTS_IMPORT_ERROR})
    people = people_of(module, USER_OPTIONS)
    authorization = basic("apikey", token_of(module) or "")

    def connect(cancellation: Cancellation) -> tuple[Client, str, System]:
        endpoint = endpoint_of(module, authorization, "openproject")
        try:
            api = OpenProject(endpoint, cancellation)
        except ApiError as error:
            if not is_foreign_host(error):
                raise
            names = accepted_names(access_of(module.params))
            advice = foreign_host(endpoint.url, endpoint.headers.get("Host", ""), names)
            raise MaxopsError(f"OpenProject refused ({error.status}): {error.message}; {advice}") from error
        return api.http, api.version, OpenProjectUsers(api, cancellation)

    run(module, people, connect)


if __name__ == "__main__":
    main()
