# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the configuration of a stack: the files that its labels, its Compose files and its mounts name."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.compose_files import (
    CONFIG,
    MOUNT,
    DrawnIn,
    drawn_files,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.project import project_from
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.folders import is_inside, system_kind
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

LIMIT = 100 * 1000 * 1000
"""A file or read-only folder larger than this is content, not configuration."""

OUTSIDE = "outside"
"""Folder for files outside of the project's folder; it holds them under their absolute path."""

COMPOSE_FILES = "Compose files"
"""The name, for the option exclude, of the Compose files that are not on this host."""

_SECRETS = "/run/secrets/"
# Every host has its own of these.
_OF_HOST = tuple(f"/etc/{name}" for name in ("localtime", "timezone", "hosts", "hostname", "resolv.conf", "machine-id"))
_OF_HOST += tuple(f"/etc/{name}" for name in ("os-release", "passwd", "group", "shadow"))
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class ConfigurationFile:
    """A file or folder of the host, and its path in the set's folder ``config``; ``private`` ones may hold secrets."""

    source: str
    path: str
    private: bool


@dataclass(frozen=True)
class Lack:
    """Something that cannot be taken, under the name that the option exclude knows it by."""

    name: str
    reason: str
    fix: str
    sentence: str


@dataclass
class Configuration:
    """The configuration of a stack: what to copy, folders first, and what is missing.

    ``passed_over`` are real paths inside those folders that are not configuration, or excluded. ``effective`` is the
    project as Compose merges it, as JSON with secrets.
    """

    files: list[ConfigurationFile] = field(default_factory=list)
    passed_over: set[str] = field(default_factory=set)
    left_out: list[dict[str, str]] = field(default_factory=list)
    lacks: list[Lack] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    effective: str = field(default="", repr=False)


def find_configuration(
    stack: Stack,
    is_excluded: Callable[[str], bool] = lambda _name: False,
    avoid: Sequence[str] = (),
    parts: Mapping[str, Sequence[str]] | None = None,
) -> Configuration:
    """Find the configuration; ``is_excluded`` says which paths are left out, ``avoid`` are folders never to enter.

    ``parts`` are the folders whose files the set has as other parts, each with the relative paths that it leaves out;
    without it, these are all folders that services write to.
    """
    finder = _Finder(stack, is_excluded, avoid, parts)
    finder.find()
    return finder.found


def add_drawn(stack: Stack, found: Configuration, is_excluded: Callable[[str], bool], drawn: Iterable[DrawnIn]) -> None:
    """Add files that Compose files draw in to a configuration."""
    finder = _Finder(stack, is_excluded)
    finder.found = found
    finder.add_drawn(drawn)


