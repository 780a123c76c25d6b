"""The bytes of attachments: half of them text, half of them incompressible like pictures and documents."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .prose import Writer

BYTES_PER_WORD = 6.6


@dataclass(frozen=True)
class Kind:
    extension: str
    content_type: str
    magic: bytes | None
    share: int


KINDS = (
    Kind("txt", "text/plain", None, 20),
    Kind("md", "text/markdown", None, 15),
    Kind("log", "text/plain", None, 15),
    Kind("png", "image/png", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", 25),
    Kind("pdf", "application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", 15),
    Kind("zip", "application/zip", b"PK\x03\x04\x14\x00\x00\x00\x08\x00", 10),
)
SHARES = [kind.share for kind in KINDS]


@dataclass(frozen=True)
class Content:
    name: str
    content_type: str
    data: bytes


def small_size(rng: random.Random) -> int:
    return max(120, min(150_000, int(rng.lognormvariate(8.7, 0.9))))


def large_size(rng: random.Random) -> int:
    return rng.randrange(1_000_000, 7_000_000)


def content(writer: Writer, rng: random.Random, size: int) -> Content:
    kind = rng.choices(KINDS, weights=SHARES)[0]
    name = f"{writer.title(rng).decode().replace(' ', '_')}.{kind.extension}"
    if kind.magic is None:
        data = writer.plain(rng, max(1, int(size / BYTES_PER_WORD)))
    else:
        data = kind.magic + rng.randbytes(size)
    return Content(name, kind.content_type, data)
