# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident grade of all findings, from the manual's table 7.1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, OK, UNKNOWN, WARNING, Finding

NONE = "none"
GRADES = ("P1", "P2", "P3", "P4", NONE)
"""The worst first. The table's response times are 15 minutes, 1 hour, 4 hours and 24 hours."""


@dataclass(frozen=True)
class Parts:
    """Names of the services that everything else depends on, as they are called in this stack.

    Of the services of an application, the first is the one that users work with.
    """

    database: str = "postgres"
    cache: str = "redis"
    applications: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"openproject": ("openproject",), "gitea": ("gitea",)}
    )
    gateways: tuple[str, ...] = ("nginx", "gateway", "proxy", "traefik", "caddy", "haproxy")


def grade(findings: Iterable[Finding], parts: Parts) -> str:
    """The grade of all findings together, from the manual's table 7.1.

    ========  ==============================  =====================================================================
    grade     the manual says                 here
    ========  ==============================  =====================================================================
    ``P1``    the whole service is down       users cannot work: the gateway or the database is down, or Docker, or
                                              the whole stack, or every application is down
    ``P2``    a main function is down         one application is down, or all of them soon: a full disk, no free
                                              connection, a cache that refuses new keys, no memory left, a
                                              certificate that browsers reject
    ``P3``    a part of the function is down  anything else that is critical (the backup above all), and everything
                                              that could not be checked, because it may be anything
    ``P4``    a small matter                  warnings only
    ``none``                                  all checks are ok
    ========  ==============================  =====================================================================
    """
    findings = list(findings)
    critical = [finding for finding in findings if finding.state == CRITICAL]
    down = _applications_in(critical, parts)
    every = _applications_in(findings, parts)
    if any(_stops_everything(finding, parts) for finding in critical) or (down and down == every):
        return "P1"
    if down or any(_stops_much(finding, parts) for finding in critical):
        return "P2"
    if critical or any(finding.state == UNKNOWN for finding in findings):
        return "P3"
    return "P4" if any(finding.state == WARNING for finding in findings) else NONE


def grade_of(finding: Finding, parts: Parts) -> str:
    """The grade that a finding has when everything else in the stack is ok."""
    others = [Finding("http", name, OK, "") for name in parts.applications]
    return grade([finding, *others], parts)


def _applications_in(findings: Iterable[Finding], parts: Parts) -> set[str]:
    """The applications that some findings are about."""
    return {name for finding in findings for name in parts.applications if _is_about(finding, name, parts)}


def _is_about(finding: Finding, application: str, parts: Parts) -> bool:
    """Whether a finding is about what users work with; a worker that is down is a part of the application."""
    if finding.check == "containers":
        first = next(iter(parts.applications[application]), "")
        return finding.subject in (application, f"{application} {first}")
    return finding.check in ("http", "postgresql") and finding.subject.partition(" ")[0] == application


def _stops_everything(finding: Finding, parts: Parts) -> bool:
    if finding.check == "containers":
        return finding.subject in ("docker", "stack", parts.database, *parts.gateways)
    if finding.check == "http":
        return finding.subject == "gateway"
    return finding.check == "postgresql" and finding.subject == "server"


def _stops_much(finding: Finding, parts: Parts) -> bool:
    if finding.check == "containers":
        own = {f"{name} {service}" for name, services in parts.applications.items() for service in services}
        return finding.subject == parts.cache or finding.subject in own
    return finding.check in ("http", "postgresql", "redis", "disk", "memory", "certificate")
