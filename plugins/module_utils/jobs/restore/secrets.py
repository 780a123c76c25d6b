# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks whether restored rows can be decrypted with the keys that the stack has now."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import database_logins
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container, mount_of, on_host
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import read_environment
from ansible_collections.maxops.ops.plugins.module_utils.transfer.keys import (
    ENVIRONMENT,
    Key,
    gitea_name,
    hashed,
    keys_of,
)

# Passwords of servers are not compared: a restore changes none of them.
_KEY = re.compile(r"SECRET|_KEY(_|$)|TOKEN")

_RAILS = ("SECRET_KEY_BASE", "OPENPROJECT_SECRET_KEY_BASE")
_OPENPROJECT_LOSS = "sessions end, API tokens and calendar links are refused, and encrypted settings cannot be read"
_LOSSES = {
    **dict.fromkeys(_RAILS, _OPENPROJECT_LOSS),
    gitea_name("security", "SECRET_KEY"): (
        "two-factor logins, passwords of mirrors and login sources, and secrets of OAuth and Actions cannot be read"
    ),
    gitea_name("security", "INTERNAL_TOKEN"): "nothing that is stored depends on it",
    gitea_name("oauth2", "JWT_SECRET"): "programs that signed in by OAuth have to sign in again",
    gitea_name("server", "LFS_JWT_SECRET"): "LFS transfers that run now have to be started again",
}
_NEEDED = (*_RAILS, gitea_name("security", "SECRET_KEY"))
"""Without these, stored data cannot be read."""

_ANY_LOSS = "what the application encrypted or signed with it cannot be read"


@dataclass(frozen=True)
class Restored:
    """What a restore replaces: names of databases, and folders of the host."""

    databases: Collection[str] = ()
    folders: Collection[str] = ()


def secrets_that_differ(source: RestoreSource, stack: Stack, restored: Restored) -> list[str]:
    """Remarks on keys of the stack that differ from those that the set's applications encrypted with.

    Older sets recorded no keys: for them the environment files of both are compared. Values are never shown.
    """
    manifest = (source.kept.manifest if source.kept else None) or {}
    if "keys" in manifest:
        return _Comparison(source, stack, restored, manifest).remarks()
    return _environment_files(source, stack, manifest)


