# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that must not drift apart."""

from __future__ import annotations

import re
from importlib.metadata import distributions

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import load, modules


def test_action_group_lists_every_module_that_works_on_a_stack() -> None:
    sources = {name: (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8") for name in modules}
    members = sorted(name for name, text in sources.items() if "maxops.ops.attributes.actiongroup_maxops" in text)
    assert sorted(load(ROOT / "meta" / "runtime.yml")["action_groups"]["maxops"]) == members
    assert [name for name, text in sources.items() if "  - maxops.ops.stack\n" in text and name not in members] == []


def test_version_is_the_same_everywhere() -> None:
    text = (ROOT / "plugins" / "module_utils" / "tools" / "version.py").read_text(encoding="utf-8")
    assert re.search(r'VERSION = "(.+)"', text).group(1) == load(ROOT / "galaxy.yml")["version"]


def test_awx_gets_the_collections_that_galaxy_names() -> None:
    for_awx = {each["name"]: each["version"] for each in load(ROOT / "collections" / "requirements.yml")["collections"]}
    assert for_awx == load(ROOT / "galaxy.yml")["dependencies"]


def test_everything_installed_is_pinned_once() -> None:
    pins = []
    for name in ("requirements.txt", "tests/requirements.txt", "tests/constraints.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        pins += [line.partition("==") for line in lines if line and not line.startswith("#")]
    names = [normalised(name) for name, _, _ in pins]
    assert [name for name in names if names.count(name) > 1] == []
    assert [name for name, _, version in pins if not version] == []
    # pip and setuptools come with the virtual environment, in its Python's version.
    installed = {normalised(each.name) for each in distributions()} - {"pip", "setuptools", "wheel"}
    assert installed - set(names) == set()


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
