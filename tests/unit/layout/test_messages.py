# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in messages: in one form, which works for an installed collection and in a checkout, and that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import playbooks

BY_FILE = re.compile(rf"(?<![\w-])(?:playbooks/\S*|(?:{'|'.join(playbooks)})\.yml)\b")
BY_NAME = re.compile(r"ansible-playbook maxops\.ops\.(\w+)")


def texts_of(source: str) -> Iterator[tuple[int, str]]:
    """Line and text of each string in Python code that is not a docstring; a text in parts is one."""
    tree = ast.parse(source)
    passed_over = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed_over |= {id(part) for part in node.values}
            yield node.lineno, "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in passed_over:
            yield node.lineno, node.value


def messages() -> Iterator[tuple[str, str]]:
    """Place and text of all messages: of plugins, and of the tasks of roles."""
    for folder in ("module_utils", "plugin_utils", "action", "lookup"):
        for path in sorted((ROOT / "plugins" / folder).rglob("*.py")):
            for line, text in texts_of(path.read_text(encoding="utf-8")):
                yield f"{path.relative_to(ROOT)}:{line}", text
    for pattern in ("tasks/*.yml", "vars/*.yml", "files/prometheus/*.yml"):
        for path in sorted(ROOT.glob(f"roles/*/{pattern}")):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                yield f"{path.relative_to(ROOT)}:{number}", line


def test_no_message_names_the_file_of_a_playbook() -> None:
    found = list(messages())
    assert len(found) > 3000
    assert [place for place, text in found if BY_FILE.search(text) and "include_tasks" not in text] == []


def test_every_command_in_a_message_exists() -> None:
    named = {name for _place, text in messages() for name in BY_NAME.findall(text)}
    assert {"backup", "verify", "health", "diagnose"} <= named
    assert named - set(playbooks) == set()


@pytest.mark.parametrize("text", ["run verify.yml", "with playbooks/backup.yml", "see why: backups.yml; then"])
def test_the_file_of_a_playbook_is_detected(text: str) -> None:
    assert BY_FILE.search(text)


@pytest.mark.parametrize("text", ["docker-compose.yml", "my-backup.yml", "ansible-playbook maxops.ops.verify"])
def test_other_files_are_allowed(text: str) -> None:
    assert not BY_FILE.search(text)


def test_a_text_in_several_parts_is_one_message(tmp_path: Path) -> None:
    source = '"""Not verify.yml."""\nwhat = f"run {1} " f"verify.yml"\n'
    assert list(texts_of(source)) == [(2, "run  verify.yml")]
