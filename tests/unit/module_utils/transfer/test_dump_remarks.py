# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remarked on a dumped database, and that there is usually nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.transfer.dump_remarks import remarks_on

USUAL = {"tablespace": "pg_default", "is_template": False, "absent": [], "subscriptions": []}


def test_an_ordinary_database_has_no_remark() -> None:
    assert remarks_on("shop", USUAL, {"plpgsql": "1.0"}) == []


@pytest.mark.parametrize(
    ("properties", "extensions", "words"),
    [
        ({"tablespace": "fast"}, {}, 'it is in tablespace "fast"'),
        ({"is_template": True}, {}, "ALTER DATABASE … IS_TEMPLATE true"),
        ({"subscriptions": ["a", "b"]}, {}, 'its subscriptions ("a", "b") are disabled after a restore'),
        ({}, {"pg_cron": "1.6"}, "the database that cron.database_name names"),
    ],
)
def test_what_a_restore_treats_in_its_own_way_is_remarked(
    properties: dict[str, Any], extensions: dict[str, str], words: str
) -> None:
    [remark] = remarks_on("shop", {**USUAL, **properties}, extensions)
    assert words in remark


def test_a_collation_mismatch_has_what_was_seen_and_the_fix() -> None:
    mismatch = {"kind": "database", "name": "shop", "recorded": "1.0", "actual": "2.0"}
    [remark] = remarks_on("shop", USUAL, {}, [mismatch])
    assert remark.startswith("its collation has the recorded version 1.0, and this server has 2.0; ")
    assert remark.endswith('ALTER DATABASE "shop" REFRESH COLLATION VERSION')
