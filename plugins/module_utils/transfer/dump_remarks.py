# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator should know about a dumped database before a restore needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import collations


def remarks_on(
    name: str,
    properties: Mapping[str, Any],
    extensions: Mapping[str, str],
    mismatches: Sequence[Mapping[str, Any]] = (),
) -> list[str]:
    """Remarks from the properties, extensions and collations of :class:`Snapshot`; usually there are none."""
    remarks = [f"{collations.seen(mismatch)}; {collations.fix(name, mismatch)}" for mismatch in mismatches]
    tablespace = properties.get("tablespace") or "pg_default"
    if tablespace != "pg_default":
        remarks.append(f'it is in tablespace "{tablespace}": a server without it restores the database into pg_default')
    if properties.get("is_template"):
        remarks.append("it is a template: a restored one is not, until ALTER DATABASE … IS_TEMPLATE true")
    subscriptions = properties.get("subscriptions") or []
    if subscriptions:
        listed = ", ".join(f'"{subscription}"' for subscription in subscriptions)
        remarks.append(f"its subscriptions ({listed}) are disabled after a restore: ALTER SUBSCRIPTION … ENABLE")
    if "pg_cron" in extensions:
        remarks.append("the jobs of pg_cron in it can only be restored into the database that cron.database_name names")
    return remarks
