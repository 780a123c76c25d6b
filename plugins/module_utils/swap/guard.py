# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A watchdog process that recovers the stack at once when a restore is killed.

The journal lets the next run recover too. But at night no run may follow, and the applications may be down.
"""

from __future__ import annotations

import os
import signal
import syslog
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import NoReturn

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import STOP_SIGNALS

from .recovery import recover

PATIENCE_SECONDS = 600
"""How long the watchdog tries; after that the next run recovers.

A try includes the grace periods of the containers, so this is long enough for a few of them.
"""

_FINISHED = b"."


@dataclass
class Watchdog:
    """The watchdog of a running job: it recovers the stack too when the block ends and it ``is_needed`` still."""

    is_needed: bool = False


@contextmanager
def guarded(access: Access) -> Iterator[Watchdog]:
    """Let a watchdog process recover the stack if this process dies inside the block, or could not put it back.

    Enter it before threads are started and before the stack is locked: the watchdog gets copies of everything.
    """
    # Ansible removes the module's archive when this process dies, and the watchdog works after that.
    access.load_drivers()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _watch(access, reading)
    os.close(reading)
    watchdog = Watchdog()
    try:
        yield watchdog
    finally:
        if not watchdog.is_needed:
            os.write(writing, _FINISHED)
        os.close(writing)
        if not watchdog.is_needed:
            os.waitpid(child, 0)


def _watch(access: Access, reading: int) -> NoReturn:
    try:
        os.setsid()
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        _close_all_but(reading)
        if os.read(reading, 1) != _FINISHED:
            syslog.openlog("maxops.ops")
            syslog.syslog(syslog.LOG_WARNING, "a restore was killed or could not go back; recovering the stack")
            syslog.syslog(syslog.LOG_WARNING, _recover(access))
    except BaseException as error:  # noqa: BLE001 - only the log is left to report it
        syslog.syslog(syslog.LOG_ERR, f"the recovery of the stack failed: {error}")
    finally:
        os._exit(0)


def _recover(access: Access) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = 0.2
    while True:
        try:
            return recover(access) or "there was nothing to recover"
        except (MaxopsError, OSError):  # noqa: PERF203 - a few times in a minute
            # The pipe closes a moment before the lock of the killed process is free.
            if time.monotonic() > deadline:
                raise
            time.sleep(pause)
            pause = min(pause * 1.5, 10.0)


def _close_all_but(kept: int) -> None:
    """Close inherited files: a reader of the module's output would wait for this process, and locks would stay held."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) != kept:
            with suppress(OSError):
                os.close(int(name))
