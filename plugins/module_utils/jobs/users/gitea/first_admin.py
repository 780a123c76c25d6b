# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gitea's first administrator, and its token."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Stack
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Gitea
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.command import GiteaCommand
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account
from ansible_collections.maxops.ops.plugins.module_utils.systems.kinds import GITEA
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import write_atomically
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError, Endpoint
from ansible_collections.maxops.ops.plugins.module_utils.tools.moments import timestamp, utc_now

SCOPE = re.compile(r"all|public-only|sudo|(read|write):[a-z]+")
NEEDED = ("write:admin", "read:user", "read:misc")
"""What this job itself needs: the version, the token's own account, and its password."""


@dataclass(frozen=True)
class Options:
    """What the operator asked for; ``endpoint`` has no credentials yet."""

    endpoint: Endpoint
    name: str
    email: str
    token_file: str
    token_name: str
    token_scopes: Sequence[str]
    access: Access
    service: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def unfinished(self) -> str:
        """Where the token is until everything else is done."""
        return f"{self.token_file}.unfinished"


def ensure(options: Options, check_mode: bool = False) -> dict[str, Any]:
    """Make sure that the administrator exists and that the file holds a valid token (in check mode, only report).

    The file is written last: as long as it is missing, the work is not complete, and the next run continues it. Until
    then the token is in a file beside it: Gitea deletes a token only for a password, so it is used by the next run.
    """
    check_scopes(options.token_scopes)
    folder = os.path.dirname(options.token_file)
    if not os.path.isdir(folder):
        raise MaxopsError(
            f"the folder {folder} of token_file does not exist: create it with mode 0700, and run this again"
        )
    if _token_works(options, options.token_file):
        if not check_mode:
            _remove(options.unfinished)
        return {"changed": False, "created": False, "token_made": False, "password_set": False}
    stack = options.access.connect()
    command = GiteaCommand(stack, stack.require_running(_service(options, stack), "service"))
    existing = {account.name.lower(): account for account in command.accounts()}.get(options.name.lower())
    if existing and not existing.admin:
        raise MaxopsError(
            f'"{existing.name}" is an account of Gitea, but not a site administrator: choose another name, '
            "or have an administrator make it one (gitea_user with admin: true)"
        )
    result = {
        "changed": True,
        "created": existing is None,
        "token_made": True,
        "password_set": options.password is not None,
    }
    if check_mode:
        return result
    if not existing:
        command.create_admin(options.name, options.email)
    token = _kept_token(options) or _new_token(command, options)
    api = Gitea(_with(options.endpoint, token))
    myself = api.myself()
    result["password_set"] = _set_password(api, myself, options, fresh=existing is None)
    write_atomically(options.token_file, token + "\n", mode=0o600)
    _remove(options.unfinished)
    return result


def check_scopes(scopes: Sequence[str]) -> None:
    """Raise MaxopsError for scopes that are not well-formed, or too few for the users of the token.

    A token that turns out to be of no use stays in Gitea, so this comes before it is made.
    """
    bad = [scope for scope in scopes if not SCOPE.fullmatch(scope)]
    if bad:
        raise MaxopsError(
            f'token_scopes has "{bad[0]}", which is no scope: write all, or words such as write:admin and read:misc'
        )
    given = set(scopes)
    missing = [scope for scope in NEEDED if not {"all", scope, scope.replace("read:", "write:")} & given]
    if missing:
        raise MaxopsError(
            f"token_scopes lacks {', '.join(missing)}, without which nothing can be done with the token: add it, or "
            "write all"
        )


def _service(options: Options, stack: Stack) -> str:
    """The service of Gitea; of several, the one with the name of our own layout.

    Raises MaxopsError when there is none, or several others.
    """
    if options.service:
        return options.service
    roles = options.access.roles(stack)
    several = next((entry for entry in roles.ambiguous if GITEA in entry.what.lower()), None)
    if several and GITEA not in several.services:
        raise MaxopsError(f"{several.describe()}, or in service")
    service = GITEA if several else roles.service_of(GITEA)
    if not service:
        raise stack.not_found("Gitea", "service")
    return service


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read().strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise MaxopsError(f"token_file {path} cannot be read: {error.strerror}; run as its owner") from error


def _kept_token(options: Options) -> str:
    """The token of an earlier run that did not come to its end, or an empty text.

    Raises MaxopsError where it was made in the container and the given address is perhaps of another Gitea: each run
    would leave one more token.
    """
    if _token_works(options, options.unfinished):
        return _read(options.unfinished)
    if _read(options.unfinished) and not options.endpoint.direct:
        raise MaxopsError(
            f"{options.endpoint.url} does not accept the token of the last run, which is in {options.unfinished}: "
            "api_url leads to another Gitea than the stack's, or the token was removed there; correct api_url or leave "
            "it out (the container is then found through Docker), or remove the file"
        )
    return ""


def _token_works(options: Options, path: str) -> bool:
    token = _read(path)
    if not token:
        return False
    try:
        myself = Gitea(_with(options.endpoint, token)).myself()
    except ApiError as error:
        if error.status == 401 or (error.status == 403 and path == options.unfinished):
            return False
        raise
    if myself.name.lower() != options.name.lower():
        raise MaxopsError(
            f'the token in {path} belongs to "{myself.name}" and not to "{options.name}": '
            "name another token_file, or correct name"
        )
    return True


def _new_token(command: GiteaCommand, options: Options) -> str:
    try:
        token = command.make_token(options.name, options.token_name, options.token_scopes)
    except MaxopsError as error:
        if "name has been used" not in str(error):
            raise
        # The secret of that token is lost or in use elsewhere: the token stays.
        name = f"{options.token_name}-{timestamp(utc_now())}"
        token = command.make_token(options.name, name, options.token_scopes)
    write_atomically(options.unfinished, token + "\n", mode=0o600)
    return token


def _set_password(api: Gitea, myself: Account, options: Options, fresh: bool) -> bool:
    """Set the account's password, unless the account may already have been used with one."""
    if options.password is None or not (fresh or api.never_signed_in(myself)):
        return False
    api.edit(myself, {"password": options.password, "must_change_password": False})
    return True


def _with(endpoint: Endpoint, token: str) -> Endpoint:
    return replace(endpoint, authorization=f"token {token}")
