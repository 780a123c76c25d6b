#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cache
short_description: Show how full the stack's cache is and what fills it, and flush it when confirmed
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Reads the memory of the stack's Redis, its limit, fragmentation and evictions, the keys of each database, and the
    largest kinds of keys from a small sample.
  - Of memcached it reads memory, limit, evictions and the number of keys, shown as database 0; memcached does not list
    its keys, and is only flushed as a whole. A stack without a cache is no failure.
  - Flushes it with O(flush), and only when O(confirm) names the host. A flush deletes the sessions that are kept in it,
    so all users are logged out.
options:
  flush:
    description:
      - Flush the cache.
    type: bool
    default: false
  databases:
    description:
      - Numbers of the databases to flush. By default all.
      - A stack of the role P(maxops.ops.stack#role) keeps OpenProject's cache in 1, Gitea's cache in 2 and Gitea's
        sessions in 3, so V([1, 2]) logs no user out.
    type: list
    elements: int
  confirm:
    description:
      - The confirmation that O(flush) requires outside check mode. It must contain O(name). Separate several names by
        commas.
    type: str
    default: ""
  name:
    description:
      - Name of the host, as the operator uses it. By default O(project_name).
    type: str
  sample:
    description:
      - How many keys of each database are sampled to find the kinds of keys. V(0) for none.
    type: int
    default: 200
  listed:
    description:
      - How many kinds of keys are listed.
    type: int
    default: 10
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.docker
  - maxops.ops.stack.cache
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Reports how many keys would be flushed. It does not need O(confirm).
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - Flushing an empty cache changes nothing and does not need O(confirm).
notes:
  - The password comes from the configuration of the cache's container (C(REDISCLI_AUTH), C(REDIS_PASSWORD) or
    C(--requirepass)).
  - The server frees the memory in the background, so it still answers other clients.
seealso:
  - module: maxops.ops.optimize
"""

EXAMPLES = r"""
- name: Show how full the cache is
  maxops.ops.cache:
  register: cache

- name: Flush the applications' caches, and keep Gitea's sessions
  maxops.ops.cache:
    flush: true
    databases: [1, 2]
    name: "{{ inventory_hostname }}"
    confirm: "{{ confirm }}"
"""

RETURN = r"""
kind:
  description: What the cache is, V(redis) or V(memcached); empty for a stack without a cache.
  returned: success
  type: str
  sample: redis
version:
  description: Version of the server.
  returned: success
  type: str
  sample: 7.4.1
memory:
  description: Bytes in use now, the peak, resident in the host's memory, and the limit (C(0) for no limit).
  returned: success
  type: dict
  sample:
    used: 12582912
    peak: 20971520
    resident: 16777216
    limit: 268435456
    policy: allkeys-lru
    fragmentation: 1.33
memory_after:
  description: The same after a flush.
  returned: when something was flushed
  type: dict
  sample: {"used": 1048576}
traffic:
  description: Keys evicted, expired, found and missed since the server was started, and its clients.
  returned: success
  type: dict
  sample: {"evicted": 0, "expired": 120, "hits": 9000, "misses": 1000, "hit_percent": 90.0, "clients": 12}
keyspace:
  description: The databases that have keys.
  returned: success
  type: list
  elements: dict
  sample: [{"database": 1, "keys": 1200, "expiring": 1100}]
kinds:
  description: The largest kinds of keys by the beginning of their names, estimated from a sample.
  returned: success
  type: list
  elements: dict
  sample: [{"database": 1, "prefix": "views/*", "type": "string", "keys": 900, "bytes": 4800000}]
flushed:
  description: What was flushed, or would be in check mode; C(freed_bytes) only after a flush.
  returned: when O(flush=true)
  type: dict
  sample: {"databases": [1, 2], "keys": 1200, "freed_bytes": 11534336}
remarks:
  description: What the operator should check.
  returned: success
  type: list
  elements: str
  sample: []
duration:
  description: Duration in seconds.
  returned: success
  type: float
  sample: 0.2
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.cache.job import manage_cache
from ansible_collections.maxops.ops.plugins.module_utils.jobs.cache.plan import CacheOptions
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, fail, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    CACHE,
    NOT_NEGATIVE,
    STACK,
    Spec,
    access_of,
    check_bounds,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR

SPEC = (
    STACK
    + CACHE
    + Spec(
        {
            "flush": {"type": "bool", "default": False},
            "databases": {"type": "list", "elements": "int"},
            "confirm": {"type": "str", "default": ""},
            "name": {"type": "str"},
            "sample": {"type": "int", "default": 200},
            "listed": {"type": "int", "default": 10},
        },
        dict.fromkeys(("databases", "sample", "listed"), NOT_NEGATIVE),
    )
)


def read_options(module: AnsibleModule) -> CacheOptions:
    """The module's parameters as the job's options; fails for an empty list."""
    parameters = module.params
    if parameters["databases"] == []:
        fail(
            module, "databases is empty; give the numbers of Redis' databases, such as [1, 2], or leave it out for all"
        )
    return CacheOptions(
        access=access_of(parameters),
        flush=parameters["flush"],
        databases=parameters["databases"],
        confirm=parameters["confirm"],
        name=parameters["name"] or parameters["project_name"],
        sample=parameters["sample"],
        listed=parameters["listed"],
    )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    require(module, {"docker": DOCKER_IMPORT_ERROR})
    options = read_options(module)
    with report_failures(module, "a flush that has begun continues in the server; run this again to check"):
        result = manage_cache(options, module.check_mode)
        end(module, result)


if __name__ == "__main__":
    main()
