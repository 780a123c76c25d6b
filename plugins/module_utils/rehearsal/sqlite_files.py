# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks the SQLite databases among the files of a set, and compares Gitea's rows there with its files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace

from ansible_collections.maxops.ops.plugins.module_utils.storage.findings import HOST, SET
from ansible_collections.maxops.ops.plugins.module_utils.systems.sqlite import SqliteSession
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.transfer.live_databases import sqlite_path

from . import gitea
from .content import CHECK, Content
from .live import FilesOnly

FIX = "Take another set, and make a new one: this database does not open, or lacks rows."


def check_sqlite(content: Content) -> dict[str, dict[str, int]]:
    """Check each SQLite database of the set; gives the counts by application.

    The services that write to one are paused while its folder is copied, so its rows and files are of one moment.
    """
    counted: dict[str, dict[str, int]] = {}
    for part, relative, path in list(_files(content)):
        subject = f"{part}: {relative}"
        try:
            with SqliteSession(path, f"the SQLite database {subject}", content.cancellation) as session:
                damage = _damage(session)
                if damage:
                    content.subject.critical(CHECK, subject, f"is damaged: {damage}", "a whole database", FIX, SET)
                elif gitea.applies(session):
                    live = FilesOnly(**vars(content.live))
                    counted[gitea.NAME] = gitea.check(replace(content, live=live, frozen=True), session)
                else:
                    content.not_compared.append(f"the rows of the SQLite database {subject} with files")
        except Cancelled:
            raise
        except MaxopsError as error:
            content.subject.warning(CHECK, subject, str(error), "a database that can be read", cause=HOST)
    return counted


def _damage(session: SqliteSession) -> str:
    try:
        return session.damage()
    except Cancelled:
        raise
    except MaxopsError as error:
        return str(error)


def _files(content: Content) -> Iterator[tuple[str, str, str]]:
    """Part, path below its top, and path on this host of each SQLite database that the manifest names."""
    for part in content.manifest.get("parts", []):
        top = content.volumes.get(part["name"])
        # Nothing wrote to the resting ones while they were copied.
        for text in part.get("live_databases") or part.get("resting_databases") or []:
            relative = sqlite_path(text)
            path = os.path.normpath(os.path.join(top or "", relative))
            # A link of the set must not lead out of it.
            if top and relative and os.path.realpath(path).startswith(os.path.join(os.path.realpath(top), "")):
                yield part["name"], relative, path
