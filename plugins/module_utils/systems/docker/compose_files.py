# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a project's Compose files draw in: include, extends, env_file, label_file, secrets, configs, mounts.

Compose merges them into one model that no longer names them, and the containers' labels name only the first ones. So
they are read here, by the rules of Compose.
"""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import read_environment

from .interpolation import UnsetVariable, interpolate
from .project import ComposeProject

YAML_IMPORT_ERROR: str | None = None
try:
    import yaml
except ImportError:
    YAML_IMPORT_ERROR = traceback.format_exc()

COMPOSE_FILE, ENV_FILE, LABEL_FILE = "Compose file", "environment file", "label file"
SECRET, CONFIG, MOUNT = "secret", "config", "mounted file"

_REMOTE = re.compile(r"(?:oci|https?|ssh|git|file)://|oci:|git@|github\.com/|.*\.git(?:#|$)")


@dataclass(frozen=True)
class DrawnIn:
    """A file that the Compose file ``named_by`` draws in: both are absolute paths of the host.

    ``kind`` is one of the constants above. A file that is not ``required`` may be missing.
    """

    path: str
    kind: str
    named_by: str
    required: bool = True


@dataclass
class DrawnFiles:
    """Everything that a project's Compose files draw in; ``contexts`` are the folders that images are built from."""

    files: list[DrawnIn] = field(default_factory=list)
    contexts: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def drawn_files(project: ComposeProject, environment: Mapping[str, str]) -> DrawnFiles:
    """The files that the existing Compose files of a project draw in, each once, and remarks on what stays unknown.

    ``environment`` are this process's variables: as with Compose, they win over the environment files.
    """
    reader = _Reader(environment)
    if YAML_IMPORT_ERROR:
        reader.found.remarks.append(
            "PyYAML is not installed for the Python that Ansible uses here, so the files that the Compose files draw "
            "in by include, extends, env_file and label_file were not looked for: install python3-yaml (the playbook "
            "maxops.ops.host does)"
        )
        return reader.found
    env_files = project.env_files or (os.path.join(project.folder, ".env"),)
    variables = _variables(env_files)
    for path in project.files:
        if os.path.isfile(path):
            reader.read(path, project.folder or os.path.dirname(project.files[0]), variables)
    reader.found.files = list(dict.fromkeys(reader.found.files))
    reader.found.remarks = list(dict.fromkeys(reader.found.remarks))
    return reader.found


