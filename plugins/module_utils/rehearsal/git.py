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
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, StageResult, run
from ansible_collections.maxops.ops.plugins.module_utils.tools.workers import run_all

from .content import Content
from .live import limited

INSIDE_RESULTS = "/maxops/results"

SHARD = 25
"""Number of repositories that justifies one more container."""

NO_GIT = 97

LINES = 2000
"""Lines of git's output that are kept for a repository."""

LIVE_SECONDS = 120.0
"""How long repositories of the running application may be checked."""

# Each line of the list is a repository below $1; git's output for a bad one is kept in a file named by its line.
# A repository may name a server to fetch missing objects from, or programs to run: both are switched off here.
_SCRIPT = f"""
command -v git >/dev/null || exit {NO_GIT}
export GIT_NO_LAZY_FETCH=1 GIT_ALLOW_PROTOCOL=none GIT_CONFIG_NOSYSTEM=1 GIT_OPTIONAL_LOCKS=0 HOME=/nonexistent
renice -n 19 -p $$ >/dev/null 2>&1
line=0
while IFS= read -r path; do
  line=$((line + 1))
  output=$(git -c core.fsmonitor=false -c core.hooksPath=/dev/null --git-dir="$1/$path" \
    fsck --connectivity-only --no-dangling --no-progress 2>&1 </dev/null) ||
    printf '%s\\n' "$output" | head -n {LINES} >"$2/$line"
done <"$2/list"
"""


def fsck(
    content: Content, image_id: str | None, top: str, roots: Sequence[str], paths: Sequence[str]
) -> dict[str, list[str]]:
    """Check bare repositories below ``top``; gives the lines of git's output for each bad one.

    ``image_id`` is an image that has git; without one, the host's git is used. ``roots`` are the paths that the
    repositories have in the application's container, because repositories refer to each other by absolute paths.
    """
    shards = max(1, min(content.jobs, -(-len(paths) // SHARD)))
    tasks = [
        partial(_fsck, content, content.cancellation, image_id, (top, roots), paths[number::shards], f"git-{number}")
        for number in range(shards)
    ]
    return {path: output for result in run_all(tasks, content.cancellation) for path, output in result.items()}


def fsck_live(
    content: Content, image_id: str | None, top: str, roots: Sequence[str], paths: Sequence[str]
) -> dict[str, list[str]]:
    """The same for a few repositories of the running application: one after the other, and not for long.

    Raises MaxopsError when it takes too long.
    """
    with limited(content.cancellation, LIVE_SECONDS) as cancellation:
        try:
            return _fsck(content, cancellation, image_id, (top, roots), paths, "git-live")
        except Cancelled as error:
            content.cancellation.check()
            raise MaxopsError(f"git was stopped in the running application's repositories: {error}") from error


def _fsck(
    content: Content,
    cancellation: Cancellation,
    image_id: str | None,
    place: tuple[str, Sequence[str]],
    paths: Sequence[str],
    name: str,
) -> dict[str, list[str]]:
    results = os.path.join(content.folder, name)
    os.mkdir(results, mode=0o700)
    with open(os.path.join(results, "list"), "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.writelines(f"{path}\n" for path in paths)
    try:
        ended = _run(content, cancellation, image_id, place, results)
        if ended.failed:
            reason = "; ".join(ended.stderr.strip().splitlines()[-2:]) or f"exit code {ended.returncode}"
            raise MaxopsError(
                f"git could not check the repositories of the set: {reason}; see docker info, or install git"
            )
        bad = {}
        for line, path in enumerate(paths, start=1):
            report = os.path.join(results, str(line))
            if os.path.exists(report):
                with open(report, encoding="utf-8", errors="replace") as stream:
                    bad[path] = [text for text in stream.read().split("\n") if text.strip()]
        return bad
    finally:
        shutil.rmtree(results)


def _run(
    content: Content,
    cancellation: Cancellation,
    image_id: str | None,
    place: tuple[str, Sequence[str]],
    results: str,
) -> StageResult:
    top, roots = place
    if image_id:
        spec = HelperSpec(
            image_id,
            ["sh", "-c", _SCRIPT, "sh", roots[0], INSIDE_RESULTS],
            content.key,
            binds=[*((top, root, False) for root in roots), (results, INSIDE_RESULTS, True)],
            environment={"LC_ALL": "C"},
            cpu_shares=256,
            # The files belong to the application's user, and only root may read them all.
            capabilities=["DAC_READ_SEARCH"],
        )
        ended = content.stack.run_helper(spec, cancellation)
        if ended.returncode != NO_GIT:
            return ended
    if shutil.which("git") is None:
        raise MaxopsError(
            "neither an image of the stack nor this host has git, so its repositories cannot be checked: install "
            "git, or copy the application's image to this host (docker save, docker load)"
        )
    return run(["sh", "-c", _SCRIPT, "sh", top, results], cancellation)
