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
  - Stops services in the reverse order of their dependencies and starts them in that order, each when the services that
    it depends on are healthy. Waits until all are healthy, and reports how long each was down.
  - Restarts only running services. An unknown service name, or a named service that does not run, is refused before
    anything is touched.
  - Holds the stack's lock, so that it never disturbs a backup or a restore, and fails while one runs. Recovers from a
    killed restore first.
  - Restarts the existing containers, as C(docker compose restart) does. A changed Compose file takes effect with
    P(maxops.ops.stack#role).
options:
  services:
    description:
      - Compose services to restart. By default all running services.
    type: list
    elements: str
    default: []
  include_stopped:
    description:
      - Whether to start services that do not run as well. A one-time job that ended with exit code 0 is never started
        again.
    type: bool
    default: false
  only_stopped:
    description:
      - Whether to start only what is down, and leave all running services as they are. A paused service continues. A
        one-time job that ended with exit code 0 is never started again.
      - O(include_stopped) has no effect with it.
    type: bool
    default: false
  timeout:
    description:
      - Seconds within which all services have to be healthy again. A running service whose own health check has a
        longer start period, or whose log still grows, is waited for longer, at most twice as long.
    type: float
    default: 900
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
      - Shows what would be restarted and in which order, and refuses the same options.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - It restarts each time. With O(only_stopped) a second run changes nothing.
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
notes:
  - If it is killed, even with C(kill -9), no service that ran before stays stopped.
  - O(database_service), O(database_user) and O(database_password) are only used to recover from a killed restore.
seealso:
  - module: maxops.ops.status
  - module: maxops.ops.logs
"""

EXAMPLES = r"""
- name: Restart all running services
  maxops.ops.restart:

- name: Restart Gitea, or start it where it does not run
  maxops.ops.restart:
    services: [gitea]
    include_stopped: true

- name: Start what is down, and touch nothing else
  maxops.ops.restart:
    only_stopped: true
"""

RETURN = r"""
project:
  description: The stack.
  returned: when the stack could be read
  type: str
  sample: maxoperation
only_stopped:
  description: Whether only services that were down were started.
  returned: when the stack could be read
  type: bool
  sample: false
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
      description: Seconds from the stop request until it was healthy again; nothing for a container that did not run.
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
  description: What else was done, and what needs attention.
  returned: when the stack could be read
  type: list
  elements: str
  sample: []
duration:
  description: Seconds that the whole job took.
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
            "only_stopped": {"type": "bool", "default": False},
            "timeout": {"type": "float", "default": 900},
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
    with report_failures(module, "all stopped services are started again, run this again"):
        result = restart(options, module.check_mode)
        failure = result.pop("message", None)
        end(module, result, failure)


if __name__ == "__main__":
    main()
