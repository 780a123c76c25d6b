# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a step of a diagnosis says, and which cause comes first. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import (
    CRITICAL,
    NOTICE,
    OK,
    UNKNOWN,
    WARNING,
    Finding,
    worst,
)

CERTAIN = "certain"
"""It was seen, and it alone keeps the service from working."""
LIKELY = "likely"
"""It was seen, and it usually keeps a service from working."""
POSSIBLE = "possible"
"""It was seen; it may matter, or follow from another cause."""

LIKELIHOODS = (CERTAIN, LIKELY, POSSIBLE)

STATES = {CERTAIN: CRITICAL, LIKELY: WARNING, POSSIBLE: NOTICE}
"""What each likelihood is on the scale of all findings."""

# What lies deepest comes first: of two causes that are as likely, the one that brings about the other.
KINDS = (
    "docker_daemon_down",
    "disk_full",
    "port_taken",
    "volume_missing",
    "volume_permissions",
    "out_of_memory",
    "database_version",
    "configuration_unreadable",
    "service_missing",
    "service_stopped",
    "service_paused",
    "database_password",
    "database_missing",
    "cache_password",
    "dns_name_missing",
    "database_connections",
    "database_idle_transaction",
    "cache_memory",
    "certificate_expired",
    "configuration_differs",
    "firewall_blocks",
    "service_crashing",
    "connection_failed",
    "port_not_listening",
    "service_unhealthy",
    "memory_short",
    "certificate_expiring",
)

SYMPTOMS = frozenset(("service_crashing", "service_unhealthy", "connection_failed", "port_not_listening"))
"""What a person sees first, and what usually follows from another cause."""


@dataclass(frozen=True)
class Cause(Finding):
    """One possible cause: a finding whose ``check`` is the kind of cause and whose ``fix`` is a command to type.

    ``services`` are those that it keeps from working; none for a cause of the whole host. Made by :meth:`of`, so that
    the state follows from the likelihood.
    """

    likelihood: str = POSSIBLE
    services: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        kind: str,
        subject: str,
        likelihood: str,
        seen: str,
        fix: str,
        evidence: tuple[str, ...] = (),
        services: tuple[str, ...] = (),
    ) -> Cause:
        """A cause of one of KINDS."""
        return cls(
            check=kind,
            subject=subject,
            state=STATES[likelihood],
            seen=seen,
            evidence=evidence,
            fix=fix,
            likelihood=likelihood,
            services=services,
        )

    def as_possible(self, why: str) -> Cause:
        """The same as a mere possibility, with what speaks for that as its last evidence."""
        return replace(self, likelihood=POSSIBLE, state=STATES[POSSIBLE], evidence=(*self.evidence, why))


@dataclass
class Report:
    """What one step found: a sentence for a person, and causes where there are some."""

    seen: str = ""
    causes: list[Cause] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The worst of what was found; what could not be looked at never passes as ok."""
        return worst([UNKNOWN if self.unknown else OK, *(each.state for each in self.causes)])

    def in_words(self) -> str:
        """One line for the list of steps."""
        causes = sorted(self.causes, key=lambda each: LIKELIHOODS.index(each.likelihood))
        told = [f"{each.subject}: {each.seen}" for each in causes] + self.unknown
        return "; ".join(told) or self.seen


def rank(causes: Iterable[Cause], needs: Mapping[str, Sequence[str]]) -> list[Cause]:
    """The causes, the most likely first; ``needs`` tells for each service what it depends on."""
    known = _merged(causes)
    explained = [_explained(each, known, needs) for each in known]
    depth = {service: len(all_needs(service, needs)) for service in needs}

    def place(cause: Cause) -> tuple[int, int, int, int, str]:
        deepest = min((depth.get(each, 0) for each in cause.services), default=0)
        return (
            LIKELIHOODS.index(cause.likelihood),
            KINDS.index(cause.check),
            deepest,
            -sum(bool(set(all_needs(service, needs)) & set(cause.services)) for service in needs),
            cause.subject,
        )

    return sorted(explained, key=place)


def all_needs(service: str, needs: Mapping[str, Sequence[str]]) -> list[str]:
    """What a service depends on, near and far, itself not included."""
    found: list[str] = []
    waiting = list(needs.get(service, ()))
    while waiting:
        each = waiting.pop(0)
        if each not in found and each != service:
            found.append(each)
            waiting += needs.get(each, ())
    return found


def _merged(causes: Iterable[Cause]) -> list[Cause]:
    """Each cause once: what two steps saw of one thing is evidence for the likelier of the two."""
    found: list[Cause] = []
    for cause in sorted(causes, key=lambda each: LIKELIHOODS.index(each.likelihood)):
        same = next((each for each in found if _is_same(each, cause)), None)
        if same is None:
            found.append(cause)
            continue
        evidence = dict.fromkeys((*same.evidence, *([] if cause.seen == same.seen else [cause.seen]), *cause.evidence))
        services = dict.fromkeys((*same.services, *cause.services))
        found[found.index(same)] = replace(same, evidence=tuple(evidence), services=tuple(services))
    return found


def _is_same(one: Cause, other: Cause) -> bool:
    if one.check != other.check:
        return False
    # A log tells of a cause, but not of its subject: it only bears out what another step has seen.
    return one.subject == other.subject or (other.likelihood != CERTAIN and not set(other.services) - set(one.services))


def _explained(cause: Cause, known: Sequence[Cause], needs: Mapping[str, Sequence[str]]) -> Cause:
    """The cause, as a mere possibility where another one explains it."""
    for other in known:
        if other is not cause and other.likelihood != POSSIBLE and _explains(other, cause, needs):
            follows = f"follows from {other.check.replace('_', ' ')} ({other.subject})"
            return cause.as_possible(follows)
    return cause


def _explains(other: Cause, cause: Cause, needs: Mapping[str, Sequence[str]]) -> bool:
    # A name that only a log misses is that of a service which does not run.
    if cause.check not in SYMPTOMS and not (cause.check == "dns_name_missing" and cause.likelihood != CERTAIN):
        return False
    if other.check not in SYMPTOMS:
        reached = {need for service in cause.services for need in (service, *all_needs(service, needs))}
        return not other.services or bool(set(other.services) & reached)
    # Of two symptoms, what a service depends on explains it, never the other way round.
    deeper = {need for service in cause.services for need in all_needs(service, needs)}
    if set(other.services) & set(cause.services):
        return KINDS.index(other.check) < KINDS.index(cause.check)
    return bool(set(other.services) & deeper)
