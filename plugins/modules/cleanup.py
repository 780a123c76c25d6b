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
  - Removes images that no container uses, stopped containers that belong to nobody, networks that no container is in,
    the build cache, and what killed jobs of this collection left.
  - Never removes a volume, a backup set, a container of a Compose project or swarm, or anything that is in use.
  - Never removes an image that a container of any project uses (a stopped one too), that the Compose files of any
    project on the host name, that a backup set of O(repository) was made with, or that carries a tag
    C(maxops-release/…).
  - Nothing is forced. What somebody begins to use meanwhile, the daemon keeps, and it is told in RV(items[].problem).
options:
  kinds:
    description:
      - What to look at.
      - V(leftovers) are containers and temporary folders of killed jobs of this collection, and unfinished sets in the
        staging folder of O(repository).
    type: list
    elements: str
    choices: [containers, images, networks, build_cache, leftovers]
    default: [containers, images, networks, build_cache, leftovers]
  days:
    description:
      - For how many days a container must have been stopped, a network or an image without a name must have been there,
        the build cache must not have been used, and a leftover must not have changed.
    type: float
    default: 1
  unused_days:
    description:
      - How many days old an image with a name must be. It counts from when the image was made, or from when it was
        tagged on this host.
    type: float
    default: 30
  keep_images:
    description:
      - Images that are kept whoever uses them, as shell patterns of their names, such as V(registry.example.com/*).
    type: list
    elements: str
    default: []
  only_labels:
    description:
      - Look only at containers, images and networks that carry all of these labels, each as C(name) or C(name=value).
        The build cache and folders carry none, so they are left.
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
      - Tells what would be removed, thing by thing with its size.
  diff_mode:
    support: none
  idempotent:
    support: full
notes:
  - Outside check mode it first says what it is going to remove, unless C(maxops_quiet) is set.
  - While it works it holds the stack, so that no backup, restore or restart begins. It refuses to begin while one of
    them is at work.
  - A stack that is down has no containers, and nothing tells its images apart from others then. So the stack of
    O(project_name) has to be there.
  - The bytes of an image are those of the layers that no other image keeps.
  - Docker before version 23 sizes all volumes when it is asked for the build cache. It is left when that takes more
    than two minutes.
seealso:
  - module: maxops.ops.backup
  - module: maxops.ops.optimize
"""

EXAMPLES = r"""
- name: See what would be freed
  maxops.ops.cleanup:
  check_mode: true
  register: cleanup

- name: Free it
  maxops.ops.cleanup:

- name: Remove what the builds of the CI left, after a week
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
      description: Its name, or the beginning of its id.
      type: str
    reason:
      description: Why nobody needs it.
      type: str
    bytes:
      description: What removing it frees.
      type: int
    age_days:
      description: How old it is, in days.
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
      reason: used by no container
      bytes: 171966464
      age_days: 212.4
      outcome: removed
      problem: ""
kept:
  description: What is not in use and was kept all the same, and why.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: image
      name: gitea/gitea:1.21
      reason: backup set 20261123T020000Z was made with it
freed_bytes:
  description: What was freed, or would be in check mode.
  returned: success
  type: int
  sample: 171966464
remarks:
  description: What somebody should know or mend.
  returned: success
  type: list
  elements: str
  sample: []
duration:
  description: Seconds that it took.
  returned: success
  type: float
  sample: 3.1
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.cleanup.job import clean
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
    """The module's parameters as the job takes them; refuses empty entries, which match more than was meant."""
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
    with report_failures(module, "what was removed is gone, the rest is as it was; run this again"):
        result = clean(options, module.check_mode)
        end(module, result)


if __name__ == "__main__":
    main()
