# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the load of a database needs beside the set: memory of the running server, and extensions after the swap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.backup_set import Layout
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.system import memory
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.inventory import MAINTENANCE
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation
from ansible_collections.maxops.ops.plugins.module_utils.transfer.database_load import load_extension
from ansible_collections.maxops.ops.plugins.module_utils.transfer.dump_contents import (
    SINGLE_DATABASE,
    single_database,
)
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_memory import LoadMemory, share
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_target import Target

SERVERS_OWN = (MAINTENANCE, "template0", "template1")
"""Databases that every server has, and that cannot be renamed while it is in use."""


def not_replaced(name: str, named: bool) -> str:
    """The remark that a database of :data:`SERVERS_OWN` is not restored under its own name.

    Raises MaxopsError when it was ``named`` in the option databases.
    """
    text = f'database "{name}" is not replaced, because administrators and this restore connect to it'
    way = f"restore it under another name (into: {{{name}: {name}_restored}}) and copy from there what is missing"
    if named:
        raise MaxopsError(f"{text}; {way}")
    return f"{text}: to have its tables, {way}"


def share_memory(session: Session, limit: int, jobs: int) -> LoadMemory:
    """How ``jobs`` jobs share the memory of the server that runs beside the load.

    ``limit`` is the limit of its container in bytes, 0 for none.
    """
    own = databases.setting_bytes(session, "maintenance_work_mem")
    return share(limit, memory().available, own, jobs)


def memory_remarks(shared: LoadMemory, jobs: int, container: str) -> list[str]:
    """Says so where the memory allows fewer jobs than the option."""
    if shared.jobs >= jobs:
        return []
    reason = f"the memory of {container} allows no more ({shared.describe()})"
    return [f"databases are loaded with {shared.jobs} instead of {jobs} jobs, because {reason}"]


def extension_remarks(session: Session, part: Mapping[str, Any], name: str) -> list[str]:
    """What is said of extensions that work only in the one database that a setting of the server names."""
    remarks = []
    for extension in single_database(part.get("extensions", {})):
        setting = SINGLE_DATABASE[extension]
        value = databases.setting(session, setting)
        remarks.append(
            f"extension {extension} of database {name} and its rows are restored after the swap, because it works only "
            f"in the database that {setting} names"
            if value == name
            else f"extension {extension} of database {name} and its rows are not restored: {setting} of this server is "
            f"{value or 'not set'}. Set it to {name}, restart the server, then restore again, or run CREATE EXTENSION "
            f"{extension} there and enter its rows"
        )
    return remarks


def load_extensions(
    target: Target,
    layout: Layout,
    part: Mapping[str, Any],
    name: str,
    extensions: list[str],
    cancellation: Cancellation,
) -> list[str]:
    """Load what works only in a database of its final name, after the swap; returns a remark on each failure.

    A failure does not undo the restore: all other data is in use.
    """
    try:
        for extension in extensions:
            load_extension(target, layout, part, name, extension, cancellation)
    except MaxopsError as error:
        return [f"extension {', '.join(extensions)} of database {name} is not restored: {error}"]
    return []