class _Comparison:
    """Compares the hashes in a manifest with the keys that the containers of the stack have after the restore."""

    def __init__(self, source: RestoreSource, stack: Stack, restored: Restored, manifest: Mapping[str, Any]) -> None:
        self._source = source
        self._stack = stack
        self._restored = restored
        self._hashes: Mapping[str, str] = manifest["keys"]
        self._origins: Mapping[str, Mapping[str, str]] = manifest.get("key_sources") or {}
        self._set_id = str(manifest["set_id"])
        self._present: dict[str, list[Key]] = {}
        for key in keys_of(stack):
            self._present.setdefault(key.name, []).append(key)

    def remarks(self) -> list[str]:
        """One remark for each service and place of its keys, and one on the keys that could not be compared."""
        differing: dict[tuple[str, str], list[str]] = {}
        unknown = []
        for name, then in self._hashes.items():
            here = [key for key in self._of_name(name) if self._is_concerned(key.container)]
            if not here and not self._of_name(name) and self._is_needed(name):
                unknown.append(name)
            elif here and not any(self._comes_back(key) or hashed(key.value, self._set_id) == then for key in here):
                services = ", ".join(sorted({key.container.service for key in here}))
                differing.setdefault((services, self._place(name, then, here)), []).append(name)
        remarks = [
            f"{services} has another {', '.join(names)} than the set, so after the restore {_losses(names)}; {place}"
            for (services, place), names in differing.items()
        ]
        if unknown:
            remarks.append(
                f"no container of this stack has {', '.join(unknown)}, so it is not known whether the restored data "
                "can be read with the key that is used here; compare it with config/containers.json of the set"
            )
        missing = [name for name in self._present if name in _NEEDED and not self._is_in_set(name)]
        if missing:
            remarks.append(
                f"the set has no {', '.join(sorted(missing))}, because no container had it when the set was made: it "
                "is not known whether the restored data can be read with the key that is used here"
            )
        return remarks

    def _is_in_set(self, name: str) -> bool:
        """Whether the set has the key, or needs none: its service uses other data, or the key itself is restored."""
        names = _RAILS if name in _RAILS else (name,)
        concerned = [key for key in self._present[name] if self._is_concerned(key.container)]
        return any(each in self._hashes for each in names) or all(self._comes_back(key) for key in concerned)

    def _of_name(self, name: str) -> list[Key]:
        names = _RAILS if name in _RAILS and name not in self._present else (name,)
        return [key for each in names for key in self._present.get(each, [])]

    def _is_concerned(self, container: Container) -> bool:
        """False for a service that is known to use other databases only."""
        logins = {login.database for login in database_logins(container)}
        return not logins or bool(logins & set(self._restored.databases))

    def _is_needed(self, name: str) -> bool:
        """Whether this stack runs the key's service, and the key does not come with a restored volume."""
        origin = self._origins.get(name) or {}
        containers = self._stack.of_service(origin.get("service", ""))
        if not any(self._is_concerned(container) for container in containers):
            return False
        path = origin.get("source", ENVIRONMENT)
        return path == ENVIRONMENT or not any(self._is_restored(path, container) for container in containers)

    def _comes_back(self, key: Key) -> bool:
        return key.source != ENVIRONMENT and self._is_restored(key.source, key.container)

    def _is_restored(self, inside: str, container: Container) -> bool:
        if mount_of(inside, container.mounts) is None:
            return False
        path = os.path.join(on_host(inside, container.mounts), "")
        return any(path.startswith(os.path.join(folder, "")) for folder in self._restored.folders)

    def _place(self, name: str, then: str, here: list[Key]) -> str:
        """Where the set's key is, and what to do with it."""
        origin = (self._origins.get(name) or {}).get("source", ENVIRONMENT)
        up = self._stack.compose.command("up", "--detach")
        if origin != ENVIRONMENT:
            mount = mount_of(origin, here[0].container.mounts)
            volume = f" in the volume {mount.name or mount.source}" if mount else ""
            return f"the set's key is in {origin}{volume}: restore that, too, or copy the entry, then {up}"
        for entry in (self._source.kept.manifest or {}).get("config", []) if self._source.kept else []:
            variables = _variables(os.path.join(self._source.layout.config, entry["path"]))
            for variable, value in variables.items():
                if _KEY.search(variable) and hashed(value, self._set_id) == then:
                    return f"the set's key is {variable} in config/{entry['path']}: put it into .env here, then {up}"
        return f"the set's key is in config/containers.json: put it into .env here, then {up}"


def _losses(names: list[str]) -> str:
    return "; ".join(dict.fromkeys(_LOSSES.get(name, _ANY_LOSS) for name in names))


# -- sets without keys ----------------------------------------------------------------------------------------------


def _environment_files(source: RestoreSource, stack: Stack, manifest: Mapping[str, Any]) -> list[str]:
    remarks = []
    for entry in manifest.get("config", []):
        if not os.path.basename(entry["source"]).startswith(".env"):
            continue
        # The set may be of another stack, so the file is the one of this stack's folder.
        outside = os.path.isabs(entry["path"]) or entry["path"].startswith("outside/") or not stack.working_dir
        path = entry["source"] if outside else os.path.join(stack.working_dir or "", entry["path"])
        now, then = _variables(path), _variables(os.path.join(source.layout.config, entry["path"]))
        names = sorted(name for name in then if _KEY.search(name) and name in now and now[name] != then[name])
        if names:
            remarks.append(
                f"{path} has another {', '.join(names)} than the set, so data that the applications "
                f"encrypted cannot be read: take it from {entry['path']} in the set's config folder, then start "
                f"the stack again ({stack.compose.command('up', '--detach')})"
            )
    return remarks


def _variables(path: str) -> dict[str, str]:
    """The variables of an environment file; none for another kind of file, or one that cannot be read."""
    if not re.fullmatch(r"\.env.*|.*\.env", os.path.basename(path)):
        return {}
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return read_environment(stream.read())
    except OSError:
        return {}
