# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identity of this host, which a new host name does not change."""

from __future__ import annotations

import hashlib
import hmac
import re

MACHINE_ID = "/etc/machine-id"

APPLICATION = bytes.fromhex("6f2c1d0b9a5e4c77b3f08d4e21a7c659")
"""Identifies maxops.ops, so that the value of another program, or the secret id itself, is never in a manifest."""


def machine_id(path: str = MACHINE_ID) -> str | None:
    """An id of this host for maxops.ops only, 32 hexadecimal digits, as sd_id128_get_machine_app_specific makes it.

    None for a host without a machine id, such as a container or an image that was not started yet.
    """
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            text = stream.read().strip().replace("-", "").lower()
    except OSError:
        return None
    if not re.fullmatch(r"[0-9a-f]{32}", text) or not int(text, 16):
        return None
    digest = bytearray(hmac.new(bytes.fromhex(text), APPLICATION, hashlib.sha256).digest()[:16])
    # The bits that make it a UUID of version 4.
    digest[6] = digest[6] & 0x0F | 0x40
    digest[8] = digest[8] & 0x3F | 0x80
    return digest.hex()
