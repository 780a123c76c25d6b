#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: restore
short_description: Restore a stack from a backup set, reversibly
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Restores databases, volumes and folders of a stack from a backup set, or one database from a legacy dump (made by
    C(/backup.sh)).
  - Never restores over running data. Databases are loaded under new names, volumes and folders beside theirs while the
    applications keep running; rows are counted and compared with the manifest. Only then the affected services stop,
    all names are changed (those of databases in one transaction), and the services start again and must become healthy.
  - While the applications are stopped, whatever names people and things only by a number of the replaced database is
    removed. These are the sessions of Gitea (everybody signs in again), the caches of both applications in Redis or
    memcached, and, unless database and volume are from one paused set, Gitea's search indexes and its lines in
    C(authorized_keys). Gitea writes keys, hooks and indexes again after the start. When sessions cannot be deleted, the
    restore is refused or undone. RV(effects) lists all of it, also in check mode.
  - Configuration is not restored. When a key that applications encrypt with differs from the one of the set, a warning
    names it, what cannot be read without it, and where the set has it.
  - If any step fails, everything is put back as it was before and the applications keep running. If the restore is
    killed, a watchdog process does the same at once, and if that is killed too, the next restore or backup of the stack
    does. A restore that is killed after all names have changed is completed instead, because applications may have
    worked since.
  - The replaced data is kept for O(keep_previous) days; O(state=previous) swaps it back in seconds.
options:
  state:
    description:
      - V(present) restores from O(set), O(before) or O(file).
      - V(previous) swaps in the data that the last restore replaced. Run twice, it restores the first state.
      - V(discarded) removes all data that restores of this stack replaced, before its time is over, to free its space.
        After that there is no way back to it.
    type: str
    choices: [discarded, present, previous]
    default: present
  set:
    description:
      - The set to restore. Its id, or V(latest) or V(latest_verified) of the sets of this stack and host.
      - The last two take the newest set that has everything the stack has, or all parts that O(databases), O(volumes)
        and O(folders) name. What of the stack is not in the set is a remark.
      - Sets of another host are taken only by their id, or where this host has none.
    type: str
  before:
    description:
      - Choose among sets that were started at this moment or before. A time, such as V(2026-11-23T02:00:00Z) or
        V(2026-11-23T11:00+09:00); a time of day, such as V(02:00); V(today) or V(yesterday), which is its midnight; or
        how long ago, such as V(2h30m) or V(3d).
      - A time without a zone is in the local time of the controller. In AWX it is refused, because that zone is not the
        one of the person who started the job. So is a time in the future.
      - Without O(set) the latest of these sets is restored. The result says which moment was understood.
    type: str
  file:
    description:
      - A plain dump of one database, C(.sql) or C(.sql.gz), as made by C(/backup.sh).
      - The database is the one in its file name, or the one in O(databases).
    type: path
  databases:
    description:
      - Databases of the set to restore. Without this, O(volumes) and O(folders), the complete set is restored; with one
        of them, only the parts that they name.
    type: list
    elements: str
  volumes:
    description:
      - Volumes of the set to restore, with or without the project's name before them.
    type: list
    elements: str
  folders:
    description:
      - Folders of the host in the set to restore, by the name in the set, which is their path on the host that the set
        was made on, or V(SERVICE:TARGET) for an unnamed volume.
      - A folder replaces the one with the same path if a service mounts it, else the one that the same service has at
        the same path inside it.
    type: list
    elements: str
  paths:
    description:
      - Take only these files and folders out of the one volume in O(volumes) or folder in O(folders), and put them into
        O(destination). Each is a path relative to its top; V(.) is all of it. No application is stopped for it.
    type: list
    elements: str
  destination:
    description:
      - Folder to create for O(paths). It may exist already if it is empty.
    type: path
  into:
    description:
      - Other names to restore under, beside the running data; keys are the names in the set, values the new ones. For a
        volume it is the name of a Docker volume that is created, for a folder an absolute path. None of them may exist.
    type: dict
    default: {}
  source_project:
    description:
      - The stack that the set was made of, when it is not O(project_name). Sets of other stacks are refused without it.
    type: str
  force:
    description:
      - Id of a set to restore although it is damaged. Data that can't be read still fails.
    type: str
  keep_previous:
    description:
      - For how many days the replaced data is kept. The next restore or backup after that removes it.
      - V(0) removes it at once.
    type: int
    default: 7
  health_timeout:
    description:
      - Seconds that the applications may take to become healthy on the restored data; otherwise everything is put back.
      - A running service whose own health check has a longer start period, or whose log still grows (a migration), is
        waited for longer, at most twice as long. One that ends or restarts in a loop is not waited for.
      - A service that was not healthy before the restore, or whose health check cannot run, does not undo the restore;
        a warning names it.
      - A job that runs once (restart policy C(no)) and ends with exit code 0 after its start does not undo the restore
        either; a warning names it, too.
    type: int
    default: 900
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.docker
  - maxops.ops.stack.database
  - maxops.ops.stack.cache
  - maxops.ops.repository
  - maxops.ops.work
  - maxops.ops.work.space
  - maxops.ops.work.progress
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Checks the set and shows what would be replaced by what, and which services would stop.
  diff_mode:
    support: full
    details:
      - Shows what each database, volume and folder holds before and after.
  idempotent:
    support: none
    details:
      - Every run restores. The result of a second one is the same.
