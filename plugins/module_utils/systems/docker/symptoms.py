# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container's health check and log say about why it does not start."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import Mask

LOG_LINES = 200
"""Lines at the end of a log in which the cause is looked for."""
QUOTED_CHARACTERS = 300
END_LINES = 10
"""An error in so many last lines is quoted rather than the very last line."""

_CANNOT_RUN = re.compile(
    r"executable file not found|exec format error|permission denied: unknown|no such file or directory: unknown"
    r"|command not found|^[^\n]{0,60}\b(?:sh|bash|ash|dash)\b[^\n]{0,100}: (?:not found|No such file or directory)",
    re.IGNORECASE | re.MULTILINE,
)
_SHORTAGE = re.compile(
    r"temporarily unavailable|cannot allocate memory|too many open files|no space left|deadline exceeded"
    r"|timed? ?out|cannot fork|can't fork",
    re.IGNORECASE,
)
# The daemon says the same of a container that ends at this moment.
_ENDED = re.compile(r"stopped container|not running|is paused", re.IGNORECASE)

_ERROR = re.compile(r"error|fatal|panic|exception", re.IGNORECASE)
_WORD = re.compile(r"\w{3}")
_SIGNS = (
    (
        re.compile(r"PendingMigrationError|migrations? (?:are|is) pending|pending migrations?", re.IGNORECASE),
        (
            "the restored data needs migrations that this image runs in a service of its own: name it as a dependency "
            "(condition: service_completed_successfully), or run it first (docker compose up seeder)"
        ),
    ),
    (
        re.compile(r"secret_key_base", re.IGNORECASE),
        "set SECRET_KEY_BASE of the service to the value that the stack of the set had",
    ),
    (
        re.compile(r"Invalid host_name", re.IGNORECASE),
        (
            "the request names another host than OPENPROJECT_HOST__NAME: correct that, or add the name to "
            "OPENPROJECT_ADDITIONAL__HOST__NAMES"
        ),
    ),
)


def cannot_run(exit_code: int | None, output: str) -> bool:
    """True for the result of a health check that could not run: it says nothing about the application.

    Docker reports -1 for a program that it could not start, and also for one that took too long, which is a failure.
    A program that could not start for a reason that passes, such as too little memory, may run at the next try.
    """
    if _ENDED.search(output) or _SHORTAGE.search(output):
        return False
    if "OCI runtime exec failed" in output or _CANNOT_RUN.search(output):
        return bool(_CANNOT_RUN.search(output))
    return exit_code in (126, 127) or exit_code == -1


def quote(text: str) -> str:
    """The last line of an output with words, without secrets, and not too long."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return Mask()(lines[-1])[:QUOTED_CHARACTERS] if lines else ""


def sign(lines: Sequence[str]) -> str:
    """The last line of a log that names a known cause, with what to do; empty without one."""
    for line in reversed(lines):
        for pattern, remedy in _SIGNS:
            if pattern.search(line):
                return f'its log says "{quote(line)}": {remedy}'
    return ""


def last_words(lines: Sequence[str]) -> str:
    """A known cause with its remedy, or the last line of a log, an error rather than what follows it; or nothing."""
    end = [line for line in lines if _WORD.search(line)][-END_LINES:]
    errors = [line for line in end if _ERROR.search(line)]
    last = quote("\n".join(errors or end))
    return sign(lines) or (f'last log line: "{last}"' if last else "")
