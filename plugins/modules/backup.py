#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: backup
short_description: Make one backup set of a whole stack
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Takes all application databases, roles, volumes, folders of the host that services write to, Compose files and
    environment files of one Compose project at one moment, side by side, and publishes them as one immutable backup
    set.
  - Databases are dumped by the server's own C(pg_dump) in a throw-away container of the same image, so versions match.
    Rows of every table are counted exactly, in the dump's own snapshot, and recorded in the manifest.
  - The configuration is every file that the Compose files, the containers' labels and their mounts name, together with
    the project as Compose merges it and the containers as they were created. All of it may hold secrets, so only root
    can read it. What is named and not on the host is a warning; a stack without Compose files on the host lacks a part,
    V(Compose files). Finding the files that Compose files draw in needs the Python package C(yaml).
  - The manifest has hashes of the keys that applications encrypt with, so that a restore can compare them.
  - A part that cannot be taken is named. The set is made of everything else, retention removes nothing, and the module
    fails until the part is named in O(exclude).
  - A set is published complete or not at all. Every file has its SHA-256 in the manifest and is on the disk before the
    set appears in C(sets/). A killed job leaves only files in C(staging/), which the next job removes.
  - One job at a time works on a repository and on a stack; a second one fails at once and
    names the running job.
options:
  databases:
    description:
      - Databases to take. By default every database that takes connections, except templates and V(postgres).
      - An empty list takes none.
    type: list
    elements: str
  volumes:
    description:
      - Named volumes to take, with or without the project's name before them. By default all volumes of the project,
        whether a container mounts them now or not, except those of the database server and of the cache.
      - An empty list takes none.
    type: list
    elements: str
  folders:
    description:
      - Folders of the host (bind mounts) to take, by their path on the host, also relative to the project's folder.
        An unnamed volume is named by the service and the path inside it, such as V(gitea:/data).
      - By default all that a service may write to, except the data of the database server and of the cache, and
        folders of the host's system. A folder inside another one is taken once. A folder that services only read is
        configuration where it is below the project's folder, and otherwise only taken when it is named here.
      - An empty list takes none.
    type: list
    elements: str
  exclude:
    description:
      - Names or shell patterns of databases, volumes and folders to leave out. A folder's name is its path.
      - A pattern leaves out a path only where it has a C(/) itself, as in V(*/cache).
    type: list
    elements: str
    default: []
  compression:
    description:
      - How dumps and archives are compressed.
      - V(auto) takes V(zstd) where the server's own C(pg_dump) and the host have it, else V(gzip).
    type: str
    choices: [auto, zstd, gzip, none]
    default: auto
  quiesce:
    description:
      - V(none) copies volumes and folders while applications keep running. Rows are frozen before the first file is
        read, so that every row has its file, unless an application removes files meanwhile.
      - V(pause) freezes the applications that can write to a volume or folder while it is copied, and freezes the state
        of their databases at the same moment. They continue even if the backup fails or is killed.
      - A volume or folder that holds files of a database (PostgreSQL, MySQL, MongoDB, SQLite) is never copied while a
        service writes to it. That service is paused for the copy with V(none), too, and a remark names it.
    type: str
    choices: [none, pause]
    default: none
  accept_changes:
    description:
      - Parts, as in V(database gitea), V(volume gitea-data) or V(folder /srv/data), that are rightly missing, empty or
        much smaller than in earlier sets. Retention removes nothing before such a change was accepted.
      - The name may be a shell pattern, as in V(database ci_*) for databases that come and go.
      - The set records it, so name a part once, on the command line. A name without a change is a remark.
    type: list
    elements: str
    default: []
  on_change:
    description:
      - What happens when a part that earlier sets of this host and stack had is missing, empty (no rows, no tables, no
        files) or below a tenth of its rows or bytes, and was not accepted. The set is made, and retention removes
        nothing.
      - V(warn) ends with a warning, V(fail) with a failure.
      - Parts that O(databases), O(volumes), O(folders) or O(exclude) leave out are not missing.
    type: str
    choices: [warn, fail]
    default: warn
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.docker
  - maxops.ops.stack.database
  - maxops.ops.stack.cache
  - maxops.ops.repository
  - maxops.ops.repository.retention
  - maxops.ops.work
  - maxops.ops.work.nice
  - maxops.ops.work.ionice
  - maxops.ops.work.space
  - maxops.ops.work.progress
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Shows what the set would hold, how much space it needs and what retention would remove.
  diff_mode:
    support: full
    details:
      - Shows the repository's sets before and after.
  idempotent:
    support: none
    details:
      - Every run makes a new set.
