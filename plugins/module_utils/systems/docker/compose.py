# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a project's current Compose files with Compose itself."""

from __future__ import annotations

import json
import re
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import (
    Cancellation,
    Stage,
    require_program,
    run_pipeline,
)

from .project import ComposeProject
from .stack import Stack

CONFIG_SECONDS = 60.0
"""How long Compose may take to merge the files; a remote include may never end."""

_UNSET = re.compile(r'The \\?"([^"\\]+)\\?" variable is not set')
_TEMPLATE = re.compile(r"(?P<before>Invalid template: ).*", re.IGNORECASE)


class ComposeRefusal(MaxopsError):
    """Compose cannot read the project's files; the text is Compose's own message."""


@dataclass(frozen=True)
class EffectiveConfiguration:
    """The project as Compose merges it, as JSON that Compose can read again: ``text`` holds secrets.

    ``unset`` are variables that no file sets, so that Compose left them empty.
    """

    text: str = field(repr=False)
    unset: tuple[str, ...] = ()


def compose_config(stack: Stack, cancellation: Cancellation | None = None, interpolate: bool = True) -> dict[str, Any]:
    """The project as ``docker compose up`` would create it now, with all values filled in; it holds secrets.

    Without ``interpolate`` the values stand as they are written, with their variables. Raises ComposeRefusal with
    Compose's own message, or MaxopsError when the files or Compose cannot be found.
    """
    words = () if interpolate else ("--no-interpolate",)
    text, _stderr = _config(stack.compose, cancellation or Cancellation(), options=words)
    configuration: dict[str, Any] = json.loads(text)
    if interpolate:
        configuration = _plain(configuration)
    return configuration


def _plain(value: Any) -> Any:
    """A value as the container gets it: Compose prints each dollar sign twice, so that it can read its own output."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def effective_configuration(project: ComposeProject, seconds: float = CONFIG_SECONDS) -> EffectiveConfiguration:
    """The merged project with the services of all profiles. Raises as :func:`compose_config`, or after ``seconds``."""
    cancellation = Cancellation()
    timer = threading.Timer(seconds, cancellation.cancel, [f"docker compose config took longer than {seconds:g} s"])
    timer.daemon = True
    timer.start()
    try:
        text, stderr = _config(project, cancellation, "--profile", "*")
    except Cancelled as error:
        raise MaxopsError(f"{error}; does a Compose file include a remote one?") from error
    finally:
        timer.cancel()
    return EffectiveConfiguration(text, tuple(dict.fromkeys(_UNSET.findall(stderr))))


def _config(
    project: ComposeProject, cancellation: Cancellation, *words: str, options: Sequence[str] = ()
) -> tuple[str, str]:
    """What ``docker compose config`` prints, and its warnings; ``options`` are those of ``config`` itself."""
    if not project.folder:
        raise MaxopsError("no container has a label with the path of the Compose files")
    require_program("docker")
    # It holds secrets, so it goes into a file without a name, which other users cannot open.
    with tempfile.TemporaryFile() as output:
        argv = project.argv(*words, "config", "--format", "json", *options)
        [done] = run_pipeline([Stage(argv)], cancellation, stdout=output).stages
        if done.failed:
            # Compose repeats a value that it cannot interpolate, and that may be a password with a dollar sign.
            message = _TEMPLATE.sub(r"\g<before>***", " ".join(done.stderr.split()))[-500:]
            message = message or f"docker compose ended with {done.returncode}"
            if "permission denied" in message.lower() or "unknown flag: --project-name" in message:
                raise MaxopsError(f"Compose cannot be run: {message}; run as root (become: true)")
            raise ComposeRefusal(message)
        output.seek(0)
        return output.read().decode("utf-8"), done.stderr
