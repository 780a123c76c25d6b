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
  - Takes one user by its own options, or any number of them in O(users). Accounts are read once, compared, and only
    what differs is changed, several at a time.
  - Works with Gitea 1.21 to 1.25 and with Forgejo; what differs between the versions is handled by asking for the
    version.
options:
  api_url:
    description:
      - Address below which Gitea's C(/api/v1) is. By default Gitea behind the gateway of the stack on the same host.
    type: str
    default: http://127.0.0.1:9000/git
  api_token:
    description:
      - Token of a site administrator with the scopes C(write:admin), C(write:user), C(write:organization),
        C(read:repository) and C(read:misc), or C(all).
      - Tokens cannot make O(tokens); that takes O(api_user) and O(api_password).
    type: str
  api_token_file:
    description:
      - File on the host that holds the token, such as the one that M(maxops.ops.gitea_admin) writes.
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
      - Name to sign in with. Gitea ignores capitals in it, and so does this module.
    type: str
  state: &state
    description:
      - V(present) makes the account as the other options say.
      - V(locked) is for who has left. Where there is an account it is locked out, which ends passwords, tokens and
        SSH keys at once and keeps what the person wrote under their name; none is made. O(password) and O(ssh_keys),
        where they are given, take the place of the present ones at that moment; other options are not looked at.
      - V(absent) removes the account.
    type: str
    choices: [present, locked, absent]
    default: present
  email: &email
    description:
      - Address; needed for a new account.
    type: str
  full_name: &full_name
    description:
      - Name as people write it.
    type: str
  password: &password
    description:
      - Password; needed for a new account, unless O(source_id) says where the person signs in.
    type: str
  update_password: &update_password
    description:
      - V(on_create) sets O(password) for new accounts only, V(always) whenever it is another one.
      - By default V(on_create).
    type: str
    choices: [on_create, always]
  check_password: &check_password
    description:
      - With O(update_password=always), try the password first and change it only when it is not the right one, so
        that a second run changes nothing. By default V(true).
      - Each wrong one leaves a line in Gitea's log. For accounts that may not sign in, have a second factor or
        another login source, Gitea does not tell, and the password is set in each run.
    type: bool
  must_change_password: &must_change_password
    description:
      - Whether a new password has to be changed at the first sign-in. Gitea's own default for new accounts is V(true).
      - It goes along with a password that is set; Gitea never tells it, so it is not compared.
    type: bool
  admin: &admin
    description:
      - Whether the person is a site administrator.
    type: bool
  active: &active
    description:
      - Whether the account is activated.
    type: bool
  prohibit_login: &prohibit_login
    description:
      - Whether the person is locked out. It ends passwords, tokens and SSH keys at once and keeps everything else.
    type: bool
  restricted: &restricted
    description:
      - Whether the person sees only what they were expressly given.
    type: bool
  visibility: &visibility
    description:
      - Who sees the account.
    type: str
    choices: [public, limited, private]
  login_name: &login_name
    description:
      - Name of the person at the login source.
    type: str
  source_id: &source_id
    description:
      - Number of the login source where the person signs in; Gitea's page Authentication Sources shows it.
      - Gitea's API moves nobody back to V(0), Gitea itself. Before 1.22 Gitea does not tell the source, so it is set
        for new accounts only.
    type: int
  website: &website
    description:
      - Address of the person's site.
    type: str
  location: &location
    description:
      - Where the person is.
    type: str
  description: &description
    description:
      - Some words about the person.
    type: str
  allow_git_hook: &allow_git_hook
    description:
      - Whether the person may write hooks, which run as programs on the server.
      - Gitea never tells this, so it is set for new accounts and together with any other change.
    type: bool
  allow_import_local: &allow_import_local
    description:
      - Whether the person may import repositories from the server's disk. Not told by Gitea, as O(allow_git_hook).
    type: bool
  allow_create_organization: &allow_create_organization
    description:
      - Whether the person may make organisations. Not told by Gitea, as O(allow_git_hook).
    type: bool
  max_repo_creation: &max_repo_creation
    description:
      - How many repositories the person may own, V(-1) for the server's default. Not told by Gitea, as
        O(allow_git_hook).
    type: int
  send_notify: &send_notify
    description:
      - Whether Gitea sends a mail about the new account.
    type: bool
  rename_from: &rename_from
    description:
      - Former name. Where an account of that name is there and none of O(name), it is renamed; Gitea then redirects
        from the old name, which this module never mistakes for an account.
    type: str
  ssh_keys: &ssh_keys
    description:
      - Public SSH keys that the person has, each as the line of its C(.pub) file.
    type: list
    elements: str
  ssh_keys_exclusive: &ssh_keys_exclusive
    description:
      - Whether the person has exactly O(ssh_keys) (V(true)) or at least these. By default V(false).
    type: bool
  teams: &teams
    description:
      - Teams that the person is in, as C(organisation/team). Being in a team makes the person a member of the
        organisation.
      - Organisations and teams have to be there.
    type: list
    elements: str
  teams_exclusive: &teams_exclusive
    description:
      - Whether the person is in exactly O(teams) (V(true)) or at least in these. By default V(false).
    type: bool
  tokens: &tokens
    description:
      - Access tokens that the person has. Those that are missing are made, and returned in RV(tokens) this once.
      - Set C(no_log) on the task or keep its result to yourself when you use this.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the token.
        type: str
        required: true
      scopes:
        description: What it may do, such as C(read:repository) or C(all). From Gitea 1.22 on at least one is needed.
        type: list
        elements: str
        default: []
  purge: &purge
    description:
      - With O(state=absent), also remove the person's repositories, and organisations that nobody else owns.
      - Without it, an account that has such things is not removed, and the error names them.
    type: bool
  users:
    description:
      - Users, each with the options that one user has. What is given beside O(users) holds for each entry that does
        not say otherwise.
      - An entry without O(users[].state) has the O(state) of the task.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name to sign in with.
        type: str
        required: true
      state:
        description: Whether the account is there; by default the O(state) of the task.
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
  - maxops.ops.api
  - maxops.ops.users
  - maxops.ops.work.progress
  - maxops.ops.attributes
