# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sets and dumps a verification is about. Private to this collection."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.maxops.ops.plugins.module_utils.storage import legacy_dumps
from ansible_collections.maxops.ops.plugins.module_utils.storage.legacy_dumps import LegacyDump
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.local import Repository
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError

from .options import ALL, LATEST, VerifyOptions


@dataclass
class Chosen:
    """What is to be verified: sets of the repository, and dumps of the old way."""

    sets: list[KeptSet]
    dumps: list[LegacyDump]


def choose(repository: Repository, options: VerifyOptions) -> Chosen:
    """The sets and dumps that are meant. Raises MaxopsError when one is not there, or none at all is."""
    repository.check_readable()
    sets: dict[str, KeptSet] = {}
    dumps: dict[str, LegacyDump] = {}
    known = repository.sets()
    old = legacy_dumps.list_dumps(repository.path)
    for word in options.set:
        found, files = _meant(word, known, old, options.access.project_name)
        if not found and not files:
            raise MaxopsError(_not_there(word, repository, known, old, options.access.project_name))
        sets.update({kept.set_id: kept for kept in found})
        dumps.update({dump.path: dump for dump in files})
    if not sets and not dumps:
        raise MaxopsError(f"no set was named; give an id, {LATEST}, {ALL} or a path in the option set")
    return Chosen(list(sets.values()), list(dumps.values()))


def _meant(
    word: str, known: Sequence[KeptSet], old: Sequence[LegacyDump], project: str
) -> tuple[list[KeptSet], list[LegacyDump]]:
    # A set whose manifest is bad tells no project: it must not hide from a check of all.
    ours = [kept for kept in known if kept.manifest is None or kept.manifest.get("project") == project]
    if word == ALL:
        return ours, list(old)
    if word == LATEST:
        # Each file of the old way holds one database only.
        newest = {dump.database: dump for dump in old} if not ours else {}
        return ours[-1:], list(newest.values())
    if legacy_dumps.is_dump_path(word):
        return [], [legacy_dumps.at_path(os.path.abspath(word))]
    return [kept for kept in known if kept.set_id == word], [dump for dump in old if dump.set_id == word]


def _not_there(
    word: str, repository: Repository, known: Sequence[KeptSet], old: Sequence[LegacyDump], project: str
) -> str:
    names = [kept.set_id for kept in known] + [dump.set_id for dump in old]
    if word in (LATEST, ALL):
        of = f' of stack "{project}"' if names else ""
        return (
            f"repository {repository.path} has no set{of}; make one with playbooks/backup.yml, or name its repository"
        )
    newest = ", ".join(reversed(names[-5:])) or "none at all"
    return f'repository {repository.path} has no set "{word}" (its newest: {newest}); correct the option set'
