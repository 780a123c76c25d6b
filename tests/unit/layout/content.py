# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection contains: modules, roles and playbooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

modules = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")
roles = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "tasks").is_dir())
playbooks = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))


def load(path: Path) -> Any:
    """The content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))
