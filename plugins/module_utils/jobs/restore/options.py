# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore was asked for."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import source_of_file
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import LATEST, Source, choose_set, source_of_set
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


@dataclass(frozen=True)
class RestoreOptions:
    """What the operator asked for; ``set``, ``file`` or ``previous`` says where the data comes from."""

    access: Access
    repository: str
    set: str | None = None
    before: str | None = None
    file: str | None = None
    previous: bool = False
    databases: Sequence[str] | None = None
    volumes: Sequence[str] | None = None
    paths: Sequence[str] = ()
    destination: str | None = None
    into: Mapping[str, str] = field(default_factory=dict)
    source_project: str | None = None
    force: str | None = None
    keep_previous: int = 7
    health_timeout: int = 300
    jobs: int = 2
    space_check: bool = True
    progress_file: str | None = None


def check_options(options: RestoreOptions) -> None:
    """Refuse what does not fit together."""
    given = [name for name in ("set", "file") if getattr(options, name) is not None]
    if options.previous and (given or options.before or options.into or options.paths):
        raise MaxopsError(
            "state previous swaps back what was replaced last; it takes no set, before, file, into or paths"
        )
    if not options.previous and len(given) + (options.before is not None and not given) != 1:
        raise MaxopsError(
            "give exactly one of set, before and file (before may come with set latest or latest_verified)"
        )
    if bool(options.paths) != bool(options.destination):
        raise MaxopsError(
            "paths and destination belong together: what to take out of a volume, and the folder to put it into"
        )
    if options.paths and (options.databases or len(options.volumes or ()) != 1 or options.into):
        raise MaxopsError("paths takes from one volume: name it in volumes, and leave databases and into out")
    if options.file is not None and (options.volumes or options.paths):
        raise MaxopsError("a file of the old way holds a database alone: leave volumes and paths out")


def find_source(options: RestoreOptions) -> Source:
    """The set or the file that is meant, with the parts that were asked for."""
    if options.file is not None:
        return source_of_file(os.path.abspath(options.file), options.databases)
    repository = Repository(options.repository)
    project = options.source_project or options.access.project_name
    kept = choose_set(repository, project, options.set or LATEST, options.before)
    source = source_of_set(kept, project, options.databases, options.volumes)
    if not source.databases and not source.volumes:
        raise MaxopsError(f"nothing of {source.label} was asked for; correct the options databases and volumes")
    return source
