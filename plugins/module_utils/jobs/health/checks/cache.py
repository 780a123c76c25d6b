# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Health of the cache; of Redis: whether it answers, its memory, clients, snapshot and passwords."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import MEMCACHED, REDIS, cache_logins
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.redis import (
    Redis,
    RedisError,
    RedisPasswordUnknown,
    RedisServer,
    RedisUnreachable,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    OK,
    UNKNOWN,
    WARNING,
    Finding,
    from_error,
    judged,
)

from ..consequences import STACK, Key, following
from ..history import hourly
from ..view import View
from .memcached import check_memcached

CHECK = "redis"


def check_cache(view: View) -> Iterator[Finding]:
    """The cache as the applications use it: Redis or memcached."""
    stack = view.stack()
    service = stack.roles.cache
    inspections = stack.inspections_of(service)
    if not inspections:
        yield _no_server(view, service)
        return
    container = inspections[0].container
    own = ("containers", stack.subject_of(inspections[0]))
    if not container.running:
        seen = f"no answer: its container is {container.state}"
        finding = Finding(CHECK, "server", CRITICAL, seen, "an answer", (container.name,), stack.start(service))
        yield following(finding, own)
    elif stack.roles.cache_kind == MEMCACHED:
        yield from check_memcached(view, container)
    else:
        yield from _check_redis(view, container, own)


def _no_server(view: View, service: str) -> Finding:
    """The finding of a stack without a cache, which Gitea does not need."""
    if not view.stack().inspections:
        return following(Finding(CHECK, "server", UNKNOWN, "the stack has no container"), STACK)
    if service:
        fix = "correct cache_service, or leave it empty where the stack has no cache"
        return Finding(CHECK, "server", UNKNOWN, f'the stack has no service "{service}"', fix=fix)
    problem = view.stack().roles.problem("cache_service")
    if problem:
        seen, _semicolon, fix = problem.partition("; ")
        return Finding(CHECK, "server", UNKNOWN, seen, fix=fix)
    return Finding(CHECK, "server", OK, "no service of the stack is a cache (Redis or memcached)")


def _check_redis(view: View, container: Container, own: Key) -> Iterator[Finding]:
    """Redis: password, memory, clients, snapshot."""
    started = time.monotonic()
    try:
        server = view.options.access.redis(view.stack(), container)
        with server.connect(view.left) as redis:
            redis.run("PING")
            taken = time.monotonic() - started
            info = redis.info()
    except (RedisError, RedisUnreachable) as error:
        state = UNKNOWN if isinstance(error, RedisPasswordUnknown) else CRITICAL
        yield following(from_error(CHECK, "server", state, error, "an answer", (container.name,)), own)
        return
    view.measure("redis_latency_seconds", round(taken, 6))
    state = judged(taken, view.limit(CHECK, "latency_warning"), view.limit(CHECK, "latency_critical"))
    at_most = f"{view.limit(CHECK, 'latency_warning'):g} s"
    yield Finding(CHECK, "server", state, f"answered in {taken * 1000:.0f} ms", at_most, (container.name,))
    yield _memory(view, info)
    yield _evictions(view, info)
    yield _clients(view, info)
    yield _blocked(view, info)
    yield _snapshot(info)
    yield from _passwords(view, server)


def _number(info: dict[str, str], name: str) -> int:
    text = info.get(name, "")
    return int(text) if text.isdigit() else 0


def _memory(view: View, info: dict[str, str]) -> Finding:
    used, most, policy = _number(info, "used_memory"), _number(info, "maxmemory"), info.get("maxmemory_policy", "")
    evicted = _number(info, "evicted_keys")
    view.measure("redis_memory_bytes", used)
    view.measure("redis_evicted_keys", evicted)
    if not most:
        return Finding(CHECK, "memory", OK, f"{used / 1e6:.1f} MB used, no limit set", evidence=("maxmemory 0",))
    view.measure("redis_memory_limit_bytes", most)
    share = used / most * 100
    state = judged(share, view.limit(CHECK, "memory_warning"), view.limit(CHECK, "memory_critical"))
    seen = f"{share:.0f} % of {most / 1e6:.0f} MB used"
    fix = "raise maxmemory (stack_redis_max_memory), or see what uses it (ansible-playbook maxops.ops.cache)"
    if state == CRITICAL and policy != "noeviction":
        # It still accepts new keys and evicts old ones for them, sessions included.
        state = WARNING
    if state != OK:
        seen += ", and new keys are refused" if policy == "noeviction" and state == CRITICAL else ""
        seen += f", {evicted} keys evicted since its start" if evicted else ""
    evidence = (f"maxmemory-policy {policy}",)
    limit = f"{view.limit(CHECK, 'memory_warning'):g} %"
    return Finding(CHECK, "memory", state, seen, limit, evidence, fix if state != OK else "")


