#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_user
short_description: Manage Gitea users, one or thousands per task
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Creates, changes, renames, locks and removes accounts of Gitea or Forgejo, with their SSH keys, teams and tokens.
  - Takes one user by its own options, or any number of them in O(users). Accounts are read once and compared, and only
    differences are changed, several at a time.
  - Works with Gitea 1.21 to 1.25 and with Forgejo; the module reads the version and handles the differences.
options:
  api_url:
    description:
      - Address below which Gitea's C(/api/v1) is.
      - By default Gitea's container in the stack O(project_name) on the same host, which is found through Docker, so
        that neither the gateway's port nor its certificate matters.
    type: str
  api_token:
    description:
      - Token of a site administrator with the scopes C(write:admin), C(write:user), C(write:organization),
        C(read:repository), C(read:package) and C(read:misc), or C(all).
      - A token cannot create O(tokens); that requires O(api_user) and O(api_password).
    type: str
  api_token_file:
    description:
      - File on the host that contains the token, such as the one that M(maxops.ops.gitea_admin) writes.
    type: path
  api_user:
    description:
      - Name of a site administrator, with O(api_password) instead of O(api_token).
    type: str
  api_password:
    description:
      - Password of O(api_user).
    type: str
  name:
    description:
      - Login name. Gitea ignores case in it, and so does this module.
    type: str
  state: &state
    description:
      - V(present) creates or changes the account to match the other options.
      - V(locked) is for users who have left. An existing account is locked, which disables password, tokens and SSH
        keys at once and keeps the user's name on what they wrote; no account is created. O(ssh_keys), if given, are
        made exactly these in every run. O(password), if given, replaces the present one when the account is locked, but
        not that of an account that is locked already (nothing would show whether it is the same) or has a login source.
        Other options are ignored.
      - V(absent) leaves the organisations of others and removes the account.
    type: str
    choices: [present, locked, absent]
    default: present
  email: &email
    description:
      - E-mail address; required for a new account.
      - From Gitea 1.22 on, the former address stays with the account as a second one that still signs in; the user's
        C(remarks) say so.
    type: str
  full_name: &full_name
    description:
      - Full name.
    type: str
  password: &password
    description:
      - Password; required for a new account, unless O(source_id) names a login source.
    type: str
  update_password: &update_password
    description:
      - V(on_create) sets O(password) for new accounts only, V(always) whenever it differs.
      - By default V(on_create).
    type: str
    choices: [on_create, always]
  check_password: &check_password
    description:
      - With O(update_password=always), try the password first and change it only when it is wrong, so that a second
        run changes nothing. By default V(true).
      - Every wrong password is logged by Gitea. For accounts that may not sign in, Gitea does not allow the check, and
        the password is set in every run. From 1.25 on, that holds for accounts with a second factor as well.
      - An account with another login source keeps its password there, and Gitea ignores one without a word. So it is
        not sent, and the user fails; V(false) sends it all the same, which has an effect for OAuth2 only.
    type: bool
  must_change_password: &must_change_password
    description:
      - Whether a new password has to be changed at the first sign-in. Gitea's own default for new accounts is V(true).
      - It is sent together with a new password; Gitea never reports it, so it is not compared.
    type: bool
  admin: &admin
    description:
      - Whether the user is a site administrator.
    type: bool
  active: &active
    description:
      - Whether the account is activated.
    type: bool
  prohibit_login: &prohibit_login
    description:
      - Whether the user is locked, which disables password, tokens and SSH keys at once and keeps everything else.
    type: bool
  restricted: &restricted
    description:
      - Whether the user sees only what they were explicitly given access to.
    type: bool
  visibility: &visibility
    description:
      - Who can see the account.
      - Gitea 1.22 and 1.23 accept V(public) for a hidden account and keep it hidden; the user fails then.
    type: str
    choices: [public, limited, private]
  login_name: &login_name
    description:
      - Name of the user at the login source.
    type: str
  source_id: &source_id
    description:
      - Number of the login source where the user signs in; Gitea's page Authentication Sources shows it.
      - Gitea's API cannot move an account back to V(0), a local password. Before 1.22 Gitea does not report the source,
        so it is set for new accounts only.
    type: int
  website: &website
    description:
      - Address of the user's website.
      - Gitea 1.21 refuses every change of it, together with all that is sent with it. There it is not sent, and the
        user fails unless the account has this website already.
    type: str
  location: &location
    description:
      - Location of the user.
    type: str
  description: &description
    description:
      - Description of the user.
    type: str
  allow_git_hook: &allow_git_hook
    description:
      - Whether the user may write Git hooks, which run as programs on the server.
      - Gitea never reports this, so it is set for new accounts and together with any other change.
    type: bool
  allow_import_local: &allow_import_local
    description:
      - Whether the user may import repositories from the server's disk. Not reported by Gitea, like
        O(allow_git_hook).
    type: bool
  allow_create_organization: &allow_create_organization
    description:
      - Whether the user may create organisations. Not reported by Gitea, like O(allow_git_hook).
    type: bool
  max_repo_creation: &max_repo_creation
    description:
      - How many repositories the user may own, V(-1) for the server's default. Not reported by Gitea, like
        O(allow_git_hook).
    type: int
  send_notify: &send_notify
    description:
      - Whether Gitea sends a mail about the new account.
    type: bool
  rename_from: &rename_from
    description:
      - Former name. An account of that name is renamed if there is none with O(name); Gitea then redirects from the
        old name, which this module does not take for an account.
    type: str
  ssh_keys: &ssh_keys
    description:
      - Public SSH keys of the user, as lines of C(.pub) files.
    type: list
    elements: str
  ssh_keys_exclusive: &ssh_keys_exclusive
    description:
      - Whether the user has exactly O(ssh_keys) (V(true)) or at least these. By default V(false).
    type: bool
  teams: &teams
    description:
      - Teams of the user, as C(organisation/team). A member of a team is also a member of the organisation.
      - Organisations and teams have to exist.
    type: list
    elements: str
  teams_exclusive: &teams_exclusive
    description:
      - Whether the user is in exactly O(teams) (V(true)) or at least in these. By default V(false).
    type: bool
  tokens: &tokens
    description:
      - Access tokens of the user. Missing ones are created, and returned in RV(tokens) this once.
      - Set C(no_log) on the task, or protect its result, when you use this.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the token.
        type: str
        required: true
      scopes:
        description: Scopes such as C(read:repository) or C(all). Gitea 1.22 and later require at least one.
        type: list
        elements: str
        default: []
  purge: &purge
    description:
      - With O(state=absent), also remove the user's repositories and packages, and organisations that only this user
        owns. The token needs the scope C(read:package) for that.
      - Without it, an account that owns any of these is not removed, and the error names them.
    type: bool
  users:
    description:
      - Users, with the options of one user. Options beside O(users) are the defaults of the entries that do
        not say otherwise.
      - An entry without O(users[].state) has the O(state) of the task.
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
      full_name: *full_name
      password: *password
      update_password: *update_password
      check_password: *check_password
      must_change_password: *must_change_password
      admin: *admin
      active: *active
      prohibit_login: *prohibit_login
      restricted: *restricted
      visibility: *visibility
      login_name: *login_name
      source_id: *source_id
      website: *website
      location: *location
      description: *description
      allow_git_hook: *allow_git_hook
      allow_import_local: *allow_import_local
      allow_create_organization: *allow_create_organization
      max_repo_creation: *max_repo_creation
      send_notify: *send_notify
      rename_from: *rename_from
      ssh_keys: *ssh_keys
      ssh_keys_exclusive: *ssh_keys_exclusive
      teams: *teams
      teams_exclusive: *teams_exclusive
      tokens: *tokens
      purge: *purge
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
      - With O(update_password=always), a second run changes a password again where Gitea does not allow a check.
