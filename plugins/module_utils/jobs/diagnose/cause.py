# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes and step results of a diagnosis, and which cause comes first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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

# The root comes first: of two causes that are equally likely, the one that leads to the other.
KINDS = (
    "docker_daemon_down",
    "disk_full",
    "port_taken",
    "volume_missing",
    "volume_permissions",
    "out_of_memory",
    "database_version",
    "database_newer",
    "migrations_pending",
    "secret_key_missing",
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
    "host_name_refused",
    "configuration_differs",
    "firewall_blocks",
    "service_crashing",
    "connection_failed",
    "port_not_listening",
    "service_unhealthy",
    "memory_short",
    "certificate_expiring",
)

OF_FAILED_SERVICES = frozenset(("configuration_unreadable", "dns_name_missing", "volume_missing", "volume_permissions"))
"""Causes that are certain only where a service does not work: one that works may not need the thing, or not yet."""

SYMPTOMS = frozenset(("service_crashing", "service_unhealthy", "connection_failed", "port_not_listening"))
"""What users notice first, and what usually follows from another cause."""


@dataclass(frozen=True)
class Cause(Finding):
    """One possible cause: a finding whose ``check`` is the kind of cause and whose ``fix`` is a command to type.

    ``services`` are those that it keeps from working; empty for a cause of the whole host. Created by :meth:`of`, so
    that the state follows from the likelihood.
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
        """The same cause as merely possible, with the reason as its last evidence."""
        return replace(self, likelihood=POSSIBLE, state=STATES[POSSIBLE], evidence=(*self.evidence, why))


def confirmed(cause: Cause, healthy: Collection[str]) -> Cause:
    """The cause, likely in place of certain where all the services that it would keep from working are healthy."""
    works = bool(cause.services) and set(cause.services) <= set(healthy)
    if cause.likelihood == CERTAIN and cause.check in OF_FAILED_SERVICES and works:
        return replace(cause, likelihood=LIKELY, state=STATES[LIKELY])
    return cause


@dataclass
class StepResult:
    """The result of one step: a sentence for a step without causes, the causes, and what could not be checked."""

    seen: str = ""
    causes: list[Cause] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)

    @property
    def state(self) -> str:
        """The worst state of the step; what could not be checked never counts as ok."""
        return worst([UNKNOWN if self.unknown else OK, *(cause.state for cause in self.causes)])

    def in_words(self) -> str:
        """One line for the list of steps."""
        causes = sorted(self.causes, key=_by_likelihood)
        sentences = [f"{cause.subject}: {cause.seen}" for cause in causes] + self.unknown
        return "; ".join(sentences) or self.seen


def rank(causes: Iterable[Cause], needs: Mapping[str, Sequence[str]]) -> list[Cause]:
    """The causes, the most likely first; ``needs`` maps each service to those that it depends on."""
    merged = _merged(causes)
    explained = [_explained(cause, merged, needs) for cause in merged]
    depth = {service: len(all_needs(service, needs)) for service in needs}

    def sort_key(cause: Cause) -> tuple[int, int, int, int, str]:
        deepest = min((depth.get(service, 0) for service in cause.services), default=0)
        return (
            LIKELIHOODS.index(cause.likelihood),
            KINDS.index(cause.check),
            deepest,
            -sum(bool(set(all_needs(service, needs)) & set(cause.services)) for service in needs),
            cause.subject,
        )

    return sorted(explained, key=sort_key)


def all_needs(service: str, needs: Mapping[str, Sequence[str]]) -> list[str]:
    """All services that a service depends on, directly or indirectly, without itself."""
    dependencies: list[str] = []
    queue = list(needs.get(service, ()))
    while queue:
        need = queue.pop(0)
        if need not in dependencies and need != service:
            dependencies.append(need)
            queue += needs.get(need, ())
    return dependencies


def _by_likelihood(cause: Cause) -> int:
    return LIKELIHOODS.index(cause.likelihood)


def _merged(causes: Iterable[Cause]) -> list[Cause]:
    """Every cause once: where two steps saw the same one, the less likely is evidence for the other."""
    merged: list[Cause] = []
    for cause in sorted(causes, key=_by_likelihood):
        same = next((other for other in merged if _is_same(other, cause)), None)
        if same is None:
            merged.append(cause)
            continue
        evidence = dict.fromkeys((*same.evidence, *([] if cause.seen == same.seen else [cause.seen]), *cause.evidence))
        services = dict.fromkeys((*same.services, *cause.services))
        merged[merged.index(same)] = replace(same, evidence=tuple(evidence), services=tuple(services))
    return merged


def _is_same(one: Cause, other: Cause) -> bool:
    if one.check != other.check:
        return False
    # A log names a kind of cause, but not its subject: it only confirms what another step has seen.
    return one.subject == other.subject or (other.likelihood != CERTAIN and not set(other.services) - set(one.services))


def _explained(cause: Cause, causes: Sequence[Cause], needs: Mapping[str, Sequence[str]]) -> Cause:
    """The cause, as merely possible where another one explains it."""
    for other in causes:
        if other is not cause and other.likelihood != POSSIBLE and _explains(other, cause, needs):
            follows = f"follows from {other.check.replace('_', ' ')} ({other.subject})"
            return cause.as_possible(follows)
    return cause


def _explains(other: Cause, cause: Cause, needs: Mapping[str, Sequence[str]]) -> bool:
    # A name that is missing only according to a log belongs to a service that is not running.
    if cause.check not in SYMPTOMS and not (cause.check == "dns_name_missing" and cause.likelihood != CERTAIN):
        return False
    if other.check not in SYMPTOMS:
        reached = {need for service in cause.services for need in (service, *all_needs(service, needs))}
        return not other.services or bool(set(other.services) & reached)
    # Of two symptoms, the one of a dependency explains the one of the service that depends on it, never vice versa.
    dependencies = {need for service in cause.services for need in all_needs(service, needs)}
    if set(other.services) & set(cause.services):
        return KINDS.index(other.check) < KINDS.index(cause.check)
    return bool(set(other.services) & dependencies)
