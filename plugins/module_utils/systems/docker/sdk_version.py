# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of the Docker SDK for Python that do not work with the installed version of requests."""

from __future__ import annotations

import sys
from importlib import metadata

OF_DISTRIBUTION = "/dist-packages"
"""Debian's own packages are in /usr/lib/python3/dist-packages, those of pip in /usr/local or in an environment."""


def wrong_versions() -> str:
    """The sentence for the Docker SDK before 7.1 with requests 2.32 or later, with the command that corrects it."""
    docker, docker_by_pip = _installed("docker")
    requests, requests_by_pip = _installed("requests")
    pip = f"{sys.executable} -m pip"
    if docker_by_pip:
        command = f"{pip} install --upgrade 'docker>=7.1'"
    elif requests_by_pip:
        command = f"{pip} uninstall requests, because pip installed it over the distribution's"
    else:
        command = f"apt-get install python3-docker where it is 7.1 or later, else {pip} install 'docker>=7.1'"
    return (
        f"the Docker SDK for Python {docker} does not work with requests {requests}: install docker 7.1 or later, or "
        f"requests before 2.32, for {sys.executable}; next: {command}"
    )


def _installed(package: str) -> tuple[str, bool]:
    """The version of a package, and whether pip installed it rather than the distribution."""
    try:
        found = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return "of unknown version", False
    path = str(found.locate_file(""))
    return found.version, not (path.startswith("/usr/lib/") and path.rstrip("/").endswith(OF_DISTRIBUTION))
