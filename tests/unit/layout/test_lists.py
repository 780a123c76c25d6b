# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that have to stay the same in several files."""

from __future__ import annotations

import re
from importlib.metadata import distributions

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import load, modules
from ansible_collections.maxops.ops.tests.unit.module_utils.module.test_options import fragments_of

GROUPS = {
    "maxops": {"stack"},
    "project": {"stack.project"},
    "database": {"stack.database"},
    "cache": {"stack.cache"},
    "repository": {"repository"},
    "api": {"api"},
}
"""Action group → documentation fragments that all of its modules use."""


def test_action_group_lists_exactly_the_modules_with_its_options() -> None:
    groups = load(ROOT / "meta" / "runtime.yml")["action_groups"]
    assert groups == {
        group: [name for name in modules if fragments & set(fragments_of(name))] for group, fragments in GROUPS.items()
    }
    sources = {name: (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8") for name in modules}
    documented = [name for name, text in sources.items() if "maxops.ops.attributes.actiongroup_maxops" in text]
    assert documented == groups["maxops"]


def test_version_is_the_same_everywhere() -> None:
    text = (ROOT / "plugins" / "module_utils" / "tools" / "version.py").read_text(encoding="utf-8")
    assert re.search(r'VERSION = "(.+)"', text).group(1) == load(ROOT / "galaxy.yml")["version"]


def test_awx_installs_the_dependencies_of_galaxy() -> None:
    for_awx = {
        entry["name"]: entry["version"] for entry in load(ROOT / "collections" / "requirements.yml")["collections"]
    }
    assert for_awx == load(ROOT / "galaxy.yml")["dependencies"]


def test_every_installed_package_is_pinned_once() -> None:
    pins = []
    for name in ("requirements.txt", "tests/requirements.txt", "tests/constraints.txt"):
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        pins += [line.partition("==") for line in lines if line and not line.startswith("#")]
    names = [normalised(name) for name, _, _ in pins]
    assert [name for name in names if names.count(name) > 1] == []
    assert [name for name, _, version in pins if not version] == []
    # pip and setuptools come with the virtual environment, in its Python's version.
    installed = {normalised(package.name) for package in distributions()} - {"pip", "setuptools", "wheel"}
    assert installed - set(names) == set()


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
