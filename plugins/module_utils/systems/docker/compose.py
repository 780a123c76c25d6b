# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a project's current Compose files with Compose itself."""

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
    """Compose cannot read the project's files; the text is Compose's own message."""


def compose_config(stack: Stack, cancellation: Cancellation | None = None) -> dict[str, Any]:
    """The project as ``docker compose up`` would create it now, with all values filled in; it holds secrets.

    Raises ComposeRefusal with Compose's own message, or MaxopsError when the files or Compose cannot be found.
    """
    project = stack.compose
    if not project.folder:
        raise MaxopsError("no container has a label with the path of the Compose files")
    require_program("docker")
    words = project.argv("config", "--format", "json")
    # It holds secrets, so it goes into a file without a name, which other users cannot open.
    with tempfile.TemporaryFile() as output:
        [done] = run_pipeline([Stage(words)], cancellation or Cancellation(), stdout=output).stages
        if done.failed:
            # Compose repeats a value that it cannot interpolate, and that may be a password with a dollar sign.
            message = _TEMPLATE.sub(r"\g<before>***", " ".join(done.stderr.split()))[-500:]
            message = message or f"docker compose ended with {done.returncode}"
            if "permission denied" in message.lower() or "unknown flag: --project-name" in message:
                raise MaxopsError(f"Compose cannot be run: {message}; run as root (become: true)")
            raise ComposeRefusal(message)
        output.seek(0)
        configuration: dict[str, Any] = json.loads(output.read())
        return configuration
