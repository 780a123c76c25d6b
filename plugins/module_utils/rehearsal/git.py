# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""git's own check of many repositories, in containers on no network. Private to this collection."""

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
"""Repositories that make one more container worth its start."""

NO_GIT = 97

# Each line of the list is a repository below $1; what git says of a bad one is kept in a file named by its line.
# A repository may name a server to fetch missing objects from, or programs to run: nothing of that is wanted here.
_SCRIPT = f"""
command -v git >/dev/null || exit {NO_GIT}
export GIT_NO_LAZY_FETCH=1 GIT_ALLOW_PROTOCOL=none GIT_CONFIG_NOSYSTEM=1 GIT_OPTIONAL_LOCKS=0 HOME=/nonexistent
line=0
while IFS= read -r path; do
  line=$((line + 1))
  said=$(git -c core.fsmonitor=false -c core.hooksPath=/dev/null --git-dir="$1/$path" \
    fsck --connectivity-only --no-dangling --no-progress 2>&1 </dev/null) ||
    printf '%s\\n' "$said" | tail -n 3 >"$2/$line"
done <"$2/list"
"""


def fsck(content: Content, image_id: str | None, top: str, inside: str, paths: Sequence[str]) -> dict[str, str]:
    """Check bare repositories below ``top``; gives what git says of each bad one.

    ``image_id`` is an image that has git, else the host's own is used; ``inside`` is where the repositories are in the
    application's container, for what they tell of each other by absolute paths.
    """
    shards = max(1, min(content.jobs, -(-len(paths) // SHARD)))
    tasks = [partial(_fsck, content, image_id, top, inside, paths[number::shards], number) for number in range(shards)]
    return {path: said for found in run_all(tasks, content.cancellation) for path, said in found.items()}


def _fsck(
    content: Content, image_id: str | None, top: str, inside: str, paths: Sequence[str], number: int
) -> dict[str, str]:
    results = os.path.join(content.folder, f"git-{number}")
    os.mkdir(results, mode=0o700)
    with open(os.path.join(results, "list"), "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.writelines(f"{path}\n" for path in paths)
    ended = _run(content, image_id, top, inside, results)
    if ended.failed:
        said = "; ".join(ended.stderr.strip().splitlines()[-2:]) or f"exit code {ended.returncode}"
        raise MaxopsError(f"git could not check the repositories of the set: {said}; see docker info, or install git")
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
            # The files belong to the application's user, and nobody but root may read them all.
            capabilities=["DAC_READ_SEARCH"],
        )
        ended = content.stack.run_helper(spec, content.cancellation)
        if ended.returncode != NO_GIT:
            return ended
    if shutil.which("git") is None:
        raise MaxopsError(
            "neither an image of the stack nor this host has git, so that its repositories cannot be checked: install "
            "git, or bring the application's image along (docker save, docker load)"
        )
    return run(["sh", "-c", _SCRIPT, "sh", top, results], content.cancellation)
