# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs on the controller: their files, the merged file of several hosts, and the command to follow the log."""

from __future__ import annotations

import heapq
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.tools.files import safe_name

ALL_HOSTS = "logs.log"
"""The file of all hosts; the file of a host has a dash before its name, so they never collide."""


@dataclass(frozen=True)
class Reach:
    """How an operator connects to a host; ``host`` is None for the controller itself."""

    host: str | None = None
    user: str | None = None
    port: int | str | None = None
    become: bool = False


def log_path(folder: str, host: str) -> str:
    """Path of the file with one host's logs on the controller."""
    return os.path.join(os.path.abspath(os.path.expanduser(folder)), f"logs-{safe_name(host)}.log")


def follow_command(reach: Reach, project: str, services: Sequence[str]) -> str:
    """The command that follows the log: it shows new lines as they come."""
    command = ["sudo"] if reach.become else []
    command += ["docker", "compose", "--project-name", project, "logs", "--follow", "--tail", "20", *services]
    if reach.host is None:
        return shlex.join(command)
    target = f"{reach.user}@{reach.host}" if reach.user else reach.host
    port = ["-p", str(reach.port)] if reach.port and str(reach.port) != "22" else []
    return shlex.join(["ssh", "-t", *port, target, "--", *command])


def merged(files: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Lines of several hosts' files by time, each with its host; the files are read line by line."""
    width = max((len(host) for host in files), default=0)
    return heapq.merge(*(_with_host(host, lines, width) for host, lines in files.items()), key=_time)


def _with_host(host: str, lines: Iterable[str], width: int) -> Iterator[str]:
    for line in lines:
        time, _gap, rest = line.partition("  ")
        yield f"{time}  {host:<{width}}  {rest}"


def _time(line: str) -> str:
    return line.partition("  ")[0]
