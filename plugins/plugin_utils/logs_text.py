# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs on the controller: where they are kept, how several are one, and how operators read them.

Private to this collection.
"""

from __future__ import annotations

import heapq
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.files import safe_name
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size
from ansible_collections.maxops.ops.plugins.plugin_utils.text import seconds, table

ALL_HOSTS = "logs.log"
"""The file of all hosts; no host's own is called so, because its name comes after a dash."""


@dataclass(frozen=True)
class Reach:
    """How an operator gets to a host; ``host`` is None for this one."""

    host: str | None = None
    user: str | None = None
    port: int | str | None = None
    become: bool = False


def log_path(folder: str, host: str) -> str:
    """The file of one host's log on the controller."""
    return os.path.join(os.path.abspath(os.path.expanduser(folder)), f"logs-{safe_name(host)}.log")


def follow_command(reach: Reach, project: str, services: Sequence[str]) -> str:
    """The command line that shows what is logged from now on."""
    command = ["sudo"] if reach.become else []
    command += ["docker", "compose", "--project-name", project, "logs", "--follow", "--tail", "20", *services]
    if reach.host is None:
        return shlex.join(command)
    target = f"{reach.user}@{reach.host}" if reach.user else reach.host
    port = ["-p", str(reach.port)] if reach.port and str(reach.port) != "22" else []
    return shlex.join(["ssh", "-t", *port, target, "--", *command])


def merged(files: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Lines of several hosts' files by their time, each with its host; files are read as they are needed."""
    width = max((len(host) for host in files), default=0)
    return heapq.merge(*(_with_host(host, lines, width) for host, lines in files.items()), key=_time)


def _with_host(host: str, lines: Iterable[str], width: int) -> Iterator[str]:
    for line in lines:
        time, _gap, rest = line.partition("  ")
        yield f"{time}  {host:<{width}}  {rest}"


def _time(line: str) -> str:
    return line.partition("  ")[0]


# -- what operators read --------------------------------------------------------------------------------------------


def logs_summary(host: str, result: Mapping[str, Any], check_mode: bool) -> list[str]:
    """The logs of one host: its newest lines, what each service has to do with them, and where all of it is."""
    if "services" not in result:
        return [f"{host}: no logs: {result.get('msg', 'see the error above')}"]
    lines = [f"  {line}" for line in result["newest"]]
    if len(result["newest"]) < result["lines"]:
        lines.insert(0, f"  … {result['lines'] - len(result['newest']):,} lines before these are in the file")
    rows = [["SERVICE", "LINES", "ERRORS", "LAST", ""]]
    rows += [
        [each["source"], f"{each['lines']:,}", str(each["errors"] or ""), _clock(each["last"]), each["problem"] or ""]
        for each in result["services"]
    ]
    where = f"{'would be in' if check_mode else 'in'} {result['path']}"
    head = f"{host}: {_count(result)}, {human_size(result['bytes'])}, {seconds(result['duration'])}, {where}"
    lines += [head, *(f"  {line}" for line in table(rows, right=(1, 2)))]
    lines += [f"  left out: {words}" for words in result["left_out"]]
    return [*lines, f"  follow: {result['follow']}"]


def logs_table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The logs of many hosts, a line each, failures first, then those with most errors."""
    rows = [["HOST", "LINES", "ERRORS", "SIZE", "LAST", "LEFT OUT", "FILE"]]
    follow = []
    for host, result in sorted(results.items(), key=_worst_first):
        if "services" not in result:
            word = "UNREACHABLE" if result.get("unreachable") else "FAILED"
            rows.append([host, word, "", "", "", "", str(result.get("msg", ""))[:100]])
            continue
        problems = [f"{each['source']}: {each['problem']}" for each in result["services"] if each["problem"]]
        rows.append(
            [
                host,
                f"{result['lines']:,}",
                str(_errors(result) or ""),
                human_size(result["bytes"]),
                _clock(result["last"]),
                str(len(result["left_out"]) + len(problems) or ""),
                result["path"],
            ]
        )
        follow.append(f"follow {host}: {result['follow']}")
    return [*table(rows, right=(1, 2, 3, 5)), *follow]


def _worst_first(item: tuple[str, Mapping[str, Any]]) -> tuple[bool, int, str]:
    host, result = item
    return "services" in result, -_errors(result), host


def _errors(result: Mapping[str, Any]) -> int:
    return sum(each["errors"] for each in result.get("services", []))


def _count(result: Mapping[str, Any]) -> str:
    number, services = result["lines"], len(result["services"])
    text = f"{number:,} line{'' if number == 1 else 's'} of {services} service{'' if services == 1 else 's'}"
    return f"{text}, secrets masked in {result['masked']:,}" if result["masked"] else text


def _clock(time: str | None) -> str:
    return f"{time[:10]} {time[11:19]}" if time else ""
