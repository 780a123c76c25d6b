"""SSH keys of users."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from typing import Any

from ...shared.database import Row
from ...shared.web import transaction
from .. import keys_file, represent
from ..context import context
from ..errors import ApiError, not_found

LETTERS = re.compile(r"[A-Za-z0-9+/]*={0,2}")


def add(owner: Row, form: dict[str, Any], shown_owner: dict[str, Any]) -> dict[str, Any]:
    content = " ".join(form["key"].split())
    fingerprint = _fingerprint(content)
    if transaction().row("SELECT 1 FROM public_key WHERE fingerprint = %s", (fingerprint,)):
        raise ApiError(422, "Key content has been used as non-deploy key")
    same_title = "SELECT 1 FROM public_key WHERE owner_id = %s AND name = %s"
    if transaction().row(same_title, (owner["id"], form["title"])):
        raise ApiError(422, "Key title has been used")
    now = int(time.time())
    row = transaction().insert(
        "public_key",
        {
            "owner_id": owner["id"],
            "name": form["title"],
            "fingerprint": fingerprint,
            "content": content,
            "mode": 1 if form.get("read_only") else 2,
            "type": 1,
            "created_unix": now,
            "updated_unix": now,
        },
    )
    keys_file.append(context().settings, row)
    return represent.key(row, shown_owner, context().settings)


def remove(owner: Row, key_id: int) -> None:
    row = transaction().row("SELECT * FROM public_key WHERE id = %s", (key_id,))
    if row is None:
        raise not_found()
    if row["owner_id"] != owner["id"]:
        raise ApiError(403, "You do not have access to this key")
    transaction().run("DELETE FROM public_key WHERE id = %s", (key_id,))
    keys_file.write_all(context().settings, transaction())


def _fingerprint(content: str) -> str:
    words = content.split()
    body = words[1] if len(words) > 1 else words[0]
    blob = base64.b64encode(hashlib.sha256(_decoded(body)).digest()).decode()
    return "SHA256:" + blob.rstrip("=")


def _decoded(body: str) -> bytes:
    legal = LETTERS.match(body)
    assert legal is not None
    # Where Go's decoder stops: at the first foreign letter, or at the start of the group of four that has no end.
    place = legal.end() if legal.end() < len(body) else len(body) // 4 * 4
    if place < len(body):
        raise _invalid(f"extractTypeFromBase64Key: invalid key format: illegal base64 data at input byte {place}")
    raw = base64.b64decode(body)
    length = int.from_bytes(raw[:4], "big")
    if len(raw) < 4 or len(raw) < length + 4:
        raise _invalid(f"extractTypeFromBase64Key: invalid key format: not enough length {len(raw)}")
    return raw


def _invalid(problem: str) -> ApiError:
    return ApiError(422, f"Invalid key content: {problem}")