def _variables(env_files: tuple[str, ...] | list[str]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for path in env_files:
        with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
            variables.update(read_environment(stream.read()))
    return variables


class _Reader:
    """Reads Compose files, and those that they draw in; each file once for each folder that its paths start at."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.found = DrawnFiles()
        self._environment = environment
        self._read: set[tuple[str, str]] = set()
        self._documents_of: dict[str, list[dict[str, Any]]] = {}

    def read(self, path: str, folder: str, variables: Mapping[str, str]) -> None:
        """Read one Compose file, whose relative paths start at ``folder``."""
        if (path, folder) in self._read:
            return
        self._read.add((path, folder))
        for document in self._documents(path):
            place = _Place(path, folder, variables)
            for entry in _listed(document.get("include")):
                self._include(entry, place)
            for name, service in _mapping(document.get("services")).items():
                self._service(str(name), _mapping(service), place)
            for section, kind in (("secrets", SECRET), ("configs", CONFIG)):
                for name, entry in _mapping(document.get(section)).items():
                    self._add(_mapping(entry).get("file"), kind, place)
                    self._check_variable(f"{kind} {name}", _mapping(entry).get("environment"), place)

    def _documents(self, path: str) -> list[dict[str, Any]]:
        if path not in self._documents_of:
            self._documents_of[path] = []
            try:
                with open(path, "rb") as stream:
                    documents = list(yaml.load_all(stream, Loader=_loader()))
                self._documents_of[path] = [document for document in documents if isinstance(document, dict)]
            except OSError as error:
                self.found.remarks.append(f"{path} could not be read: {error.strerror}")
            except (yaml.YAMLError, ValueError, RecursionError) as error:
                # The error quotes the file, which may hold secrets: only the line's number is shown.
                mark = getattr(error, "problem_mark", None)
                line = f" (line {mark.line + 1})" if mark else ""
                self.found.remarks.append(
                    f"{path} is not valid YAML{line}, so the files that it draws in are not known; fix it "
                    "(docker compose config --quiet shows where)"
                )
        return self._documents_of[path]

    def _include(self, entry: Any, place: _Place) -> None:
        options = _mapping(entry) if isinstance(entry, dict) else {"path": entry}
        paths = [path for text in _listed(options.get("path")) if (path := self._path(text, place))]
        if not paths:
            return
        folder = self._path(options.get("project_directory"), place) or os.path.dirname(paths[0])
        env_files = [path for text in _listed(options.get("env_file")) if (path := self._path(text, place))]
        env_files = [path for path in env_files if path != os.devnull]
        default = os.path.join(folder, ".env")
        if not options.get("env_file") and os.path.isfile(default):
            env_files = [default]
        self.found.files += [DrawnIn(path, ENV_FILE, place.file) for path in env_files]
        for path in paths:
            self.found.files.append(DrawnIn(path, COMPOSE_FILE, place.file))
            if os.path.isfile(path):
                self.read(path, folder, {**_variables(env_files), **place.variables})

    def _service(self, name: str, service: Mapping[str, Any], place: _Place) -> None:
        for key, kind in (("env_file", ENV_FILE), ("label_file", LABEL_FILE)):
            for entry in _listed(service.get(key)):
                options = _mapping(entry) if isinstance(entry, dict) else {"path": entry}
                self._add(options.get("path"), kind, place, options.get("required") is not False)
        build = service.get("build")
        context = _mapping(build).get("context", ".") if isinstance(build, dict) else build
        if context and not _REMOTE.match(str(context)):
            folder = self._path(context, place)
            if folder:
                self.found.contexts[name] = folder
        for volume in _listed(service.get("volumes")):
            self._mount(volume, place)
        extends = service.get("extends")
        if isinstance(extends, dict) and extends.get("file"):
            path = self._path(extends["file"], place)
            if path:
                self.found.files.append(DrawnIn(path, COMPOSE_FILE, place.file))
                self._extended(path, str(extends.get("service") or name), place.variables)

    def _extended(self, path: str, name: str, variables: Mapping[str, str]) -> None:
        """Only the named service of the other file is used, and its paths start at that file's folder."""
        while name and os.path.isfile(path) and (path, f"service {name}") not in self._read:
            self._read.add((path, f"service {name}"))
            base: Any = None
            for document in self._documents(path):
                service = _mapping(_mapping(document.get("services")).get(name))
                self._service(name, service, _Place(path, os.path.dirname(path), variables))
                base = service.get("extends", base)
            # A base in the same file; one in another file was followed above.
            same_file = isinstance(base, str) or (isinstance(base, dict) and not base.get("file"))
            name = str(base if isinstance(base, str) else _mapping(base).get("service") or "") if same_file else ""

    def _mount(self, volume: Any, place: _Place) -> None:
        """A mounted file; a mounted folder is configuration only while a container has it."""
        if isinstance(volume, dict):
            source = volume.get("source") if volume.get("type") == "bind" else None
        else:
            # In the short form, a name without a slash at its start is a volume.
            source = _first_field(str(volume))
            with suppress(UnsetVariable):
                source = interpolate(source, self._values(place))
            source = source if source.startswith(("/", ".", "~")) else None
        path = self._path(source, place)
        if path and os.path.isfile(path):
            self.found.files.append(DrawnIn(path, MOUNT, place.file, required=False))

    def _add(self, text: Any, kind: str, place: _Place, required: bool = True) -> None:
        path = self._path(text, place)
        if path:
            self.found.files.append(DrawnIn(path, kind, place.file, required))

    def _path(self, text: Any, place: _Place) -> str:
        """The absolute path that a Compose file means; empty without one, and for one that stays unknown."""
        if not isinstance(text, str) or not text:
            return ""
        if _REMOTE.match(text):
            self.found.remarks.append(f"{place.file} draws in {_without_login(text)}, which is not on this host")
            return ""
        try:
            path = os.path.expanduser(interpolate(text, self._values(place)))
        except UnsetVariable as error:
            self.found.remarks.append(
                f"{place.file} names the file {text}, and {error} is not set in any environment file on this host: "
                "that file may be missing in the set; set the variable in .env"
            )
            return ""
        return os.path.normpath(os.path.join(place.folder, path))

    def _values(self, place: _Place) -> Mapping[str, str]:
        return {**place.variables, **self._environment}

    def _check_variable(self, subject: str, name: Any, place: _Place) -> None:
        """A secret or config may come from a variable; only those in environment files are in the set."""
        if isinstance(name, str) and name not in place.variables:
            self.found.remarks.append(
                f"{subject} comes from the variable {name}, which no environment file on this host sets: its value is "
                "in no set; keep it in .env or in a file"
            )


@dataclass(frozen=True)
class _Place:
    """Where a path is written: in this file, with paths that start at ``folder``; variables of environment files."""

    file: str
    folder: str
    variables: Mapping[str, str] = field(repr=False)


def _loader() -> Any:
    """Reads plain values only; of Compose's own tags, ``!reset`` means no value, and ``!override`` the value itself."""

    class Loader(yaml.SafeLoader):
        """A loader of its own, so that the tags are not known to any other code."""

    def plain(loader: Any, tag: str, node: Any) -> Any:
        if tag == "reset":
            return None
        if isinstance(node, yaml.MappingNode):
            return loader.construct_mapping(node, deep=True)
        if isinstance(node, yaml.SequenceNode):
            return loader.construct_sequence(node, deep=True)
        return loader.construct_scalar(node)

    Loader.add_multi_constructor("!", plain)
    return Loader


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> Iterator[Any]:
    yield from value if isinstance(value, list) else [] if value is None else [value]


def _first_field(volume: str) -> str:
    """The source of a mount in the short form; a colon inside ``${…}`` does not end it."""
    depth = 0
    for index, letter in enumerate(volume):
        depth += (letter == "{") - (letter == "}")
        if letter == ":" and not depth:
            return volume[:index]
    return ""


def _without_login(address: str) -> str:
    return re.sub(r"//[^/@]*@", "//", address)
