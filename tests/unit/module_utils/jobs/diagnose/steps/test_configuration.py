# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that differ between the Compose files and a container."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.configuration import differing


def test_keys_that_differ_are_named_without_their_values() -> None:
    wanted = {"SAME": "1", "OTHER": "new-secret", "MISSING": "x"}
    actual = {"SAME": "1", "OTHER": "old-secret", "OF_THE_IMAGE": "y"}
    assert differing(wanted, actual) == [("MISSING", "missing"), ("OTHER", "other")]
