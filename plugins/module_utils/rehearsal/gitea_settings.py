# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea's own configuration in a set: where it kept its files, and which of them in object storage."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.configuration import read_ini
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.ini import IniError
from ansible_collections.maxops.ops.plugins.module_utils.systems.object_storage import gitea_object_storage

from .content import Content

FILES = ("gitea/conf/app.ini", "conf/app.ini", "custom/conf/app.ini", "app.ini")
"""Of the standard image, of a mount of its subfolder, of a program of its own, and of the rootless image."""

TARGETS = ("/data/gitea/", "/data/git/", "/data/", "/var/lib/gitea/data/", "/var/lib/gitea/")
"""Where the images mount their data, or a part of it."""

# For each kind of files, the entries that name its folder.
_OWN_PATH = {
    "attachments": (("attachment", "PATH"),),
    "lfs": (("lfs", "PATH"), ("server", "LFS_CONTENT_PATH")),
    "packages": (("packages", "PATH"),),
    "avatars": (("picture", "AVATAR_UPLOAD_PATH"),),
    "repo-avatars": (("picture", "REPOSITORY_AVATAR_UPLOAD_PATH"),),
    "repositories": (("repository", "ROOT"),),
}


@dataclass(frozen=True)
class GiteaSettings:
    """The entries of app.ini by section and key, in lower and upper case; empty for a set without it."""

    entries: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def get(self, section: str, key: str) -> str:
        """One entry; empty where it is not set."""
        return self.entries.get((section, key), "").strip()

    def folder(self, kind: str) -> str:
        """The configured absolute folder of a kind of files, inside the container; empty where it is not set."""
        own = [*_OWN_PATH.get(kind, ()), (f"storage.{kind}", "PATH")]
        path = next((self.get(*entry) for entry in own if self.get(*entry)), "")
        return os.path.normpath(path) if os.path.isabs(path) else ""

    def places(self, kind: str, usual: tuple[str, ...]) -> tuple[str, ...]:
        """Where the files of a kind may be, the configured place first.

        Absolute paths are those inside the container, relative ones are below the top of a volume or folder.
        """
        path = self.folder(kind)
        configured = [f"{path}/"[len(top) : -1] for top in TARGETS if f"{path}/".startswith(top) and f"{path}/" != top]
        absolute = [f"/data/{usual[0]}", *(f"/var/lib/gitea/{place}" for place in usual)]
        return tuple(dict.fromkeys([*([path] if path else []), *configured, *absolute, *usual]))

    def object_storage(self) -> list[dict[str, str]]:
        """What is in object storage, as in a manifest; sets of earlier versions do not record it."""
        settings = {
            (section, key): (value, f"[{section}] {key} of app.ini") for (section, key), value in self.entries.items()
        }
        return [found.to_dict() for found in gitea_object_storage(settings)]


def read_settings(content: Content) -> GiteaSettings:
    """The configuration in the set; what cannot be read counts as not set."""
    path = content.find_file(*FILES)
    if path is None:
        return GiteaSettings()
    try:
        sections = read_ini(path)
    except (OSError, IniError):
        return GiteaSettings()
    return GiteaSettings(
        {(name.lower(), key.upper()): value for name, values in sections.items() for key, value in values.items()}
    )
