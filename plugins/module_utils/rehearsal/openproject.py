# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares OpenProject's attachment rows with their files, in both directions."""

from __future__ import annotations

import os

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Session

from .content import CHECK, Content, columns, folders_in, missing, pages, rows, size_of

NAME = "OpenProject"

FOLDER = "files/attachment/file"
PLACES = (FOLDER, f"assets/{FOLDER}", f"var/openproject/assets/{FOLDER}")

NEEDED = {"id", "file", "filesize", "container_type", "content_type"}

PREPARED = 1
"""Status of a row whose file is still being uploaded."""

LOST = "It is missing from the running application, too, unless it was deleted during the backup: check its id there."


def applies(session: Session) -> bool:
    """True for a database of OpenProject."""
    return columns(session, "attachments") >= NEEDED and bool(columns(session, "work_packages"))


def check(content: Content, session: Session) -> dict[str, int]:
    """Compare rows with files; gives the number of each."""
    location = content.find_folder(*PLACES)
    counted = {"attachments": 0, "attachment_files": 0}
    names = ["file", "filesize", "status"] if "status" in columns(session, "attachments") else ["file", "filesize"]
    for row in rows(session, "attachments", names):
        counted["attachments"] += 1
        identity, name, size = row[:3]
        if not name or (len(row) > 3 and row[3] == PREPARED):
            continue
        subject = f"attachment {identity} ({name})"
        actual = size_of(os.path.join(location[1], str(identity), name)) if location else None
        place = f"{location[0]}: {FOLDER}/{identity}/{name}" if location else f"no volume of the set has {FOLDER}"
        if actual is None:
            content.subject.critical(CHECK, subject, f"has no file ({place})", f"a file of {size} bytes", LOST)
        elif actual != size:
            content.subject.critical(CHECK, subject, f"has a file of {actual} bytes ({place})", f"{size} bytes", LOST)
    if location:
        for page in pages(folders_in(location[1])):
            counted["attachment_files"] += len(page)
            for identity in missing(session, "attachments", "id", page):
                content.report_orphan(f"{location[0]}: {FOLDER}/{identity}", "has no row in attachments")
    return counted