attributes:
  idempotent:
    support: partial
    details:
      - With O(update_password=always), a second run changes a password again where Gitea does not let anybody try it.
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

- name: Everybody at once, and tell who is in Gitea and not in the list
  maxops.ops.gitea_user:
    api_token: "{{ vault_gitea_token }}"
    restricted: true
    users: "{{ people }}"
    prune: report
    prune_exclude: [admin, "*-bot"]

- name: Lock out who has left, if there is an account
  maxops.ops.gitea_user:
    api_token: "{{ vault_gitea_token }}"
    name: bob
    state: locked
"""

RETURN = r"""
users:
  description:
    - What became of the users, in the order of the list; accounts that O(prune) locked follow.
    - Those about whom there is nothing to tell are in RV(unchanged).
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
        - The fields that a new account was made with are shown in diff mode only.
      type: dict
      returned: when something was changed
    not_compared:
      description: Fields that were given and that Gitea does not tell, so that they were not looked at.
      type: list
      elements: str
      returned: when there are any
    removed_with:
      description: Repositories and organisations that went with the account.
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
  description: Tokens that were made, with their secrets, which Gitea never tells again.
  returned: always, except when nothing could be read
  type: list
  elements: dict
  sample: []
version:
  description: Version that Gitea told.
  returned: always, except when nothing could be read
  type: str
  sample: 1.21.11
requests:
  description: How many requests it took.
  returned: always, except when nothing could be read
  type: int
  sample: 24
duration:
  description: Seconds it took.
  returned: always, except when nothing could be read
  type: float
  sample: 0.71
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea.accounts import GiteaUsers
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import System
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import PROGRESS, Spec, check_bounds
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
    api_spec("http://127.0.0.1:9000/git")
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
    endpoint = endpoint_of(module, by_password if token is None else f"token {token}")

    def connect(cancellation: Cancellation) -> tuple[Client, str, System]:
        api = Gitea(endpoint, cancellation)
        return api.http, api.release.text, GiteaUsers(api, cancellation)

    run(module, people, connect)


if __name__ == "__main__":
    main()