seealso:
  - module: maxops.ops.gitea_admin
  - module: maxops.ops.openproject_user
"""

EXAMPLES = r"""
- name: One user
  maxops.ops.gitea_user:
    api_token: "{{ vault_gitea_token }}"
    name: alice
    email: alice@example.com
    full_name: Alice Kim
    password: "{{ vault_alice_password }}"
    teams: [acme/developers]

- name: All users at once, with a report of accounts that are not in the list
  maxops.ops.gitea_user:
    api_token: "{{ vault_gitea_token }}"
    restricted: true
    users: "{{ people }}"
    prune: report
    prune_exclude: [admin, "*-bot"]

- name: Lock the account of a user who has left
  maxops.ops.gitea_user:
    api_token: "{{ vault_gitea_token }}"
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
    not_compared:
      description: Given fields that Gitea does not report, so that they were not compared.
      type: list
      elements: str
      returned: when there are any
    remarks:
      description: Remarks, such as an address that stays with the account as a second one.
      type: list
      elements: str
      returned: when there is any
    removed_with:
      description: Repositories, packages and organisations that were removed with the account.
      type: dict
      returned: when O(purge) removed some
    error:
      description: Why the user failed.
      type: str
      returned: when the status is V(failed)
  sample:
    - {name: alice, status: changed, changes: {full_name: {before: Alice, after: Alice Kim}}}
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
  description: Accounts that are not in O(users), can sign in and are not excluded, when O(prune) looks for them.
  returned: always, except when nothing could be read
  type: list
  elements: str
  sample: [former-intern]
