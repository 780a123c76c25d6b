"""authorized_keys, which OpenSSH reads: a key that is added is appended, and `admin regenerate keys` writes all."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..shared.database import Row, Transaction
from . import ini
from .settings import Settings

COMMENT = "# gitea public key"
OPTIONS = "no-port-forwarding,no-X11-forwarding,no-agent-forwarding,no-pty,no-user-rc,restrict"


def path(settings: Settings) -> Path:
    return Path(settings.text("server", "SSH_ROOT_PATH", "/data/git/.ssh")) / "authorized_keys"


def line(row: Row) -> str:
    command = f'command="/usr/local/bin/gitea --config={ini.path()} serv key-{row["id"]}"'
    return f"{COMMENT}\n{command},{OPTIONS} {row['content']} user-{row['owner_id']}\n"


def append(settings: Settings, row: Row) -> None:
    if _is_needless(settings):
        return
    try:
        with _locked(settings), open(path(settings), "a", encoding="utf-8", opener=_private) as stream:
            stream.write(line(row))
    except OSError as error:
        print(f"{path(settings)} cannot be written: {error}", file=sys.stderr, flush=True)


def write_all(settings: Settings, transaction: Transaction) -> None:
    """All rows, and after them the lines that Gitea did not write."""
    if _is_needless(settings):
        return
    with _locked(settings):
        target = path(settings)
        others = _of_others(target.read_text().splitlines(keepends=True)) if target.exists() else []
        rows = transaction.rows("SELECT * FROM public_key ORDER BY id")
        temporary = target.with_name("authorized_keys.tmp")
        with open(temporary, "w", encoding="utf-8", opener=_private) as stream:
            stream.writelines([*(line(row) for row in rows), *others])
        os.replace(temporary, target)


def _of_others(lines: Iterable[str]) -> list[str]:
    kept, left = [], iter(lines)
    for text in left:
        if text.startswith(COMMENT):
            next(left, "")
        else:
            kept.append(text)
    return kept


def _is_needless(settings: Settings) -> bool:
    return settings.truth("server", "START_SSH_SERVER", default=False)


@contextmanager
def _locked(settings: Settings) -> Iterator[None]:
    """Make the folder, and let one process at a time write the file, as the real one does."""
    folder = path(settings).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)
