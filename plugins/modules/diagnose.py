#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: diagnose
short_description: Show why a service does not start, and which command fixes it
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Checks all causes for which a service of the stack may not start, or may not work, at the same time. These are the
    Docker daemon, containers and the last lines of their logs, logins to database and cache with the applications' own
    credentials, memory, volumes, configuration, disks, names and connections between the containers, published ports,
    the gateway's certificate, and the host's firewall.
  - Lists the causes that it found, the most likely first, each with the command that fixes it. A cause that merely
    follows from another one comes after it.
  - Changes nothing, and starts nothing in a container. Names and connections are tried from within a container's own
    network, so that no tool has to be installed there.
  - Succeeds whatever it finds. To fail for a service that does not work, use M(maxops.ops.health_check).
  - Passwords are never shown; where two values differ, only the fact that they differ is reported.
options:
  services:
    description:
      - Services to find the causes for. Their dependencies are checked, too.
      - By default all services of the stack.
    type: list
    elements: str
    default: []
  ports:
    description:
      - Ports of the host that the stack may use, as numbers or ranges. The firewall's rules are checked for all
        published ports, and for those of these ports that a process listens on.
    type: list
    elements: str
    default: ["9000-9022"]
  idle_transaction_seconds:
    description:
      - Seconds that an idle transaction may be open before it counts as a cause. One that other sessions wait for
        always counts.
    type: float
    default: 300
  connections_percent:
    description:
      - Percentage of used database connections from which they count as a cause.
    type: float
    default: 90
  disk_percent:
    description:
      - Percentage of used space, or used inodes, from which a file system counts as a cause.
    type: float
    default: 95
  certificate_days:
    description:
      - Days that the gateway's certificate has to remain valid.
    type: float
    default: 14
  step_timeout:
    description:
      - Seconds that each step may take. A step that takes longer is reported as V(unknown).
    type: float
    default: 15
  timeout:
    description:
      - Seconds that all steps together may take.
    type: float
    default: 30
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.docker
  - maxops.ops.stack.database
  - maxops.ops.stack.cache
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Changes nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - Must run as a user with access to Docker and to other users' processes, which is C(root) on most hosts. What the
    user may not see is reported as V(unknown).
seealso:
  - module: maxops.ops.health_check
"""

EXAMPLES = r"""
- name: Why does OpenProject not start?
  maxops.ops.diagnose:
    services: [openproject]
  register: diagnosis

- name: Show the command that fixes the most likely cause
  ansible.builtin.debug:
    msg: "{{ diagnosis.causes | map(attribute='fix') | first | default('nothing to fix') }}"
"""

RETURN = r"""
causes:
  description: The causes that keep the services from working, the most likely first. Each cause is a finding.
  returned: success
  type: list
  elements: dict
  contains:
    check:
      description: The kind of cause.
      type: str
    subject:
      description: The service, volume, port or other thing that it is about.
      type: str
    state:
      description: V(critical) for a certain cause, V(warning) for a likely one, V(notice) for a possible one.
      type: str
    seen:
      description: What was seen.
      type: str
    limit:
      description: Always empty, because a cause has no limit.
      type: str
    evidence:
      description: What supports it.
      type: list
      elements: str
    fix:
      description: The command that fixes it.
      type: str
    likelihood:
      description:
        - V(certain) when it was seen and alone keeps a service from working, and that does not work; V(likely) when it
          usually does, V(possible) when it may matter or follows from another cause.
      type: str
    services:
      description: The services that it keeps from working; empty for a cause of the whole host.
      type: list
      elements: str
  sample:
    - check: database_password
      subject: database user maxops
      state: critical
      seen: maxoperation-postgres-1 refuses the password that openproject has
      limit: ""
      evidence:
        - "openproject (DATABASE_URL): password authentication failed for user \"maxops\""
        - "enter the password from .env: the server keeps the one from its first start"
      fix: docker exec -it maxoperation-postgres-1 psql -U maxops -d postgres -c '\password maxops'
      likelihood: certain
      services: [openproject]
steps:
  description: All steps with their results, in the order of the manual.
  returned: success
  type: list
  elements: dict
  contains:
    step:
      description: Name of the step.
      type: str
    question:
      description: The question that it answers.
      type: str
    state:
      description: The worst state that it found, of V(ok), V(notice), V(warning), V(unknown) and V(critical).
      type: str
    seen:
      description: What was seen.
      type: str
    seconds:
      description: How long it took.
      type: float
  sample:
    - step: disk
      question: is there free space on the disks?
      state: ok
      seen: the fullest file system of the stack is 41% full
      seconds: 0.004
healthy:
  description: Whether all requested services work, and no certain or likely cause was found.
  returned: success
  type: bool
  sample: false
services:
  description: The requested services.
  returned: success
  type: list
  elements: str
  sample: [openproject]
project:
  description: The Compose project.
  returned: success
  type: str
  sample: maxoperation
duration:
  description: Seconds that the diagnosis took.
  returned: success
  type: float
  sample: 0.41
"""

import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.job import diagnose
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.options import Options
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, fail, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    CACHE,
    DATABASE,
    NOT_NEGATIVE,
    STACK,
    Bounds,
    Spec,
    access_of,
    check_bounds,
    rest_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import PSYCOPG2_IMPORT_ERROR

PORTS = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
MOST_PORTS = 65535
POSITIVE = Bounds(above=0)
PERCENT = Bounds(above=0, most=100)

SPEC = (
    STACK
    + DATABASE
    + CACHE
    + Spec(
        {
            "services": {"type": "list", "elements": "str", "default": []},
            "ports": {"type": "list", "elements": "str", "default": ["9000-9022"]},
            "idle_transaction_seconds": {"type": "float", "default": 300},
            "connections_percent": {"type": "float", "default": 90},
            "disk_percent": {"type": "float", "default": 95},
            "certificate_days": {"type": "float", "default": 14},
            "step_timeout": {"type": "float", "default": 15},
            "timeout": {"type": "float", "default": 30},
        },
        {
            "idle_transaction_seconds": NOT_NEGATIVE,
            "connections_percent": PERCENT,
            "disk_percent": PERCENT,
            "certificate_days": NOT_NEGATIVE,
            "step_timeout": POSITIVE,
            "timeout": POSITIVE,
        },
    )
)


def read_options(module: AnsibleModule) -> Options:
    """The module's parameters as options of the job. Fails for an invalid port."""
    parameters = dict(module.params)
    for name in ("connections", "disk"):
        parameters[f"{name}_ratio"] = parameters.pop(f"{name}_percent") / 100
    parameters["ports"] = [port for words in parameters["ports"] for port in read_ports(module, words)]
    return Options(access_of(parameters), **rest_of(parameters))


def read_ports(module: AnsibleModule, words: str) -> range:
    """The ports of one entry: a port, or a range of ports. Fails for anything else."""
    match = PORTS.fullmatch(words.strip())
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 0 < first <= last <= MOST_PORTS:
        fail(module, f'ports has "{words}", which is not a port or a range of ports; write 9000, or 9000-9022')
    return range(first, last + 1)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    require(module, {"docker": DOCKER_IMPORT_ERROR, "psycopg2": PSYCOPG2_IMPORT_ERROR})
    options = read_options(module)
    with report_failures(module, "nothing was changed, run it again"):
        result = diagnose(options)
        end(module, {"changed": False, **result})


if __name__ == "__main__":
    main()
