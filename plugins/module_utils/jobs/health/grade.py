# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How bad the whole is, by the manual's table 7.1. Private to this collection."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, UNKNOWN, WARNING, Finding

from .view import APPLICATIONS, GATEWAYS

NONE = "none"
GRADES = ("P1", "P2", "P3", "P4", NONE)
"""The worst first. The table's times to answer are 15 minutes, 1 hour, 4 hours and 24 hours."""


@dataclass(frozen=True)
class Parts:
    """The services that everything leans on, by what they are called in this stack."""

    database: str = "postgres"
    cache: str = "redis"


def grade(findings: Iterable[Finding], parts: Parts) -> str:
    """The grade of all findings together, by the manual's table 7.1.

    ========  ==============================  =====================================================================
    grade     the manual says                 here
    ========  ==============================  =====================================================================
    ``P1``    the whole service is down       nobody can work: the gateway or the database is down, or Docker, or
                                              the whole stack, or every application is down
    ``P2``    a main function is down         one application is down, or all of them soon: a disk that is full,
                                              no connection left, a cache that takes nothing more, no memory left,
                                              a certificate that browsers refuse
    ``P3``    a part of the function is down  anything else that is critical (the backup above all), and whatever
                                              could not be seen: it may be anything
    ``P4``    a small matter                  warnings only
    ``none``                                  all is well
    ========  ==============================  =====================================================================
    """
    seen = list(findings)
    critical = [each for each in seen if each.state == CRITICAL]
    down = {application for application in APPLICATIONS if any(_is_about(each, application) for each in critical)}
    known = {application for application in APPLICATIONS if any(_is_about(each, application) for each in seen)}
    if any(_stops_everything(each, parts) for each in critical) or (down and down == known):
        return "P1"
    if down or any(_stops_much(each, parts) for each in critical):
        return "P2"
    if critical or any(each.state == UNKNOWN for each in seen):
        return "P3"
    return "P4" if any(each.state == WARNING for each in seen) else NONE


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
