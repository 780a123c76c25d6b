# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The generated documents are current, complete, and in both languages."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.reference import generate
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import load, modules, playbooks, roles

NO_VARIABLES = {"maxops_rules", "maxops_scrape"}
"""Names of files for Prometheus."""


DOCUMENTS = generate.documents()
"""Made once: that takes seconds."""


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_document_is_what_make_reference_writes(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == DOCUMENTS[path], "run make reference"


@pytest.mark.parametrize("language", ["english", "korean"])
def test_reference_lists_everything_in_the_collection_once(language: str) -> None:
    text = generate.reference(language)
    rows = re.findall(r"^\| \[?`([\w.]+)`", text, flags=re.MULTILINE)
    words = generate.words()
    everything = [*playbooks, *roles, *(f"maxops.ops.{name}" for name in modules), *words["variables"]]
    assert sorted(rows) == sorted([*everything, *words["short_words"]])


def test_korean_describes_exactly_what_the_collection_contains() -> None:
    korean = generate.words()["korean"]
    assert {kind: sorted(texts) for kind, texts in korean.items()} == {
        "playbooks": playbooks,
        "roles": roles,
        "modules": modules,
    }
    assert [text for texts in korean.values() for text in texts.values() if not re.search("[가-힣]", text)] == []


def test_every_variable_of_the_fleet_is_listed() -> None:
    used = set()
    for pattern in ("roles/*/defaults/*.yml", "roles/*/vars/*.yml", "roles/*/tasks/*.yml", "playbooks/*.yml"):
        for path in ROOT.glob(pattern):
            used |= set(re.findall(r"\bmaxops_[a-z_]+", path.read_text(encoding="utf-8")))
    for path in (ROOT / "plugins").rglob("*.py"):
        used |= set(re.findall(r"(?:_value|variables\.get)\(\"(maxops_[a-z_]+)\"", path.read_text(encoding="utf-8")))
    assert used - NO_VARIABLES == set(generate.words()["variables"])


def test_short_words_are_read_where_the_long_names_are() -> None:
    texts = [
        path.read_text() for pattern in ("playbooks/*.yml", "roles/*/defaults/*.yml") for path in ROOT.glob(pattern)
    ]
    for short, long in generate.words()["short_words"].items():
        lines = [
            line for text in texts for line in text.splitlines() if re.search(rf"\b(?<!_){short} \| default", line)
        ]
        assert lines, short
        assert all(long in line for line in lines), (short, long)


def test_a_role_whose_options_changed_needs_a_new_readme(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "roles" / "status", tmp_path / "roles" / "status")
    specs = tmp_path / "roles" / "status" / "meta" / "argument_specs.yml"
    readme = tmp_path / "roles" / "status" / "README.md"
    assert generate.readme_of("status", tmp_path) == readme.read_text(encoding="utf-8")
    specs.write_text(specs.read_text().replace("status_timeout", "status_patience"))
    assert "`status_patience`" in generate.readme_of("status", tmp_path)
    readme.write_text(readme.read_text().replace(generate.END, ""))
    with pytest.raises(ValueError, match="needs exactly one line"):
        generate.readme_of("status", tmp_path)


def test_options_are_shown_with_type_default_and_plain_text() -> None:
    table = generate.options_of("logs")
    options = load(ROOT / "roles" / "logs" / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert len(table.splitlines()) == len(options) + 4
    assert "| `logs_show` | int | `20` |" in table
    assert not re.search(r"\b[A-Z]\(", "".join(generate.options_of(role) for role in roles))


def test_page_of_variables_has_every_option_of_every_role() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", generate.variables_page(), flags=re.MULTILINE)
    options = []
    for role in roles:
        spec = load(ROOT / "roles" / role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
        options += list(spec.get("options", {}))
    words = generate.words()
    assert sorted(rows) == sorted([*words["variables"], *words["short_words"], *options])
