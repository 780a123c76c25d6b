"""The last step of a start: the same process becomes gunicorn."""

from __future__ import annotations

import os
import time
from typing import NoReturn


def wait_for_slow_start() -> None:
    """The real applications take up to minutes; LAB_START_SECONDS says how long the stand-in takes longer."""
    time.sleep(float(os.environ.get("LAB_START_SECONDS") or 0))


def become_gunicorn(application: str, port: int) -> NoReturn:
    arguments = [
        "python3",
        "-m",
        "gunicorn",
        f"--bind=0.0.0.0:{port}",
        "--worker-class=gthread",
        "--workers=1",
        "--threads=8",
        "--graceful-timeout=1",
        "--keep-alive=75",
        "--log-level=warning",
        "--worker-tmp-dir=/dev/shm",
        application,
    ]
    os.execvp(arguments[0], arguments)
