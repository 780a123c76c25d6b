# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that reads a set."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.image import find_image
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


class Daemon:
    """Has some images and containers, as a stack does."""

    project_name = "shop"

    def __init__(self, images: dict[str, str], running: str | None = None) -> None:
        self.images = images
        self.running = running

    def find_image(self, reference: str) -> str | None:
        return self.images.get(reference)

    def of_service(self, _service: str) -> list[Any]:
        return [type("Container", (), {"image_id": self.running, "image": "postgres:running"})] if self.running else []


MANIFEST = {"services": {"postgres": {"id": "sha256:old", "digests": ["p@sha256:d"], "image": "postgres:17"}}}


@pytest.mark.parametrize(
    ("daemon", "manifest", "image"),
    [
        (Daemon({"sha256:old": "sha256:old"}, "sha256:new"), MANIFEST, ("sha256:old", True)),
        (Daemon({"p@sha256:d": "sha256:pulled"}, "sha256:new"), MANIFEST, ("sha256:pulled", True)),
        (Daemon({"postgres:17": "sha256:moved"}, "sha256:new"), MANIFEST, ("sha256:new", False)),
        (Daemon({"postgres:17": "sha256:moved"}), MANIFEST, ("sha256:moved", False)),
        (Daemon({}, "sha256:new"), None, ("sha256:new", False)),
    ],
)
def test_image_that_reads_a_set(daemon: Daemon, manifest: dict[str, Any] | None, image: tuple[str, bool]) -> None:
    found = find_image(daemon, manifest, "postgres")
    assert (found.id, found.same) == image


def test_missing_image_names_the_image_to_pull() -> None:
    with pytest.raises(MaxopsError, match="docker pull postgres:17"):
        find_image(Daemon({}), MANIFEST, "postgres")
    with pytest.raises(MaxopsError, match='no container of service "postgres"'):
        find_image(Daemon({}), None, "postgres")
