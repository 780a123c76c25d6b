# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the host's memory and clock."""

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
    """Memory available, swap used, and whether processes wait for memory."""
    host = memory()
    view.measure("memory_available_ratio", round(host.available_ratio, 6))
    view.measure("memory_swap_used_ratio", round(host.swap_used_ratio, 6))
    fix = "see what uses it: docker stats --no-stream, ps aux --sort=-rss | head; add memory, or limit its use"

    def limit(name: str) -> float:
        return view.limit("memory", name)

    available = host.available_ratio * 100
    state = judged_low(available, limit("available_warning"), limit("available_critical"))
    seen = f"{available:.0f} % of {host.total / 1e9:.1f} GB available"
    kills = (f"the kernel killed {host.oom_kills} processes since boot: out of memory",)
    evidence = kills if host.oom_kills else ()
    more_than = f"more than {limit('available_warning'):g} %"
    yield Finding("memory", "memory", state, seen, more_than, evidence, fix if state != OK else "")

    swap = host.swap_used_ratio * 100
    state = judged(swap, limit("swap_warning"), limit("swap_critical"))
    seen = f"{swap:.0f} % of {host.swap_total / 1e9:.1f} GB used" if host.swap_total else "no swap space"
    yield Finding("memory", "swap", state, seen, f"{limit('swap_warning'):g} %", (), fix if state != OK else "")

    if host.stalled is not None:
        view.measure("memory_stalled_ratio", host.stalled)
        stalled = host.stalled * 100
        state = judged(stalled, limit("stalled_warning"), limit("stalled_critical"))
        seen = f"some processes waited for memory in {stalled:.1f} % of the last minute"
        evidence = ("/proc/pressure/memory",)
        at_most = f"{limit('stalled_warning'):g} %"
        yield Finding("memory", "pressure", state, seen, at_most, evidence, fix if state != OK else "")


def check_clock(view: View) -> Iterator[Finding]:
    """The host's clock against the controller's, and against its own time source."""
    fix = "install or start a time service: apt-get install chrony, or systemctl start systemd-timesyncd"
    compared = False
    if view.options.controller_time is not None:
        compared = True
        # The task has travelled since the controller read its clock, so a host is ahead by at least that much.
        offset = view.now - view.options.controller_time
        view.measure("clock_offset_seconds", round(offset, 3))
        state = judged(abs(offset), view.limit("clock", "offset_warning"), view.limit("clock", "offset_critical"))
        side = "ahead of" if offset >= 0 else "behind"
        seen = f"{abs(offset):.1f} s {side} the controller's clock (connection time included)"
        at_most = f"{view.limit('clock', 'offset_warning'):g} s"
        yield Finding("clock", "offset", state, seen, at_most, (), fix if state != OK else "")
    source = clock()
    if source is not None:
        compared = True
        view.measure("clock_synchronised", float(source.synchronised))
        state = OK if source.synchronised or not view.limit("clock", "unsynchronised") else WARNING
        seen = "synchronised" if source.synchronised else "not synchronised with any time source: it drifts"
        yield Finding("clock", "source", state, seen, "a time source", ("adjtimex",), fix if state != OK else "")
    if not compared:
        yield Finding("clock", "clock", UNKNOWN, "nothing to compare it with", fix="set controller_time")
