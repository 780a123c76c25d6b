# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Compose makes of a project's files as they are now. Private to this collection."""

from __future__ import annotations

import json
import re
import tempfile
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    Cancellation,
    Stage,
    require_program,
    run_pipeline,
)

from .stack import Stack

_TEMPLATE = re.compile(r"(?P<before>Invalid template: ).*", re.IGNORECASE)


class ComposeRefusal(MaxopsError):
    """Compose cannot read the project's files; its text says why."""


def compose_config(stack: Stack, cancellation: Cancellation | None = None) -> dict[str, Any]:
    """The project as ``docker compose up`` would make it now, with all values filled in: it holds secrets.

    Raises ComposeRefusal with Compose's own words, or MaxopsError when there is nothing that could be read.
    """
    project = stack.compose
    if not project.folder:
        raise MaxopsError("no container tells where the Compose files are")
    require_program("docker")
    words = project.words("config", "--format", "json")
    # It holds secrets: a file without a name, which nobody else can open.
    with tempfile.TemporaryFile() as output:
        [done] = run_pipeline([Stage(words)], cancellation or Cancellation(), stdout=output).stages
        if done.failed:
            # What it cannot interpolate it repeats, and that may be a password with a dollar sign.
            said = _TEMPLATE.sub(r"\g<before>***", " ".join(done.stderr.split()))[-500:]
            said = said or f"docker compose ended with {done.returncode}"
            if "permission denied" in said.lower() or "unknown flag: --project-name" in said:
                raise MaxopsError(f"Compose cannot be asked: {said}; run as root (become: true)")
            raise ComposeRefusal(said)
        output.seek(0)
        found: dict[str, Any] = json.loads(output.read())
        return found
