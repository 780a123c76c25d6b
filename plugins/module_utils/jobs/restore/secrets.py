# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether restored rows can be decrypted with the secrets that the stack has now."""

from __future__ import annotations

import os
import re

from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*")
# Passwords of servers are not compared: a restore changes none of them.
_KEY = re.compile(r"SECRET|_KEY(_|$)|TOKEN")


def secrets_that_differ(source: RestoreSource) -> list[str]:
    """Remarks on environment files whose keys differ from those that the set's applications encrypted with."""
    manifest = (source.kept.manifest if source.kept else None) or {}
    remarks = []
    for entry in manifest.get("config", []):
        if os.path.basename(entry["source"]).startswith(".env"):
            now = _keys(entry["source"])
            then = _keys(os.path.join(source.layout.config, entry["path"]))
            names = sorted(name for name in then if name in now and now[name] != then[name])
            if names:
                remarks.append(
                    f"{entry['source']} has another {', '.join(names)} than the set, so data that the applications "
                    f"encrypted cannot be read: take it from {entry['path']} in the set's config folder, then start "
                    "the stack again (docker compose up --detach)"
                )
    return remarks


def _keys(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            matches = [_ASSIGNMENT.fullmatch(line.rstrip("\n")) for line in stream]
    except OSError:
        return {}
    return {match.group(1): match.group(2).strip("'\"") for match in matches if match and _KEY.search(match.group(1))}
