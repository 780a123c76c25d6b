# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine id is the host's own, and it cannot be traced back to the secret one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.host import machine


def test_id_is_that_of_systemd_for_this_application(tmp_path: Path) -> None:
    # As printed by: systemd-id128 machine-id --app-specific=6f2c1d0b9a5e4c77b3f08d4e21a7c659
    path = tmp_path / "machine-id"
    path.write_text("0123456789abcdef0123456789abcdef\n")
    assert machine.machine_id(str(path)) == "af27021e951c4898bd8909c359bbb7de"
    path.write_text("01234567-89AB-CDEF-0123-456789ABCDEF")
    assert machine.machine_id(str(path)) == "af27021e951c4898bd8909c359bbb7de"
    path.write_text("0123456789abcdef0123456789abcdee")
    assert machine.machine_id(str(path)) != "af27021e951c4898bd8909c359bbb7de"


@pytest.mark.parametrize("text", ["", "uninitialized\n", "0" * 32, "abc", "\udcff"])
def test_host_without_an_id(tmp_path: Path, text: str) -> None:
    path = tmp_path / "machine-id"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert machine.machine_id(str(path)) is None
    assert machine.machine_id(str(tmp_path / "missing")) is None
