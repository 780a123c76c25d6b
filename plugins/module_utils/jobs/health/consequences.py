# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that follow from another one: a stopped container is one finding, not one of each check that met it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import NOTICE, UNKNOWN, Finding, rank

Key = tuple[str, str]
"""Check and subject of a finding."""

DOCKER: Key = ("containers", "docker")
"""The finding about the daemon: most checks need it."""

STACK: Key = ("containers", "stack")
"""The finding about a project that has no container."""

NAMED = 6
"""At most so many consequences are named in the evidence of their cause."""
LETTERS = 80


@dataclass(frozen=True)
class Consequence(Finding):
    """A finding that follows from the first of the findings ``of`` that explains it, if there is one.

    A finding explains those that are not worse than itself: a slow server is no reason for an error. Only one about a
    thing that ``starts`` explains anything that needs it.
    """

    of: tuple[Key, ...] = ()
    starts: bool = False


def following(finding: Finding, *of: Key, starts: bool = False) -> Finding:
    """The finding as a possible consequence of others."""
    return Consequence(**{field.name: getattr(finding, field.name) for field in fields(Finding)}, of=of, starts=starts)


@dataclass(frozen=True)
class Collapsed:
    """The findings without the consequences, and the consequences, each with the finding that it follows from.

    A consequence is never worse than its cause.
    """

    causes: list[Finding]
    consequences: list[tuple[Finding, Key]]

    @property
    def all(self) -> list[Finding]:
        """Every finding."""
        return [*self.causes, *(finding for finding, _cause in self.consequences)]

    def data(self) -> list[dict[str, Any]]:
        """The consequences as data for a module's result."""
        return [
            {**finding.to_dict(), "follows": {"check": cause[0], "subject": cause[1]}}
            for finding, cause in self.consequences
        ]


def collapse(findings: Sequence[Finding]) -> Collapsed:
    """Separate causes and consequences; the evidence of a cause names what follows from it."""
    bad: dict[Key, Finding] = {}
    for finding in findings:
        key = _key(finding)
        if _is_bad(finding) and (key not in bad or rank(finding.state) > rank(bad[key].state)):
            bad[key] = finding
    shared: dict[tuple[tuple[Key, ...], str], Finding] = {}
    causes: list[Finding] = []
    follow: list[tuple[Finding, Finding]] = []
    for finding in findings:
        cause = _cause_of(finding, bad) if _is_bad(finding) else None
        if cause is None and isinstance(finding, Consequence) and finding.state == UNKNOWN:
            # The check that would name the cause did not run: the first finding with the same text stands for all.
            # Two faults may have the same text, so only what could not be checked is taken together.
            first = shared.setdefault((finding.of, finding.seen), finding)
            cause = None if first is finding else first
        if cause is None:
            causes.append(finding)
        else:
            follow.append((finding, cause))
    consequences = [(_at_most(finding, cause), _key(cause)) for finding, cause in follow]
    return Collapsed([_explained(cause, follow) for cause in causes], consequences)


def _key(finding: Finding) -> Key:
    return finding.check, finding.subject


def _is_bad(finding: Finding) -> bool:
    return rank(finding.state) > rank(NOTICE)


def _cause_of(finding: Finding, bad: Mapping[Key, Finding], path: tuple[Finding, ...] = ()) -> Finding | None:
    """The finding at the beginning of the chain, or None for one that follows from no other; ``path`` led to it."""
    for key in finding.of if isinstance(finding, Consequence) else ():
        before = bad.get(key)
        if before is None or key == _key(finding):
            continue
        if before in path:
            # Each may follow from the other: the worst one stands for all of them.
            circle = (*path[path.index(before) :], finding)
            first = max(circle, key=lambda one: (rank(one.state), _key(one)))
        else:
            first = _cause_of(before, bad, (*path, finding)) or before
        if first is not finding and _explains(first, finding):
            return first
    return None


def _explains(cause: Finding, finding: Finding) -> bool:
    starts = isinstance(cause, Consequence) and cause.starts
    return starts or rank(cause.state) >= rank(finding.state)


def _at_most(finding: Finding, cause: Finding) -> Finding:
    return replace(_plain(finding), state=min(finding.state, cause.state, key=rank))


def _plain(finding: Finding) -> Finding:
    return Finding(**{field.name: getattr(finding, field.name) for field in fields(Finding)})


def _explained(cause: Finding, follow: Iterable[tuple[Finding, Finding]]) -> Finding:
    own = [finding for finding, other in follow if other is cause]
    if not own:
        return _plain(cause)
    named = [f"{finding.check} {finding.subject}" + _words(finding, cause) for finding in own[:NAMED]]
    more = [f"and {len(own) - NAMED} more"] if len(own) > NAMED else []
    evidence = (*cause.evidence, f"follows from it: {', '.join([*named, *more])}")
    return replace(_plain(cause), evidence=evidence)


def _words(finding: Finding, cause: Finding) -> str:
    if finding.seen == cause.seen:
        return ""
    return f" ({finding.seen[:LETTERS]}{'…' if len(finding.seen) > LETTERS else ''})"
