"""Which names and e-mail addresses Gitea accepts."""

from __future__ import annotations

import re

from .errors import BadNameError, EmailError

RESERVED_WORDS = (
    ". .. .well-known admin api assets attachments avatar avatars captcha commits debug devtest error explore"
    " favicon.ico ghost gitea-actions issues login manifest.json metrics milestones new notifications org pulls raw"
    " repo repo-avatars robots.txt search serviceworker.js ssh_info swagger.v1.json user v2"
)
RESERVED = set(RESERVED_WORDS.split())
RESERVED_ENDINGS = (".keys", ".gpg", ".rss", ".atom", ".png")
EMAIL = re.compile(r"[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?\.[a-zA-Z0-9]+")


def is_username(name: str) -> bool:
    return bool(re.fullmatch(r"[\da-zA-Z][-.\w]*", name, re.ASCII)) and not re.search(r"[-._]{2,}|[-._]$", name)


def is_email(address: str) -> bool:
    return bool(EMAIL.fullmatch(address))


def check_name(name: str) -> None:
    if name.lower() in RESERVED:
        raise BadNameError(f"name is reserved [name: {name}]", f'The username "{name}" is reserved.')
    for ending in RESERVED_ENDINGS:
        if name.lower().endswith(ending):
            raise BadNameError(
                f"name pattern is not allowed [pattern: *{ending}]",
                f'The pattern "*{ending}" is not allowed in a username.',
            )
    if not is_username(name):
        raise BadNameError(
            f"name is invalid [{name}]: must be valid alpha or numeric or dash(-_) or dot characters",
            f'User name "{name}" contains invalid characters.',
        )


def check_email(address: str) -> None:
    if not is_email(address):
        raise EmailError(f"e-mail address contains unsupported character [email: {address}]")
