# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `ansible-galaxy collection build` publishes: all that an operator uses, and no development files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PUBLISHED = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.ko.md",
    "README.md",
    "SECURITY.md",
    "bindep.txt",
    "changelogs",
    "docs",
    "inventories",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
    "roles",
}


def run(*argv: str, folder: Path) -> str:
    # Away from the checkout, whose ansible.cfg would put the checkout itself on the search path.
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")},
        "ANSIBLE_COLLECTIONS_PATH": str(folder),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_NOCOLOR": "1",
    }
    done = subprocess.run(
        [str(BIN / argv[0]), *argv[1:]], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tarball")
    run("ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(folder), folder=folder)
    (found,) = folder.glob("maxops-ops-*.tar.gz")
    return found


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    run(
        *("ansible-galaxy", "collection", "install", "--offline", "--no-deps", "-p", str(folder), str(tarball)),
        folder=folder,
    )
    return folder


def source(*parts: str, pattern: str) -> set[str]:
    return {path.stem if path.is_file() else path.name for path in (ROOT.joinpath(*parts)).glob(pattern)} - {"__init__"}


def test_tarball_holds_only_what_an_operator_uses(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        members = archive.getmembers()
    assert {member.name.split("/")[0] for member in members} - PUBLISHED == set()
    unwanted = ("__pycache__", ".pyc", "/.", "inventories/lab", ".tar.")
    assert [member.name for member in members if any(word in member.name for word in unwanted)] == []
    assert [member.name for member in members if member.issym() or member.islnk()] == []
    # Code, roles and documents are 2.8 MB: more than this would be data, or files of a build.
    assert max(member.size for member in members) < 200_000
    assert sum(member.size for member in members) < 4_000_000


def test_installed_collection_lists_all_modules(installed: Path) -> None:
    modules = json.loads(run("ansible-doc", "--list", "--json", "-t", "module", "maxops.ops", folder=installed))
    assert set(modules) == {f"maxops.ops.{name}" for name in source("plugins", "modules", pattern="*.py")}


def test_installed_collection_lists_all_roles(installed: Path) -> None:
    roles = json.loads(run("ansible-doc", "--list", "--json", "-t", "role", "maxops.ops", folder=installed))
    assert set(roles) == {f"maxops.ops.{name}" for name in source("roles", pattern="*")}


@pytest.mark.parametrize("playbook", sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml")))
def test_installed_playbook_runs_by_its_name(installed: Path, playbook: str) -> None:
    output = run(
        *("ansible-playbook", "--list-tasks", "-i", "localhost,", "-e", "target=localhost", f"maxops.ops.{playbook}"),
        folder=installed,
    )
    assert "play #1" in output


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("summary", {"job": "drill", "variable": "result"}),
        ("people", {"people": [{"login": "a", "email": "a@b.test", "full_name": "Ann Lee"}]}),
    ],
)
def test_installed_actions_find_the_files_that_they_import(
    installed: Path, action: str, arguments: dict[str, object]
) -> None:
    command = ("ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", f"maxops.ops.{action}")
    assert "SUCCESS" in run(*command, "-a", json.dumps(arguments), folder=installed)
