"""Lines in the format of OpenProject's production log, on standard output."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from ..shared.web import printable


def quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def write(level: str, message: str, request_id: str = "") -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")
    tag = f"[{request_id}] " if request_id else ""
    print(f"{level[0]}, [{now} #{os.getpid()}] {level:>5} -- : {tag}{printable(message)}", flush=True)
