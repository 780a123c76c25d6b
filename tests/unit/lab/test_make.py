# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""make works in any locale and in any folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT


def make(folder: Path, *words: str, **variables: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "MAKE"))}
    done = subprocess.run(
        ["make", "--directory", str(folder), *words],
        env={**environment, **variables},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("locale", ["C", "ko_KR.no-such-encoding", ""])
def test_a_locale_that_ansible_refuses_is_replaced(locale: str) -> None:
    shown = make(ROOT, "--eval", "show: ; @echo =$${LC_ALL:-}=", "show", LC_ALL=locale)
    assert "=C.UTF-8=" in shown


def test_a_locale_that_works_is_kept() -> None:
    assert "=C.UTF-8=" not in make(ROOT, "--eval", "show: ; @echo =$${LC_ALL:-}=", "show", LANG="C.UTF-8")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the checkout without its .venv, in a folder with spaces and no ansible-galaxy but the machine's."""
    folder = tmp_path / "a path with spaces"
    for name in ("meta", "playbooks", "plugins", "roles", "tests/lab"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"), symlinks=True)
    for name in ("Makefile", "galaxy.yml", "README.md", "LICENSE", "tests/build.sh", "tests/requirements.txt"):
        shutil.copy(ROOT / name, folder / name)
    return folder


def test_the_tarball_needs_no_environment_of_its_own_and_no_folder_without_spaces(checkout: Path) -> None:
    programs = ROOT / ".venv" / "bin"
    make(checkout, "build", PATH=f"{programs}:{os.environ['PATH']}")
    [tarball] = (checkout / "build").iterdir()
    with tarfile.open(tarball) as archive:
        assert "playbooks/host.yml" in archive.getnames()
    assert not (checkout / ".venv").exists()


def test_every_path_of_the_checkout_is_quoted_in_recipes() -> None:
    recipes = [line for line in (ROOT / "Makefile").read_text(encoding="utf-8").splitlines() if line.startswith("\t")]
    assert [line for line in recipes if "$(CURDIR)" in line.replace('"$(CURDIR)', "")] == []
