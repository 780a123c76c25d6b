# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache, checked with the applications' own logins."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.maxops.ops.plugins.module_utils.systems import memcached
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import (
    MEMCACHED,
    REDIS,
    CacheLogin,
    cache_logins,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.redis import Redis, RedisError, RedisServer
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from ..cause import CERTAIN, LIKELY, Cause, StepResult
from ..stack_view import StackView

SECONDS = 5.0
MEMCACHED_PORT = 11211
_FULL = 0.98
"""Share of its memory limit from which Redis counts as full: its buffers vary, so it is never exactly at the limit."""


def check_cache(view: StackView) -> StepResult:
    """Whether each application can log in to the cache, and whether the cache accepts writes."""
    service = view.roles.cache
    if not service:
        problem = view.roles.problem("cache_service")
        return StepResult(unknown=[problem]) if problem else StepResult("the stack has no cache")
    inspection = view.running(service)
    if inspection is None:
        if service not in view.services:
            return StepResult(unknown=[f'the stack has no service "{service}": correct cache_service'])
        return StepResult(unknown=[f'service "{service}" is not running, so it could not be checked'])
    if not inspection.container.addresses:
        return StepResult(unknown=[f"{inspection.name} has no address that this host can reach"])
    result = StepResult()
    try:
        if view.roles.cache_kind == MEMCACHED:
            _ask_memcached(view, inspection, result)
        else:
            _ask_redis(view, inspection, result)
    except RedisError as error:
        result.unknown.append(str(error))
    except MaxopsError as error:
        seen = "it does not answer"
        fix = f"docker logs --tail=50 {inspection.name}; docker restart {inspection.name}"
        evidence = (view.mask(str(error)),)
        result.causes.append(
            Cause.of("connection_failed", f"{service} on this host", LIKELY, seen, fix, evidence, (service,))
        )
    return result


def _ask_redis(view: StackView, inspection: Inspection, result: StepResult) -> None:
    server = view.options.access.redis(view, inspection.container)
    logins = cache_logins_of(view, inspection, REDIS)
    refused = {login: causes for login in logins if (causes := _refusal(view, inspection, server, login))}
    # A healthy service that can log in with other settings does not use the refused ones.
    works = {login.service for login in logins if login not in refused and view.is_healthy(login.service)}
    result.causes += [cause for login, causes in refused.items() if login.service not in works for cause in causes]
    with server.connect(SECONDS) as redis:
        usage, causes = _server_state(view, inspection, redis)
    result.seen = f"application logins that work: {len(logins) - len(refused)} of {len(logins)}; {usage}"
    result.causes += causes


def _ask_memcached(view: StackView, inspection: Inspection, result: StepResult) -> None:
    """Memcached has no passwords, forgets what does not fit, and accepts every write: it only has to answer."""
    logins = cache_logins_of(view, inspection, MEMCACHED)
    port = logins[0].port if logins else MEMCACHED_PORT
    memcached.check(inspection.container.addresses[0], port, f"memcached ({inspection.name})", SECONDS)
    users = ", ".join(sorted({login.service for login in logins})) or "no service that is known"
    result.seen = f"memcached answers on port {port}; used by {users}"


def cache_logins_of(view: StackView, inspection: Inspection, kind: str) -> list[CacheLogin]:
    """The applications' logins to this cache, from their settings."""
    return [
        login
        for other in view.inspections
        if other.service != inspection.service
        for login in cache_logins(other.container, other.files_root)
        if login.kind == kind and view.service_of(login.host) == inspection.service
    ]


def _refusal(view: StackView, inspection: Inspection, server: RedisServer, login: CacheLogin) -> list[Cause]:
    try:
        with replace(server, password=login.password, likely=()).connect(SECONDS) as redis:
            redis.run("PING")
    except RedisError as error:
        if not error.reply.startswith(("WRONGPASS", "NOAUTH", "ERR invalid password")):
            return []
        seen = f"{inspection.name} refuses the password that {login.service} has ({login.source})"
        fix = view.compose("up", "--detach", "--force-recreate", inspection.service, login.service)
        evidence = (f"Redis says: {error.reply}", "both read REDIS_PASSWORD from .env when they are recreated")
        return [Cause.of("cache_password", login.service, CERTAIN, seen, fix, evidence, (login.service,))]
    return []


def _server_state(view: StackView, inspection: Inspection, redis: Redis) -> tuple[str, list[Cause]]:
    """The memory in use as a sentence, and what makes the server refuse writes."""
    info = redis.info("memory", "persistence")
    used, limit = int(info.get("used_memory", 0)), int(info.get("maxmemory", 0))
    policy = info.get("maxmemory_policy", "")
    usage = f"{human_size(used)} of {human_size(limit)} in use" if limit else f"{human_size(used)} in use, no limit"
    causes = []
    if limit and used >= limit * _FULL and policy in ("", "noeviction"):
        causes.append(
            Cause.of(
                "cache_memory",
                inspection.service,
                CERTAIN,
                f"{usage}, and it must not evict anything ({policy}): it refuses all writes",
                f"docker exec {inspection.name} redis-cli CONFIG SET maxmemory-policy allkeys-lru",
                ("permanent fix: stack_redis_max_memory of the role stack", *_users(view, inspection)),
                (
                    inspection.service,
                    *(need.service for need in view.needs if view.service_of(need.host) == inspection.service),
                ),
            )
        )
    if info.get("rdb_last_bgsave_status", "ok") != "ok" and redis.setting("stop-writes-on-bgsave-error") == "yes":
        causes.append(_cannot_save(inspection))
    return f"{usage} ({policy})", causes


def _users(view: StackView, inspection: Inspection) -> tuple[str, ...]:
    names = sorted({need.service for need in view.needs if view.service_of(need.host) == inspection.service})
    return (f"used by {', '.join(names)}",) if names else ()


def _cannot_save(inspection: Inspection) -> Cause:
    mounts = inspection.container.mounts
    folders = " ".join(mount.source for mount in mounts if mount.writable and mount.kind != "tmpfs")
    return Cause.of(
        "volume_permissions",
        inspection.service,
        LIKELY,
        "it could not save its last snapshot, and refuses all writes until it can",
        f"df --human-readable {folders}; ls -ldn {folders}; docker logs --tail=50 {inspection.name}",
        ("rdb_last_bgsave_status is err, stop-writes-on-bgsave-error is yes",),
        (inspection.service,),
    )
