# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs ``git fsck`` on many repositories, in containers without a network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from functools import partial

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import HelperSpec
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult, run
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import run_all

from .content import Content

INSIDE_RESULTS = "/maxops/results"

SHARD = 25
"""Number of repositories that justifies one more container."""

NO_GIT = 97

# Each line of the list is a repository below $1; git's output for a bad one is kept in a file named by its line.
# A repository may name a server to fetch missing objects from, or programs to run: both are switched off here.
_SCRIPT = f"""
command -v git >/dev/null || exit {NO_GIT}
export GIT_NO_LAZY_FETCH=1 GIT_ALLOW_PROTOCOL=none GIT_CONFIG_NOSYSTEM=1 GIT_OPTIONAL_LOCKS=0 HOME=/nonexistent
line=0
while IFS= read -r path; do
  line=$((line + 1))
  output=$(git -c core.fsmonitor=false -c core.hooksPath=/dev/null --git-dir="$1/$path" \
    fsck --connectivity-only --no-dangling --no-progress 2>&1 </dev/null) ||
    printf '%s\\n' "$output" | tail -n 3 >"$2/$line"
done <"$2/list"
"""


def fsck(content: Content, image_id: str | None, top: str, inside: str, paths: Sequence[str]) -> dict[str, str]:
    """Check bare repositories below ``top``; gives git's output for each bad one.

    ``image_id`` is an image that has git; without one, the host's git is used. ``inside`` is the path of the
    repositories in the application's container, because repositories refer to each other by absolute paths.
    """
    shards = max(1, min(content.jobs, -(-len(paths) // SHARD)))
    tasks = [partial(_fsck, content, image_id, top, inside, paths[number::shards], number) for number in range(shards)]
    return {path: output for result in run_all(tasks, content.cancellation) for path, output in result.items()}


def _fsck(
    content: Content, image_id: str | None, top: str, inside: str, paths: Sequence[str], number: int
) -> dict[str, str]:
    results = os.path.join(content.folder, f"git-{number}")
    os.mkdir(results, mode=0o700)
    with open(os.path.join(results, "list"), "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.writelines(f"{path}\n" for path in paths)
    ended = _run(content, image_id, top, inside, results)
    if ended.failed:
        reason = "; ".join(ended.stderr.strip().splitlines()[-2:]) or f"exit code {ended.returncode}"
        raise MaxopsError(f"git could not check the repositories of the set: {reason}; see docker info, or install git")
    bad = {}
    for line, path in enumerate(paths, start=1):
        report = os.path.join(results, str(line))
        if os.path.exists(report):
            with open(report, encoding="utf-8", errors="replace") as stream:
                bad[path] = "; ".join(stream.read().split("\n")).strip("; ")
    shutil.rmtree(results)
    return bad


def _run(content: Content, image_id: str | None, top: str, inside: str, results: str) -> StageResult:
    if image_id:
        spec = HelperSpec(
            image_id,
            ["sh", "-c", _SCRIPT, "sh", inside, INSIDE_RESULTS],
            content.key,
            binds=[(top, inside, False), (results, INSIDE_RESULTS, True)],
            environment={"LC_ALL": "C"},
            # The files belong to the application's user, and only root may read them all.
            capabilities=["DAC_READ_SEARCH"],
        )
        ended = content.stack.run_helper(spec, content.cancellation)
        if ended.returncode != NO_GIT:
            return ended
    if shutil.which("git") is None:
        raise MaxopsError(
            "neither an image of the stack nor this host has git, so its repositories cannot be checked: install "
            "git, or copy the application's image to this host (docker save, docker load)"
        )
    return run(["sh", "-c", _SCRIPT, "sh", top, results], content.cancellation)
