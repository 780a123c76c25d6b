#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: verify
short_description: "Verify backup sets: intact, readable and restorable"
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Verifies backup sets that M(maxops.ops.backup) made, up to one of three levels, and fails when a set does not pass.
  - Every problem is a finding that names the file, table or object, what was seen and what was expected.
  - The verdict is written beside each set as C(sets/ID.verified.json), never in it. Retention keeps the newest verified
    set, and M(maxops.ops.restore) can choose it. A failure stays in the verdict until its level, or a higher one, has
    passed.
  - A set that is being verified is not removed by retention. A backup may run at the same time.
  - Legacy dumps of C(/backup.sh) (C(daily/openproject_20240101_020000.sql.gz), also C(.sql)) are read to their end,
    must have C(pg_dump)'s last line, and can be rehearsed. They have no checksums, and no verdict is written.
options:
  set:
    description:
      - Sets to verify, as ids, as paths of C(.sql) or C(.sql.gz) files, as V(latest), or as V(all).
      - V(latest) is the newest set of this stack and host; where there are only legacy dumps, the newest of each
        database.
    type: list
    elements: str
    default: [latest]
  level:
    description:
      - The level to reach. Each level includes the ones before it.
      - V(checksum) compares every file of the manifest with its size and SHA-256, and links with their targets, and
        reports any other file in the set.
      - V(decode) also reads every archive and dump to its end with the programs that wrote it, and checks the end of
        each table's rows and that each table is in the dump's list.
      - V(rehearse) restores everything into a throw-away PostgreSQL from the image that made the set, without a
        network, and into throw-away folders. Then it compares the exact number of rows of each table, roles, extensions
        and sequences. It checks that every attachment of OpenProject, and every repository, LFS object, attachment and
        package file of Gitea has its file, that C(git fsck) passes on each repository, that LFS objects and package
        files have the SHA-256 that they are named by, and lists files without a row. A lost avatar is a warning. It
        reads all archives by unpacking them, so nothing is decoded twice; LFS objects and package files are read once
        more for their SHA-256.
      - With V(rehearse), SQLite databases in volumes and folders have to be whole, and the rows of Gitea in one are
        compared like others. A set without dumps needs no PostgreSQL for that.
      - A set that lacks the files of rows that it holds does not pass, unless an operator left the files out of the
        backup, or they are kept in object storage; then a warning says once what is not covered.
      - Where this host runs the stack that the set was made of, V(rehearse) looks up what it misses in the running
        application, too, reading only these rows, files and repositories. So each finding says whether the set is at
        fault, whether production has the same fault, or whether the data changed during a backup without a pause.
    type: str
    choices: [checksum, decode, rehearse]
    default: checksum
  findings:
    description:
      - How many findings of one kind are listed for each set; the others are only counted.
    type: int
    default: 100
  accept:
    description:
      - Findings of a rehearsal that are known and accepted for a time. A critical finding or warning that matches is
        reported as a notice with its reason, the set can pass, and the verdict records it. After the end date it
        counts again, and says so.
      - Findings of O(level=checksum) and O(level=decode) cannot be accepted, because they are damage to one set, and
        neither can a part that does not restore, because the set would count as its verified copy. For the same reason,
        critical findings with the cause V(set) or of the check V(databases) cannot be accepted.
    type: list
    elements: dict
    default: []
    suboptions:
      finding:
        description:
          - The subject of the finding, as in RV(findings[].subject); V(*), V(?) and V([...]) are wildcards. A pattern
            that matches every subject is refused.
        type: str
        required: true
      check:
        description:
          - The check of the finding, as in RV(findings[].check); may have wildcards.
        type: str
        default: "*"
      reason:
        description:
          - Why it is accepted.
        type: str
        required: true
      until:
        description:
          - The last day on which it is accepted, in UTC, such as V(2027-01-31).
        type: str
        required: true
  cross_check:
    description:
      - Compare the applications' rows with their files in a rehearsal. Without it, the result names them as not
        compared.
    type: bool
    default: true
  rehearsal_dir:
    description:
      - Folder for rehearsals, best on a disk of its own. They run in its subfolder C(maxops-rehearsal), and leave
        nothing there.
      - By default C(rehearsal) in the repository.
    type: path
  rehearsal_budget:
    description:
      - How much a rehearsal may write, such as V(20G). It is stopped when it writes more, or when its disk runs out of
        space.
      - By default one and a half times the expected amount.
    type: str
