#!/usr/bin/python
# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: optimize
short_description: Vacuum and analyze PostgreSQL safely during working hours, and report what slows it down
version_added: 0.1.0
author:
  - The MaxOps Ops founders (@maxops)
description:
  - Runs C(VACUUM (ANALYZE)) or C(ANALYZE) on the tables that the server's statistics say need it, and on no other.
  - Lists what else makes a database slow. These are unused indexes, bloated tables and indexes, queries that run or
    wait now, statements that take most time, and transactions that prevent C(VACUUM) from removing rows. It changes
    none of them.
  - It is safe during working hours. It works on one table at a time, pauses regularly, uses no parallel workers, takes
    no exclusive lock, and does not wait for other sessions. A table that another session has locked is left and
    reported with that session. An autovacuum is not cancelled either, if O(lock_wait) is below the server's
    C(deadlock_timeout).
  - While a backup, a restore or another job uses the stack, tables are left and the report is complete.
options:
  databases:
    description:
      - Databases to optimize. By default those of all applications.
    type: list
    elements: str
  dead_rows:
    description:
      - A table with fewer dead rows does not need C(VACUUM).
    type: int
    default: 1000
  dead_percent:
    description:
      - A table with a lower percentage of dead rows does not need C(VACUUM).
    type: float
    default: 10
  modified_rows:
    description:
      - A table with fewer rows changed since its last C(ANALYZE) does not need another. A table that has rows and was
        never analyzed does.
    type: int
    default: 1000
  modified_percent:
    description:
      - A table with a lower percentage of changed rows does not need C(ANALYZE).
    type: float
    default: 10
  lock_wait:
    description:
      - Seconds to wait for a table that another session has locked.
    type: float
    default: 0.5
  cost_delay:
    description:
      - Milliseconds to pause whenever the server's C(vacuum_cost_limit) is reached, as autovacuum does. V(0) for full
        speed.
    type: float
    default: 2
  time_limit:
    description:
      - Minutes after which no further table is started. V(0) for no limit.
    type: float
    default: 0
  slow_seconds:
    description:
      - Queries that run for at least this many seconds are listed. Blocked and blocking sessions are always listed.
    type: float
    default: 1
  long_seconds:
    description:
      - Transactions that are open for at least this many seconds are listed.
    type: float
    default: 300
  min_size:
    description:
      - Smaller unused indexes, and tables and indexes that waste less, are not listed.
    type: str
    default: 1M
  bloat_percent:
    description:
      - Tables and indexes that waste a lower percentage of their size are not listed.
    type: float
    default: 50
  listed:
    description:
      - How many entries of each kind are listed, per database where a list is per database. The worst come first.
    type: int
    default: 20
  query_length:
    description:
      - How many characters of a query are shown. C(?) replaces its values, so that no name or password is shown.
    type: int
    default: 200
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
      - Reports which tables would be optimized, and why.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - An optimized table needs nothing until it has changed again. Dead rows that a transaction still holds are not a
        reason to try again.
notes:
  - Bloat is an estimate from the average widths that C(ANALYZE) found, without TOAST. It is usually within 20 % of
    the real value, and more often too high than too low. Sizes are those of the last C(VACUUM) or C(ANALYZE).
  - An index is unused when no query of this server has read it since the statistics began. Queries of a standby count
    on the standby only. Indexes that are unique, belong to a constraint or are a table's replica identity are not
    listed. An index for a foreign key speeds up deletes in the other table even if it counts as unused.
  - C(VACUUM) runs with C(TRUNCATE FALSE), so space becomes free for new rows but is not given back to the host.
  - Needs PostgreSQL 13 or later.
seealso:
  - module: maxops.ops.cache
  - module: maxops.ops.cleanup
"""

EXAMPLES = r"""
- name: Optimize the tables that need it
  maxops.ops.optimize:

- name: Show what it would do, and what makes the database slow
  maxops.ops.optimize:
  check_mode: true
  register: optimize

- name: Optimize one database for at most an hour, with long pauses
  maxops.ops.optimize:
    databases: [openproject]
    cost_delay: 10
    time_limit: 60
"""

RETURN = r"""
version:
  description: Version of the server.
  returned: success
  type: str
  sample: "17.6"
databases:
  description: The inspected databases.
  returned: success
  type: list
  elements: dict
  sample:
    - name: openproject
      bytes: 26214400
      statistics_days: 41.2
      unused_indexes: 1
      bloated: 0
tables:
  description: The tables that need work, those with the most dead and changed rows first.
  returned: success
  type: list
  elements: dict
  contains:
    database:
      description: Database of the table.
      type: str
    schema:
      description: Schema of the table.
      type: str
    name:
      description: Name of the table.
      type: str
    bytes:
      description: Size of the table at the last C(VACUUM) or C(ANALYZE), without indexes.
      type: int
    live:
      description: Number of rows.
      type: int
    dead:
      description: Number of dead rows before.
      type: int
    dead_after:
      description: Number of dead rows afterwards.
      type: int
    action:
      description: C(VACUUM (ANALYZE)) or C(ANALYZE).
      type: str
    reasons:
      description: Why it is needed.
      type: list
      elements: str
    outcome:
      description: V(done), V(would be done) in check mode, or V(left).
      type: str
    problem:
      description: Why it was left.
      type: str
    duration:
      description: Duration in seconds.
      type: float
  sample:
    - database: openproject
      schema: public
      name: work_packages
      action: VACUUM (ANALYZE)
      reasons: ["12,000 of 40,000 rows are dead"]
      outcome: done
