"""Settings: from the table `settings`, like the real one's, and the few that come from the environment."""

from __future__ import annotations

import json
import os
from pathlib import Path

from ..shared.database import Transaction


def value(transaction: Transaction, name: str, default: str) -> str:
    found = transaction.value("SELECT value FROM settings WHERE name = %s ORDER BY id DESC LIMIT 1", (name,))
    return default if found is None else str(found)


def number(transaction: Transaction, name: str, default: int) -> int:
    return int(value(transaction, name, str(default)))


def attachments() -> Path:
    return Path(os.environ.get("OPENPROJECT_ATTACHMENTS__STORAGE__PATH", "/var/openproject/assets/files"))


def host_name() -> str:
    return os.environ.get("OPENPROJECT_HOST__NAME", "localhost:8080")


def allowed_hosts() -> list[str]:
    """The names that requests may be for; empty, and so all of them, where the stand-in was given no host name."""
    if not os.environ.get("OPENPROJECT_HOST__NAME"):
        return []
    more = os.environ.get("OPENPROJECT_ADDITIONAL__HOST__NAMES", "").strip()
    # As the real one reads a list: JSON, or words with commas between them.
    names = json.loads(more) if more.startswith("[") else [name.strip() for name in more.split(",") if name.strip()]
    return [host_name(), *map(str, names)]
