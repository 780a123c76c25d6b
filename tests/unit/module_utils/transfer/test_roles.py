# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which statements of globals.sql are about which roles."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.transfer.roles import role_statements, statements

GLOBALS = r"""--
-- PostgreSQL database cluster dump
--

\restrict 7dKbd3XhWpz
SET default_transaction_read_only = off;

CREATE ROLE maxops;
ALTER ROLE maxops WITH SUPERUSER LOGIN PASSWORD 'SCRAM-SHA-256$4096:a/b==$c:d';
CREATE ROLE "odd ""role; %";
ALTER ROLE "odd ""role; %" WITH LOGIN PASSWORD 'pa;ss''wo--rd';
COMMENT ON ROLE "odd ""role; %" IS 'first; ''second''
-- third';
ALTER ROLE editors SET search_path TO 'a', 'b';
CREATE TABLESPACE slow OWNER maxops LOCATION '/slow';
GRANT editors TO "odd ""role; %" WITH ADMIN OPTION, INHERIT TRUE GRANTED BY maxops;
REVOKE ALL ON TABLESPACE slow FROM maxops;
\unrestrict 7dKbd3XhWpz
"""


def test_statements_end_at_semicolons_outside_of_quotes() -> None:
    result = list(statements(GLOBALS))
    assert len(result) == 10
    assert result[4] == """ALTER ROLE "odd ""role; %" WITH LOGIN PASSWORD 'pa;ss''wo--rd'"""
    assert result[5].endswith("-- third'")


def test_roles_of_the_statements() -> None:
    result = [(statement.creates, statement.names) for statement in role_statements(GLOBALS)]
    odd = 'odd "role; %'
    assert result == [
        (True, ("maxops",)),
        (False, ("maxops",)),
        (True, (odd,)),
        (False, (odd,)),
        (False, (odd,)),
        (False, ("editors",)),
        (False, ("editors", odd)),
    ]


@pytest.mark.parametrize("text", ["", "-- only a comment", "SELECT 1;", "\\connect x\n"])
def test_statements_without_roles(text: str) -> None:
    assert role_statements(text) == []
