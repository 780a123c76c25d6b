# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Compose project was started, as its containers' labels say, and the command that acts on it in the same way."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .container import PROJECT_LABEL, Container

WORKING_DIR_LABEL = f"{PROJECT_LABEL}.working_dir"
CONFIG_FILES_LABEL = f"{PROJECT_LABEL}.config_files"
ENVIRONMENT_FILE_LABEL = f"{PROJECT_LABEL}.environment_file"


@dataclass(frozen=True)
class ComposeProject:
    """A project with its folder, Compose files and environment files: absolute paths of the host.

    ``folder`` is empty and the files are none where no container says them, such as one that Compose did not make.
    """

    name: str
    folder: str = ""
    files: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()

    @property
    def there(self) -> bool:
        """Whether all of the Compose files are still there."""
        return bool(self.files) and all(os.path.isfile(each) for each in self.files)

    def words(self, *more: str) -> list[str]:
        """The ``docker compose`` command with the files that the project was started with, in their order."""
        words = ["docker", "compose", "--project-name", self.name]
        words += ["--project-directory", self.folder] if self.folder else []
        words += [word for path in self.files for word in ("--file", path)]
        words += [word for path in self.env_files for word in ("--env-file", path)]
        return [*words, *more]

    def command(self, *more: str) -> str:
        """The same for an operator who types it into a shell."""
        return shlex.join(self.words(*more))


def project_from(labels: Mapping[str, str]) -> ComposeProject:
    """The project as the labels of one container say it."""
    folder = labels.get(WORKING_DIR_LABEL, "")

    def paths(label: str) -> tuple[str, ...]:
        return tuple(os.path.normpath(os.path.join(folder, each)) for each in labels.get(label, "").split(",") if each)

    name = labels.get(PROJECT_LABEL, "")
    return ComposeProject(name, folder, paths(CONFIG_FILES_LABEL), paths(ENVIRONMENT_FILE_LABEL))


def project_of(name: str, containers: Iterable[Container]) -> ComposeProject:
    """The project as most of its containers say it: each has the files of its own last start."""
    told = Counter(project_from({**each.labels, PROJECT_LABEL: name}) for each in containers)
    with_files = Counter({project: count for project, count in told.items() if project.files or project.folder})
    return next((project for project, _count in (with_files or told).most_common(1)), ComposeProject(name))