notes:
  - O(jobs) is how many workers load the largest database. Volumes and the other databases are loaded beside it, one
    after another.
  - Must run as a user that may talk to Docker and write the volumes' folders, which is C(root) on most hosts.
  - Roles of the set that the server lacks are created. An existing role keeps its password and everything else.
  - Programs C(tar), C(setpriv) and, for sets compressed with it, C(zstd) must be on the host; the role
    P(maxops.ops.host#role) installs them.
seealso:
  - module: maxops.ops.backup
"""

EXAMPLES = r"""
- name: Restore everything from the last backup that passed verification
  maxops.ops.restore:
    set: latest_verified

- name: Restore one database as it was before two o'clock
  maxops.ops.restore:
    before: "2026-11-23T02:00:00Z"
    databases: [openproject]

- name: Swap back the data that the last restore replaced
  maxops.ops.restore:
    state: previous

- name: Restore an older database beside the running one
  maxops.ops.restore:
    set: 20261123T020000Z
    databases: [openproject]
    into:
      openproject: openproject_november

- name: Get one lost repository out of a set
  maxops.ops.restore:
    set: latest
    volumes: [gitea-data]
    paths: [git/repositories/team/tool.git]
    destination: /srv/found

- name: Restore a legacy dump
  maxops.ops.restore:
    file: /opt/maxoperation/backup/daily/gitea_20240101_020000.sql.gz
"""

RETURN = r"""
source:
  description: Where the data came from, as text.
  returned: success
  type: str
  sample: set 20261123T020000Z
set_id:
  description: Id of the set.
  returned: success, when a set was restored
  type: str
  sample: 20261123T020000Z
made:
  description: When the set was started, in UTC. What was written after that is in the replaced data.
  returned: success, when a set was restored
  type: str
  sample: "2026-11-23T02:00:00Z"
age:
  description: Seconds from then until this job.
  returned: success, when a set was restored
  type: int
  sample: 27000
verified:
  description: The highest level that the set was verified on, whether it passed, and when; nothing if it never was.
  returned: success, when a set was restored
  type: dict
  sample: {"level": "rehearse", "passed": true, "time": "2026-11-23T03:00:00Z"}
before:
  description: The moment that O(before) was understood as, in UTC.
  returned: success, when O(before) was given
  type: str
  sample: "2026-11-23T12:00:00Z"
file:
  description: The legacy dump.
  returned: success, when O(file) was restored
  type: str
  sample: /opt/maxoperation/backup/daily/gitea_20240101_020000.sql.gz
parts:
  description: Databases and volumes that were (in check mode, would be) restored.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(database), V(volume) or V(folder).
      type: str
    name:
      description: Its name in the set.
      type: str
    target:
      description: Its name here.
      type: str
    source_bytes:
      description:
        - Its size in the stack that the set was made of. With O(paths) the size of what was unpacked, which is not
          known in check mode.
      type: int
    previous:
      description: The name under which the replaced data is kept; nothing where there was none.
      type: str
    rows:
      description: Exact number of rows of each table, for databases.
      type: dict
    duration:
      description: Seconds that loading and counting took.
      type: float
  sample:
    - kind: database
      name: gitea
      target: gitea
      source_bytes: 52428800
      previous: gitea__maxops_previous_20261125T031500Z
      rows: {"public.repository": 40}
      duration: 3.1
services:
  description: Services that were stopped and started.
  returned: success
  type: list
  elements: str
  sample: [gitea, openproject]
kept:
  description: Databases and folders that hold the replaced data.
  returned: success
  type: list
  elements: str
  sample: [gitea__maxops_previous_20261125T031500Z]
kept_until:
  description: Until when the replaced data is kept.
  returned: success, when something was replaced
  type: str
  sample: "2026-12-02T03:15:00Z"
expected_downtime:
  description: Seconds that the applications were down at the last restore of this stack; nothing when there was none.
  returned: success
  type: float
  sample: 6.2
downtime:
  description: Seconds from the stop of the first application until all were healthy again.
  returned: when not in check mode
  type: float
  sample: 6.2
swap_seconds:
  description: Seconds of the downtime that changing all names took.
  returned: when not in check mode
  type: float
  sample: 0.12
steps:
  description: Seconds of each step.
  returned: when not in check mode
  type: dict
  sample: {"verify": 0.4, "load": 9.8, "stop": 1.1, "swap": 0.12, "clear": 0.1, "start": 0.9, "health": 4.1}
duration:
  description: Seconds that the whole job took.
  returned: when not in check mode
  type: float
  sample: 17.2
space:
  description: File systems that the restored data needs space on, with the bytes needed and free.
  returned: success
  type: list
  elements: dict
  sample: [{"path": "/var/lib/docker/volumes", "need": 640000000, "free": 85000000000}]
new_roles:
  description: Roles of the set that were (would be) created because the server lacked them.
  returned: success
  type: list
  elements: str
  sample: []
memory:
  description:
    - How the load shares the memory of the running server. At most C(jobs) jobs load databases at the same time, each
      with C(maintenance_work_mem) bytes. All of them take at most a quarter of C(limit), the bytes that the server's
      container may use, or that the host has available.
    - Nothing when no database is restored from a set or a file.
  returned: success
  type: dict
  sample: {"jobs": 2, "maintenance_work_mem": 268435456, "limit": 8589934592}
effects:
  description: What happens to sessions, caches, search indexes and SSH keys, which belong to rows of the database.
  returned: success
  type: list
  elements: str
  sample:
    - "Gitea: everybody signs in again, its sessions in Redis database 3 of redis are deleted"
recovered:
  description: What was recovered first, after an earlier restore had been killed.
  returned: when not in check mode
  type: str
  sample: >-
    the restore of set 20261123T020000Z started at 20261125T031500Z was interrupted; everything was put back as it was
    before
discarded:
  description: The data that was (would be) removed, one entry for each restore that replaced it, the newest first.
  returned: with O(state=discarded)
  type: list
  elements: dict
  sample:
    - replaced_by: the restore of set 20261123T020000Z started at 20261125T031500Z
      replaced: "2026-11-25T03:15:00Z"
      kept_until: "2026-12-02T03:15:00Z"
      bytes: 248000000
      parts:
        - {kind: database, name: gitea, kept_as: gitea__maxops_previous_20261125T031500Z, bytes: 23600000}
expired:
  description: Databases and folders of earlier restores that were removed after O(keep_previous) days.
  returned: when not in check mode
  type: list
  elements: str
  sample: []
remarks:
  description: What needs attention although the restore is done.
  returned: success
  type: list
  elements: str
  sample: []
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.job import restore
from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.options import RestoreOptions
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    CACHE,
    DATABASE,
    JOBS,
    ONE_OR_MORE,
    PROGRESS,
    REPOSITORY,
    SPACE_CHECK,
    STACK,
    Bounds,
    Spec,
    access_of,
    check_bounds,
    rest_of,
    workers_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import PSYCOPG2_IMPORT_ERROR

AFTER_STOP = (
    "the stack is as it was before, or, where all names had changed already, completely restored; if recovery is still "
    "needed, the next restore or backup does it first: run this again"
)

SPEC = (
    STACK
    + DATABASE
    + CACHE
    + REPOSITORY
    + JOBS
    + SPACE_CHECK
    + PROGRESS
    + Spec(
        {
            "state": {"type": "str", "choices": ["discarded", "present", "previous"], "default": "present"},
            "set": {"type": "str"},
            "before": {"type": "str"},
            "file": {"type": "path"},
            "databases": {"type": "list", "elements": "str"},
            "volumes": {"type": "list", "elements": "str"},
            "folders": {"type": "list", "elements": "str"},
            "paths": {"type": "list", "elements": "str"},
            "destination": {"type": "path"},
            "into": {"type": "dict", "default": {}},
            "source_project": {"type": "str"},
            "force": {"type": "str"},
            "keep_previous": {"type": "int", "default": 7},
            "health_timeout": {"type": "int", "default": 900},
        },
        {"keep_previous": Bounds(least=0, most=36500), "health_timeout": ONE_OR_MORE},
    )
)


def read_options(module: AnsibleModule) -> RestoreOptions:
    """The module's parameters as the options of the job."""
    parameters = dict(module.params)
    state = parameters.pop("state")
    parameters["previous"], parameters["discard"] = state == "previous", state == "discarded"
    parameters["paths"] = parameters["paths"] or ()
    parameters["into"] = {str(name): str(other) for name, other in (parameters["into"] or {}).items()}
    parameters["jobs"] = workers_of(parameters)
    return RestoreOptions(access_of(parameters), **rest_of(parameters))


def difference(parts: list[dict[str, Any]], source: str) -> dict[str, Any]:
    """What each database and volume holds before and after."""
    before = {f"{part['kind']} {part['target']}": "as it is" if part["previous"] else "not there" for part in parts}
    after = {f"{part['kind']} {part['target']}": source for part in parts}
    after.update({f"{part['kind']} {part['previous']}": "as it was" for part in parts if part["previous"]})
    return {"before": before, "after": after}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec=SPEC.options,
        supports_check_mode=True,
        mutually_exclusive=[("set", "file"), ("before", "file")],
        required_together=[("paths", "destination")],
    )
    check_bounds(module, SPEC)
    require(module, {"docker": DOCKER_IMPORT_ERROR, "psycopg2": PSYCOPG2_IMPORT_ERROR})
    options = read_options(module)
    with report_failures(module, AFTER_STOP):
        result = restore(options, module.check_mode)
        # "warnings" is Ansible's own key: Ansible prints each one in purple, even in quiet mode.
        result["remarks"] = result.pop("warnings")
        if module._diff:
            result["diff"] = difference(result["parts"], result["source"])
        end(module, result)


if __name__ == "__main__":
    main()
