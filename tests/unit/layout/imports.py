# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The import rules of plugins/module_utils, as a function that returns the violations in a tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = "ansible_collections.maxops.ops.plugins.module_utils"

LAYERS = ("module", "jobs", "rehearsal", "swap", "transfer", "storage", "systems", "tools")
"""The highest first. A file imports from its own package and from lower layers."""

INDEPENDENT = {"swap": {"transfer"}, "transfer": {"swap"}}
"""Layers that do not import each other."""

BASE_SYSTEM = "systems.docker"
"""The only system that the others may import, because all of them run in its containers."""

WHOLE_STACK = {
    "systems.access",
    "systems.applications",
    "systems.kinds",
    "systems.object_storage",
    "systems.recognition",
    "systems.stores",
}
"""Files about the stack as a whole: how it is reached, how its applications log in to its servers, and what they keep
there. They may import every system; no system may import them."""

# The Docker SDK passes on exceptions of requests, so its file imports them.
LIBRARIES = {
    "ansible": {"module.frame", "module.libraries", "module.options", "module.users"},
    "apprise": {"systems.channels"},
    "docker": {"systems.docker.stack"},
    "psycopg2": {"systems.postgresql.session"},
    "yaml": {"systems.docker.compose_files"},
    "requests": {"tools.http.client", "systems.docker.stack"},
}


def names_of(root: Path) -> list[str]:
    """Dotted names of all files below ``root``, such as ``jobs.backup.job``."""
    paths = sorted(root.rglob("*.py"))
    return [".".join(path.relative_to(root).with_suffix("").parts) for path in paths if path.stem != "__init__"]


def package_of(name: str) -> str:
    """The folder whose files import each other relatively: a job, a system, or another layer as a whole."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in {"jobs", "systems"} else parts[0]


def imported(root: Path, name: str, package: str = PACKAGE) -> Iterator[tuple[str, bool]]:
    """Everything that a file imports, also inside functions: the full name, and whether the import is relative."""
    tree = ast.parse((root / (name.replace(".", "/") + ".py")).read_text(encoding="utf-8"))
    folder = f"{package}.{name}".split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((f"{module}.{alias.name}", bool(node.level)) for alias in node.names)


def own_imports(root: Path, name: str, files: set[str]) -> dict[str, bool]:
    """Files of the tree that a file imports, and whether relatively. A name without a file is returned unchanged."""
    imports: dict[str, bool] = {}
    for full, relative in imported(root, name):
        if not full.startswith(f"{PACKAGE}."):
            continue
        short = full[len(PACKAGE) + 1 :]
        imports[next((file for file in (short, short.rpartition(".")[0]) if file in files), short)] = relative
    return imports


def violations(root: Path) -> list[str]:
    """A sentence for each rule that a file of the tree breaks. Raises AssertionError for a tree without files."""
    names = names_of(root)
    assert names, f"{root} contains no file, so the rules checked nothing"
    graph = {name: own_imports(root, name, set(names)) for name in names}
    sentences = [sentence for name in names for sentence in _of_file(root, name, graph)]
    sentences += [f"these files import each other in a circle: {circle}" for circle in circles(_plain(graph))]
    folders: dict[str, set[str]] = {}
    for name, others in graph.items():
        folders.setdefault(package_of(name), set()).update(package_of(other) for other in others)
    sentences += [f"these folders import each other in a circle: {circle}" for circle in circles(folders)]
    return sentences


def _of_file(root: Path, name: str, graph: Mapping[str, Mapping[str, bool]]) -> Iterator[str]:
    layer, package = name.split(".", maxsplit=1)[0], package_of(name)
    if layer not in LAYERS or name == layer:
        yield f"{name} is not in one of the layers {', '.join(LAYERS)}"
        return
    for other, relative in graph[name].items():
        yield from _of_import(name, layer, package, other, relative, graph)
    for full, _relative in imported(root, name):
        library = full.split(".")[0]
        if library in LIBRARIES and name not in LIBRARIES[library]:
            yield f"{name} imports {library}, which only {', '.join(sorted(LIBRARIES[library]))} may"


def _of_import(
    name: str, layer: str, package: str, other: str, relative: bool, graph: Mapping[str, Mapping[str, bool]]
) -> Iterator[str]:
    if other not in graph:
        yield f"{name} imports {other}, which is not a file of module_utils"
        return
    target = other.split(".", maxsplit=1)[0]
    if package == package_of(other):
        if not relative:
            yield f"{name} imports {other} of its own folder by its full name: write it relatively"
        return
    if relative:
        yield f"{name} imports {other} of another folder relatively: write its full name"
    if target == layer == "jobs":
        yield f"{name} imports {other}: a job must not import another job"
    elif target == layer == "systems" and package_of(other) != BASE_SYSTEM and name not in WHOLE_STACK:
        yield f"{name} imports {other}: a system may import only {BASE_SYSTEM} of the others"
    elif target in INDEPENDENT.get(layer, ()):
        yield f"{name} imports {other}: {layer} and {target} must not import each other"
    elif target in LAYERS and LAYERS.index(target) < LAYERS.index(layer):
        yield f"{name} imports {other}, which is in a higher layer"


def _plain(graph: Mapping[str, Mapping[str, bool]]) -> dict[str, set[str]]:
    return {name: set(others) for name, others in graph.items()}


def circles(graph: Mapping[str, set[str]]) -> list[str]:
    """The names that remain after all names without open imports have been removed repeatedly."""
    remaining = {name: (others & set(graph)) - {name} for name, others in graph.items()}
    while free := {name for name, others in remaining.items() if not others & set(remaining)}:
        remaining = {name: others for name, others in remaining.items() if name not in free}
    return [", ".join(sorted(remaining))] if remaining else []
