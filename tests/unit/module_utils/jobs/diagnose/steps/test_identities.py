# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which users may use a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.identities import (
    Identity,
    identities_of,
)


@pytest.mark.parametrize(
    ("mode", "identity", "may"),
    [
        (0o700, Identity(os.getuid(), frozenset()), True),
        (0o000, Identity(os.getuid(), frozenset()), False),
        (0o700, Identity(54321, frozenset()), False),
        (0o777, Identity(54321, frozenset()), True),
        (0o770, Identity(54321, frozenset({os.getgid()})), True),
        (0o000, Identity(0, frozenset(), ignores_permissions=True), True),
    ],
)
def test_identity_may_use_a_folder(tmp_path: Path, mode: int, identity: Identity, may: bool) -> None:
    folder = tmp_path / "volume"
    folder.mkdir()
    folder.chmod(mode)
    assert identity.may_use(folder.stat()) is may


@pytest.mark.parametrize(("mode", "may"), [(0o755, True), (0o750, False), (0o711, False)])
def test_other_users_may_list_and_enter_a_folder_only_with_both_rights(tmp_path: Path, mode: int, may: bool) -> None:
    tmp_path.chmod(mode)
    assert Identity(54321, frozenset({54321})).may_read(tmp_path.stat()) is may


def test_this_process_and_its_identity() -> None:
    found = next(identities_of(os.getpid()))
    assert (found.user, os.getgid() in found.groups) == (os.geteuid(), True)
    assert list(identities_of(2**22 + 1)) == []
