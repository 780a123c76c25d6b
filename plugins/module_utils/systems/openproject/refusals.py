# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenProject's refusals mean, and what to do about them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError

URN = "urn:openproject-org:api:v3:errors:"

# First match wins: (identifier or empty for any, pattern of attribute and text, what to do).
ADVICE = (
    (
        "Unauthenticated",
        r"",
        "the token is not accepted (revoked, mistyped, or of a locked account): give a valid api_token",
    ),
    ("MissingPermission", r"", "the account of the API may not do this: use the token of an administrator"),
    ("NotFound", r"", "it was removed meanwhile: run this again"),
    ("UpdateConflict", r"", "it was changed by another request at the same time: run this again"),
    ("InvalidUserStatusTransition", r"", "only active accounts can be locked, and only locked ones unlocked"),
    ("TooManyRequests", r"", "wait, lower concurrency, or raise the server's limit"),
    ("", r"(?i)login.*taken|username.*taken", "another account has this name: choose another one"),
    ("", r"(?i)email.*taken", "another account has this address: give this person another one, or change that account"),
    ("", r"(?i)^password", "the server's rules refuse this password: see Administration > Authentication for them"),
    ("", r"(?i)too long", "shorten it: names and addresses have at most 256 characters"),
    ("", r"(?i)last.*administrator|at least one active admin", "make another account an administrator first"),
    ("", r"(?i)unassignable role", "a role of a project cannot be given globally, nor a global one in a project"),
    ("", r"(?i)^(email|login|firstName|lastName|language|roles|status)\b", "correct what is given for this person"),
    (
        "PropertyIsReadOnly",
        r"",
        "OpenProject does not allow this change: check whether the account comes from LDAP or SSO",
    ),
)


def errors_of(data: Any) -> list[tuple[str, str, str]]:
    """(identifier, attribute, message) of each error in an answer."""
    if not isinstance(data, dict):
        return []
    embedded = data.get("_embedded") or {}
    inner = embedded.get("errors") or []
    if inner:
        return [error for item in inner for error in errors_of(item)]
    identifier = str(data.get("errorIdentifier") or "").replace(URN, "")
    attribute = str((embedded.get("details") or {}).get("attribute") or "")
    return [(identifier, attribute, str(data.get("message") or ""))]


def message_of(data: Any) -> str:
    """All messages of an answer in one line."""
    return " ".join(message for _identifier, _attribute, message in errors_of(data))


def is_taken(error: ApiError, attribute: str) -> bool:
    """True when the application reports that another account already has this value of the attribute."""
    return any(name == attribute and "taken" in text for _identifier, name, text in errors_of(error.data))


def is_foreign_host(error: ApiError) -> bool:
    """True where OpenProject answers no request for the host name of the address, whatever it asks for."""
    return error.status == 400 and "Invalid host_name" in error.message


def foreign_host(url: str, host: str = "", names: Sequence[str] = ()) -> str:
    """What to do about that refusal. ``names`` are the host names that OpenProject is known to accept."""
    asked = host or urlsplit(url).netloc
    path = urlsplit(url).path
    scheme = urlsplit(url).scheme
    right = (
        f"the address with its host name ({' or '.join(f'{scheme}://{name}{path}' for name in names)})"
        if names
        else (
            f"the address with the name that OPENPROJECT_HOST__NAME of the service has, such as {scheme}://localhost:9000"
        )
    )
    return (
        f"it answers only for the host name of OPENPROJECT_HOST__NAME, and was asked for {asked}: set api_url "
        f"(users_openproject_url) to {right}, or add {asked} to OPENPROJECT_ADDITIONAL__HOST__NAMES; also a gateway "
        "that sends another name in Host or X-Forwarded-Host gets this answer"
    )


def advise(error: ApiError, url: str = "", host: str = "") -> str:
    """The refusal in OpenProject's words, and what to do; ``host`` is the header Host, where it is not the URL's."""
    advice: list[str] = []
    if is_foreign_host(error):
        advice.append(foreign_host(url, host))
    for identifier, attribute, message in errors_of(error.data):
        for wanted, pattern, text in ADVICE:
            if wanted in ("", identifier) and re.search(pattern, f"{attribute} {message}".strip()):
                advice += [text] if text not in advice else []
                break
    refusal = f"OpenProject refused ({error.status}): {error.message or 'no reason given'}"
    if not advice and error.status >= 500:
        advice = ["OpenProject had an internal error: see docker compose logs openproject, then run this again"]
    return "; ".join([refusal, *advice])
