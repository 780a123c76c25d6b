"""Bare repositories with real history: streams for git fast-import, which packs them as fast as it reads."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import dates
from .people import Person
from .prose import Writer

BRANCH = "refs/heads/main"
UNFINISHED = ".seeding"
GIT_ENVIRONMENT = {"HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ.get("PATH", "/usr/bin")}
# git compresses text and only stores pictures: level 1 keeps seeding fast.
# As Gitea does in each repository, and again with "gitea admin regenerate hooks".
HOOK, HOOK_TEXT = Path("hooks", "post-receive.d", "gitea"), "#!/usr/bin/env bash\n"
GIT_OPTIONS = ("-c", "core.compression=1", "-c", "fastimport.unpackLimit=40")


@dataclass(frozen=True)
class History:
    commits: int
    text_files: int
    words_per_file: int
    asset_bytes: int
    lfs_objects: int = 0


@dataclass(frozen=True)
class LfsObject:
    data: bytes

    @property
    def oid(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def pointer(self) -> bytes:
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.oid}\nsize {len(self.data)}\n".encode()

    def write_below(self, folder: Path) -> None:
        path = folder / self.oid[:2] / self.oid[2:4] / self.oid[4:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.data)


def create(folder: Path, history: History, objects: list[LfsObject], authors: list[Person], rng: random.Random, writer: Writer) -> int:
    """Create it under another name until it is complete; returns the number of bytes given to git."""
    temporary = unfinished(folder)
    for leftover in (temporary, folder):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", temporary], check=True, env=GIT_ENVIRONMENT
    )
    (temporary / HOOK).parent.mkdir(parents=True, exist_ok=True)
    (temporary / HOOK).write_text(HOOK_TEXT)
    given = 0
    with subprocess.Popen(
        ["git", *GIT_OPTIONS, "fast-import", "--quiet", "--date-format=raw", "--depth=0"],
        cwd=temporary,
        stdin=subprocess.PIPE,
        env=GIT_ENVIRONMENT,
    ) as importer:
        assert importer.stdin is not None
        for part in _stream(history, objects, authors, rng, writer):
            importer.stdin.write(part)
            given += len(part)
        importer.stdin.close()
    if importer.returncode != 0:
        raise RuntimeError(f"git fast-import failed for {folder.name} with exit code {importer.returncode} (see above)")
    temporary.rename(folder)
    return given


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def unfinished(folder: Path) -> Path:
    return folder.with_name(folder.name + UNFINISHED)


def _stream(history: History, objects: list[LfsObject], authors: list[Person], rng: random.Random, writer: Writer) -> Iterator[bytes]:
    seconds = sorted(dates.moment(rng) for _commit in range(history.commits))
    paths = [_path(writer, rng, at) for at in range(max(3, history.commits // 2))]
    for number, second in enumerate(seconds, start=1):
        yield _commit(number, BRANCH, rng.choice(authors), second, writer.title(rng))
        if number == 1:
            yield from _file("README.md", b"# " + writer.title(rng) + b"\n\n" + writer.plain(rng, 120) + b"\n")
            yield from _lfs_files(objects)
        for _change in range(history.text_files):
            path = rng.choice(paths)
            text = writer.plain if path.endswith(".md") else writer.code
            yield from _file(path, text(rng, rng.randrange(history.words_per_file // 2, history.words_per_file * 3 // 2)))
        if history.asset_bytes:
            size = rng.randrange(history.asset_bytes // 2, history.asset_bytes * 3 // 2)
            yield from _file(f"assets/image-{number % 60}.png", b"\x89PNG\r\n\x1a\n" + rng.randbytes(size))
        if number % 25 == 0:
            yield f"reset refs/tags/v{number // 25}.0\nfrom :{number}\n\n".encode()
    last = len(seconds)
    yield _commit(last + 1, "refs/heads/next", rng.choice(authors), seconds[-1] + 60, writer.title(rng), parent=last)
    yield from _file("NEXT.md", writer.plain(rng, 80) + b"\n")


def _commit(mark: int, branch: str, author: Person, second: int, message: bytes, parent: int = 0) -> bytes:
    who = f"{author.full_name} <{author.mail}> {dates.unix(second)} +0900"
    header = f"commit {branch}\nmark :{mark}\nauthor {who}\ncommitter {who}\ndata {len(message)}\n".encode()
    return header + message + b"\n" + (f"from :{parent}\n".encode() if parent else b"")


def _file(path: str, data: bytes) -> Iterator[bytes]:
    yield f"M 100644 inline {path}\ndata {len(data)}\n".encode()
    yield data
    yield b"\n"


def _lfs_files(objects: list[LfsObject]) -> Iterator[bytes]:
    if objects:
        yield from _file(".gitattributes", b"*.psd filter=lfs diff=lfs merge=lfs -text\n")
    for at, one in enumerate(objects):
        yield from _file(f"sources/layer-{at}.psd", one.pointer)


def _path(writer: Writer, rng: random.Random, at: int) -> str:
    words = writer.code(rng, 12).decode()
    names = "".join(letter if letter.isalpha() else " " for letter in words).split()[:3]
    folder, extension = rng.choice((("docs", "md"), ("src", "py"), ("src", "py"), ("tests", "py")))
    return f"{folder}/{names[0]}/{'_'.join(names[1:])}_{at}.{extension}"