def _evictions(view: View, info: dict[str, str]) -> Finding:
    """Keys evicted because the cache was full, since the last check if Redis was not restarted in between."""
    evicted, run = _number(info, "evicted_keys"), info.get("run_id", "")
    start = view.now - _number(info, "uptime_in_seconds")
    an_hour = hourly(view, "evictions", evicted, run, start, lambda saved: bool(saved == run))
    warning = view.limit(CHECK, "evictions_warning")
    state = judged(an_hour, warning, view.limit(CHECK, "evictions_critical"))
    seen = f"{an_hour:.0f} keys evicted an hour" if an_hour else "no key evicted"
    fix = "sessions may be among them: raise maxmemory (stack_redis_max_memory)" if state != OK else ""
    return Finding(CHECK, "evictions", state, seen, f"{warning:g} an hour", (f"evicted_keys {evicted}",), fix)


def _clients(view: View, info: dict[str, str]) -> Finding:
    connected, most = _number(info, "connected_clients"), _number(info, "maxclients") or 10000
    view.measure("redis_clients", connected)
    share = connected / most * 100
    state = judged(share, view.limit(CHECK, "clients_warning"), view.limit(CHECK, "clients_critical"))
    rejected = _number(info, "rejected_connections")
    evidence = (f"{rejected} connections refused since its start",) if rejected else ()
    fix = "see which clients hold them: CLIENT LIST; or raise maxclients" if state != OK else ""
    limit = f"{view.limit(CHECK, 'clients_warning'):g} %"
    return Finding(CHECK, "clients", state, f"{connected} of {most} connections", limit, evidence, fix)


def _blocked(view: View, info: dict[str, str]) -> Finding:
    blocked = _number(info, "blocked_clients")
    view.measure("redis_blocked_clients", blocked)
    state = judged(blocked, view.limit(CHECK, "blocked_warning"), view.limit(CHECK, "blocked_critical"))
    fix = "find what they wait for: CLIENT LIST (cmd=blpop …)" if state != OK else ""
    limit = f"{view.limit(CHECK, 'blocked_warning'):g}"
    return Finding(CHECK, "blocked clients", state, f"{blocked} clients waiting", limit, fix=fix)


def _snapshot(info: dict[str, str]) -> Finding:
    if info.get("rdb_last_bgsave_status", "ok") == "ok":
        return Finding(CHECK, "snapshot", OK, "the last snapshot was written")
    seen = "the last snapshot could not be written: the data in memory would be lost when Redis stops"
    fix = "check whether the disk of its volume is full or not writable: docker logs of the container"
    return Finding(CHECK, "snapshot", WARNING, seen, "written", ("rdb_last_bgsave_status:err",), fix)


def _passwords(view: View, server: RedisServer) -> Iterator[Finding]:
    """Whether the passwords in the applications' settings are correct."""
    stack = view.stack()
    names = {stack.roles.cache, server.container}
    names |= {name for one in stack.inspections_of(stack.roles.cache) for name in one.aliases}
    for application in stack.roles.applications:
        logins = [
            login
            for inspection in stack.serving(application)
            if inspection.running
            for login in cache_logins(inspection.container, inspection.files_root)
        ]
        passwords = {login.password for login in logins if login.kind == REDIS and login.host in names}
        for password in sorted(passwords - {server.password}):
            try:
                with Redis(replace(server, password=password, likely=()), view.left) as redis:
                    redis.run("PING")
            except RedisError:  # noqa: PERF203 - every password is tried separately
                seen = "uses a different password than Redis itself"
                fix = f"set the same password for both in .env, then {stack.compose.command('up', '--detach')}"
                yield Finding(CHECK, application, CRITICAL, seen, "the same password", fix=fix)
