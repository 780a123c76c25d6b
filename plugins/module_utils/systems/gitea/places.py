# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Gitea keeps files that belong to rows of its database by number, or that it can make again.

All paths are inside the container. Only some of them exist: the normal and the rootless image have different ones.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

Settings = Mapping[tuple[str, str], str]
"""Gitea's settings by section, in lower case, and key, in upper case."""

_DATA = ("/data/gitea", "/var/lib/gitea/data", "/var/lib/gitea")
"""APP_DATA_PATH of the normal image, and of both forms of the rootless one."""
_SSH = ("/data/git/.ssh", "/var/lib/gitea/git/.ssh")
_TRUE = {"true", "1", "yes", "on", "t", "y"}


def work_path(settings: Settings, environment: Mapping[str, str]) -> str:
    """The folder that relative paths of the settings start from."""
    return settings.get((" ", "WORK_PATH")) or environment.get("GITEA_WORK_DIR") or "/app/gitea"


def data_paths(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Folders that may be APP_DATA_PATH, the configured one first."""
    configured = settings.get(("server", "APP_DATA_PATH"), "")
    custom = environment.get("GITEA_CUSTOM", "")
    return _absolute([configured, custom, *_DATA], work_path(settings, environment))


def session_folders(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Folders that may hold sessions in files: only the configured one, where there is one."""
    configured = settings.get(("session", "PROVIDER_CONFIG"), "").strip('" ')
    if configured:
        return _absolute([configured], work_path(settings, environment))
    return [posixpath.join(folder, "sessions") for folder in data_paths(settings, environment)]


def index_folders(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Folders of search indexes that Gitea makes again when they are missing."""
    keys = ("ISSUE_INDEXER_PATH", "REPO_INDEXER_PATH")
    configured = [settings.get(("indexer", key), "") for key in keys]
    defaults = [posixpath.join(folder, "indexers") for folder in data_paths(settings, environment)]
    return _absolute([*configured, *defaults], work_path(settings, environment))


def external_indexes(settings: Settings) -> list[str]:
    """Kinds of search servers that hold an index outside of Gitea, such as elasticsearch."""
    keys = ("ISSUE_INDEXER_TYPE", "REPO_INDEXER_TYPE")
    kinds = [settings.get(("indexer", key), "").strip().lower() for key in keys]
    return [kind for kind in dict.fromkeys(kinds) if kind in ("elasticsearch", "meilisearch")]


def temporary_folders(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Folders of half-finished work, which belongs to no row."""
    return [posixpath.join(folder, "tmp") for folder in data_paths(settings, environment)]


def key_files(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Files in which OpenSSH finds whose key is whose: each line names the number of a row."""
    home = environment.get("HOME", "")
    folders = [settings.get(("server", "SSH_ROOT_PATH"), ""), posixpath.join(home, ".ssh") if home else "", *_SSH]
    names = ("authorized_keys", "authorized_principals")
    return [posixpath.join(folder, name) for folder in _absolute(folders, "/") for name in names]


def has_own_ssh_server(settings: Settings) -> bool:
    """True where Gitea itself is the SSH server: it finds keys in the database each time."""
    return settings.get(("server", "START_SSH_SERVER"), "").strip().lower() in _TRUE


def sqlite_files(settings: Settings, environment: Mapping[str, str]) -> list[str]:
    """Files that may be the database; empty where it is on a server."""
    if settings.get(("database", "DB_TYPE"), "").strip().lower() != "sqlite3":
        return []
    configured = settings.get(("database", "PATH"), "")
    defaults = [posixpath.join(folder, "gitea.db") for folder in data_paths(settings, environment)]
    return _absolute([configured] if configured else defaults, work_path(settings, environment))


def _absolute(paths: Iterable[str], start: str) -> list[str]:
    joined = [posixpath.normpath(posixpath.join(start, path)) for path in paths if path]
    return list(dict.fromkeys(joined))
