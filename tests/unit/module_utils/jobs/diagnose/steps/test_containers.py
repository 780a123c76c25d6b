# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines that point to a cause."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.containers import LOG_SIGNS


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("FATAL:  could not write to file: No space left on device", "disk_full"),
        ("*** FATAL CONFIG FILE ERROR *** Can't chdir to '/data': Permission denied", "volume_permissions"),
        ('FATAL:  password authentication failed for user "maxops"', "database_password"),
        ("FATAL:  database files are incompatible with server", "database_version"),
        ("dial tcp: lookup postgres on 127.0.0.11:53: no such host", "dns_name_missing"),
        ("FATAL:  sorry, too many clients already", "database_connections"),
        ("listen tcp4 127.0.0.1:9220: bind: address already in use", "port_taken"),
        ("(error) OOM command not allowed when used memory > 'maxmemory'.", "cache_memory"),
        ("ERROR:  permission denied for table users", None),
        ("Started in 2.4 seconds", None),
    ],
)
def test_log_line_points_to_a_cause(line: str, kind: str | None) -> None:
    assert next((name for name, sign in LOG_SIGNS if sign.search(line)), None) == kind