notes:
  - O(repository) is created with mode V(0700) where it is missing.
  - Must run as a user that may talk to Docker and read the volumes' folders, which is C(root) on most hosts.
  - Programs C(tar), C(du) and, for O(compression=zstd), C(zstd) must be on the host; the role P(maxops.ops.host#role)
    installs them.
seealso:
  - module: community.docker.docker_compose_v2
"""

EXAMPLES = r"""
- name: Back up the stack
  maxops.ops.backup:

- name: Accept that the database of an application that is no longer used is gone
  maxops.ops.backup:
    accept_changes: [database wiki]

- name: Keep a week of daily sets, four weekly and twelve monthly ones, in another repository
  maxops.ops.backup:
    repository: /srv/backups/maxops
    retention:
      keep_last: 3
      daily: 7
      weekly: 4
      monthly: 12

- name: Freeze Gitea and OpenProject while their files are copied
  maxops.ops.backup:
    quiesce: pause

- name: Only Gitea, with one worker
  maxops.ops.backup:
    databases: [gitea]
    volumes: [gitea-data]
    jobs: 1
"""

RETURN = r"""
set_id:
  description: Name of the set, its UTC time.
  returned: when a set was made
  type: str
  sample: 20261123T020000Z
path:
  description: Folder of the set.
  returned: when a set was made
  type: str
  sample: /var/backups/maxops/sets/20261123T020000Z
repository:
  description: Folder that keeps the sets.
  returned: when a set was made
  type: str
  sample: /var/backups/maxops
parts:
  description: Databases, volumes and folders of the set. In check mode RV(parts[].bytes) is an estimate.
  returned: when a set was made
  type: list
  elements: dict
  contains:
    kind:
      description: V(database), V(volume) or V(folder).
      type: str
    name:
      description: Name of the database, of the volume without the project's name, or the path of the folder.
      type: str
    source_bytes:
      description: Its size in the stack.
      type: int
    bytes:
      description: Its size in the set.
      type: int
    duration:
      description: Seconds from its start until it was completely on the disk.
      type: float
    rows:
      description:
        - Exact number of rows of each table, for databases, as C(schema.table).
        - A schema or table whose name holds a dot or a quote is quoted as in SQL.
      type: dict
    collation_mismatches:
      description:
        - Collations whose recorded version is not the server's, so that indexes may be in the wrong order.
        - Each has a C(kind), V(database) or V(collation), its C(name), and the C(recorded) and C(actual) version.
      type: list
      elements: dict
  sample:
    - kind: database
      name: gitea
      source_bytes: 52428800
      bytes: 9437184
      duration: 0.91
      rows: {"public.repository": 40}
bytes:
  description: Size of the whole set; in check mode an estimate, the sum of its parts.
  returned: when a set was made
  type: int
  sample: 310378496
files:
  description: Number of files in the set.
  returned: when not in check mode
  type: int
  sample: 212
duration:
  description: Seconds that the whole job took.
  returned: when not in check mode
  type: float
  sample: 5.31
need_bytes:
  description: Free space that a backup needs before it starts, an upper estimate with a reserve.
  returned: when a set was made
  type: int
  sample: 640000000
free_bytes:
  description: Free space of the repository's file system before the backup.
  returned: when a set was made
  type: int
  sample: 85000000000
compression:
  description: What databases (the value given to C(pg_dump --compress)), and volumes and folders were compressed with.
  returned: when a set was made
  type: dict
  sample: {"databases": "zstd:1", "volumes": "zstd"}
left_out:
  description: Databases, volumes, folders of the host and configuration that are not in the set, and why.
  returned: when a set was made
  type: list
  elements: dict
  sample: [{"kind": "volume", "name": "redis-data", "reason": "belongs to the cache"}]
retention:
  description:
    - What retention keeps, with the reasons, and what it removed (would remove, in check mode).
    - With C(held), the reasons why it removed nothing.
  returned: when a set was made
  type: dict
  sample: {"kept": {"20261123T020000Z": ["newest"]}, "removed": [], "held": []}
shrunk:
  description:
    - Parts that earlier sets had and that are missing, empty or much smaller now, also those accepted by
      O(accept_changes). In check mode, rows are not known yet.
  returned: when a set was made
  type: list
  elements: dict
  contains:
    kind:
      description: V(database), V(volume) or V(folder).
      type: str
    name:
      description: Name of the part.
      type: str
    change:
      description: V(missing), V(empty) or V(smaller).
      type: str
    set_id:
      description: The newest set in which the part was as it should be.
      type: str
    unit:
      description: V(rows), V(tables) or V(bytes).
      type: str
    before:
      description: How much of it that set has.
      type: int
    now:
      description: How much of it there is now.
      type: int
    accepted:
      description: Whether an operator accepted it.
      type: bool
    message:
      description: All of this as one sentence.
      type: str
  sample:
    - kind: database
      name: gitea
      change: empty
      set_id: 20261130T123822Z
      unit: rows
      before: 10902
      now: 0
      accepted: false
      message: 'database "gitea": 10,902 rows in 20261130T123822Z, now 0'
incomplete:
  description: Parts that could not be taken and are not excluded, each with its kind, name, reason and fix.
  returned: when a set was made
  type: list
  elements: dict
  sample: []
swept:
  description: Leftovers of killed jobs that were removed from C(staging/).
  returned: when not in check mode
  type: list
  elements: str
  sample: []
manifest:
  description: The set's manifest.
  returned: when not in check mode
  type: dict
  sample: {"format": 1, "set_id": "20261123T020000Z"}
remarks:
  description: What needs attention although the set is complete, such as files that changed while they were read.
  returned: when a set was made
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.job import back_up
from ansible_collections.maxops.ops.plugins.module_utils.jobs.backup.options import BackupOptions
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import displayable, end, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    CACHE,
    DATABASE,
    IONICE,
    JOBS,
    NICE,
    PROGRESS,
    REPOSITORY,
    RETENTION,
    SPACE_CHECK,
    STACK,
    Spec,
    access_of,
    check_bounds,
    policy_of,
    rest_of,
    workers_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.storage.retention import Policy
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import PSYCOPG2_IMPORT_ERROR

WORK = JOBS + NICE + IONICE + SPACE_CHECK + PROGRESS
SPEC = (
    STACK
    + DATABASE
    + CACHE
    + REPOSITORY
    + RETENTION
    + WORK
    + Spec(
        {
            "databases": {"type": "list", "elements": "str"},
            "volumes": {"type": "list", "elements": "str"},
            "folders": {"type": "list", "elements": "str"},
            "exclude": {"type": "list", "elements": "str", "default": []},
            "compression": {"type": "str", "choices": ["auto", "zstd", "gzip", "none"], "default": "auto"},
            "quiesce": {"type": "str", "choices": ["none", "pause"], "default": "none"},
            "accept_changes": {"type": "list", "elements": "str", "default": []},
            "on_change": {"type": "str", "choices": ["warn", "fail"], "default": "warn"},
        }
    )
)


def read_options(module: AnsibleModule) -> BackupOptions:
    """The module's parameters as the options of the job."""
    parameters: dict[str, Any] = dict(module.params)
    parameters["jobs"] = workers_of(parameters)
    parameters["retention"] = policy_of(parameters) or Policy()
    return BackupOptions(access_of(parameters), **rest_of(parameters))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    require(module, {"docker": DOCKER_IMPORT_ERROR, "psycopg2": PSYCOPG2_IMPORT_ERROR})
    options = read_options(module)
    with report_failures(module, "nothing was published, run this again"):
        result = back_up(options, module.check_mode)
        # "warnings" is Ansible's own key: Ansible prints each one in purple, even in quiet mode.
        result["remarks"] = result.pop("warnings")
        if module._diff:
            after = sorted(result["retention"]["kept"])
            before = sorted((set(after) | set(result["retention"]["removed"])) - {result["set_id"]})
            result["diff"] = {"before": {"sets": before}, "after": {"sets": after}}
        for change in result["shrunk"]:
            if not change["accepted"]:
                module.warn(displayable(change["message"]))
        end(module, result, result.pop("failure"))


if __name__ == "__main__":
    main()
