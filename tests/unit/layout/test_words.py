# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain English: phrases that must not come back, and proof that each of them is detected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

REPLACEMENTS = {
    "for want of": 'write "out of", "missing" or "without"',
    "anew": 'write "again"',
    "tell of": 'write "report", "show" or "say"',
    "tells of": 'write "reports", "shows" or "says"',
    "told of": 'write "reported", "notified" or "shown"',
    "the old way": 'write "legacy dump" or "dump made by /backup.sh"',
    "mend": 'write "fix"',
    "mends": 'write "fixes"',
    "mended": 'write "fixed"',
    "mending": 'write "fixing"',
    "nobody answers": 'write "no answer"',
    "what lives": 'write "running data" or "live data"',
}
"""Phrase → the words to use."""

PATTERNS = (
    "plugins/**/*",
    "roles/**/*",
    "playbooks/**/*",
    "docs/*.md",
    "README*.md",
    "Makefile",
    "tests/*.sh",
    "tests/lab/*.sh",
)

# A phrase may continue on the next line, also in a comment.
PHRASES = re.compile(rf"\b({'|'.join(REPLACEMENTS)})\b".replace(" ", r"[\s#]+"), re.IGNORECASE)


def files(root: Path) -> Iterator[Path]:
    """All text files that the rule covers."""
    for pattern in PATTERNS:
        yield from (path for path in sorted(root.glob(pattern)) if path.is_file() and path.suffix != ".pyc")


def violations(root: Path) -> list[str]:
    """File, line, phrase and replacement of each phrase in a tree. Raises AssertionError for a tree without files."""
    paths = list(files(root))
    assert paths, f"{root} contains no file, so the rule checked nothing"
    return [sentence for path in paths for sentence in _of_file(path, root)]


def _of_file(path: Path, root: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    for match in PHRASES.finditer(text):
        phrase = re.sub(r"[\s#]+", " ", match[1]).lower()
        line = text.count("\n", 0, match.start()) + 1
        yield f'{path.relative_to(root)}:{line}: "{phrase}": {REPLACEMENTS[phrase]}'


def test_no_file_has_one_of_these_phrases() -> None:
    assert len(list(files(ROOT))) > 400
    sentences = violations(ROOT)
    assert sentences == [], "\n".join(sentences)


def write_tree(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize("phrase", REPLACEMENTS)
def test_phrase_is_detected_with_its_line_and_its_replacement(phrase: str, tmp_path: Path) -> None:
    tree = write_tree(tmp_path, "plugins/modules/backup.py", f"first line\nsome {phrase.capitalize()}, then more\n")
    assert violations(tree) == [f'plugins/modules/backup.py:2: "{phrase}": {REPLACEMENTS[phrase]}']


def test_phrase_across_two_lines_is_detected(tmp_path: Path) -> None:
    text = "# a dump of the old\n# way, killed for\n# want of memory\n"
    tree = write_tree(tmp_path, "roles/backup/tasks/main.yml", text)
    assert [sentence.split(": ")[0] for sentence in violations(tree)] == [
        "roles/backup/tasks/main.yml:1",
        "roles/backup/tasks/main.yml:2",
    ]


@pytest.mark.parametrize("text", ["recommended, amend", "told the operator", "this lives long"])
def test_other_words_are_allowed(text: str, tmp_path: Path) -> None:
    assert violations(write_tree(tmp_path, "docs/manual.md", text)) == []


def test_rule_does_not_accept_an_empty_tree(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="checked nothing"):
        violations(tmp_path)