unused_indexes:
  description: Indexes that no query has read since the statistics began, the largest first, with the DROP command.
  returned: success
  type: list
  elements: dict
  sample:
    - database: openproject
      schema: public
      table: journals
      name: journals_notes_idx
      bytes: 8388608
      fix: DROP INDEX CONCURRENTLY public.journals_notes_idx
bloat:
  description: Tables and indexes that are much larger than their rows need, the most wasteful first.
  returned: success
  type: list
  elements: dict
  sample:
    - database: gitea
      kind: index
      schema: public
      table: action
      name: action_created_idx
      bytes: 41943040
      wasted_bytes: 30000000
      fix: REINDEX INDEX CONCURRENTLY public.action_created_idx
queries:
  description: Sessions that are slow now, blocked by others (C(blocked_by)) or blocking others.
  returned: success
  type: list
  elements: dict
  sample:
    - pid: 4711
      database: openproject
      user: maxops
      application: puma
      state: active
      waits_for: "Lock: transactionid"
      seconds: 12.4
      transaction_seconds: 12.5
      blocked_by: [4700]
      query: UPDATE work_packages SET subject = ? WHERE id = ?
statements:
  description: The statements that took most time, if C(pg_stat_statements) is installed.
  returned: success
  type: list
  elements: dict
  sample:
    - database: openproject
      user: maxops
      calls: 1200
      total_seconds: 340.1
      mean_milliseconds: 283.4
      rows: 1200
      query: SELECT * FROM journals WHERE id = $1
statements_advice:
  description: How to get RV(statements), if C(pg_stat_statements) is not installed.
  returned: success
  type: str
  sample: ""
holders:
  description: Transactions and replication slots that prevent C(VACUUM) from removing dead rows.
  returned: success
  type: list
  elements: dict
  sample:
    - kind: session
      name: "4700"
      database: openproject
      user: maxops
      application: psql
      state: idle in transaction
      seconds: 5400.2
      query: SELECT ?
remarks:
  description: What the operator should know besides that.
  returned: success
  type: list
  elements: str
  sample: []
duration:
  description: Duration of the whole job in seconds.
  returned: success
  type: float
  sample: 1.4
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.optimize.job import optimize
from ansible_collections.maxops.ops.plugins.module_utils.jobs.optimize.plan import OptimizeOptions
from ansible_collections.maxops.ops.plugins.module_utils.module.frame import end, fail, report_failures
from ansible_collections.maxops.ops.plugins.module_utils.module.libraries import require
from ansible_collections.maxops.ops.plugins.module_utils.module.options import (
    DATABASE,
    NOT_NEGATIVE,
    STACK,
    Bounds,
    Spec,
    access_of,
    check_bounds,
    rest_of,
    size_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import DOCKER_IMPORT_ERROR
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import PSYCOPG2_IMPORT_ERROR

NUMBERS: dict[str, dict[str, Any]] = {
    "dead_rows": {"type": "int", "default": 1000},
    "dead_percent": {"type": "float", "default": 10},
    "modified_rows": {"type": "int", "default": 1000},
    "modified_percent": {"type": "float", "default": 10},
    "lock_wait": {"type": "float", "default": 0.5},
    "cost_delay": {"type": "float", "default": 2},
    "time_limit": {"type": "float", "default": 0},
    "slow_seconds": {"type": "float", "default": 1},
    "long_seconds": {"type": "float", "default": 300},
    "bloat_percent": {"type": "float", "default": 50},
    "listed": {"type": "int", "default": 20},
    "query_length": {"type": "int", "default": 200},
}
SPEC = (
    STACK
    + DATABASE
    # PostgreSQL accepts a delay of up to 100 milliseconds.
    + Spec(NUMBERS, {**dict.fromkeys(NUMBERS, NOT_NEGATIVE), "cost_delay": Bounds(least=0, most=100)})
    + Spec({"databases": {"type": "list", "elements": "str"}, "min_size": {"type": "str", "default": "1M"}})
)


def read_options(module: AnsibleModule) -> OptimizeOptions:
    """The module's parameters as the job's options; fails for an empty list."""
    parameters = dict(module.params)
    parameters["min_size"] = size_of(module, "min_size")
    if parameters["databases"] == []:
        fail(module, "databases is empty; name some, or leave it out for all")
    return OptimizeOptions(access_of(parameters), **rest_of(parameters))


def main() -> None:
    """Entry point."""
    module = AnsibleModule(argument_spec=SPEC.options, supports_check_mode=True)
    check_bounds(module, SPEC)
    require(module, {"docker": DOCKER_IMPORT_ERROR, "psycopg2": PSYCOPG2_IMPORT_ERROR})
    options = read_options(module)
    with report_failures(module, "the current table is unchanged, the tables before it are done; run this again"):
        result = optimize(options, module.check_mode)
        end(module, result)


if __name__ == "__main__":
    main()
