# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The incident grade of all findings, from the manual's table 7.1."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, UNKNOWN, WARNING, Finding

from .view import APPLICATIONS, GATEWAYS

NONE = "none"
GRADES = ("P1", "P2", "P3", "P4", NONE)
"""The worst first. The table's response times are 15 minutes, 1 hour, 4 hours and 24 hours."""


@dataclass(frozen=True)
class Parts:
    """Names of the services that everything else depends on, as they are called in this stack."""

    database: str = "postgres"
    cache: str = "redis"


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
    down = _applications_in(critical)
    if any(_stops_everything(finding, parts) for finding in critical) or (down and down == _applications_in(findings)):
        return "P1"
    if down or any(_stops_much(finding, parts) for finding in critical):
        return "P2"
    if critical or any(finding.state == UNKNOWN for finding in findings):
        return "P3"
    return "P4" if any(finding.state == WARNING for finding in findings) else NONE


def _applications_in(findings: Iterable[Finding]) -> set[str]:
    """The applications that some findings are about."""
    return {name for finding in findings for name in APPLICATIONS if _is_about(finding, name)}


def _is_about(finding: Finding, application: str) -> bool:
    return finding.check in ("containers", "http", "postgresql") and finding.subject.partition(" ")[0] == application


def _stops_everything(finding: Finding, parts: Parts) -> bool:
    if finding.check == "containers":
        return finding.subject in ("docker", "stack", parts.database, *GATEWAYS)
    if finding.check == "http":
        return finding.subject == "gateway"
    return finding.check == "postgresql" and finding.subject == "server"


def _stops_much(finding: Finding, parts: Parts) -> bool:
    if finding.check == "containers":
        return finding.subject == parts.cache
    return finding.check in ("http", "postgresql", "redis", "disk", "memory", "certificate")
