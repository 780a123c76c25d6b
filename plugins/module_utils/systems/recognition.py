# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services of a Compose project are OpenProject, Gitea, their PostgreSQL server, their cache and the gateway.

The operator's own word comes first, then what each container is (:mod:`kinds`); of several servers it is the one that
the applications log in to. Where that leaves several, none is taken: ``ambiguous`` names them.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Callable, Union

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import (
    cache_logins,
    database_logins,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import Container
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import (
    GATEWAY,
    GITEA,
    LOCAL,
    MEMCACHED,
    NAMED,
    OPENPROJECT,
    OTHER,
    POSTGRESQL,
    REDIS,
    WEAK,
    Kind,
    kind_of,
    program_of,
)

APPLICATIONS = (OPENPROJECT, GITEA)
_OWN_NAMES = ("postgres", "redis")

TITLES = {OPENPROJECT: "OpenProject", GITEA: "Gitea"}
"""The applications' names in text that users read."""

SERVES, BACKGROUND, BESIDE, ONCE = range(4)
"""What a service of an application does: it answers HTTP, works in the background, serves something else, or ends."""

_WORK = (
    (ONCE, re.compile(r"seed\w*|setup|migrat\w*|db:\w+|\w*migrations?|dump|backups?|admin")),
    (BACKGROUND, re.compile(r"workers?|jobs?:?\w*|cron|clock|scheduler|good_job|delayed_job|background")),
    (BESIDE, re.compile(r"hocuspocus|collaboration|imap|mailer|sshd")),
    (SERVES, re.compile(r"web|server|puma|rails|supervisord|app")),
)

Declared = Mapping[str, Union[str, Sequence[str]]]
"""The option ``applications``: services by application, one name or several; none means that it is not here."""


@dataclass(frozen=True)
class Ambiguous:
    """Something that several services could be: ``what`` in words, and the option that names the right one."""

    what: str
    services: tuple[str, ...]
    option: str

    def describe(self) -> str:
        """A sentence with the candidates and the next step."""
        names = ", ".join(f'"{service}"' for service in self.services)
        return f"several services could be {self.what}: {names}; name the right one in {self.option}"


@dataclass(frozen=True)
class Recognised:
    """What the services of a project are; empty where there is none, or several candidates (``ambiguous``).

    ``applications`` has the keys openproject and gitea. Of the services of one, those that answer HTTP come first, then
    those that work in the background, then those that end by themselves.
    ``databases`` and ``caches`` are all servers that were found; ``caches`` with their kind.
    """

    database: str = ""
    cache: str = ""
    cache_kind: str = ""
    applications: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gateways: tuple[str, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
    databases: tuple[str, ...] = ()
    caches: Mapping[str, str] = field(default_factory=dict)

    @property
    def servers(self) -> tuple[str, ...]:
        """The services that store data for the others: the PostgreSQL server and the cache, where there are any."""
        return tuple(service for service in (self.database, self.cache) if service)

    def service_of(self, application: str) -> str:
        """The service of an application that answers HTTP; empty without the application."""
        return next(iter(self.applications.get(application, ())), "")

    def application_of(self, service: str) -> str:
        """The application that a service belongs to, or an empty text."""
        return next((name for name, services in self.applications.items() if service in services), "")

    def must_run(self, container: Container) -> bool:
        """Whether users or others need a service all the time: its end is a fault, also with exit code 0."""
        service = container.service
        application = self.application_of(service)
        if application and service != self.service_of(application):
            return work_of(container) in (BACKGROUND, BESIDE)
        return bool(application) or service in (*self.servers, *self.gateways)

    def problem(self, option: str) -> str:
        """The sentence about the candidates for an option, or an empty text."""
        return next((entry.describe() for entry in self.ambiguous if entry.option == option), "")

    def to_dict(self) -> dict[str, Any]:
        """For a manifest or a result: database, cache, cache_kind, applications and gateways."""
        return {
            "database": self.database,
            "cache": self.cache,
            "cache_kind": self.cache_kind,
            "applications": {name: list(services) for name, services in self.applications.items()},
            "gateways": list(self.gateways),
        }


def recognise(
    containers: Iterable[Container | Inspection],
    declared: Declared | None = None,
    database: str = "",
    cache: str = "",
) -> Recognised:
    """What the services of a project are. ``containers`` are all of the project, running or not.

    ``declared``, ``database`` and ``cache`` are the operator's choices, which need no evidence. An inspection also
    gives network aliases and, while its container runs, files inside it.
    """
    return _Project(containers, declared or {}).recognised(database, cache)


class _Project:
    """The services of one project, each with what it is and what its logins lead to."""

    def __init__(self, containers: Iterable[Container | Inspection], declared: Declared) -> None:
        self.services: dict[str, list[Inspection]] = {}
        for entry in containers:
            inspection = entry if isinstance(entry, Inspection) else Inspection(entry)
            self.services.setdefault(inspection.service, []).append(inspection)
        self.declared = {name: _names(services) for name, services in declared.items()}
        taken = {service for services in self.declared.values() for service in services}
        self.kinds: dict[str, Kind] = {
            service: max((kind_of(member.container) for member in members), key=lambda kind: kind.evidence)
            for service, members in sorted(self.services.items())
            if service not in taken
        }
        self._hosts: dict[str, str] = {}
        for service, members in self.services.items():
            for member in members:
                for name in (member.name, *member.aliases, *member.container.addresses):
                    self._hosts.setdefault(name, service)
        self._hosts.update({service: service for service in self.services})

    def recognised(self, database: str, cache: str) -> Recognised:
        applications: dict[str, tuple[str, ...]] = {}
        ambiguous: list[Ambiguous] = []
        for name in APPLICATIONS:
            services = self.declared[name] if name in self.declared else self._of_application(name)
            if services:
                applications[name] = services
            if name not in self.declared:
                ambiguous += self._several(name, services)
        members = [service for services in applications.values() for service in services]
        databases = self._candidates((POSTGRESQL,), members, _database_hosts)
        caches = self._candidates((REDIS, MEMCACHED), members, _cache_hosts)
        if not database:
            database, unclear = self._choose(databases, members, _database_hosts)
            if unclear:
                ambiguous.append(Ambiguous("the stack's PostgreSQL server", unclear, "database_service"))
        if not cache:
            cache, unclear = self._choose(caches, members, _cache_hosts)
            if cache and self._is_store_of_others(cache, members):
                cache = ""
            if unclear:
                ambiguous.append(Ambiguous("the stack's cache", unclear, "cache_service"))
        gateways = [service for service, kind in self.kinds.items() if kind.name == GATEWAY]
        return Recognised(
            database,
            cache,
            self._kind_of_cache(cache) if cache else "",
            applications,
            tuple(sorted(gateways, key=lambda service: not self._publishes(service))),
            tuple(ambiguous),
            tuple(databases),
            {service: self._kind_of_cache(service) for service in caches},
        )

    # -- applications ------------------------------------------------------------------------------------------

    def _of_application(self, application: str) -> tuple[str, ...]:
        found = {service: kind.evidence for service, kind in self.kinds.items() if kind.name == application}
        best = max(found.values(), default=0)
        services = [service for service, evidence in found.items() if evidence == best]
        return tuple(sorted(services, key=lambda service: (self._work(service), not self._publishes(service), service)))

    def _several(self, application: str, services: Sequence[str]) -> list[Ambiguous]:
        """Two installations of one application: their web services do not share one database."""
        serving = tuple(service for service in services if self._work(service) == SERVES)
        if len(serving) < 2 or len({self._identity(service) for service in serving}) == 1:
            return []
        return [Ambiguous(f"the stack's {TITLES[application]}", serving, "applications")]

    def _work(self, service: str) -> int:
        container = self.services[service][0].container
        return work_of(container)

    def _identity(self, service: str) -> tuple[Any, ...]:
        """What two services of one installation share: their databases, or else their data's folders."""
        members = self.services[service]
        logins = {
            (self._hosts.get(login.host, login.host), login.database) for one in members for login in _databases_of(one)
        }
        if logins:
            return tuple(sorted(logins))
        return tuple(sorted({mount.source for one in members for mount in one.container.mounts if mount.writable}))

    def _publishes(self, service: str) -> bool:
        return any(member.ports or member.bound for member in self.services[service])

    # -- servers -----------------------------------------------------------------------------------------------

    def _candidates(self, kinds: Sequence[str], members: Sequence[str], hosts: _Hosts) -> list[str]:
        """Services that are servers of one of the kinds: by evidence, else by a login to them, else by their name."""
        found = {service: kind for service, kind in self.kinds.items() if kind.name in kinds and service not in members}
        known = [service for service, kind in found.items() if kind.evidence > NAMED]
        # With an odd command, an image of a server is one where an application logs in to it.
        strange = {service for service, kind in self.kinds.items() if kind == Kind(OTHER, WEAK)} - set(known)
        known += [service for service in self._targets(members, hosts) if service in strange]
        if known:
            return known
        unknown = {service for service, kind in self.kinds.items() if not kind.name} | set(found)
        return [service for service in self._targets(self.services, hosts) if service in unknown] or list(found)

    def _choose(self, candidates: Sequence[str], members: Sequence[str], hosts: _Hosts) -> tuple[str, tuple[str, ...]]:
        """The one server of the stack, or several candidates."""
        left = list(candidates)
        reached = self._reached(members, candidates, hosts)
        own = {name for service in members for one in self.services.get(service, ()) for name in hosts(one)}
        if own <= set(LOCAL):
            # Only where the applications' own logins are unknown: those of others may lead to a server of their own.
            others = [service for service in self.services if service not in members and service not in candidates]
            reached = self._reached(others, candidates, hosts)
        pointed = [service for service in left if service in reached]
        left = pointed or left
        if not pointed:
            # Without any login: as the role stack calls them.
            left = [service for service in left if service in _OWN_NAMES and len(left) > 1] or left
        if len(left) > 1:
            best = max(self.kinds[service].evidence for service in left)
            left = [service for service in left if self.kinds[service].evidence == best]
        return (left[0], ()) if len(left) == 1 else ("", tuple(left))

    def _is_store_of_others(self, cache: str, members: Sequence[str]) -> bool:
        """True for a Redis that only services beside the applications use: what is in it may be their data."""
        if not members or self._kind_of_cache(cache) != REDIS or cache in self._targets(members, _cache_hosts):
            return False
        others = [service for service, kind in self.kinds.items() if not kind.name]
        return cache in self._targets(others, _cache_hosts)

    def _reached(self, clients: Iterable[str], servers: Sequence[str], hosts: _Hosts) -> set[str]:
        """The services that logins of the clients lead to, also through a pool between them and the servers."""
        reached: set[str] = set()
        new = set(clients)
        while new:
            new = set(self._targets(new, hosts)) - reached
            reached |= new
            new -= set(servers)
        return reached

    def _targets(self, clients: Iterable[str], hosts: _Hosts) -> list[str]:
        """The services that logins of the clients lead to, each once."""
        names = (name for client in clients for member in self.services.get(client, ()) for name in hosts(member))
        return list(dict.fromkeys(self._hosts[name] for name in names if name in self._hosts))

    def _kind_of_cache(self, service: str) -> str:
        kind = self.kinds.get(service, Kind())
        if kind.name in (REDIS, MEMCACHED) and kind.evidence > NAMED:
            return kind.name
        for members in self.services.values():
            for member in members:
                for login in cache_logins(member.container, member.files_root):
                    if self._hosts.get(login.host) == service:
                        return login.kind
        return MEMCACHED if kind.name == MEMCACHED else REDIS


_Hosts = Callable[[Inspection], "list[str]"]


def work_of(container: Container) -> int:
    """What a service of an application does, by its command, else by its name; without a sign it answers HTTP."""
    programs = [posixpath.basename(word) for part in container.command for word in part.split()]
    by_command = _works(programs)
    if program_of(container) in ("sleep", "tail") and not re.search(r"[;&|]", " ".join(container.command)):
        return ONCE  # kept for commands by hand
    # A shell that migrates and then serves goes on serving.
    if by_command:
        return SERVES if SERVES in by_command else by_command[0]
    return next(iter(_works(re.split(r"[-_.]+", container.service))), SERVES)


def _works(words: Iterable[str]) -> list[int]:
    words = list(words)
    return [work for work, pattern in _WORK if any(pattern.fullmatch(word) for word in words)]


def _names(services: str | Sequence[str]) -> tuple[str, ...]:
    return ((services,) if services else ()) if isinstance(services, str) else tuple(services)


def _databases_of(member: Inspection) -> list[Any]:
    return database_logins(member.container, member.files_root)


def _database_hosts(member: Inspection) -> list[str]:
    return [login.host for login in _databases_of(member)]


def _cache_hosts(member: Inspection) -> list[str]:
    return [login.host for login in cache_logins(member.container, member.files_root)]
