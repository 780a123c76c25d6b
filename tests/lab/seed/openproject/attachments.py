"""Attachments: every row with its file, in the same place as in the real application."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from .. import contents, dates
from ..dates import stamp
from ..loading import Loader, line
from .plan import FILES, Plan

AT_ONCE = 1_000
DELETED = 25
"""So many attachments were deleted before: the application leaves their folders behind, empty."""


def load_attachments(plan: Plan, loader: Loader, start: int) -> None:
    stop = min(start + AT_ONCE, plan.size.files)
    loader.progress.doing = f"attachment {start} of {plan.size.files}"
    loader.copy(
        "attachments",
        "id, container_id, container_type, filename, filesize, content_type, digest, author_id, created_at, updated_at, file",
        _attachments(plan, loader, start, stop),
    )
    if stop == plan.size.files:
        for number in range(plan.first["attachments"] + stop, plan.first["attachments"] + stop + DELETED):
            (plan.files / str(number)).mkdir(parents=True, exist_ok=True)


def _attachments(plan: Plan, loader: Loader, start: int, stop: int) -> Iterator[bytes]:
    rng = plan.rng(f"attachments {start}")
    for at in range(start, stop):
        size = contents.small_size(rng) if at < plan.size.small_files else contents.large_size(rng)
        one = contents.content(plan.writer, rng, size)
        number, written = plan.first["attachments"] + at, dates.moment(rng)
        folder = plan.files / str(number)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / one.name).write_bytes(one.data)
        loader.progress.add(len(one.data))
        digest = hashlib.md5(one.data, usedforsecurity=False).hexdigest()
        yield line(number, plan.any("work_packages", plan.size.work_packages, rng), "WorkPackage", one.name,
                   len(one.data), one.content_type, digest, plan.person(rng), stamp(written), stamp(written), one.name)


def remove_files_without_row(loader: Loader, folder: Path) -> None:
    numbers = set(loader.column("SELECT id::text FROM attachments"))
    for path in (folder / FILES).glob("*"):
        if path.name not in numbers:
            shutil.rmtree(path)
