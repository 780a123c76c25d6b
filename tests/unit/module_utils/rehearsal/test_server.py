# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first superuser of a rehearsal's server."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.server import bootstrap_user


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("CREATE ROLE maxops;\nALTER ROLE maxops WITH SUPERUSER INHERIT;\n", "maxops"),
        ("ALTER ROLE a WITH NOSUPERUSER;\nALTER ROLE root WITH SUPERUSER;\nALTER ROLE z WITH SUPERUSER;\n", "root"),
        ('ALTER ROLE "odd "" name" WITH SUPERUSER;\n', 'odd " name'),
        ("ALTER ROLE a WITH SUPERUSER;\nGRANT readers TO x WITH INHERIT TRUE GRANTED BY b;\n", "b"),
        ("CREATE ROLE a;\n", "maxops"),
    ],
)
def test_first_superuser_of_a_set(text: str, user: str) -> None:
    assert bootstrap_user(text) == user
