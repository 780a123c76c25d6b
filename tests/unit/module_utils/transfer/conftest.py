# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder of a Compose project."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a Compose file and an environment file."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "docker-compose.yml").write_text("services: {}\n")
    (folder / ".env").write_text("A=1\n")
    return folder
