# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a set deliberately does not hold: parts that were left out, and object storage."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage.coverage import is_excluded
from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import COVERAGE, PRODUCTION, SET, UNCLEAR
from ansible_collections.maxops.ops.plugins.module_utils.tools.finding import CRITICAL, WARNING, Finding

from .content import CHECK, Content
from .losses import advice

DELIBERATE = ("excluded", "not asked for")
"""How the reasons begin that an operator gave for leaving a part out."""

_NO_LOSS = ("belongs to ", "its files are in ")
"""How the reasons begin for data of the database server and the cache, and for files that another part holds."""


@dataclass(frozen=True)
class LeftOut:
    """The parts that may have held an application's files, in words, and whether an operator left them out."""

    words: str
    deliberate: bool


def left_out(manifest: Mapping[str, Any], names: Sequence[str]) -> LeftOut:
    """What the set lacks of an application; ``names`` are words that the names or mount points of its data contain.

    Where no entry has one of these words, a backup of named volumes or folders left the rest out; else all entries
    count.
    """
    entries = [
        entry
        for entry in manifest.get("left_out") or []
        if entry.get("kind") in ("volume", "folder") and not str(entry.get("reason", "")).startswith(_NO_LOSS)
    ]
    own = [entry for entry in entries if any(word in f"{entry['name']} {entry['reason']}".lower() for word in names)]
    scope = manifest.get("scope") or {}
    asked = {kind: scope.get(kind) for kind in ("volumes", "folders")}
    named = [f"{kind} {', '.join(wanted) or 'none'}" for kind, wanted in asked.items() if wanted is not None]
    if not own and named:
        return LeftOut(f"only these were asked for: {'; '.join(named)}", deliberate=True)
    chosen = own or entries
    words = ", ".join(f"{entry['name']} ({entry['reason']})" for entry in chosen)
    deliberate = (
        entry["reason"].startswith(DELIBERATE) or is_excluded(manifest, (entry["kind"], entry["name"]))
        for entry in chosen
    )
    return LeftOut(words, bool(chosen) and all(deliberate))


def report_missing(
    content: Content,
    application: str,
    names: Sequence[str],
    kinds: Mapping[str, tuple[int, Sequence[str]]],
    part: str | None = None,
) -> None:
    """One finding for all kinds of an application's files whose folder is not in the set.

    ``kinds`` gives by title the number of rows and the places where their folder may be. ``part`` is the volume or
    folder that holds the application's other files; without one it is what its services mount, or else a part with one
    of ``names`` in its name.
    """
    lost = {title: entry for title, entry in kinds.items() if entry[0]}
    if not lost:
        return
    holder = part or _holder(content, application, names)
    if holder is None:
        _report_no_part(content, application, names, _counted(lost))
    else:
        for title, (number, places) in lost.items():
            _report_no_folder(content, f"{application}: {title}", number, holder, places)


def _holder(content: Content, application: str, names: Sequence[str]) -> str | None:
    """The part that holds an application's data: the largest that its services mount, else one with such a name.

    Sets of earlier versions do not say which services an application had.
    """
    recorded = ((content.manifest.get("recognised") or {}).get("applications") or {}).get(application.lower()) or ()
    mounted = [
        part
        for part in content.manifest.get("parts") or []
        if part.get("name") in content.volumes and any(use["service"] in recorded for use in part.get("mounts") or [])
    ]
    if mounted:
        return str(max(mounted, key=lambda part: part.get("source_bytes") or 0)["name"])
    return next((name for name in content.volumes if any(word in name.lower() for word in names)), None)


def _counted(kinds: Mapping[str, tuple[int, Sequence[str]]]) -> str:
    return ", ".join(
        f"{number} {_singular(title) if number == 1 else title}" for title, (number, _places) in kinds.items()
    )


def _singular(title: str) -> str:
    return f"{title[:-3]}y" if title.endswith("ies") else title[:-1]


def _report_no_part(content: Content, application: str, names: Sequence[str], what: str) -> None:
    reasons = left_out(content.manifest, names)
    if reasons.deliberate:
        content.not_covered.append(f"{application}: {what}: {reasons.words}")
        seen = f"its files were left out of this set, so they are not covered: {reasons.words} ({what})"
        content.subject.findings.add(Finding(CHECK, application, WARNING, seen, "files for its rows", cause=COVERAGE))
        return
    words = f", left out: {reasons.words}" if reasons.words else ""
    fix = "Back up the application's data, too: in a volume or folder of the stack that is not left out."
    seen = f"its data is in no volume or folder of this set{words} ({what} without files)"
    content.subject.findings.add(Finding(CHECK, application, CRITICAL, seen, "files for its rows", fix=fix, cause=SET))


def _report_no_folder(content: Content, subject: str, number: int, part: str, places: Sequence[str]) -> None:
    """One finding for all rows of a kind, where the set holds the application's data, but not this folder."""
    relative = [place for place in places if not os.path.isabs(place)]
    folder = relative[0] if relative else places[0]
    live = content.live.folder(part)
    if live is None:
        state, cause = CRITICAL, UNCLEAR
        evidence = f"the running application could not be asked: {content.live.problem or 'it does not mount it'}"
    elif any(os.path.isdir(os.path.join(live, place)) for place in relative):
        state, cause, evidence = CRITICAL, SET, "the running application has the folder"
    else:
        # A whole folder is never a small loss, however few rows it has.
        state, cause = CRITICAL, PRODUCTION
        evidence = "the running application does not have the folder either"
    fix = advice(cause, f"There, restore the folder {folder} of {part}, or delete the rows.")
    seen = f"{number} rows have no files, because {part} has no folder {folder}"
    content.subject.findings.add(Finding(CHECK, subject, state, seen, "a folder with files", (evidence,), fix, cause))


def object_storage(entries: Sequence[Mapping[str, str]], application: str, what: Sequence[str]) -> str:
    """Where files are kept outside of the set, as in "minio (GITEA__storage__STORAGE_TYPE)"; empty where they are not.

    ``entries`` are those of a manifest, ``what`` the names of the kind of files; an entry without a kind is about all.
    """
    for entry in entries:
        named = str(entry.get("what") or "all").lower()
        if str(entry.get("application", "")).lower() == application.lower() and named in (*what, "all"):
            return f"{entry.get('type') or 'object storage'} ({entry.get('source') or 'its configuration'})"
    return ""


def report_object_storage(content: Content, application: str, kept: Mapping[str, str]) -> None:
    """One warning for an application; ``kept`` says where each kind of files is."""
    if not kept:
        return
    places = ", ".join(f"{title} in {place}" for title, place in kept.items())
    content.not_covered.append(f"{application}: {places}")
    seen = f"keeps files in object storage, which no set holds, so they are not covered: {places}"
    fix = "Back up the object storage by its own means."
    content.subject.findings.add(Finding(CHECK, application, WARNING, seen, "", fix=fix, cause=COVERAGE))
