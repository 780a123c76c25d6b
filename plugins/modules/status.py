#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: status
short_description: Show the status of a stack's services, images, volumes and host
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Shows the state, health and restarts of every service, its image with digest and age, and its use of processor,
    memory, network and disk; the size of every volume; and Docker's use of the disk (C(docker system df)).
  - All queries run at the same time, so that it takes about as long as C(docker stats) of one container.
  - It shows facts and does not judge them; M(maxops.ops.health_check) does.
options:
  sizes:
    description:
      - Whether volumes are measured and C(docker system df) is queried. On disks with millions of files this is slow.
    type: bool
    default: true
  timeout:
    description:
      - Seconds that a query may take. Values that have not arrived by then are missing in the result, and RV(remarks)
        names them.
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
- name: Show the status of the stack
  maxops.ops.status:
  register: status

- name: Fail if a service is not healthy
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
  description: Time of the status, in UTC.
  returned: success
  type: str
  sample: "2026-11-25T16:40:00Z"
well:
  description: Whether every container runs and is not unhealthy, or was a one-shot container and ended with 0.
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
      description: Its state as Docker reports it, such as V(running) or V(exited).
      type: str
    health:
      description: Result of its health check, such as V(healthy), V(starting) or V(unhealthy).
      type: str
    well:
      description: Whether state and health are as they should be.
      type: bool
    exit_code:
      description: Its exit code, if it does not run.
      type: int
    oom_killed:
      description: Whether the kernel killed it because it was out of memory.
      type: bool
    restarts:
      description: How often Docker has restarted it.
      type: int
    since_seconds:
      description: Seconds since it was started, or since it ended.
      type: int
    ports:
      description: Ports of the host that it publishes.
      type: list
      elements: str
    image:
      description: Name of its image.
      type: str
    image_id:
      description: Id of its image.
      type: str
    image_digest:
      description: Digest of its image in the registry; empty for an image that was built on this host.
      type: str
    image_version:
      description: Version from the label of the image.
      type: str
    image_created:
      description: Time when the image was built.
      type: str
    image_age_seconds:
      description: Age of the image in seconds.
      type: int
    image_bytes:
      description: Size of the image.
      type: int
    image_outdated:
      description: Whether the image's name now refers to another image.
      type: bool
    cpu_percent:
      description: Share of one processor; 200 is two of them.
      type: float
    memory_bytes:
      description: Memory in use, without file cache that can be dropped at any time.
      type: int
    memory_limit_bytes:
      description: Its memory limit.
      type: int
    network_received_bytes:
      description: Bytes received from the network since its start.
      type: int
    network_sent_bytes:
      description: Bytes sent to the network since its start.
      type: int
    disk_read_bytes:
      description: Bytes read from disk since its start.
      type: int
    disk_written_bytes:
      description: Bytes written to disk since its start.
      type: int
    processes:
      description: Number of its processes and threads.
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
  description: Services that others depend on and that have no container.
  returned: success
  type: list
  elements: str
  sample: []
volumes:
  description: The stack's volumes, with C(name), C(path), C(bytes), the C(services) that mount it, and the C(problem)
    if it could not be measured.
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
  description: The daemon's C(version), its folder C(root), and its disk C(usage) as shown by C(docker system df), or
    the C(problem) if it could not be read.
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
  description: Problems that need attention, and values that are missing in the result.
  returned: success
  type: list
  elements: str
  sample: ["maxoperation-gitea-1 was killed: out of memory; check its mem_limit, and dmesg"]
duration:
  description: Seconds that all queries took together.
  returned: success
  type: float
  sample: 2.1
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.status.job import StatusOptions, collect_status
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
        result = collect_status(StatusOptions(access_of(module.params), **rest_of(module.params)))
        end(module, result)


if __name__ == "__main__":
    main()
