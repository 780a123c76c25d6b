# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files applications keep in object storage (S3, MinIO, Azure and the like), where no backup set holds them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import Files, is_gitea
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea import configuration

OPENPROJECT, GITEA = "OpenProject", "Gitea"

# OpenProject takes a setting with its levels separated by two underscores, or in its plain form.
_OPENPROJECT_VARIABLES = (
    "OPENPROJECT_ATTACHMENTS__STORAGE",
    "OPENPROJECT_ATTACHMENTS_STORAGE",
    "ATTACHMENTS_STORAGE",
)
_LOCAL = {"", "file", "local"}

GITEA_KINDS = {
    "attachment": "attachments",
    "lfs": "LFS objects",
    "packages": "packages",
    "avatar": "avatars",
    "repo-avatar": "avatars of repositories",
    "repo-archive": "archives of repositories",
    "actions_log": "logs of actions",
    "actions_artifacts": "artifacts of actions",
}
"""Sections of Gitea's configuration for each kind of files, and the kind in words."""

# Where Gitea looks for the type of a kind's storage, besides STORAGE_TYPE of [kind] and [storage.kind].
_OTHER_ENTRIES = {
    "attachment": (("storage.attachments", "STORAGE_TYPE"),),
    "avatar": (("picture", "AVATAR_STORAGE_TYPE"), ("storage.avatars", "STORAGE_TYPE")),
    "repo-avatar": (("picture", "REPOSITORY_AVATAR_STORAGE_TYPE"), ("storage.repo-avatars", "STORAGE_TYPE")),
    "actions_artifacts": (("actions.artifacts", "STORAGE_TYPE"),),
}

Settings = Mapping[tuple[str, str], tuple[str, str]]
"""(section, key in upper case) → (value, where it comes from)."""


@dataclass(frozen=True)
class ObjectStorage:
    """Files of an application that are elsewhere: ``what`` is "attachments", or the section of Gitea's configuration.

    ``type`` is the kind of the storage (fog, minio, azureblob), ``source`` the variable or entry that says so.
    """

    application: str
    what: str
    type: str
    source: str

    def to_dict(self) -> dict[str, str]:
        """As data for the manifest."""
        return asdict(self)

    def in_words(self) -> str:
        """What is stored, in words."""
        return GITEA_KINDS.get(self.what, self.what)


def object_storage(container: Container, root: str = "") -> list[ObjectStorage]:
    """What the application of a container keeps in object storage; empty where all its files are in its folders.

    ``root`` is the container's file system on this host while it runs, or empty.
    """
    found = list(_of_openproject(container))
    if is_gitea(container):
        found += gitea_object_storage(_settings(container, Files(container, root)))
    return found


def _of_openproject(container: Container) -> Iterator[ObjectStorage]:
    for name in _OPENPROJECT_VARIABLES:
        kind = container.environment.get(name, "").strip().strip("'\":").lower()
        if kind not in _LOCAL:
            yield ObjectStorage(OPENPROJECT, "attachments", kind, f"{name}={kind}")
            return


def _settings(container: Container, files: Files) -> Settings:
    """All entries of Gitea's configuration; a variable replaces the entry of the file."""
    inside, _path = files.ini_path()
    settings = {
        (section, key.upper()): (value, f"[{section}] {key} = {value} of {inside}")
        for (section, key), value in files.ini().items()
    }
    names = {entry: name for name in container.environment for entry in configuration.entries({name: ""})}
    for (section, key), value in configuration.entries(container.environment).items():
        settings[section, key.upper()] = (value, f"{names[section, key]}={value}")
    return settings


def gitea_object_storage(settings: Settings) -> Iterator[ObjectStorage]:
    """What Gitea keeps in object storage by its configuration."""
    for what in GITEA_KINDS:
        value, source = _storage_type(settings, what)
        kind = value.strip().lower()
        if kind not in _LOCAL:
            yield ObjectStorage(GITEA, what, kind, source)


def _storage_type(settings: Settings, what: str) -> tuple[str, str]:
    """The type of a kind's storage, and its source: from its own section, that of its storage, or the common one."""
    own = ((what, "STORAGE_TYPE"), (f"storage.{what}", "STORAGE_TYPE"), *_OTHER_ENTRIES.get(what, ()))
    for entry in own:
        value, source = settings.get(entry, ("", ""))
        if value:
            # It may be the name of a storage with a section of its own.
            kind, _source = settings.get((f"storage.{value.lower()}", "STORAGE_TYPE"), ("", ""))
            return kind or value, source
    return settings.get(("storage", "STORAGE_TYPE"), ("", ""))
