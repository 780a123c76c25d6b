# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of imports in plugins/module_utils, as a function that gives the violations of a tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

PACKAGE = "ansible_collections.maxops.ops.plugins.module_utils"

LAYERS = ("module", "jobs", "rehearsal", "swap", "transfer", "storage", "systems", "tools")
"""The highest first. A file imports from its own wing and from lower layers."""

STRANGERS = {"swap": {"transfer"}, "transfer": {"swap"}}
"""Layers side by side that do not know each other."""

GROUND = "systems.docker"
"""The one system that the others may build on: what they talk to runs in its containers."""

WHOLE_STACK = {"systems.access", "systems.applications"}
"""Files that bring several systems together because they are about the stack as a whole: how it is reached, and how its
applications log in to its servers. They may import every system; no system may import them."""

# The Docker SDK lets exceptions of requests through, so its file has to know them.
LIBRARIES = {
    "ansible": {"module.frame", "module.libraries", "module.options", "module.users"},
    "apprise": {"systems.channels"},
    "docker": {"systems.docker.stack"},
    "psycopg2": {"systems.postgresql.session"},
    "requests": {"tools.http.client", "systems.docker.stack"},
}


def names_of(root: Path) -> list[str]:
    """Dotted names of all files below ``root``, such as ``jobs.backup.job``."""
    paths = sorted(root.rglob("*.py"))
    return [".".join(path.relative_to(root).with_suffix("").parts) for path in paths if path.stem != "__init__"]


def wing_of(name: str) -> str:
    """The folder whose files belong together: a job, a system, or a whole layer elsewhere."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] in {"jobs", "systems"} else parts[0]


def imported(root: Path, name: str, package: str = PACKAGE) -> Iterator[tuple[str, bool]]:
    """What a file imports, wherever in it the import stands: full name, and whether it was written relatively."""
    tree = ast.parse((root / (name.replace(".", "/") + ".py")).read_text(encoding="utf-8"))
    folder = f"{package}.{name}".split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, False) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = folder[: len(folder) - node.level + 1] if node.level else []
            module = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((f"{module}.{alias.name}", bool(node.level)) for alias in node.names)


def own_imports(root: Path, name: str, known: set[str]) -> dict[str, bool]:
    """Files of the tree that a file imports, and whether relatively. A name that leads to no file is given as it is."""
    found: dict[str, bool] = {}
    for full, relative in imported(root, name):
        if not full.startswith(f"{PACKAGE}."):
            continue
        short = full[len(PACKAGE) + 1 :]
        found[next((each for each in (short, short.rpartition(".")[0]) if each in known), short)] = relative
    return found


def violations(root: Path) -> list[str]:
    """Every rule that a file of the tree breaks, as a sentence. Raises AssertionError for a tree without files."""
    names = names_of(root)
    assert names, f"there is no file in {root}: the rules were asked about nothing"
    graph = {name: own_imports(root, name, set(names)) for name in names}
    broken = [sentence for name in names for sentence in _of_file(root, name, graph)]
    broken += [f"these files import each other in a circle: {circle}" for circle in circles(_plain(graph))]
    folders: dict[str, set[str]] = {}
    for name, others in graph.items():
        folders.setdefault(wing_of(name), set()).update(wing_of(other) for other in others)
    broken += [f"these folders import each other in a circle: {circle}" for circle in circles(folders)]
    return broken


def _of_file(root: Path, name: str, graph: Mapping[str, Mapping[str, bool]]) -> Iterator[str]:
    layer, wing = name.split(".", maxsplit=1)[0], wing_of(name)
    if layer not in LAYERS or name == layer:
        yield f"{name} is in none of the layers {', '.join(LAYERS)}"
        return
    for other, relative in graph[name].items():
        yield from _of_import(name, layer, wing, other, relative, graph)
    for full, _relative in imported(root, name):
        library = full.split(".")[0]
        if library in LIBRARIES and name not in LIBRARIES[library]:
            yield f"{name} imports {library}, which only {', '.join(sorted(LIBRARIES[library]))} may"


def _of_import(
    name: str, layer: str, wing: str, other: str, relative: bool, graph: Mapping[str, Mapping[str, bool]]
) -> Iterator[str]:
    if other not in graph:
        yield f"{name} imports {other}, which is no file of module_utils"
        return
    target = other.split(".", maxsplit=1)[0]
    if wing == wing_of(other):
        if not relative:
            yield f"{name} imports {other} of its own folder by its full name: write it relatively"
        return
    if relative:
        yield f"{name} imports {other} of another folder relatively: write its full name"
    if target == layer == "jobs":
        yield f"{name} imports {other}: a job imports no other job"
    elif target == layer == "systems" and wing_of(other) != GROUND and name not in WHOLE_STACK:
        yield f"{name} imports {other}: a system knows no other but {GROUND}"
    elif target in STRANGERS.get(layer, ()):
        yield f"{name} imports {other}: {layer} and {target} do not know each other"
    elif target in LAYERS and LAYERS.index(target) < LAYERS.index(layer):
        yield f"{name} imports {other}, which is in a higher layer"


def _plain(graph: Mapping[str, Mapping[str, bool]]) -> dict[str, set[str]]:
    return {name: set(others) for name, others in graph.items()}


def circles(graph: Mapping[str, set[str]]) -> list[str]:
    """What is left when everything without unresolved imports has been taken away, again and again."""
    left = {name: {other for other in others if other != name and other in graph} for name, others in graph.items()}
    while free := {name for name, others in left.items() if not others & set(left)}:
        left = {name: others for name, others in left.items() if name not in free}
    return [", ".join(sorted(left))] if left else []
