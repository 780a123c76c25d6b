# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH keys are compared without their comments."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea.belongings import Key
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


def test_keys_are_the_same_whatever_their_comment() -> None:
    line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHmKp6hEW3FJjz5pseg5T8RlJxpJx9ibC7hGtT7nKEGq"
    named, plain = Key.parse(f"{line}   alice at home "), Key.parse(line)
    assert (named.kind, named.body) == (plain.kind, plain.body)
    assert named.title == "alice at home"
    assert plain.title == "SHA256:KaVOPtdHcN0reLEE8HY83TgJ2bzyrXLA/hlMzoqvBuc"
    for bad in ("", "ssh-ed25519", "garbage", "ssh-rsa not*base64"):
        with pytest.raises(MaxopsError, match="is not a public SSH key"):
            Key.parse(bad)