class _Finder:
    def __init__(
        self,
        stack: Stack,
        is_excluded: Callable[[str], bool],
        avoid: Sequence[str] = (),
        parts: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.found = Configuration(passed_over={os.path.realpath(path) for path in avoid})
        self._stack = stack
        self._is_excluded = is_excluded
        self._parts = parts
        self._folder = stack.working_dir or ""
        self._project = os.path.realpath(self._folder) if self._folder else ""

    def find(self) -> None:
        """Fill ``found``: folders first, so that a file inside a folder keeps its own mode."""
        mounts = [(container, mount) for container in self._stack.containers for mount in _binds(container)]
        self._add_folders([mount for _container, mount in mounts])
        for container, mount in mounts:
            self._add_mounted_file(container, mount)
        self._add_labelled()
        projects = {project_from(container.labels) for container in self._stack.containers}
        contexts: dict[str, str] = {}
        for project in sorted(projects, key=lambda project: project.files):
            drawn = drawn_files(project, os.environ) if project.files else None
            if drawn:
                self.add_drawn(drawn.files)
                contexts.update(drawn.contexts)
                self.found.warnings += [line for line in drawn.remarks if line not in self.found.warnings]
        self._report_contexts(contexts)

    # -- by labels ----------------------------------------------------------------------------------------------

    def _add_labelled(self) -> None:
        """The files that the labels name, and the environment files in the project's folder."""
        # Each container has the files of its own last start.
        starts = [project_from(container.labels) for container in self._stack.containers]
        named = list(dict.fromkeys(path for start in starts for path in start.files))
        env_files = list(dict.fromkeys(path for start in starts for path in start.env_files))
        present = self._stack.project_files()
        for path in present:
            self._add(path, private=True)
        missing = [path for path in named if path not in present]
        if missing == named and (named or not present):
            self._lack_compose_files(named, bool(present))
            missing = []
        for path in missing:
            reason = "it is not on this host, and a label of the containers names it"
            self._lack(path, reason, "put it back, or start the stack without it (docker compose up --force-recreate)")
        for path in env_files:
            if path not in present:
                self._warn_missing(path, "a label of the containers names it")

    def _lack_compose_files(self, named: Sequence[str], has_env: bool) -> None:
        names = ", ".join(named) or "none"
        what = "no Compose file" if has_env else "no Compose file and no .env"
        reason = (
            f"{what} of this stack was found on this host (labels name {names}): "
            "the set cannot start the applications again"
        )
        if self._is_excluded(COMPOSE_FILES):
            self.found.left_out.append({"kind": "configuration", "name": COMPOSE_FILES, "reason": "excluded"})
            return
        fix = "put them back there (a tool such as Portainer keeps them inside its own container)"
        self.found.lacks.append(Lack(COMPOSE_FILES, reason, fix, reason))

    # -- by the Compose files -----------------------------------------------------------------------------------

    def add_drawn(self, drawn: Iterable[DrawnIn]) -> None:
        """Files that the Compose files draw in; one that is missing is a warning unless it need not exist."""
        for file in drawn:
            if file.kind == MOUNT and self._is_of_host(file.path):
                self._leave_out(file.path, "belongs to the host")
            elif os.path.lexists(file.path):
                self._add(file.path, private=file.kind not in (CONFIG, MOUNT))
            elif file.required:
                self._warn_missing(file.path, f"{file.named_by} names it as {_article(file.kind)}")

    def _report_contexts(self, contexts: dict[str, str]) -> None:
        shown = {name: folder for name, folder in contexts.items() if not self._is_excluded(folder)}
        if shown:
            services = ", ".join(f"{name} ({folder})" for name, folder in sorted(shown.items()))
            self.found.warnings.append(
                f"images are built on this host, and the set has neither them nor their folders: {services}; "
                "keep these in version control, and name the folders in exclude"
            )

    # -- by mounts ----------------------------------------------------------------------------------------------

    def _add_folders(self, mounts: Sequence[Mount]) -> None:
        """Read-only folders of the project; what services write, and what is elsewhere, are parts of another kind."""
        folders = [mount for mount in mounts if os.path.isdir(mount.source)]
        writable = {os.path.realpath(mount.source) for mount in folders if mount.writable}
        taken = dict.fromkeys(writable, ()) if self._parts is None else self._parts
        self.found.passed_over |= {*writable, *map(os.path.realpath, taken)}
        whole = {
            mount.source
            for mount in folders
            if not mount.writable and self._project and os.path.realpath(mount.source) == self._project
        }
        for source in sorted({*self._stack.read_only_binds(), *whole}):
            real = os.path.realpath(source)
            # A folder that a service writes is data; but not where that is the whole project.
            is_data = real in writable and not is_inside(self._project, real)
            if os.path.isdir(source) and not is_data and not self._is_in_part(real, taken):
                self._add(source, private=False)

    def _is_in_part(self, path: str, parts: Mapping[str, Sequence[str]]) -> bool:
        """True where another part has all files of a folder; the whole project is configuration nevertheless."""
        for folder, skip in parts.items():
            top = os.path.realpath(folder)
            skipped = any(is_inside(path, os.path.join(top, relative)) for relative in skip)
            if is_inside(path, top) and not skipped and not is_inside(self._project, top):
                return True
        return False

    def _add_mounted_file(self, container: Container, mount: Mount) -> None:
        source = mount.source
        if os.path.isdir(source):
            return
        secret = mount.target.startswith(_SECRETS)
        if self._is_of_host(source) and not secret:
            if os.path.isfile(source):
                self._leave_out(source, "belongs to the host")
        elif not os.path.lexists(source):
            # A running container keeps its mounts, even when the file is removed from the host. What services write
            # is data: the plan of the folders reports it.
            if not mount.writable:
                self._warn(source, "it is no longer on the host")
        elif os.path.isfile(source):
            if mount.writable and container.running and _is_sqlite(source):
                self._lack(
                    source,
                    f"service {container.service} writes this SQLite database, whose journal is inside the container",
                    "mount the folder that holds it instead of the file",
                )
            else:
                self._add(source, private=secret)
        elif self._is_in_project(source):
            self._add(source, private=False)  # is no regular file: the copy says so

    def _is_of_host(self, path: str) -> bool:
        """True for a path that every host has of its own, unless the project itself is there."""
        of_host = bool(system_kind(path)) or path in _OF_HOST
        return of_host and not is_inside(os.path.realpath(path), self._project or os.devnull)

    # -- all ----------------------------------------------------------------------------------------------------

    def _add(self, source: str, private: bool) -> None:
        source = self._without_links(os.path.normpath(source))
        known = next((file for file in self.found.files if file.source == source), None)
        if known:
            if private and not known.private:
                self.found.files[self.found.files.index(known)] = ConfigurationFile(source, known.path, True)
            return
        if any(lack.name == source for lack in self.found.lacks):
            return
        if self._is_excluded(source):
            self._leave_out(source, "excluded")
            return
        size = size_of(source, self.found.passed_over, self._pass_over)
        if size > LIMIT:
            fix = "back it up by other means"
            if os.path.isdir(source):
                fix = "name it in folders, with the other folders to take"
            self._lack(source, f"{human_size(size)} is too large for configuration", fix)
            return
        self.found.files.append(ConfigurationFile(source, self._relative(source), private))

    def _pass_over(self, path: str) -> bool:
        """Leave out what is excluded inside a folder; returns whether it is."""
        if not self._is_excluded(path):
            return False
        self.found.passed_over.add(os.path.realpath(path))
        self._leave_out(path, "excluded")
        return True

    def _without_links(self, source: str) -> str:
        """The real path of what is behind a link inside a folder that is taken: the copy keeps the link as a link."""
        for folder in (file.source for file in self.found.files if file.source != source):
            if is_inside(source, folder) and os.path.isdir(folder):
                real = os.path.realpath(source)
                if real != os.path.join(os.path.realpath(folder), os.path.relpath(source, folder)):
                    return real
        return source

    def _is_in_project(self, source: str) -> bool:
        return bool(self._folder) and is_inside(source, self._folder)

    def _relative(self, source: str) -> str:
        if self._is_in_project(source):
            return os.path.relpath(source, self._folder)
        return os.path.join(OUTSIDE, source.lstrip("/"))

    def _leave_out(self, source: str, reason: str) -> None:
        entry = {"kind": "configuration", "name": source, "reason": reason}
        if entry not in self.found.left_out:
            self.found.left_out.append(entry)

    def _lack(self, source: str, reason: str, fix: str) -> None:
        if self._is_excluded(source):
            self._leave_out(source, "excluded")
        elif all(lack.name != source for lack in self.found.lacks):
            sentence = f"configuration {source} was left out: {reason}"
            self.found.lacks.append(Lack(source, reason, fix, sentence))

    def _warn_missing(self, source: str, why: str) -> None:
        self._warn(source, f"it is not on this host, and {why}")

    def _warn(self, source: str, reason: str) -> None:
        start = f"configuration {source} was left out: "
        if not self._is_excluded(source) and not any(line.startswith(start) for line in self.found.warnings):
            self.found.warnings.append(start + reason)


def size_of(source: str, passed_over: Collection[str], is_excluded: Callable[[str], bool] = lambda _path: False) -> int:
    """Bytes of a file, or of the files in a folder; it stops counting above the limit."""
    total = 0
    for path in _paths(source, passed_over, is_excluded):
        with suppress(OSError):
            total += os.lstat(path).st_size
        if total > LIMIT:
            break
    return total


def _paths(source: str, passed_over: Collection[str], is_excluded: Callable[[str], bool]) -> Iterator[str]:
    if not os.path.isdir(source):
        yield os.path.realpath(source)
        return
    for folder, subfolders, names in os.walk(source):
        real = os.path.realpath(folder)
        subfolders[:] = [
            name
            for name in subfolders
            if os.path.join(real, name) not in passed_over and not is_excluded(os.path.join(folder, name))
        ]
        yield from (path for path in (os.path.join(folder, name) for name in names) if not is_excluded(path))


def _binds(container: Container) -> list[Mount]:
    return [mount for mount in container.mounts if mount.kind == "bind"]


def _is_sqlite(path: str) -> bool:
    with suppress(OSError), open(path, "rb") as stream:
        return stream.read(len(_SQLITE)) == _SQLITE
    return False


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
