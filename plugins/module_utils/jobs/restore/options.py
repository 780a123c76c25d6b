# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a restore, and the source that they name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import source_of_file
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import here
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import (
    LATEST,
    RestoreSource,
    choose_set,
    source_of_set,
    wanted_parts,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

_CHOOSING = ("before", "databases", "volumes", "folders")
"""Options that choose a part; an empty list chooses nothing, which is a choice too."""


@dataclass(frozen=True)
class RestoreOptions:
    """The operator's options of a restore; ``set``, ``file`` or ``previous`` says where the data comes from."""

    access: Access
    repository: str
    set: str | None = None
    before: str | None = None
    file: str | None = None
    previous: bool = False
    discard: bool = False
    databases: Sequence[str] | None = None
    volumes: Sequence[str] | None = None
    folders: Sequence[str] | None = None
    paths: Sequence[str] = ()
    destination: str | None = None
    into: Mapping[str, str] = field(default_factory=dict)
    source_project: str | None = None
    force: str | None = None
    keep_previous: int = 7
    health_timeout: int = 900
    jobs: int = 2
    space_check: bool = True
    progress_file: str | None = None


def check_options(options: RestoreOptions) -> None:
    """Refuse options that do not fit together."""
    given = [name for name in ("set", "file") if getattr(options, name) is not None]
    if options.discard:
        chosen = [*given, *(name for name in _CHOOSING if getattr(options, name) is not None)]
        if chosen or options.into or options.paths:
            raise MaxopsError(
                "state discarded removes all data that restores replaced; it takes no set, before, file, databases, "
                "volumes, folders, into or paths"
            )
        return
    if options.previous and (given or options.before or options.into or options.paths):
        raise MaxopsError(
            "state previous swaps back the data that was replaced last; it takes no set, before, file, into or paths"
        )
    if not options.previous and len(given) + (options.before is not None and not given) != 1:
        raise MaxopsError(
            "give exactly one of set, before and file (before may come with set latest or latest_verified)"
        )
    if bool(options.paths) != bool(options.destination):
        raise MaxopsError(
            "paths and destination belong together: the files to take out of a volume, and the folder to put them into"
        )
    archived = [*(options.volumes or ()), *(options.folders or ())]
    if options.paths and (options.databases or len(archived) != 1 or options.into):
        raise MaxopsError(
            "paths takes from one volume or folder: name it in volumes or folders, and leave databases and into out"
        )
    if options.file is not None and (archived or options.paths):
        raise MaxopsError("a legacy dump holds only a database: leave volumes, folders and paths out")


def find_source(options: RestoreOptions) -> RestoreSource:
    """The set or the file that the options name, with the chosen parts."""
    if options.file is not None:
        return source_of_file(os.path.abspath(options.file), options.databases)
    repository = Repository(options.repository)
    project = options.source_project or options.access.project_name
    folders = _folder_names(options.folders)
    wanted = wanted_parts({"database": options.databases, "volume": options.volumes, "folder": folders})
    kept, remarks = choose_set(repository, here(project), options.set or LATEST, options.before, wanted)
    source = source_of_set(kept, project, options.databases, options.volumes, folders)
    source.remarks = remarks
    if not source.databases and not source.archived:
        raise MaxopsError(f"no part of {source.label} was chosen; correct the options databases, volumes and folders")
    return source


def _folder_names(folders: Sequence[str] | None) -> list[str] | None:
    """Folders as a set names them: paths without a slash at the end; ``SERVICE:TARGET`` stays as it is."""
    if folders is None:
        return None
    return [os.path.normpath(name) if os.path.isabs(name) else name for name in folders]