extends_documentation_fragment:
  - maxops.ops.stack
  - maxops.ops.stack.project
  - maxops.ops.stack.docker
  - maxops.ops.stack.database
  - maxops.ops.repository
  - maxops.ops.work
  - maxops.ops.work.nice
  - maxops.ops.work.progress
  - maxops.ops.attributes
  - maxops.ops.attributes.actiongroup_maxops
attributes:
  check_mode:
    support: full
    details:
      - Reads and fails as O(level=checksum) and O(level=decode) do, but writes no verdict.
      - For O(level=rehearse) it reports the image and the required space instead of rehearsing.
  diff_mode:
    support: full
    details:
      - Shows each set's verdict before and after.
  idempotent:
    support: full
    details:
      - It is changed when a verdict has changed in more than its time.
notes:
  - O(repository) may also be the folder of legacy dumps that contains C(daily).
  - Must run as a user that may read the repository and, beyond O(level=checksum), use Docker, which is C(root) on most
    hosts. O(level=checksum) needs neither Docker nor the libraries, so it can run on a host with copies of sets.
  - O(level=decode) and O(level=rehearse) need the programs C(tar) and, depending on the set's compression, C(zstd),
    C(gzip) or C(lz4) on the host; see the role P(maxops.ops.host#role).
  - Only one rehearsal at a time uses a O(rehearsal_dir). Its containers and folders are removed even if it fails; the
    next rehearsal removes what a killed one left.
seealso:
  - module: maxops.ops.backup
  - module: maxops.ops.backup_info
  - module: maxops.ops.restore
"""

EXAMPLES = r"""
- name: Check the newest set after each backup
  maxops.ops.verify:

- name: Check all sets once a week
  maxops.ops.verify:
    set: all
    level: decode

- name: Prove that the newest set can be restored
  maxops.ops.verify:
    level: rehearse
    rehearsal_dir: /srv/scratch/maxops

- name: Accept a known fault of production for a while
  maxops.ops.verify:
    level: rehearse
    accept:
      - finding: "gitea-data: git/repositories/platform/archive.git"
        reason: its old pull requests are lost, and it is deleted in January
        until: "2027-01-31"

- name: Check a legacy dump of /backup.sh
  maxops.ops.verify:
    set: /opt/maxoperation/backup/daily/openproject_20240101_020000.sql.gz
"""

RETURN = r"""
passed:
  description: Whether every set passed.
  returned: always
  type: bool
  sample: true
level:
  description: The requested level.
  returned: always
  type: str
  sample: rehearse
repository:
  description: Folder of the sets.
  returned: always
  type: str
  sample: /var/backups/maxops
sets:
  description: The sets and dumps that were verified.
  returned: always
  type: list
  elements: dict
  contains:
    set_id:
      description: Id of the set, or name of the dump without its extension.
      type: str
    path:
      description: Folder of the set, or path of the dump.
      type: str
    kind:
      description: V(set) or V(dump).
      type: str
    state:
      description: V(passed), V(failed), or V(not verified) when a fault of the host prevented the verification.
      type: str
    level:
      description: The highest level reached.
      type: str
    problem:
      description: Why it could not be verified.
      type: str
    counts:
      description: Number of findings by state. The set does not pass if one is V(critical).
      type: dict
    causes:
      description: Number of critical findings, warnings and accepted findings by RV(findings[].cause), without zeros.
      type: dict
    not_covered:
      description:
        - Data of the applications that an operator left out of the set, or that is kept in object storage. The verdict
          says nothing about them, and lists them.
      type: list
      elements: str
    not_compared:
      description: What the set holds and no check compares.
      type: list
      elements: str
    bytes:
      description: Size of its files.
      type: int
    files:
      description: Number of its files.
      type: int
    steps:
      description: Duration of each step in seconds.
      type: dict
    recovery_seconds:
      description: Seconds that the restore of all databases, volumes and folders took in a rehearsal.
      type: float
    rehearsal:
      description: What the rehearsal used and counted.
      type: dict
    rows:
      description: Number of restored rows of each database.
      type: dict
    verdict:
      description: The verdict that is written beside the set.
      type: dict
  sample:
    - set_id: 20261123T020000Z
      path: /var/backups/maxops/sets/20261123T020000Z
      kind: set
      state: passed
      level: rehearse
      counts: {"critical": 0, "notice": 1, "ok": 0, "unknown": 0, "warning": 0}
      causes: {}
      not_covered: []
      recovery_seconds: 41.8
      rows: {"gitea": 120431, "openproject": 893122}
findings:
  description: All findings, for each set the worst first.
  returned: always
  type: list
  elements: dict
  contains:
    set_id:
      description: The set.
      type: str
    check:
      description: The check that found it.
      type: str
    subject:
      description: The checked file, table or object.
      type: str
    state:
      description:
        - V(critical) when the set is not as required, V(warning) when a person should check it, V(notice) when it is
          expected and worth knowing.
      type: str
    cause:
      description:
        - Where the finding comes from. V(set) is a fault of the set itself. V(production) is a fault that the running
          application has, too, so the set is a faithful copy. V(changed) is data that changed during a backup without a
          pause. V(host) is something that this host lacks for the verification. V(unclear) is a fault of the set or of
          production, where the running application could not be looked at. V(coverage) is data that is deliberately
          in no set. V(accepted) is a finding that O(accept) matches. Empty for all others.
      type: str
    seen:
      description: What was seen.
      type: str
    limit:
      description: What it should be.
      type: str
    evidence:
      description: The observations behind it.
      type: list
      elements: str
    fix:
      description: The next step.
      type: str
  sample:
    - set_id: 20261123T020000Z
      check: checksum
      subject: volumes/gitea-data.tar.zst
      state: critical
      cause: set
      seen: 1048576 bytes
      limit: 2097152 bytes
      evidence: []
      fix: "Take another set, and check the disk: smartctl -a, and the kernel's log (dmesg)."
remarks:
  description: What the operator should know besides the findings.
  returned: always
  type: list
  elements: str
  sample: []
duration:
  description: Duration of the whole job in seconds.
  returned: always
  type: float
  sample: 3.12
"""

import os

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.verify.job import verify
from ansible_collections.maxops.ops.plugins.module_utils.jobs.verify.options import VerifyOptions
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    DATABASE,
    JOBS,
    NICE,
    ONE_OR_MORE,
    PROGRESS,
    REPOSITORY,
    STACK,
    Spec,
    access_of,
    check_bounds,
    rest_of,
    size_of,
    workers_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.storage.acceptance import acceptances
from ansible_collections.maxops.ops.plugins.module_utils.storage.verdict import CHECKSUM, LEVELS
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import PSYCOPG2_IMPORT_ERROR

SPEC = (
    STACK
    + DATABASE
    + REPOSITORY
    + JOBS
    + NICE
    + PROGRESS
    + Spec(
        {
            "set": {"type": "list", "elements": "str", "default": ["latest"]},
            "level": {"type": "str", "choices": list(LEVELS), "default": CHECKSUM},
            "findings": {"type": "int", "default": 100},
            "accept": {
                "type": "list",
                "elements": "dict",
                "default": [],
                "options": {
                    "finding": {"type": "str", "required": True},
                    "check": {"type": "str", "default": "*"},
                    "reason": {"type": "str", "required": True},
                    "until": {"type": "str", "required": True},
                },
            },
            "cross_check": {"type": "bool", "default": True},
            "rehearsal_dir": {"type": "path"},
            "rehearsal_budget": {"type": "str"},
        },
        {"findings": ONE_OR_MORE},
    )
)


def read_options(module: AnsibleModule) -> VerifyOptions:
    """The module's parameters as the job's options."""
    parameters = dict(module.params)
    parameters["jobs"] = workers_of(parameters)
    parameters["accept"] = acceptances(parameters["accept"])
    parameters["rehearsal_budget"] = size_of(module, "rehearsal_budget")
    os.nice(parameters.pop("nice"))
    return VerifyOptions(access_of(parameters), **rest_of(parameters))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    if module.params["level"] != CHECKSUM:
        require(module, {"docker": DOCKER_IMPORT_ERROR, "psycopg2": PSYCOPG2_IMPORT_ERROR})
    with report_failures(module, "no verdict was written, run this again"):
        options = read_options(module)
        result = verify(options, module.check_mode)
        verdicts = result.pop("verdicts")
        message = result.pop("message")
        if module._diff:
            result["diff"] = {
                side: {set_id: verdict[side] for set_id, verdict in verdicts.items()} for side in ("before", "after")
            }
        end(module, result, None if result["passed"] else message)


if __name__ == "__main__":
    main()
