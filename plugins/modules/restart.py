#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: restart
short_description: Restart services of a stack in the order of their dependencies
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Stops services, those first that depend on others, and starts them again, those last, each when the ones it depends
    on are healthy. Waits until all are, and tells how long each was down.
  - Restarts only what runs. A service whose name nothing has, or that does not run although it is named, is refused
    before anything is touched.
  - Holds the stack's lock, so that it never gets into the way of a backup or a restore, and refuses while one runs.
    What a killed restore left is put right first.
  - Restarts the containers that are there, as C(docker compose restart) does. A changed Compose file takes effect with
    P(maxops.ops.stack#role).
options:
  services:
    description:
      - Compose services to restart. By default all that run.
    type: list
    elements: str
    default: []
  include_stopped:
    description:
      - Whether to start what does not run as well. What has done its work and ended with 0 is never started again.
    type: bool
    default: false
  timeout:
    description:
      - Seconds in which all have to be healthy again.
    type: float
    default: 300
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.docker
  - maxops.ops.stack.database
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Tells what would be restarted and in which order, and refuses what would be refused.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - It restarts each time.
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
notes:
  - Killed in the middle, even with C(kill -9), it leaves nothing stopped that ran before.
  - O(database_service), O(database_user) and O(database_password) are only used to put right what a killed restore
    left.
seealso:
  - module: maxops.ops.status
  - module: maxops.ops.logs
"""

EXAMPLES = r"""
- name: Restart all services that run
  maxops.ops.restart:

- name: Restart Gitea, also where it does not run
  maxops.ops.restart:
    services: [gitea]
    include_stopped: true
"""

RETURN = r"""
project:
  description: The stack.
  returned: when the stack could be read
  type: str
  sample: maxoperation
order:
  description: Services in the order of their start; those of one entry start together. They stop in the opposite order.
  returned: when the stack could be read
  type: list
  elements: list
  sample: [["nginx", "postgres", "redis"], ["gitea", "openproject"]]
services:
  description: The containers that were restarted, in that order.
  returned: when the stack could be read
  type: list
  elements: dict
  contains:
    service:
      description: Compose service.
      type: str
    container:
      description: Name of the container.
      type: str
    state:
      description: Its state before.
      type: str
    downtime_seconds:
      description: From when it was told to stop until it was healthy again; nothing for what did not run before.
      type: float
    problem:
      description: Why it is not healthy.
      type: str
  sample:
    - service: gitea
      container: maxoperation-gitea-1
      state: running
      downtime_seconds: 3.2
      problem: null
left:
  description: Containers that did not run and were left as they are.
  returned: when the stack could be read
  type: list
  elements: dict
  sample: []
remarks:
  description: What else was done or found.
  returned: when the stack could be read
  type: list
  elements: str
  sample: []
duration:
  description: Seconds that all of it took.
  returned: when something was restarted
  type: float
  sample: 9.8
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restart.job import RestartOptions, restart
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    DATABASE,
    STACK,
    Bounds,
    Spec,
    access_of,
    check_bounds,
    rest_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import PSYCOPG2_IMPORT_ERROR

SPEC = (
    STACK
    + DATABASE
    + Spec(
        {
            "services": {"type": "list", "elements": "str", "default": []},
            "include_stopped": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 300},
        },
        {"timeout": Bounds(above=0, most=86_400)},
    )
)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    require(module, {"docker": DOCKER_IMPORT_ERROR, "psycopg2": PSYCOPG2_IMPORT_ERROR})
    options = RestartOptions(access_of(module.params), **rest_of(module.params))
    with report_failures(module, "what was stopped is started again, run this again"):
        result = restart(options, module.check_mode)
        failure = result.pop("message", None)
        end(module, result, failure)


if __name__ == "__main__":
    main()
