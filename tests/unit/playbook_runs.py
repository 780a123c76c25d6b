# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks of the checkout, run as an operator runs them, also in a terminal; no host is needed."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ansible_collections.maxops.ops.plugins.plugin_utils.actions.attended import AUTOMATION
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

LIMIT = 120
"""Seconds after which a run counts as hanging."""

LOCAL = "ansible_connection=local\nansible_python_interpreter='{{ ansible_playbook_python }}'"


def inventory_in(folder: Path, text: str) -> str:
    """The path of an INI inventory whose hosts are this machine."""
    path = folder / "inventory.ini"
    path.write_text(f"{text}\n[all:vars]\n{LOCAL}\n", encoding="utf-8")
    return str(path)


def environment(**more: str) -> dict[str, str]:
    """The environment of a person at a terminal."""
    kept = {name: value for name, value in os.environ.items() if name not in AUTOMATION}
    return {**kept, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0", "COLUMNS": "400", **more}


def command(playbook: str | Path, words: Sequence[str]) -> list[str]:
    """The command line of a run; a word is a playbook of the collection, in the form that messages name."""
    name = str(playbook) if isinstance(playbook, Path) else f"maxops.ops.{playbook}"
    return [str(Path(sys.executable).with_name("ansible-playbook")), name, *words]


def play(playbook: str | Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook without a terminal."""
    argv = command(playbook, words)
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(argv, cwd=ROOT, env=environment(), text=True, **pipes) as process:
        try:
            output, errors = process.communicate(timeout=LIMIT)
        except BaseException:
            end_with_workers(process.pid)
            raise
    return subprocess.CompletedProcess(argv, process.returncode, output, errors)


def play_in_terminal(
    playbook: str | Path, *words: str, answers: Mapping[str, Sequence[str]], **variables: str
) -> tuple[int, str]:
    """Run a playbook in a terminal, and type the next answer each time that a question ends; exit code and output.

    ``answers`` are those to each ending of a question. Fails where it does not end.
    """
    argv, env = command(playbook, words), environment(**variables)
    child, terminal = pty.fork()
    if not child:
        os.chdir(ROOT)
        os.execvpe(argv[0], argv, env)
    code = None
    try:
        seen = _typed(terminal, {question: list(each) for question, each in answers.items()})
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    finally:
        if code is None:
            end_with_workers(child)
            os.waitpid(child, 0)
        os.close(terminal)
    return code, seen.decode(errors="replace")


def _typed(terminal: int, left: Mapping[str, list[str]]) -> bytes:
    """Type the answers; what was shown until the end of the run."""
    seen, unread, answer, due = b"", b"", b"", 0.0
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if answer and time.monotonic() > due:
            # What is typed before the question is ready is discarded, so it is typed again until the run goes on.
            os.write(terminal, answer + b"\r")
            due = time.monotonic() + 5
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            piece = b""
        if not piece:
            return seen
        seen, unread = seen + piece, unread + piece
        if answer and b"TASK [" in unread:
            answer = b""
        for question, replies in left.items():
            if not answer and question.encode() in unread and replies:
                answer, unread, due = replies.pop(0).encode(), b"", time.monotonic() + 0.5
    raise AssertionError(f"it hangs after {LIMIT} s:\n{seen.decode(errors='replace')}")


def end_with_workers(process: int) -> None:
    """End a process of Ansible and the workers that it started.

    A worker is in a session of its own. One that asks a question would wait for ever for the answer of a process that
    was killed.
    """
    os.kill(process, signal.SIGSTOP)
    workers = [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/stat") if _parent(path) == process]
    for each in (process, *workers):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _parent(path: Path) -> int | None:
    try:
        # The name of the program is in parentheses, and may contain some.
        return int(path.read_text(errors="replace").rpartition(")")[2].split()[1])
    except OSError:
        return None
