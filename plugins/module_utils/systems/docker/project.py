# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Compose project was started, from its containers' labels, and the command that uses the same files."""

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

    ``folder`` and the files are empty where no container has the labels, for example when Compose did not create it.
    """

    name: str
    folder: str = ""
    files: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()

    @property
    def files_exist(self) -> bool:
        """Whether all of the Compose files still exist."""
        return bool(self.files) and all(os.path.isfile(path) for path in self.files)

    def argv(self, *more: str) -> list[str]:
        """The ``docker compose`` command with the files that the project was started with, in their order."""
        words = ["docker", "compose", "--project-name", self.name]
        words += ["--project-directory", self.folder] if self.folder else []
        words += [word for path in self.files for word in ("--file", path)]
        words += [word for path in self.env_files for word in ("--env-file", path)]
        return [*words, *more]

    def command(self, *more: str) -> str:
        """The same command as text for a shell."""
        return shlex.join(self.argv(*more))


def project_from(labels: Mapping[str, str]) -> ComposeProject:
    """The project from the labels of one container."""
    folder = labels.get(WORKING_DIR_LABEL, "")

    def paths(label: str) -> tuple[str, ...]:
        names = labels.get(label, "").split(",")
        return tuple(os.path.normpath(os.path.join(folder, name)) for name in names if name)

    name = labels.get(PROJECT_LABEL, "")
    return ComposeProject(name, folder, paths(CONFIG_FILES_LABEL), paths(ENVIRONMENT_FILE_LABEL))


def project_of(name: str, containers: Iterable[Container]) -> ComposeProject:
    """The project according to most of its containers: each has the files of its own last start."""
    projects = Counter(project_from({**container.labels, PROJECT_LABEL: name}) for container in containers)
    with_files = Counter({project: count for project, count in projects.items() if project.files or project.folder})
    return next((project for project, _count in (with_files or projects).most_common(1)), ComposeProject(name))
