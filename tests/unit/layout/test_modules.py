# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules for every module that runs on a managed host."""

from __future__ import annotations

import ast
from pathlib import Path

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import modules

FRAME = ROOT / "plugins" / "module_utils" / "module" / "frame.py"


def calls(path: Path) -> list[str]:
    """Names of all functions and methods that a file calls, in order."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    nodes.sort(key=lambda node: (node.lineno, node.col_offset))
    return [node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "") for node in nodes]


def bypasses_of(root: Path) -> list[str]:
    """Files that end a module without the frame, which makes every result displayable."""
    files = [*(root / "plugins" / "modules").glob("*.py"), *(root / "plugins" / "module_utils").rglob("*.py")]
    return [path.name for path in files if path.name != FRAME.name and {"exit_json", "fail_json"} & set(calls(path))]


def test_every_module_ends_through_the_frame() -> None:
    assert bypasses_of(ROOT) == []
    assert {"exit_json", "fail_json"} <= set(calls(FRAME))


def test_a_module_that_bypasses_the_frame_is_detected(tmp_path: Path) -> None:
    (tmp_path / "plugins" / "modules").mkdir(parents=True)
    (tmp_path / "plugins" / "modules" / "stray.py").write_text("def main(module): module.exit_json(changed=False)\n")
    assert bypasses_of(tmp_path) == ["stray.py"]


def test_bounds_are_checked_before_anything_else() -> None:
    for name in modules:
        path = ROOT / "plugins" / "modules" / f"{name}.py"
        called = calls(path)
        # metrics has no numeric option.
        if "AnsibleModule" in called and name != "metrics":
            assert called[called.index("AnsibleModule") + 1] == "check_bounds", name


def test_a_python_that_is_too_old_is_refused_before_anything_else_is_imported() -> None:
    """The package of the jobs says so (tests/unit/module_utils/jobs/test___init__.py)."""
    for name in modules:
        source = (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")
        own = [line for line in source.splitlines() if line.startswith("from ansible_collections.")]
        # Actions run on the controller, and their modules import nothing.
        if own:
            assert own[0].startswith("from ansible_collections.maxops.ops.plugins.module_utils.jobs."), name
