# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the logs of the stack's containers, and the secrets that may occur in them."""

from __future__ import annotations

import datetime
import math
import os
from collections.abc import Iterator
from contextlib import suppress

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import read_environment, secrets_of
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import docker_text

from .lines import read_lines

SECRET_SIZE = 4096
"""Maximum size in bytes of a file under ``/run/secrets`` that may be a password; larger files are certificates etc."""

_NUMBER_LABEL = "com.docker.compose.container-number"


def read_log(
    stack: Stack,
    container: Container,
    since: datetime.datetime | None,
    until: datetime.datetime | None,
    newest: int | None,
) -> Iterator[tuple[str, str]]:
    """Time and text of a container's lines, the oldest first. Raises MaxopsError when its log can't be read.

    ``newest`` lets Docker find the last lines without reading the whole log; do not combine it with ``until``, because
    Docker counts lines before it applies the time.
    """
    first = docker_text(since) if since else ""
    last = docker_text(until) if until else "9"
    with stack.daemon_call(f"read the log of {container.name}") as api:
        # Only whole seconds work with every version of the SDK and of Docker; fractions are compared here.
        answer = api.logs(
            container.id,
            stream=True,
            follow=False,
            timestamps=True,
            tail="all" if newest is None else newest,
            since=max(1, math.floor(since.timestamp())) if since else None,
            until=max(1, math.ceil(until.timestamp())) if until else None,
        )
        try:
            for time, text in read_lines(answer):
                if first <= time <= last:
                    yield time, text
        finally:
            # The SDK cannot close a stream that has already ended.
            with suppress(OSError, AttributeError):
                answer.close()


def source_names(stack: Stack) -> dict[str, str]:
    """Name of every container (by its id) in a log: its service, with a number if that has several containers."""
    names = {}
    for container in stack.containers:
        alone = len(stack.of_service(container.service)) == 1
        number = container.labels.get(_NUMBER_LABEL) or container.name.rpartition("-")[2]
        names[container.id] = container.service if alone else f"{container.service}-{number}"
    return names


def known_secrets(stack: Stack) -> set[str]:
    """The secrets of the stack, from its environment files, its containers' environments and secret files."""
    secrets: set[str] = set()
    for container in stack.containers:
        secrets |= secrets_of(container.environment)
        for mount in container.mounts:
            if mount.target.startswith("/run/secrets/"):
                secrets |= _file_secrets(mount.source)
    for path in stack.project_files():
        name = os.path.basename(path)
        if name.startswith(".env") or name.endswith(".env"):
            with suppress(OSError), open(path, encoding="utf-8", errors="replace") as stream:
                secrets |= secrets_of(read_environment(stream.read()))
    return secrets


def _file_secrets(path: str) -> set[str]:
    try:
        if os.path.getsize(path) > SECRET_SIZE or not os.path.isfile(path):
            return set()
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read().strip()
    except OSError:
        return set()
    return set(secrets_of({"SECRET": text}))
