#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: status
short_description: Show a stack's services, images, volumes and its host
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Tells of each service its state, health, restarts, image with digest and age, and what it uses of processor, memory,
    network and disk; of each volume its size; and what Docker takes of the disk (C(docker system df)).
  - All of it is asked for at once, so that it takes about as long as C(docker stats) of one container.
  - It looks and does not judge; M(maxops.ops.health_check) does.
options:
  sizes:
    description:
      - Whether volumes are measured and C(docker system df) is asked. On disks with millions of files that takes a
        while.
    type: bool
    default: true
  timeout:
    description:
      - Seconds that anything may take. What is not known by then is missing in the result, and RV(remarks) says so.
    type: float
    default: 15
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
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
  action:
    description: Has a corresponding action plugin so that some parts of the options can be executed on the controller.
    support: full
notes:
  - Needs neither of the Python packages that other modules of the collection need on the host.
seealso:
  - module: maxops.ops.health_check
  - module: maxops.ops.logs
  - module: maxops.ops.restart
"""

EXAMPLES = r"""
- name: See how the stack is
  maxops.ops.status:
  register: status

- name: Fail where a service is not well
  ansible.builtin.assert:
    that: status.well
"""

RETURN = r"""
project:
  description: The stack.
  returned: success
  type: str
  sample: maxoperation
at:
  description: When it was looked at.
  returned: success
  type: str
  sample: "2026-11-25T16:40:00Z"
well:
  description: Whether every container runs and is not unhealthy, or has done its work and ended with 0.
  returned: success
  type: bool
  sample: true
services:
  description: The stack's containers, by their services.
  returned: success
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
      description: Docker's word for its state, such as V(running) or V(exited).
      type: str
    health:
      description: What its health check says, such as V(healthy), V(starting) or V(unhealthy).
      type: str
    well:
      description: Whether that is as it should be.
      type: bool
    exit_code:
      description: With what it ended, when it does not run.
      type: int
    oom_killed:
      description: Whether it was killed because its memory was used up.
      type: bool
    restarts:
      description: How often Docker has started it anew.
      type: int
    since_seconds:
      description: Since when it runs, or does not.
      type: int
    ports:
      description: Ports of the host that lead into it.
      type: list
      elements: str
    image:
      description: Name of its image.
      type: str
    image_id:
      description: Id of its image.
      type: str
    image_digest:
      description: Digest of its image in the registry it came from; nothing for one that was built here.
      type: str
    image_version:
      description: Version that the image says it has.
      type: str
    image_created:
      description: When the image was made.
      type: str
    image_age_seconds:
      description: How long ago that was.
      type: int
    image_bytes:
      description: Size of the image.
      type: int
    image_outdated:
      description: Whether the image's name stands for another image by now.
      type: bool
    cpu_percent:
      description: Share of one processor; 200 is two of them.
      type: float
    memory_bytes:
      description: Memory without what can be dropped at any time.
      type: int
    memory_limit_bytes:
      description: How much it may have.
      type: int
    network_received_bytes:
      description: Since its start.
      type: int
    network_sent_bytes:
      description: Since its start.
      type: int
    disk_read_bytes:
      description: Since its start.
      type: int
    disk_written_bytes:
      description: Since its start.
      type: int
    processes:
      description: How many processes and threads it has.
      type: int
  sample:
    - service: gitea
      container: maxoperation-gitea-1
      state: running
      health: healthy
      well: true
      restarts: 0
      since_seconds: 86400
      cpu_percent: 0.4
      memory_bytes: 88080384
missing:
  description: Services that others depend on and that have no container at all.
  returned: success
  type: list
  elements: str
  sample: []
volumes:
  description: The stack's volumes, with C(name), C(path), C(bytes), C(services) that mount it, and the C(problem) where
    it could not be measured.
  returned: success
  type: list
  elements: dict
  sample:
    - name: maxoperation_gitea-data
      path: /var/lib/docker/volumes/maxoperation_gitea-data/_data
      bytes: 15532032
      problem: null
      services: [gitea]
docker:
  description: The daemon's C(version), its folder C(root), and what takes room in C(usage), as C(docker system df)
    tells it, with the C(problem) where it does not.
  returned: success
  type: dict
  sample:
    version: 27.3.1
    root: /var/lib/docker
    usage:
      - {"kind": "images", "count": 9, "active": 6, "bytes": 4200000000, "reclaimable_bytes": 310000000}
    problem: null
host:
  description: Processors, load, memory, and the file systems of Docker and of the volumes.
  returned: success
  type: dict
  sample: {"processors": 4, "load": [0.4, 0.3, 0.2], "memory_bytes": 16777216000, "memory_available_bytes": 9663676416}
remarks:
  description: What deserves a look, and what is not in the result.
  returned: success
  type: list
  elements: str
  sample: ["maxoperation-gitea-1 was killed because its memory was used up: see its mem_limit, and dmesg"]
duration:
  description: Seconds that it took.
  returned: success
  type: float
  sample: 2.1
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.status.job import StatusOptions, look
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    STACK,
    Bounds,
    Spec,
    access_of,
    check_bounds,
    rest_of,
)

SPEC = STACK + Spec(
    {
        "sizes": {"type": "bool", "default": True},
        "timeout": {"type": "float", "default": 15},
    },
    {"timeout": Bounds(above=0, most=3600)},
)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    with report_failures(module, "nothing was changed, run this again"):
        result = look(StatusOptions(access_of(module.params), **rest_of(module.params)))
        end(module, result)


if __name__ == "__main__":
    main()
