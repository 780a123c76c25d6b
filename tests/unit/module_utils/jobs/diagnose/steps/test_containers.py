# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines that point to a cause, and what a daemon that cannot be reached means."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.options import Options
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.stack_view import StackView
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.containers import LOG_SIGNS, check_daemon
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.engine import EngineTimeout, EngineUnreachable
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


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


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        (EngineTimeout("it hangs"), "systemctl restart docker"),
        (EngineUnreachable("no such file"), "systemctl start docker"),
        (EngineUnreachable("permission denied", forbidden=True), None),
        (MaxopsError("the Docker SDK for Python 6.1.3 does not work with requests 2.32.3"), None),
    ],
)
def test_daemon_is_down_only_where_it_was_asked(error: MaxopsError, fix: str | None) -> None:
    result = check_daemon(StackView(Options(Access("shop")), None, error))
    if fix is None:
        assert (result.causes, result.unknown) == ([], [str(error)])
    else:
        [cause] = result.causes
        assert cause.fix.startswith(fix)
        assert cause.evidence == (str(error),)
