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


TWINS = ["README", "docs/manual", "docs/night", "docs/reference", "docs/setup"]
"""Documents in English, each with its Korean twin."""


def shape(text: str) -> list[str]:
    """What a document and its twin have in common: levels of headings, code blocks, and the names in rows of tables."""
    parts, is_code = [], False
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            parts += [] if is_code else ["code"]
            is_code = not is_code
        elif not is_code and (heading := re.match("#+(?= )", line)):
            parts.append(heading[0])
        elif not is_code and line.startswith("|"):
            names = re.findall(r"`([a-z]+_\w+)`", line.split("|")[1])
            parts.append(f"row {' '.join(names)}".strip())
    return parts


@pytest.mark.parametrize("name", TWINS)
def test_korean_twin_has_every_heading_example_and_row_of_a_table(name: str) -> None:
    english, korean = (shape((ROOT / path).read_text(encoding="utf-8")) for path in (f"{name}.md", f"{name}.ko.md"))
    assert korean == english
    assert len(english) > 10


def test_every_korean_document_is_a_twin() -> None:
    found = [path for folder in ("", "docs", "roles/*") for path in ROOT.glob(f"{folder}/*.ko.md".lstrip("/"))]
    assert sorted(str(path.relative_to(ROOT)) for path in found) == [f"{name}.ko.md" for name in sorted(TWINS)]


def test_missing_row_or_heading_is_detected() -> None:
    text = "# A\n\n| a | b |\n| --- | --- |\n| `backup_jobs` | x |\n\n```text\n# no heading\n| no row |\n```\n"
    assert shape(text) == ["#", "row", "row", "row backup_jobs", "code"]
    assert shape(text.replace("backup_jobs", "backup_job")) != shape(text)


PLAIN_STYLE = re.compile(r"[가-힣](세요|나요|까요|네요|군요|어요|아요|지요|죠)\b")


@pytest.mark.parametrize("name", TWINS)
def test_korean_is_written_in_one_voice(name: str) -> None:
    text = (ROOT / f"{name}.ko.md").read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if PLAIN_STYLE.search(line)] == []


def test_links_in_the_documents_lead_to_files() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "roles").glob("*/README.md")]
    links = [
        (document, target)
        for document in documents
        for target in re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:")
    ]
    assert [link for link in links if not (link[0].parent / link[1]).exists()] == []
