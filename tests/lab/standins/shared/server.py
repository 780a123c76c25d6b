"""The last step of a start: the same process becomes gunicorn."""

from __future__ import annotations

import os
from typing import NoReturn


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
