# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How to get the statistics of statements, for a stack of the role and for another one."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.maxops.ops.plugins.module_utils.jobs.optimize.job import _statements_advice
from ansible_collections.maxops.ops.tests.unit.stacks import CONFIG_FILES, WORKING_DIR, container, stack_of


def test_advice_fits_who_writes_the_compose_file(tmp_path: Path) -> None:
    path = tmp_path / "docker-compose.yml"
    path.write_text("services: {}\n", encoding="utf-8")
    stack = stack_of(container("db", labels={WORKING_DIR: str(tmp_path), CONFIG_FILES: str(path)}))
    assert _statements_advice(stack, "db") == (
        'pg_stat_statements is not installed: to see which statements take the most time, add command: ["postgres", '
        '"-c", "shared_preload_libraries=pg_stat_statements"] to the service "db" in the Compose file, run docker '
        f"compose --project-name shop --project-directory {tmp_path} --file {path} up --detach db, then run CREATE "
        "EXTENSION pg_stat_statements in one database"
    )
    path.write_text("# Written by the role maxops.ops.stack; what is changed here is lost\n", encoding="utf-8")
    assert _statements_advice(stack, "db") == (
        "pg_stat_statements is not installed: to see which statements take the most time, set stack_postgres_settings: "
        '{"shared_preload_libraries": "pg_stat_statements"} and run ansible-playbook maxops.ops.deploy, then run '
        "CREATE EXTENSION pg_stat_statements in one database"
    )
