# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of Redis: does it answer, and has it room? Private to this collection."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import REDIS, cache_logins
from ansible_collections.maxops.ops.plugins.module_utils.systems.redis import (
    Redis,
    RedisError,
    RedisServer,
    RedisUnreachable,
    find_redis,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    OK,
    WARNING,
    Finding,
    from_error,
    judged,
)

from ..history import recall, remember
from ..view import APPLICATIONS, View

CHECK = "redis"
EVICTIONS_SECONDS = 1800
"""The number of evictions is kept so far apart."""


def check_redis(view: View) -> Iterator[Finding]:
    """Redis as the applications use it: password, memory, clients, snapshot."""
    found = view.stack().of_service(view.options.access.cache_service)
    if not found:
        yield Finding(CHECK, "server", OK, f'the stack has no service "{view.options.access.cache_service}"')
        return
    container = found[0]
    if not container.running:
        said = f"nobody answers: its container is {container.state}"
        yield Finding(CHECK, "server", CRITICAL, said, "an answer", (container.name,), f"docker start {container.name}")
        return
    started = time.monotonic()
    try:
        server = find_redis(container)
        with server.connect(view.left) as redis:
            redis.run("PING")
            taken = time.monotonic() - started
            told = redis.info()
    except (RedisError, RedisUnreachable) as error:
        yield from_error(CHECK, "server", CRITICAL, error, "an answer", (container.name,))
        return
    view.measure("redis_latency_seconds", round(taken, 6))
    state = judged(taken, view.limit(CHECK, "latency_warning"), view.limit(CHECK, "latency_critical"))
    at_most = f"{view.limit(CHECK, 'latency_warning'):g} s"
    yield Finding(CHECK, "server", state, f"answers after {taken * 1000:.0f} ms", at_most, (container.name,))
    yield _memory(view, told)
    yield _evictions(view, told)
    yield _clients(view, told)
    yield _blocked(view, told)
    yield _snapshot(told)
    yield from _passwords(view, server)


def _number(told: dict[str, str], name: str) -> int:
    text = told.get(name, "")
    return int(text) if text.isdigit() else 0


def _memory(view: View, told: dict[str, str]) -> Finding:
    used, most, policy = _number(told, "used_memory"), _number(told, "maxmemory"), told.get("maxmemory_policy", "")
    evicted = _number(told, "evicted_keys")
    view.measure("redis_memory_bytes", used)
    view.measure("redis_evicted_keys", evicted)
    if not most:
        return Finding(CHECK, "memory", OK, f"{used / 1e6:.1f} MB used, no limit set", evidence=("maxmemory 0",))
    view.measure("redis_memory_limit_bytes", most)
    share = used / most * 100
    state = judged(share, view.limit(CHECK, "memory_warning"), view.limit(CHECK, "memory_critical"))
    seen = f"{share:.0f} % of {most / 1e6:.0f} MB used"
    fix = "raise maxmemory (stack_redis_max_memory), or look at it with cache.yml"
    if state == CRITICAL and policy != "noeviction":
        # It goes on taking new keys, and throws old ones away for them: sessions among them.
        state = WARNING
    if state != OK:
        seen += ", and nothing more is taken" if policy == "noeviction" and state == CRITICAL else ""
        seen += f", {evicted} keys thrown away since its start" if evicted else ""
    evidence = (f"maxmemory-policy {policy}",)
    limit = f"{view.limit(CHECK, 'memory_warning'):g} %"
    return Finding(CHECK, "memory", state, seen, limit, evidence, fix if state != OK else "")


def _evictions(view: View, told: dict[str, str]) -> Finding:
    """Keys that were thrown away for want of room, since the last look where it was the same Redis."""
    evicted, run = _number(told, "evicted_keys"), told.get("run_id", "")
    known = recall(view, "evictions")
    same = isinstance(known, list) and len(known) == 3 and known[0] == run and known[1] <= evicted
    before, since = known[1:] if same else (0, view.now - _number(told, "uptime_in_seconds"))
    count, seconds = evicted - before, view.now - since
    if not same or seconds >= EVICTIONS_SECONDS:
        remember(view, "evictions", [run, evicted, int(view.now)])
    an_hour = count / max(seconds, 3600) * 3600
    warning = view.limit(CHECK, "evictions_warning")
    state = judged(an_hour, warning, view.limit(CHECK, "evictions_critical"))
    seen = f"{an_hour:.0f} keys an hour thrown away" if count else "no key thrown away"
    fix = "sessions may be among them: raise maxmemory (stack_redis_max_memory)" if state != OK else ""
    return Finding(CHECK, "evictions", state, seen, f"{warning:g} an hour", (f"evicted_keys {evicted}",), fix)


def _clients(view: View, told: dict[str, str]) -> Finding:
    connected, most = _number(told, "connected_clients"), _number(told, "maxclients") or 10000
    view.measure("redis_clients", connected)
    share = connected / most * 100
    state = judged(share, view.limit(CHECK, "clients_warning"), view.limit(CHECK, "clients_critical"))
    rejected = _number(told, "rejected_connections")
    evidence = (f"{rejected} connections refused since its start",) if rejected else ()
    fix = "find who keeps them: CLIENT LIST; or raise maxclients" if state != OK else ""
    limit = f"{view.limit(CHECK, 'clients_warning'):g} %"
    return Finding(CHECK, "clients", state, f"{connected} of {most} connections", limit, evidence, fix)


def _blocked(view: View, told: dict[str, str]) -> Finding:
    blocked = _number(told, "blocked_clients")
    view.measure("redis_blocked_clients", blocked)
    state = judged(blocked, view.limit(CHECK, "blocked_warning"), view.limit(CHECK, "blocked_critical"))
    fix = "find what they wait for: CLIENT LIST (cmd=blpop …)" if state != OK else ""
    limit = f"{view.limit(CHECK, 'blocked_warning'):g}"
    return Finding(CHECK, "blocked clients", state, f"{blocked} clients wait", limit, fix=fix)


def _snapshot(told: dict[str, str]) -> Finding:
    if told.get("rdb_last_bgsave_status", "ok") == "ok":
        return Finding(CHECK, "snapshot", OK, "the last one was written")
    said = "the last snapshot could not be written: what it holds would be lost with the next stop"
    fix = "see whether its volume's disk is full or not writable: docker logs of the container"
    return Finding(CHECK, "snapshot", WARNING, said, "written", ("rdb_last_bgsave_status:err",), fix)


def _passwords(view: View, server: RedisServer) -> Iterator[Finding]:
    """Whether the passwords in the applications' own settings are the right ones."""
    for service in APPLICATIONS:
        running = [each for each in view.stack().inspections if each.service == service and each.running]
        logins = [login for each in running for login in cache_logins(each.container, each.files_root)]
        names = {view.options.access.cache_service, server.container}
        passwords = {each.password for each in logins if each.kind == REDIS and each.host in names}
        for password in sorted(passwords - {server.password}):
            try:
                with Redis(RedisServer(server.host, server.port, password, server.container), view.left) as redis:
                    redis.run("PING")
            except RedisError:  # noqa: PERF203 - each password is tried for itself
                said = "has another password for Redis than Redis itself"
                fix = f"put the same one into .env for both, then {view.stack().compose.command('up', '--detach')}"
                yield Finding(CHECK, service, CRITICAL, said, "the same password", fix=fix)
