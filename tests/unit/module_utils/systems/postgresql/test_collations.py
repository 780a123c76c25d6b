# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences between recorded and actual collation versions, in words and with the statements that fix them."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import collations

DATABASE = ("database", 'o"p', "1.0", "153.128")
COLUMN = ("collation", "public.german", "2.31", None)


def test_old_servers_have_no_version_of_a_database() -> None:
    assert collations.server_query(14) is None
    assert len(collations.queries(14)) == 1
    assert len(collations.queries(15)) == 2
    assert "datname = current_database()" in collations.queries(17)[0]


def test_the_fix_of_a_database_names_both_statements_in_their_order() -> None:
    [mismatch] = collations.mismatches([DATABASE])
    assert mismatch == {"kind": "database", "name": 'o"p', "recorded": "1.0", "actual": "153.128"}
    assert collations.seen(mismatch) == "its collation has the recorded version 1.0, and this server has 153.128"
    assert collations.fix('o"p', mismatch).endswith(
        'run REINDEX DATABASE "o""p"; ALTER DATABASE "o""p" REFRESH COLLATION VERSION'
    )


def test_the_fix_of_a_columns_collation_names_the_collation() -> None:
    [mismatch] = collations.mismatches([COLUMN])
    assert "collation public.german has the recorded version 2.31, and this server has none" in collations.seen(
        mismatch
    )
    assert collations.fix("shop", mismatch).endswith(
        'REINDEX DATABASE "shop"; ALTER COLLATION public.german REFRESH VERSION'
    )
