# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Empties what applications keep about the replaced data: sessions, caches, search indexes, SSH keys.

It runs after the names are changed and before the applications start, so that none of them sees the new data together
with the old sessions. Each step can be repeated.
"""

from __future__ import annotations

import time

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.command import (
    USER,
    GiteaCommand,
    NotInstalledError,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .clearing_files import KEYS, clear_files, clear_late, has_copies, keeps_keys_apart
from .clearing_servers import clear_on_server
from .journal import Clearing, Journal

START_SECONDS = 60.0
"""How long Gitea's command may take to work after a start that was not watched."""


class NotClearedError(MaxopsError):
    """Something that must not survive the swap could not be deleted; no application has been started yet."""


# -- before the start -----------------------------------------------------------------------------------------------


def clear(stack: Stack, journal: Journal) -> list[str]:
    """Do all clearings of a journal; returns remarks. Raises NotClearedError when a required one fails."""
    stack.refresh()
    remarks: list[str] = []
    for clearing in journal.clearings:
        failure = _try(stack, journal, clearing, remarks)
        if failure and clearing.required:
            raise NotClearedError(failure)
        remarks += [failure] if failure else []
    return remarks


def clear_again(stack: Stack, journal: Journal) -> list[str]:
    """The same before a swap is undone, for what the applications made since; returns remarks and stops at nothing.

    Files of keys are left out: :func:`put_back` brings them back as they were.
    """
    remarks: list[str] = []
    for clearing in journal.clearings:
        failure = _try(stack, journal, clearing, remarks) if clearing.kind != KEYS else ""
        remarks += [failure] if failure else []
    return remarks


def _try(stack: Stack, journal: Journal, clearing: Clearing, remarks: list[str]) -> str:
    """Do one clearing and add its remarks; returns why it failed, or nothing."""
    try:
        clear_one = clear_on_server if clearing.host else clear_files
        remarks += clear_one(stack, journal, clearing)
    except (MaxopsError, OSError) as error:
        cause = f"{error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        return f"{clearing.what} could not be deleted: {cause}"
    return ""


def regenerate(stack: Stack, journal: Journal, seconds: float = 0.0) -> list[str]:
    """Let Gitea write keys and hooks again from the database; returns remarks on failures.

    It is tried for ``seconds``: longer where Gitea may not be ready yet.
    """
    stack.refresh()
    remarks = clear_late(stack, journal)
    if not journal.regenerate:
        return remarks
    stripped = has_copies(stack, journal)
    failures: list[tuple[bool, str]] = []
    for service in journal.regenerate:
        containers = sorted(stack.of_service(service), key=lambda container: not container.running)
        for container in containers[:1]:
            apart = keeps_keys_apart(stack, journal, service)
            texts = _regenerate(stack, container, seconds, stripped, apart)
            failures += [(container.running, text) for text in texts]
    # A one-time service of the same image need not run, where the server itself has written everything.
    done = len(failures) < len(journal.regenerate)
    return remarks + [text for running, text in failures if running or not done]


def _regenerate(stack: Stack, container: Container, seconds: float, stripped: bool, apart: bool) -> list[str]:
    """``stripped``: the old keys were taken out; ``apart``: they could not be, so they are there still."""
    deadline = time.monotonic() + seconds
    left, path = ["keys", "hooks"], ""
    while True:
        try:
            command = GiteaCommand(stack, container)
            path = command.configuration
            while left:
                command.regenerate(left[0])
                left.pop(0)
            return []
        except NotInstalledError as error:
            failure = str(error)
            if not stripped and not apart:
                return []
        except MaxopsError as error:
            failure = str(error)
        stack.refresh()
        running = any(other.id == container.id and other.running for other in stack.containers)
        if not running or time.monotonic() >= deadline:
            break
        time.sleep(1)
    words = f"docker exec --user {USER} {container.name} gitea {f'--config {path} ' if path else ''}admin regenerate"
    effect = "until then pushes may miss Gitea's hooks"
    if "keys" in left:
        old = "until then SSH keys may be missing, or open Gitea as other people"
        effect = "until then no SSH key opens Gitea" if stripped and not apart else old
    commands = "; ".join(f"{words} {what}" for what in left)
    return [f"Gitea's {' and '.join(left)} could not be written again, {effect}; run: {commands} ({failure})"]
