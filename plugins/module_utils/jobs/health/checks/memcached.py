# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of memcached: whether it answers, its memory, evictions and connections."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from ansible_collections.maxops.ops.plugins.module_utils.systems import memcached
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import MEMCACHED, cache_logins
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.addresses import reach
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, OK, Finding, from_error, judged
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from ..consequences import following
from ..history import hourly
from ..view import FIRST_SHARE, View

CHECK = "redis"
"""The check of the cache has the name of the usual one."""
PORT = 11211


def check_memcached(view: View, container: Container) -> Iterator[Finding]:
    """The cache of OpenProject's own Compose file."""
    stack = view.stack()
    own = [("containers", stack.subject_of(one)) for one in stack.inspections_of(container.service)]
    started = time.monotonic()
    reached = reach(container.addresses, [_port(view, container)], view.left * FIRST_SHARE)
    name = f"memcached in container {container.name}"
    if not reached.host:
        where = reached.describe() or "it has no address that this host can reach"
        fix = f"docker logs --tail=50 {container.name} shows the cause"
        finding = Finding(CHECK, "server", CRITICAL, f"no connection: {where}", "an answer", (container.name,), fix)
        yield following(finding, *own)
        return
    try:
        stats = memcached.stats(reached.host, reached.port, name, view.left)
    except MaxopsError as error:
        yield following(from_error(CHECK, "server", CRITICAL, error, "an answer", (container.name,)), *own)
        return
    taken = time.monotonic() - started
    state = judged(taken, view.limit(CHECK, "latency_warning"), view.limit(CHECK, "latency_critical"))
    seen = f"memcached {stats.get('version', '')} answered in {taken * 1000:.0f} ms".replace("  ", " ")
    yield Finding(CHECK, "server", state, seen, f"{view.limit(CHECK, 'latency_warning'):g} s", (container.name,))
    yield _memory(view, stats)
    yield _evictions(view, stats)
    yield _connections(view, stats)


def _port(view: View, container: Container) -> int:
    """The port that the applications use, or the usual one."""
    stack = view.stack()
    names = {container.service, container.name, *container.addresses}
    names |= {name for one in stack.inspections_of(container.service) for name in one.aliases}
    for application in stack.roles.applications:
        for inspection in stack.serving(application)[:1]:
            for login in cache_logins(inspection.container, inspection.files_root):
                if login.kind == MEMCACHED and login.host in names:
                    return login.port
    return PORT


def _number(stats: Mapping[str, str], name: str) -> int:
    text = stats.get(name, "")
    return int(text) if text.isdigit() else 0


def _memory(view: View, stats: Mapping[str, str]) -> Finding:
    """A full cache is no fault: memcached makes room by evicting the oldest entries, which are counted apart."""
    used, most = _number(stats, "bytes"), _number(stats, "limit_maxbytes")
    view.measure("memcached_memory_bytes", used)
    view.measure("memcached_memory_limit_bytes", most)
    share = f" ({used / most * 100:.0f} %)" if most else ""
    seen = f"{human_size(used)} of {human_size(most)} used{share}"
    return Finding(CHECK, "memory", OK, seen, evidence=(f"{_number(stats, 'curr_items')} entries",))


def _evictions(view: View, stats: Mapping[str, str]) -> Finding:
    """Entries evicted since the last check, or since the server's start if that was later."""
    evicted, start = _number(stats, "evictions"), round(view.now - _number(stats, "uptime"))
    view.measure("memcached_evictions_total", evicted)
    # The start is computed from two clocks that are read one after the other.
    an_hour = hourly(view, "memcached evictions", evicted, start, start, lambda saved: abs(saved - start) < 60)
    warning = view.limit(CHECK, "evictions_warning")
    state = judged(an_hour, warning, view.limit(CHECK, "evictions_critical"))
    seen = f"{an_hour:.0f} entries evicted an hour" if an_hour else "no entry evicted"
    fix = "give it more memory (memcached -m, in the command of its service)" if state != OK else ""
    return Finding(CHECK, "evictions", state, seen, f"{warning:g} an hour", (f"evictions {evicted}",), fix)


def _connections(view: View, stats: Mapping[str, str]) -> Finding:
    connected, most = _number(stats, "curr_connections"), _number(stats, "max_connections") or 1024
    view.measure("memcached_connections", connected)
    share = connected / most * 100
    state = judged(share, view.limit(CHECK, "clients_warning"), view.limit(CHECK, "clients_critical"))
    refused = _number(stats, "listen_disabled_num")
    evidence = (f"its limit was reached {refused} times since its start",) if refused else ()
    fix = "raise its limit (memcached -c), or find the clients that hold connections" if state != OK else ""
    limit = f"{view.limit(CHECK, 'clients_warning'):g} %"
    return Finding(CHECK, "clients", state, f"{connected} of {most} connections", limit, evidence, fix)
