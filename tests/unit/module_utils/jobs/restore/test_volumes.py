# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of a volume as members of its archive."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.volumes import _member
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


@pytest.mark.parametrize(
    ("path", "member"),
    [("a/b", "./a/b"), ("/a/b/", "./a/b"), ("./a", "./a"), (".", "."), ("/", "."), ("..a", "./..a")],
)
def test_paths_as_members(path: str, member: str) -> None:
    assert _member(path) == member


@pytest.mark.parametrize("path", ["..", "../a", "a/../../b", "/../a"])
def test_paths_that_lead_out(path: str) -> None:
    with pytest.raises(MaxopsError, match="leads out of the volume"):
        _member(path)