tokens:
  description: Tokens that were created, with their secrets, which Gitea never shows again.
  returned: always, except when nothing could be read
  type: list
  elements: dict
  sample: []
version:
  description: Version of Gitea.
  returned: always, except when nothing could be read
  type: str
  sample: 1.21.11
requests:
  description: How many requests were sent.
  returned: always, except when nothing could be read
  type: int
  sample: 24
duration:
  description: How long the task took, in seconds.
  returned: always, except when nothing could be read
  type: float
  sample: 0.71
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea.accounts import GiteaUsers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import System
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import PROGRESS, STACK, Spec, check_bounds
from ansible_collections.maxops.ops.plugins.module_utils.module.users import (
    TOKEN,
    api_spec,
    endpoint_of,
    people_of,
    run,
    token_of,
    users_spec,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Gitea
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import REQUESTS_IMPORT_ERROR, Client, basic
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

TOKEN_OPTIONS = {
    "name": {"type": "str", "required": True},
    "scopes": {"type": "list", "elements": "str", "default": []},
}
USER_OPTIONS: dict[str, dict[str, Any]] = {
    "email": {"type": "str"},
    "full_name": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "no_log": False},
    "check_password": {"type": "bool", "no_log": False},
    "must_change_password": {"type": "bool", "no_log": False},
    "admin": {"type": "bool"},
    "active": {"type": "bool"},
    "prohibit_login": {"type": "bool"},
    "restricted": {"type": "bool"},
    "visibility": {"type": "str", "choices": ["public", "limited", "private"]},
    "login_name": {"type": "str"},
    "source_id": {"type": "int"},
    "website": {"type": "str"},
    "location": {"type": "str"},
    "description": {"type": "str"},
    "allow_git_hook": {"type": "bool"},
    "allow_import_local": {"type": "bool"},
    "allow_create_organization": {"type": "bool"},
    "max_repo_creation": {"type": "int"},
    "send_notify": {"type": "bool"},
    "rename_from": {"type": "str"},
    "ssh_keys": {"type": "list", "elements": "str", "no_log": False},
    "ssh_keys_exclusive": {"type": "bool", "no_log": False},
    "teams": {"type": "list", "elements": "str"},
    "teams_exclusive": {"type": "bool"},
    "tokens": {"type": "list", "elements": "dict", "no_log": False, "options": TOKEN_OPTIONS},
    "purge": {"type": "bool"},
}
SPEC = (
    STACK
    + api_spec()
    + TOKEN
    + Spec({"api_user": {"type": "str"}, "api_password": {"type": "str", "no_log": True}})
    + users_spec(USER_OPTIONS)
    + PROGRESS
)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec=SPEC.options,
        required_one_of=[("name", "users"), ("api_token", "api_token_file", "api_user")],
        mutually_exclusive=[("name", "users"), ("api_token", "api_token_file", "api_user")],
        required_together=[("api_user", "api_password")],
        supports_check_mode=True,
    )
    check_bounds(module, SPEC)
    require(module, {"requests": REQUESTS_IMPORT_ERROR})
    people = people_of(module, USER_OPTIONS)
    token = token_of(module)
    by_password = basic(module.params["api_user"] or "", module.params["api_password"] or "")
    authorization = by_password if token is None else f"token {token}"

    def connect(cancellation: Cancellation) -> tuple[Client, str, System]:
        endpoint = endpoint_of(module, authorization, "gitea")
        api = Gitea(endpoint, cancellation)
        return api.http, api.release.text, GiteaUsers(api, cancellation)

    run(module, people, connect)


if __name__ == "__main__":
    main()
