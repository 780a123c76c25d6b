# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares OpenProject's attachment rows with their files, in both directions."""

from __future__ import annotations

import os

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session

from .content import Content, Location, columns, count, folders_in, holds_a_file, missing, pages, rows, size_of
from .coverage import object_storage, report_missing, report_object_storage
from .live import live_size
from .losses import Loss, Losses

NAME = "OpenProject"

FOLDER = "files/attachment/file"
PLACES = (FOLDER, f"assets/{FOLDER}", f"var/openproject/assets/{FOLDER}", "attachment/file")

NEEDED = {"id", "file", "filesize", "container_type", "content_type"}

PREPARED = 1
"""Status of a row whose file is still being uploaded."""

WORDS = ("openproject", "opdata", "assets")
"""What the names and mount points of its data contain."""

NOT_COMPARED = "OpenProject: the content of attachments (their sizes are compared)"

FIX = "There, upload the attachment again, or delete it."


def applies(session: Session) -> bool:
    """True for a database of OpenProject."""
    return columns(session, "attachments") >= NEEDED and bool(columns(session, "work_packages"))


def check(content: Content, session: Session) -> dict[str, int]:
    """Compare rows with files; gives the number of each."""
    names = ["file", "filesize", "status"] if "status" in columns(session, "attachments") else ["file", "filesize"]
    stored = object_storage(content.manifest.get("object_storage") or [], NAME, ["attachment", "attachments"])
    if stored:
        report_object_storage(content, NAME, {"attachments": stored})
        return {"attachments": count(session, "attachments")}
    content.not_compared.append(NOT_COMPARED)
    location = content.find_folder(*PLACES)
    if location is None:
        finished = f" AND status <> {PREPARED}" if "status" in names else ""
        number = count(session, "attachments", f"coalesce(file, '') <> ''{finished}")
        report_missing(content, NAME, WORDS, {"attachments": (number, PLACES)})
        return {"attachments": count(session, "attachments"), "attachment_files": 0}
    return {
        "attachments": _rows(content, session, names, location),
        "attachment_files": _files(content, session, location),
    }


def _rows(content: Content, session: Session, names: list[str], location: Location) -> int:
    losses = Losses(content, session.database, "attachments", names[:2], location, live_size, FIX)
    number = 0
    for row in rows(session, "attachments", names):
        number += 1
        identity, name, size = row[:3]
        if not name or (len(row) > 3 and row[3] == PREPARED):
            continue
        path = f"{identity}/{name}"
        actual = size_of(os.path.join(location.path, path))
        if actual == size:
            continue
        place = f"{location.part}: {location.relative}/{path}"
        seen = f"has no file ({place})" if actual is None else f"has a file of {actual} bytes ({place})"
        limit = f"a file of {size} bytes" if actual is None else f"{size} bytes"
        losses.add(Loss(f"attachment {identity} ({name})", identity, (name, size), path, seen, limit, actual))
    losses.report(number)
    return number


def _files(content: Content, session: Session, location: Location) -> int:
    """Report the folders without a row; the application leaves an empty folder behind when it deletes a file."""
    number = 0
    full = (name for name in folders_in(location.path) if holds_a_file(os.path.join(location.path, name)))
    for page in pages(full):
        number += len(page)
        for identity in missing(session, "attachments", "id", page):
            content.report_orphan(f"{location.part}: {location.relative}/{identity}", "has no row in attachments")
    return number
