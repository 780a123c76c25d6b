# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache as the applications meet it. Private to this collection."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import REDIS, CacheLogin, cache_logins
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.redis import Redis, RedisError, RedisServer, find_redis
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.words import human_size

from ..cause import CERTAIN, LIKELY, Cause, Report
from ..scene import Scene

SECONDS = 5.0
_FULL = 0.98
"""Redis counts its own buffers otherwise at each moment: it never stands at exactly its limit."""


def look_at_cache(scene: Scene) -> Report:
    """Whether each application comes into the cache, and whether that takes anything more."""
    service = scene.options.access.cache_service
    look = scene.running(service)
    if look is None:
        known = service in scene.services
        return Report(unknown=[f'service "{service}" does not run: nothing can be asked']) if known else Report("none")
    report = Report()
    try:
        server = find_redis(look.container)
        logins = [each for each in cache_logins_of(scene) if scene.service_of(each.host) == service]
        for login in logins:
            report.causes += _refusal(scene, look, server, login)
        with server.connect(SECONDS) as redis:
            seen, causes = _inside(scene, look, redis)
        report.seen = f"{len(logins)} logins work as the applications have them; {seen}"
        report.causes += causes
    except RedisError as error:
        report.unknown.append(str(error))
    except MaxopsError as error:
        seen = "it does not answer"
        fix = f"docker logs --tail=50 {look.name}; docker restart {look.name}"
        told = (scene.mask(str(error)),)
        report.causes.append(
            Cause.of("connection_failed", f"{service} on this host", LIKELY, seen, fix, told, (service,))
        )
    return report


def cache_logins_of(scene: Scene) -> list[CacheLogin]:
    """How the applications log in to Redis, as their settings say."""
    return [
        login
        for look in scene.inspections
        if look.service != scene.options.access.cache_service
        for login in cache_logins(look.container, look.files_root)
        if login.kind == REDIS
    ]


def _refusal(scene: Scene, look: Inspection, server: RedisServer, login: CacheLogin) -> list[Cause]:
    try:
        with replace(server, password=login.password).connect(SECONDS) as redis:
            redis.run("PING")
    except RedisError as error:
        if not error.reply.startswith(("WRONGPASS", "NOAUTH", "ERR invalid password")):
            return []
        seen = f"{look.name} refuses the password that {login.service} has ({login.source})"
        fix = scene.compose("up", "--detach", "--force-recreate", look.service, login.service)
        told = (f"Redis says: {error.reply}", "both take it from REDIS_PASSWORD of .env when they are made anew")
        return [Cause.of("cache_password", login.service, CERTAIN, seen, fix, told, (login.service,))]
    return []


def _inside(scene: Scene, look: Inspection, redis: Redis) -> tuple[str, list[Cause]]:
    told = redis.info("memory", "persistence")
    used, most = int(told.get("used_memory", 0)), int(told.get("maxmemory", 0))
    policy = told.get("maxmemory_policy", "")
    causes = []
    if most and used >= most * _FULL and policy in ("", "noeviction"):
        larger = human_size(most)
        causes.append(
            Cause.of(
                "cache_memory",
                look.service,
                CERTAIN,
                f"it holds {human_size(used)} of {larger} and may evict nothing ({policy}): it refuses every write",
                f"docker exec {look.name} redis-cli CONFIG SET maxmemory-policy allkeys-lru",
                ("for good: stack_redis_max_memory of the role stack", *_users(scene, look)),
                (look.service, *(need.service for need in scene.needs if scene.service_of(need.host) == look.service)),
            )
        )
    if told.get("rdb_last_bgsave_status", "ok") != "ok" and redis.setting("stop-writes-on-bgsave-error") == "yes":
        causes.append(_cannot_save(look))
    return f"{human_size(used)} of {human_size(most) if most else 'no limit'} in use ({policy})", causes


def _users(scene: Scene, look: Inspection) -> tuple[str, ...]:
    names = sorted({need.service for need in scene.needs if scene.service_of(need.host) == look.service})
    return (f"it serves {', '.join(names)}",) if names else ()


def _cannot_save(look: Inspection) -> Cause:
    folders = " ".join(each.source for each in look.container.mounts if each.writable and each.kind != "tmpfs")
    return Cause.of(
        "volume_permissions",
        look.service,
        LIKELY,
        "it could not write its last snapshot, and refuses every write until it can",
        f"df --human-readable {folders}; ls -ldn {folders}; docker logs --tail=50 {look.name}",
        ("rdb_last_bgsave_status is err, stop-writes-on-bgsave-error is yes",),
        (look.service,),
    )
