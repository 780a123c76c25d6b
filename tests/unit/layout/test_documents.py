# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents list what the collection contains."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import modules, playbooks, roles


@pytest.mark.parametrize("name", ["reference.md", "reference.ko.md"])
def test_reference_lists_everything_in_the_collection(name: str) -> None:
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    expected = chain(modules, roles, playbooks)
    assert [entry for entry in expected if f"`{entry}`" not in text and f"`maxops.ops.{entry}`" not in text] == []


@pytest.mark.parametrize(("name", "reference"), [("README.md", "reference.md"), ("README.ko.md", "reference.ko.md")])
def test_readme_links_to_the_reference_and_stays_short(name: str, reference: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert f"](docs/{reference})" in text
    assert len(text.splitlines()) <= 110


def test_both_manuals_have_the_same_sections() -> None:
    english, korean = (
        re.findall(r"^#+ (\d+(?:\.\d+)?)", (ROOT / "docs" / name).read_text(encoding="utf-8"), re.MULTILINE)
        for name in ("manual.md", "manual.ko.md")
    )
    assert english == korean
    assert len(english) > 30


def test_links_in_the_documents_lead_to_files() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "roles").glob("*/README.md")]
    links = [
        (document, target)
        for document in documents
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:")
    ]
    assert [link for link in links if not (link[0].parent / link[1]).exists()] == []
