# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Installations of Docker that backup, restore and rehearsals refuse, and that other jobs name."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.installation import (
    PODMAN,
    ROOTLESS,
    SNAP,
    kind_of,
    notice,
    refuse_unusual,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import HostFault

USUAL = {"DockerRootDir": "/var/lib/docker", "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin"]}


@pytest.mark.parametrize(
    ("info", "docker_host", "version", "expected"),
    [
        (USUAL, "unix:///nowhere/docker.sock", {"Components": [{"Name": "Engine"}]}, ""),
        ({"DockerRootDir": "/srv/docker/100000.100000"}, "unix:///nowhere/docker.sock", None, ""),
        ({**USUAL, "SecurityOptions": ["name=seccomp,profile=default", "name=rootless"]}, "", None, ROOTLESS),
        ({}, "unix:///run/user/1000/docker.sock", None, ROOTLESS),
        ({"DockerRootDir": "/home/ops/.local/share/docker"}, "unix:///nowhere/docker.sock", None, ROOTLESS),
        ({"DockerRootDir": "/var/snap/docker/common/var-lib-docker"}, "unix:///nowhere/docker.sock", None, SNAP),
        (USUAL, "unix:///run/podman/podman.sock", None, PODMAN),
        (USUAL, "unix:///nowhere/docker.sock", {"Components": [{"Name": "Podman Engine"}]}, PODMAN),
        ({"DockerRootDir": "/var/lib/containers/storage"}, "unix:///nowhere/docker.sock", None, PODMAN),
    ],
)
def test_kind_of_an_installation(info: Any, docker_host: str, version: Any, expected: str) -> None:
    assert kind_of(info, docker_host or "unix:///nowhere/docker.sock", version) == expected


class Daemon:
    """A daemon that describes itself."""

    def __init__(self, info: dict[str, Any]) -> None:
        self.api = self
        self._info = info

    def info(self) -> dict[str, Any]:
        """The answer to /info."""
        return self._info

    def version(self) -> dict[str, Any]:
        """The answer to /version."""
        return {"Components": [{"Name": "Engine"}]}


def test_job_that_reads_volumes_refuses_in_one_sentence() -> None:
    client: Any = Daemon({"SecurityOptions": ["name=rootless"]})
    with pytest.raises(HostFault) as caught:
        refuse_unusual(Stack(client, "unix:///nowhere.sock", "shop"), "backup")
    assert str(caught.value).startswith("backup does not work with rootless Docker (at unix:///nowhere.sock): ")
    assert "\n" not in str(caught.value)
    usual: Any = Daemon(USUAL)
    refuse_unusual(Stack(usual, "unix:///nowhere.sock", "shop"), "backup")


def test_other_jobs_name_it() -> None:
    assert notice("") == ""
    assert "backup, restore and rehearsals refuse it" in notice(SNAP)
