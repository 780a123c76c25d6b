# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The import rules of plugins/plugin_utils, and proof that each rule detects a violation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.imports import circles, imported, names_of

UTILS = ROOT / "plugins" / "plugin_utils"
PACKAGE = "ansible_collections.maxops.ops.plugins.plugin_utils"

ORDER = ("actions", "summary", "report", "people", "text")
"""Four folders and the one file that all use, the highest first: a file imports only from lower ones."""

CORRECT = {
    "actions/watched.py": f"from {PACKAGE}.text import width\nfrom {PACKAGE}.summary.cache import summary",
    "actions/users.py": "from .watched import WatchedAction",
    "summary/cache.py": f"from {PACKAGE}.text import width\nfrom {PACKAGE}.report import logs",
    "summary/drill.py": "import json",
    "report/logs.py": "import json",
    "people/rows.py": "from . import names",
    "people/names.py": "import re",
    "text.py": "import json",
}
WRONG = {
    "flat file": ("cache_text.py", "", "is not in one of"),
    "unknown folder": ("views/cache.py", "", "is not in one of"),
    "summary to summary": ("summary/drill.py", "from .cache import summary", "a summary must not import another"),
    "summary to action": ("summary/drill.py", f"from {PACKAGE}.actions.users import A", "which is higher"),
    "text to summary": ("text.py", f"from {PACKAGE}.summary import cache", "which is higher"),
    "full name in a folder": ("actions/users.py", f"from {PACKAGE}.actions.watched import W", "write it relatively"),
    "relative across": ("summary/drill.py", "from ..text import width", "write its full name"),
    "missing file": ("summary/drill.py", f"from {PACKAGE}.texts import width", "is not a file of plugin_utils"),
    "circle": ("people/names.py", "from . import rows", "in a circle: people.names, people.rows"),
}


def violations(root: Path) -> Iterator[str]:
    """A sentence for each rule that a file of the tree breaks."""
    names = names_of(root)
    graph: dict[str, set[str]] = {}
    for name in names:
        folder, _dot, file = name.partition(".")
        if folder not in ORDER or bool(file) == (folder == "text"):
            yield f"{name} is not in one of {', '.join(ORDER)}"
            continue
        for full, relative in imported(root, name, PACKAGE):
            if full.startswith(f"{PACKAGE}."):
                short = full[len(PACKAGE) + 1 :]
                other = next((file for file in (short, short.rpartition(".")[0]) if file in names), None)
                if other is None:
                    yield f"{name} imports {short}, which is not a file of plugin_utils"
                    continue
                graph.setdefault(name, set()).add(other)
                yield from _of_import(name, other, relative)
    yield from (f"these files import each other in a circle: {circle}" for circle in circles(graph))


def _of_import(name: str, other: str, relative: bool) -> Iterator[str]:
    own, target = name.partition(".")[0], other.partition(".")[0]
    if own == target == "summary":
        yield f"{name} imports {other}: a summary must not import another"
    elif own == target and not relative:
        yield f"{name} imports {other} of its own folder by its full name: write it relatively"
    elif own != target and relative:
        yield f"{name} imports {other} of another folder relatively: write its full name"
    elif ORDER.index(target) < ORDER.index(own):
        yield f"{name} imports {other}, which is higher"


def write_tree(folder: Path, tree: dict[str, str]) -> Path:
    for name, text in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")
    return folder


def test_plugin_utils_follows_the_import_rules() -> None:
    assert list(violations(UTILS)) == []
    assert len(names_of(UTILS)) > 20


def test_only_the_shared_file_is_outside_of_a_folder() -> None:
    assert [path.name for path in UTILS.glob("*.py")] == ["text.py"]


def test_correct_tree_has_no_violation(tmp_path: Path) -> None:
    assert list(violations(write_tree(tmp_path, CORRECT))) == []


@pytest.mark.parametrize("kind", WRONG)
def test_wrong_import_is_detected(kind: str, tmp_path: Path) -> None:
    name, text, message = WRONG[kind]
    sentences = list(violations(write_tree(tmp_path, {**CORRECT, name: text})))
    assert any(message in sentence for sentence in sentences), sentences
