# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Running the database server's own programs: environment, password file, workers, and advice on failures.

They run in helper containers, which share the network or the socket of the database's container.
"""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import (
    NEUTRAL,
    NO_LIMITS,
    Server,
    passfile_entry,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult

WORKER_SHARE = 128 * 1000 * 1000
"""Bytes of a database for which one more pg_dump worker is worth its start."""

PASSFILE_SECONDS = 600
"""Age in seconds from which an unlocked password file counts as a leftover of a killed job."""
_PASSFILE = "maxops-pgpass-"


INSIDE_PASSFILE = "/maxops/pgpass"
"""Where the helper container has the password file."""

_ADVICE = (
    (
        r"[Nn]o such image|[Uu]nable to find image",
        (
            "the image of container {container} is no longer on this host: docker pull it, or start the service again "
            "(docker compose up --detach), then run this again"
        ),
    ),
    (
        r"[Nn]o such container|is not running|is restarting|is paused|cannot join network|to container .* network",
        "was container {container} stopped or restarted? See docker ps -a and its docker logs, then run this again",
    ),
    (
        r"bind source path does not exist|invalid mount config|error mounting|failed to create .* mount",
        (
            "the Docker daemon does not see this folder of the host: it runs on another machine or in another root, as "
            "where this host is itself a container; run this where the daemon runs"
        ),
    ),
    (r"response from daemon", "see docker info and the daemon's log (journalctl -u docker), then run this again"),
    (r"No space left on device", "the disk of the database server is full: free some space, then run this again"),
    (r"Disk quota exceeded", "the disk quota of the database server is used up: free some space, then run this again"),
    (
        r"connection to server|server closed|terminating connection|lost synchronization",
        "was the container stopped or restarted? See docker logs --tail=50 {container}, then run this again",
    ),
)
_LOST = re.compile(_ADVICE[-1][0])

ERROR_LIMIT = 700
"""Characters of a program's messages that an error quotes."""

ERROR = re.compile(r"\b(?:error|ERROR|FATAL|PANIC): |[Ee]rror response from daemon")
"""A line that begins a failure's message."""
_OF_SERVER = re.compile(r"\b(?:ERROR|FATAL|PANIC): ")
_EXPLAINS = re.compile(r"(?:DETAIL|HINT|CONTEXT|QUERY):")
_POINTER = re.compile(r"\^|LINE \d+: .*")
_PREFIX = re.compile(r"^pg_\w+: error: (?:could not execute query: |query failed: )?(?=.*(?:ERROR|FATAL|PANIC):)")


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Variables of a helper container that runs one of the programs; ``settings`` are the session's, by name."""
    options = [NO_LIMITS, NEUTRAL, *(f"-c {name}={value}" for name, value in settings.items())]
    return {
        "PGPASSFILE": INSIDE_PASSFILE,
        "PGAPPNAME": "maxops.ops",
        "PGCONNECT_TIMEOUT": "10",
        "PGOPTIONS": " ".join(options),
        "LC_ALL": "C",
    }


def first_error(result: StageResult) -> str:
    """What a program printed about its failure, as one line that begins with its first error.

    Details, hints and the context of that error follow, then other lines, as far as they fit.
    """
    lines = [" ".join(line.split()) for line in result.stderr.splitlines()]
    lines = [line for line in lines if line and not _POINTER.fullmatch(line)]
    start = next((number for number, line in enumerate(lines) if ERROR.search(line)), None)
    if start is None:
        return "; ".join(lines[-4:]) or f"exit code {result.returncode}"
    first, rest = lines[start], lines[start + 1 :]
    if not _OF_SERVER.search(first):
        # pg_dump reports what it was doing first, and then the message of the server.
        server = next((number for number, line in enumerate(rest) if _OF_SERVER.search(line)), None)
        if server is not None:
            first, rest = f"{first}; {rest[server]}", rest[server + 1 :]
    # The first error's own lines end where the next message begins.
    own = next((number for number, line in enumerate(rest) if ERROR.search(line)), len(rest))
    explained = [line for line in rest[:own] if _EXPLAINS.match(line)]
    others = [line for line in rest[:own] if line not in explained]
    text = _PREFIX.sub("", first, count=1)
    for line in [*explained, *others]:
        if len(text) + len(line) > ERROR_LIMIT:
            text = f"{text}; {line[: ERROR_LIMIT - len(text)]}…" if len(text) < ERROR_LIMIT - 40 else text
            break
        text += f"; {line}"
    return text


def not_started(result: StageResult) -> bool:
    """True where Docker could not start the helper container."""
    return result.returncode == 125 or "response from daemon" in result.stderr


def lost_server(result: StageResult) -> bool:
    """True where the program could not connect to the server, or lost the connection."""
    return _LOST.search(result.stderr) is not None


def disk_full(result: StageResult) -> bool:
    """True where a disk or a quota was used up."""
    return "No space left on device" in result.stderr or "Disk quota exceeded" in result.stderr


def advice_on(result: StageResult, container: str) -> str:
    """The next step after a failed dump of the server in ``container``, or after a failure to reach it."""
    output = f"{result.stderr}\nresponse from daemon" if not_started(result) else result.stderr
    advice = next((text for sign, text in _ADVICE if re.search(sign, output)), "fix the cause and run this again")
    return advice.format(container=container)


def workers(size: int, jobs: int) -> int:
    """How many parallel workers a database of this size in bytes gets."""
    return max(1, min(jobs, -(-size // WORKER_SHARE)))


def with_server_image(stack: Stack, container: Container, version: str) -> tuple[Container, list[str]]:
    """The container of a server with the image for its helpers, and remarks: its own image, while that exists.

    A container goes on when its image was removed; then the image that its name stands for now is taken, where it has
    the same major version. Raises MaxopsError when there is none.
    """
    if stack.find_image(container.image_id):
        return container, []
    named = stack.find_image(container.image)
    if named and _major_of(stack, named) == version.partition(".")[0]:
        return replace(container, image_id=named), [
            (
                f"the image that container {container.name} was made of is no longer on this host: the programs of "
                f"{container.image}, which has the same PostgreSQL version, were used"
            )
        ]
    up = stack.compose.command("up", "--detach", container.service)
    raise MaxopsError(
        f"the image of the running container {container.name} ({container.image}, {container.image_id}) is no longer "
        f"on this host, so its programs cannot be run: docker pull {container.image} (PostgreSQL {version}), "
        f"then {up}, and run this again"
    )


def _major_of(stack: Stack, image_id: str) -> str:
    environment = stack.image_environment(image_id)
    version = environment.get("PG_MAJOR") or environment.get("PG_VERSION") or stack.image_facts(image_id)["version"]
    return str(version or "").partition(".")[0]


@contextmanager
def password_file(server: Server | None) -> Iterator[str]:
    """A password file for the server's own programs, in memory and for root only, gone after the block."""
    folder = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()  # noqa: S108 - a fresh name is made in it
    _remove_stale_files(folder)
    descriptor, path = tempfile.mkstemp(prefix=_PASSFILE, dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            if server is not None:
                stream.write(passfile_entry(server.user, server.password))
                stream.flush()
            yield path
    finally:
        os.unlink(path)


def _remove_stale_files(folder: str) -> None:
    """Remove the files of killed jobs, which no process has locked. A new file may be about to be locked."""
    for name in os.listdir(folder):
        if not name.startswith(_PASSFILE):
            continue
        with suppress(OSError):  # of another user, or in use
            descriptor = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(descriptor).st_mtime > PASSFILE_SECONDS:
                    os.unlink(os.path.join(folder, name))
            finally:
                os.close(descriptor)
