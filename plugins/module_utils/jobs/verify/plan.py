# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the sets and legacy dumps to verify."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.maxops.ops.plugins.module_utils.storage import legacy_dumps
from ansible_collections.maxops.ops.plugins.module_utils.storage.coverage import labels, lacking, not_taken, stack_parts
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import LegacyDump
from ansible_collections.maxops.ops.plugins.module_utils.storage.origin import Ownership, here, host_of
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import not_taken_remarks
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .options import ALL, LATEST, VerifyOptions


@dataclass
class Chosen:
    """The sets of the repository and the legacy dumps to verify."""

    sets: list[KeptSet]
    dumps: list[LegacyDump]
    remarks: list[str] = field(default_factory=list)


def choose(repository: Repository, options: VerifyOptions) -> Chosen:
    """The sets and dumps that the option ``set`` names. Raises MaxopsError when one is missing, or none is named."""
    repository.check_readable()
    sets: dict[str, KeptSet] = {}
    dumps: dict[str, LegacyDump] = {}
    all_sets = repository.sets()
    all_dumps = legacy_dumps.list_dumps(repository.path)
    ownership = here(options.access.project_name).split(all_sets)
    for word in options.set:
        named_sets, named_dumps = _named(word, all_sets, all_dumps, ownership)
        if not named_sets and not named_dumps:
            raise MaxopsError(_missing(word, repository, all_sets, all_dumps, options.access.project_name))
        sets.update({kept.set_id: kept for kept in named_sets})
        dumps.update({dump.path: dump for dump in named_dumps})
    if not sets and not dumps:
        raise MaxopsError(f"no set was named; give an id, {LATEST}, {ALL} or a path in the option set")
    remarks = [line for kept in sets.values() for line in not_taken_remarks(kept)]
    return Chosen(list(sets.values()), list(dumps.values()), remarks + _about_others(list(sets.values()), ownership))


def _named(
    word: str, sets: Sequence[KeptSet], dumps: Sequence[LegacyDump], ownership: Ownership
) -> tuple[list[KeptSet], list[LegacyDump]]:
    # A set with a bad manifest does not show its project: a check of all sets must not miss it.
    own = {kept.set_id for kept in ownership.own or ownership.others}
    ours = [kept for kept in sets if kept.manifest is None or kept.set_id in own]
    if word == ALL:
        return ours, list(dumps)
    if word == LATEST:
        # Each legacy dump holds one database only.
        newest = {dump.database: dump for dump in dumps} if not ours else {}
        return ours[-1:], list(newest.values())
    if legacy_dumps.is_dump_path(word):
        return [], [legacy_dumps.at_path(os.path.abspath(word))]
    return [kept for kept in sets if kept.set_id == word], [dump for dump in dumps if dump.set_id == word]


def _about_others(chosen: Sequence[KeptSet], ownership: Ownership) -> list[str]:
    """Remarks on sets of other hosts, and on a newest set that has only some parts of the stack."""
    other_ids = {kept.set_id for kept in ownership.others}
    remarks = [
        f"set {kept.set_id} was made on another host, {host_of(kept)}" for kept in chosen if kept.set_id in other_ids
    ]
    parts = stack_parts(ownership.own)
    newest = next((kept for kept in ownership.own[-1:] if kept in chosen), None)
    lacks = lacking(newest, parts - not_taken(newest.manifest or {})) if newest and len(chosen) == 1 else []
    whole = [kept.set_id for kept in ownership.own if not lacking(kept, parts)]
    if newest and lacks:
        where = f"; the newest set with everything is {whole[-1]}" if whole else ""
        remarks.append(f"set {newest.set_id} has no {labels(lacks)}{where}")
    return remarks


def _missing(
    word: str, repository: Repository, sets: Sequence[KeptSet], dumps: Sequence[LegacyDump], project: str
) -> str:
    names = [kept.set_id for kept in sets] + [dump.set_id for dump in dumps]
    if word in (LATEST, ALL):
        of = f' of stack "{project}"' if names else ""
        return (
            f"repository {repository.path} has no set{of}; create one with ansible-playbook maxops.ops.backup, or name "
            "its repository"
        )
    newest = ", ".join(reversed(names[-5:])) or "none"
    return f'repository {repository.path} has no set "{word}" (its newest: {newest}); correct the option set'
