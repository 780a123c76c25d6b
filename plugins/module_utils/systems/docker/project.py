# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a Compose project was started, from its containers' labels, and the command that uses the same files."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from .container import PROJECT_LABEL, Container

WORKING_DIR_LABEL = f"{PROJECT_LABEL}.working_dir"
CONFIG_FILES_LABEL = f"{PROJECT_LABEL}.config_files"
ENVIRONMENT_FILE_LABEL = f"{PROJECT_LABEL}.environment_file"

_OF_ROLE_STACK = re.compile(r"\A# Written by the role maxops\.ops\.stack")
_PROFILES = re.compile(r"\bprofiles[\"']?\s*:")


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

    @property
    def of_role_stack(self) -> bool:
        """Whether the role ``stack`` wrote the Compose file: then it writes it again, and its options have the say."""
        return self._search(_OF_ROLE_STACK)

    def argv(self, *more: str) -> list[str]:
        """The ``docker compose`` command with the files that the project was started with, in their order."""
        words = ["docker", "compose", "--project-name", self.name]
        words += ["--project-directory", self.folder] if self.folder else []
        words += [word for path in self.files for word in ("--file", path)]
        words += [word for path in self.env_files for word in ("--env-file", path)]
        return [*words, *more]

    def command(self, *more: str) -> str:
        """The same command as text for a shell.

        With profiles in the files, one that names services activates all of them: a service may need one of another
        profile, and Compose starts only those that are named and what they need.
        """
        named = more[:1] == ("up",) and any(not word.startswith("-") for word in more[1:])
        profiles = ("--profile", "*") if named and self._search(_PROFILES) else ()
        return shlex.join(self.argv(*profiles, *more))

    def _search(self, pattern: re.Pattern[str]) -> bool:
        """Whether one of the Compose files that can be read has this."""
        for path in self.files:
            with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
                if pattern.search(stream.read()):
                    return True
        return False


def project_from(labels: Mapping[str, str]) -> ComposeProject:
    """The project from the labels of one container."""
    folder = labels.get(WORKING_DIR_LABEL, "")

    def paths(label: str) -> tuple[str, ...]:
        return _paths(labels.get(label, ""), folder)

    name = labels.get(PROJECT_LABEL, "")
    return ComposeProject(name, folder, paths(CONFIG_FILES_LABEL), paths(ENVIRONMENT_FILE_LABEL))


def _paths(label: str, folder: str) -> tuple[str, ...]:
    """The paths that a label joins by commas; a path may have commas of its own, so the host's files decide."""
    pieces = label.split(",")
    paths = []
    while pieces:
        joined = [_absolute(",".join(pieces[:count]), folder) for count in range(1, len(pieces) + 1)]
        existing = (count for count, path in enumerate(joined, 1) if len(pieces) > 1 and os.path.isfile(path))
        count = next(existing, 0) or _length_of_missing(pieces, folder)
        if pieces[0] or count > 1:
            paths.append(joined[count - 1])
        del pieces[:count]
    return tuple(paths)


def _length_of_missing(pieces: list[str], folder: str) -> int:
    """How many pieces belong to a first path that is not on this host."""
    inside = folder.count(",") + 1
    if ",".join(pieces[:inside]).startswith(os.path.join(folder, "")):
        return inside
    if not pieces[0].startswith("/"):
        return 1
    # Compose writes absolute paths: up to the next one, it is the same path.
    return next((count for count, piece in enumerate(pieces) if count and piece.startswith("/")), 1)


def _absolute(path: str, folder: str) -> str:
    return os.path.normpath(os.path.join(folder, path))


def project_of(name: str, containers: Iterable[Container]) -> ComposeProject:
    """The project as it was started last: each container has the files of its own last start.

    After an override was added, Compose creates only the containers that it changes, so the newest one has the files.
    One that shares no file with most others was started on its own, and does not count.
    """
    newest: dict[ComposeProject, str] = {}
    counts: Counter[ComposeProject] = Counter()
    for container in containers:
        project = project_from({**container.labels, PROJECT_LABEL: name})
        counts[project] += 1
        newest[project] = max(newest.get(project, ""), container.created)
    known = [project for project in counts if project.files or project.folder] or list(counts)
    # Files that are gone are those of an earlier start, unless all are gone, or are not on this host.
    known = [project for project in known if project.files_exist] or known
    if not known:
        return ComposeProject(name)
    most = max(known, key=lambda project: counts[project])
    related = [project for project in known if project == most or set(project.files) & set(most.files)]
    return max(related, key=lambda project: (newest[project], counts[project]))
