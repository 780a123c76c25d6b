# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the host's memory and clock. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.maxops.ops.plugins.module_utils.systems.host.system import clock, memory
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    OK,
    UNKNOWN,
    WARNING,
    Finding,
    judged,
    judged_low,
)

from ..view import View


def check_memory(view: View) -> Iterator[Finding]:
    """Memory that is left, swap that is taken, and whether work waits for memory."""
    told = memory()
    view.measure("memory_available_ratio", round(told.available_ratio, 6))
    view.measure("memory_swap_used_ratio", round(told.swap_used_ratio, 6))
    fix = "see what takes it: docker stats --no-stream, ps aux --sort=-rss | head; give the host more, or limit it"

    def limit(name: str) -> float:
        return view.limit("memory", name)

    available = told.available_ratio * 100
    state = judged_low(available, limit("available_warning"), limit("available_critical"))
    seen = f"{available:.0f} % of {told.total / 1e9:.1f} GB available"
    kills = (f"the kernel has killed {told.oom_kills} processes for want of memory since the start",)
    evidence = kills if told.oom_kills else ()
    more_than = f"more than {limit('available_warning'):g} %"
    yield Finding("memory", "memory", state, seen, more_than, evidence, fix if state != OK else "")

    swap = told.swap_used_ratio * 100
    state = judged(swap, limit("swap_warning"), limit("swap_critical"))
    seen = f"{swap:.0f} % of {told.swap_total / 1e9:.1f} GB used" if told.swap_total else "there is none"
    yield Finding("memory", "swap", state, seen, f"{limit('swap_warning'):g} %", (), fix if state != OK else "")

    if told.stalled is not None:
        view.measure("memory_stalled_ratio", told.stalled)
        stalled = told.stalled * 100
        state = judged(stalled, limit("stalled_warning"), limit("stalled_critical"))
        seen = f"work waited for memory in {stalled:.1f} % of the last minute"
        evidence = ("/proc/pressure/memory",)
        at_most = f"{limit('stalled_warning'):g} %"
        yield Finding("memory", "pressure", state, seen, at_most, evidence, fix if state != OK else "")


def check_clock(view: View) -> Iterator[Finding]:
    """The host's clock against the controller's, and against its own time source."""
    fix = "install or start a time service: apt-get install chrony, or systemctl start systemd-timesyncd"
    known = False
    if view.options.controller_time is not None:
        known = True
        # The task has taken its way since the controller looked at its clock, so a host is ahead by that much at least.
        offset = view.now - view.options.controller_time
        view.measure("clock_offset_seconds", round(offset, 3))
        state = judged(abs(offset), view.limit("clock", "offset_warning"), view.limit("clock", "offset_critical"))
        seen = f"{abs(offset):.1f} s {'ahead of' if offset >= 0 else 'behind'} the controller's (its way here included)"
        at_most = f"{view.limit('clock', 'offset_warning'):g} s"
        yield Finding("clock", "offset", state, seen, at_most, (), fix if state != OK else "")
    told = clock()
    if told is not None:
        known = True
        view.measure("clock_synchronised", float(told.synchronised))
        state = OK if told.synchronised or not view.limit("clock", "unsynchronised") else WARNING
        seen = "follows a time source" if told.synchronised else "follows no time source: it drifts"
        yield Finding("clock", "source", state, seen, "a time source", ("adjtimex",), fix if state != OK else "")
    if not known:
        yield Finding("clock", "clock", UNKNOWN, "there is nothing to compare it with", fix="give controller_time")
