# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Docker SDK that does not work with the installed requests: which package to change, and how."""

from __future__ import annotations

import sys
from importlib import metadata
from types import SimpleNamespace

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.sdk_version import wrong_versions

DEBIAN, LOCAL = "/usr/lib/python3/dist-packages", "/usr/local/lib/python3.11/dist-packages"
ENVIRONMENT = "/srv/venv/lib/python3.11/site-packages"


@pytest.mark.parametrize(
    ("docker", "requests", "command"),
    [
        (ENVIRONMENT, ENVIRONMENT, "-m pip install --upgrade 'docker>=7.1'"),
        (DEBIAN, LOCAL, "-m pip uninstall requests, because pip installed it over the distribution's"),
        (DEBIAN, DEBIAN, "apt-get install python3-docker where it is 7.1 or later"),
    ],
)
def test_command_fits_the_place_of_both_packages(
    monkeypatch: pytest.MonkeyPatch, docker: str, requests: str, command: str
) -> None:
    installed = {"docker": ("6.1.3", docker), "requests": ("2.32.3", requests)}

    def distribution(name: str) -> SimpleNamespace:
        version, place = installed[name]
        return SimpleNamespace(version=version, locate_file=lambda _path: place)

    monkeypatch.setattr(metadata, "distribution", distribution)
    text = wrong_versions()
    assert text.startswith(
        "the Docker SDK for Python 6.1.3 does not work with requests 2.32.3: install docker 7.1 or later, or requests "
        f"before 2.32, for {sys.executable}; next: "
    )
    assert command in text
