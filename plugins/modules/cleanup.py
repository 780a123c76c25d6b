#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cleanup
short_description: Free disk space by removing unused Docker objects and leftovers
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Removes images that no container uses, stopped containers outside any project, networks without containers, the
    build cache, and what killed jobs of this collection left.
  - Never removes a volume, a backup set, a container of a Compose project or swarm, or anything that is in use.
  - Never removes an image that a container of any project uses (a stopped one too), that the Compose files of any
    project on the host name, that a backup set of O(repository) was made with, or that carries a tag
    C(maxops-release/…).
  - Nothing is removed by force. The daemon keeps an object that has come into use meanwhile, and RV(items[].problem)
    says so.
options:
  kinds:
    description:
      - What to clean up.
      - V(leftovers) are containers and temporary folders of killed jobs of this collection, and unfinished sets in the
        staging folder of O(repository).
    type: list
    elements: str
    choices: [containers, images, networks, build_cache, leftovers]
    default: [containers, images, networks, build_cache, leftovers]
  days:
    description:
      - The minimum number of days since a container was stopped, a network or an image without a tag was created, the
        build cache was used, or a leftover was changed.
    type: float
    default: 1
  unused_days:
    description:
      - The minimum age in days of an image with a tag, since it was created or tagged on this host.
    type: float
    default: 30
  keep_images:
    description:
      - Images to keep in any case, as shell patterns of their names, such as V(registry.example.com/*).
    type: list
    elements: str
    default: []
  only_labels:
    description:
      - Clean up only containers, images and networks that have all of these labels, each as C(name) or C(name=value).
        The build cache and folders have no labels, so they are left.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.docker
  - maxops.ops.repository
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Reports each item that would be removed, with its size.
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - Outside check mode it first shows what it is going to remove, unless C(maxops_quiet) is set.
  - While it runs it holds the stack's lock, so that no backup, restore or restart starts. It fails while one of them is
    running.
  - A stack without containers does not protect its images. So the stack of O(project_name) must exist.
  - The bytes of an image are those of the layers that no other image uses.
  - Docker before version 23 measures all volumes to list the build cache. If that takes more than two minutes, the
    build cache is left.
seealso:
  - module: maxops.ops.backup
  - module: maxops.ops.optimize
"""

EXAMPLES = r"""
- name: Show what would be freed
  maxops.ops.cleanup:
  check_mode: true
  register: cleanup

- name: Free it
  maxops.ops.cleanup:

- name: Remove leftovers of CI builds after a week
  maxops.ops.cleanup:
    kinds: [containers, images, networks]
    only_labels: [ci=true]
    days: 7
    unused_days: 7
"""

RETURN = r"""
items:
  description: What was removed, or would be in check mode, in this order.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(container), V(helper), V(image), V(network), V(build cache), V(staging) or V(temporary folder).
      type: str
    name:
      description: The name, or the beginning of the id.
      type: str
    reason:
      description: Why it is not needed.
      type: str
    bytes:
      description: Bytes that its removal frees.
      type: int
    age_days:
      description: Age in days.
      type: float
    outcome:
      description: V(removed), V(would be removed) in check mode, or V(left).
      type: str
    problem:
      description: Why it was left.
      type: str
  sample:
    - kind: image
      name: gitea/gitea:1.20
      reason: no container uses it
      bytes: 171966464
      age_days: 212.4
      outcome: removed
      problem: ""
kept:
  description: What is unused but was kept, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: image
      name: gitea/gitea:1.21
      reason: backup set 20261123T020000Z was made with it
freed_bytes:
  description: Bytes that were freed, or would be in check mode.
  returned: success
  type: int
  sample: 171966464
remarks:
  description: What the operator should know or fix.
  returned: success
  type: list
  elements: str
  sample: []
duration:
  description: Duration in seconds.
  returned: success
  type: float
  sample: 3.1
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.cleanup.job import clean_up
from ansible_collections.maxops.ops.plugins.module_utils.jobs.cleanup.plan import KINDS, CleanupOptions
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, fail, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    NOT_NEGATIVE,
    REPOSITORY,
    STACK,
    Spec,
    access_of,
    check_bounds,
    rest_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR

SPEC = (
    STACK
    + REPOSITORY
    + Spec(
        {
            "kinds": {"type": "list", "elements": "str", "choices": list(KINDS), "default": list(KINDS)},
            "days": {"type": "float", "default": 1},
            "unused_days": {"type": "float", "default": 30},
            "keep_images": {"type": "list", "elements": "str", "default": []},
            "only_labels": {"type": "list", "elements": "str", "default": []},
        },
        dict.fromkeys(("days", "unused_days"), NOT_NEGATIVE),
    )
)


def read_options(module: AnsibleModule) -> CleanupOptions:
    """The module's parameters as the job's options; fails for empty entries, which would match too much."""
    parameters = module.params
    for name in ("keep_images", "only_labels"):
        if not all(entry.strip() for entry in parameters[name]):
            fail(module, f"{name} has an empty entry; remove it")
    return CleanupOptions(access_of(parameters), **rest_of(parameters))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    require(module, {"docker": DOCKER_IMPORT_ERROR})
    options = read_options(module)
    with report_failures(module, "removed items are gone, all others are unchanged; run this again"):
        result = clean_up(options, module.check_mode)
        end(module, result)


if __name__ == "__main__":
    main()
