#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: gitea_admin
short_description: Create Gitea's first administrator and a token for everything after
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Creates a site administrator with Gitea's own command line inside its container, for when there is no token yet, and
    keeps a token in a file on the host. M(maxops.ops.gitea_user) takes that file as
    O(maxops.ops.gitea_user#module:api_token_file).
  - No password or token is ever part of a command, so none appears in a list of processes.
  - When the file contains a valid token of the administrator, nothing is done.
options:
  api_url:
    description:
      - Address below which Gitea's C(/api/v1) is.
      - By default Gitea's container in the stack O(project_name) on the same host, which is found through Docker, so
        that neither the gateway's port nor its certificate matters.
    type: str
  name:
    description:
      - Name of the administrator.
    type: str
    required: true
  email:
    description:
      - E-mail address of the administrator.
    type: str
    required: true
  password:
    description:
      - Password to sign in with. It is set when the account is created, and not any more after the first sign-in.
      - Without it, the account has a random password that is not kept, and only the token gives access.
    type: str
  token_file:
    description:
      - File on the host for the token, mode V(0600). Its folder has to exist.
      - While something else is missing, such as the password, the token is in the same place with the ending
        C(.unfinished), and the next run uses it. So a run that fails leaves no token that is known to nothing.
    type: path
    required: true
  token_name:
    description:
      - Name of the token in Gitea.
    type: str
    default: maxops
  token_scopes:
    description:
      - Scopes of the token; at least C(write:admin), C(read:user) and C(read:misc). M(maxops.ops.gitea_user) needs
        C(write:user), C(write:organization), C(read:repository) and C(read:package) as well.
    type: list
    elements: str
    default: [all]
  service:
    description:
      - Compose service of Gitea. By default it is found by image and environment, or it is the first of Gitea's
        O(applications); of several installations, it is the service C(gitea).
    type: str
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.docker
  - maxops.ops.api
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Reports what would be created.
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - Works with the normal image of Gitea and with the rootless one, and runs the command as the image's user C(git).
  - Must run as a user that may talk to Docker, which is C(root) on most hosts.
seealso:
  - module: maxops.ops.gitea_user
"""

EXAMPLES = r"""
- name: Create the first administrator of a new Gitea
  maxops.ops.gitea_admin:
    name: maxops-admin
    email: ops@example.com
    password: "{{ vault_gitea_admin_password }}"
    token_file: /root/.config/maxops/gitea.token

- name: Create all other users
  maxops.ops.gitea_user:
    api_token_file: /root/.config/maxops/gitea.token
    users: "{{ people }}"
"""

RETURN = r"""
created:
  description: Whether the account was created.
  returned: success
  type: bool
  sample: true
token_made:
  description: Whether a token was created and written to O(token_file).
  returned: success
  type: bool
  sample: true
password_set:
  description: Whether O(password) was set.
  returned: success
  type: bool
  sample: true
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea.first_admin import Options, ensure
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    STACK,
    Spec,
    access_of,
    check_bounds,
    rest_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.module.users import api_spec, endpoint_of
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import REQUESTS_IMPORT_ERROR

API = api_spec()
SPEC = (
    STACK
    + API
    + Spec(
        {
            "name": {"type": "str", "required": True},
            "email": {"type": "str", "required": True},
            "password": {"type": "str", "no_log": True},
            "token_file": {"type": "path", "required": True, "no_log": False},
            "token_name": {"type": "str", "default": "maxops", "no_log": False},
            "token_scopes": {"type": "list", "elements": "str", "default": ["all"], "no_log": False},
            "service": {"type": "str"},
        }
    )
)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    require(module, {"requests": REQUESTS_IMPORT_ERROR, "docker": DOCKER_IMPORT_ERROR})
    if module.params["service"]:
        module.params["applications"] = {**(module.params["applications"] or {}), "gitea": [module.params["service"]]}
    own = rest_of({name: value for name, value in module.params.items() if name not in API.options})
    with report_failures(module, "run this again to complete it"):
        endpoint = endpoint_of(module, "", "gitea")
        result = ensure(Options(access=access_of(module.params), endpoint=endpoint, **own), module.check_mode)
        end(module, result)


if __name__ == "__main__":
    main()
