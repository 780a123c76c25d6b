# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings that follow from another one: a stopped container is one finding, not one of each check that met it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import NOTICE, Finding, rank

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
    """A finding that follows from the first of the findings ``of`` that is not ok, if there is one."""

    of: tuple[Key, ...] = ()


def following(finding: Finding, *of: Key) -> Finding:
    """The finding as a possible consequence of others."""
    return Consequence(**{field.name: getattr(finding, field.name) for field in fields(Finding)}, of=of)


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
        if cause is None and isinstance(finding, Consequence) and _is_bad(finding):
            # The check that would name the cause did not run: the first finding with the same text stands for all.
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


def _cause_of(finding: Finding, bad: Mapping[Key, Finding]) -> Finding | None:
    """The finding at the beginning of the chain, or None for one that follows from no other."""
    chain = [finding]
    while True:
        last = chain[-1]
        keys = last.of if isinstance(last, Consequence) else ()
        before = next((bad[key] for key in keys if key in bad and key != _key(last)), None)
        if before is None:
            return None if last is finding else last
        if before in chain:
            # Each may follow from the other: the worst one stands for all of them.
            circle = chain[chain.index(before) :]
            first = max(circle, key=lambda one: (rank(one.state), _key(one)))
            return None if first is finding else first
        chain.append(before)


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
