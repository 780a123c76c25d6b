# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who puts things right at once when a restore is killed. Private to this collection.

The journal makes the next run do it. At night nobody starts one, and the applications may be down.
"""

from __future__ import annotations

import os
import signal
import syslog
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .recovery import recover

PATIENCE_SECONDS = 60
"""How long the other process tries; then it is up to the next run."""

_ALL_WELL = b"."


@contextmanager
def guarded(access: Access) -> Iterator[None]:
    """Have a process of its own recover the stack if this one dies inside the block.

    Enter it before threads are started and before the stack is locked: the other process gets copies of everything.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _stand_guard(access, reading)
    os.close(reading)
    try:
        yield
    finally:
        os.write(writing, _ALL_WELL)
        os.close(writing)
        os.waitpid(child, 0)


def _stand_guard(access: Access, reading: int) -> NoReturn:
    try:
        os.setsid()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        _let_go_of_everything_but(reading)
        if os.read(reading, 1) != _ALL_WELL:
            syslog.openlog("maxops.ops")
            syslog.syslog(syslog.LOG_WARNING, "a restore was killed; putting the stack right")
            syslog.syslog(syslog.LOG_WARNING, _recover(access))
    except BaseException as error:  # noqa: BLE001 - there is nobody left to tell but the log
        syslog.syslog(syslog.LOG_ERR, f"putting the stack right failed: {error}")
    finally:
        os._exit(0)


def _recover(access: Access) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return recover(access) or "nothing was left to put right"
        except MaxopsError:  # noqa: PERF203 - a few times in a minute
            # The killed one is known to be dead a moment before its lock is free.
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _let_go_of_everything_but(kept: int) -> None:
    """Whoever reads the module's output would else wait for this process, and a lock would stay held by it."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != kept:
            with suppress(OSError):
                os.close(int(name))
