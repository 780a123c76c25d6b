# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the roles that a restore created are taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import roles


class Server:
    """A session on a server with some roles; it keeps its other statements."""

    def __init__(self, **present: int) -> None:
        self.present = present
        self.all: list[str] = []

    def run(self, _action: str, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[str, int]]:
        if statement.startswith("SELECT"):
            return [(name, number) for name, number in self.present.items() if name in parameters[0]]
        self.all.append(statement)
        return []


def test_roles_are_dropped_together() -> None:
    server = Server(staff=5, ann=6, other=7)
    assert roles.drop_created(server, {"staff": 5, "ann": 6}) == ["ann", "staff"]
    assert server.all == ['DROP ROLE "ann", "staff"']


def test_role_of_the_same_name_that_another_created_stays() -> None:
    server = Server(ann=9)
    assert roles.drop_created(server, {"ann": 6, "gone": 4}) == []
    assert roles.drop_created(server, {}) == []
    assert server.all == []
