# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Gitea's refusals mean, and what to do about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # Not at run time: the command line's advice is for jobs that do without requests, too.
    from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError

# First match wins: (status or 0 for any, pattern of Gitea's own text, what to do).
ADVICE = (
    (0, r"user already exists", "choose another name, or set rename_from if this person was renamed"),
    (
        0,
        r"e-mail already in use",
        "another account has this address: give this person another one, or change that account",
    ),
    (0, r"e-mail address contains|\[Email\]: (Email|Required)|email.*invalid", "correct email"),
    (0, r"(name|username \"[^\"]*\") is reserved", "Gitea reserves this name: choose another one"),
    (
        0,
        r"name pattern is not allowed|pattern \"[^\"]*\" is not allowed",
        "Gitea reserves names with this ending: choose another one",
    ),
    (
        422,
        r"\[(Username|NewName)\]: MaxSize",
        "shorten the name: letters, digits, dashes, dots and underscores, 40 at most",
    ),
    (
        0,
        r"\[(Username|NewName)\]|invalid username(?!, password)|name is invalid|contains invalid characters",
        (
            "use letters, digits, and single dashes, dots or underscores between them (no two in a row, none first or "
            "last), 40 at most"
        ),
    ),
    (
        422,
        r"\[(FullName|Website|Location|Description|Password|Email)\]: MaxSize",
        (
            "shorten it: full_name has at most 100 characters, location 50, email 254, website, description and "
            "password 255"
        ),
    ),
    (
        422,
        r"\[Website\]: Url",
        (
            "Gitea before 1.22 takes no website through its API: leave website out, set it on the account's page, or "
            "update Gitea"
        ),
    ),
    (
        0,
        r"username is already taken|name already exists",
        "the new name belongs to another account or organisation: choose another one",
    ),
    (0, r"\[Visibility\]", "set visibility to public, limited or private"),
    (
        0,
        r"visibility Mode not allowed",
        (
            "the server allows only the modes of ALLOWED_USER_VISIBILITY_MODES (section service of app.ini): give one "
            "of them as visibility, and set DEFAULT_USER_VISIBILITY to one for accounts without it"
        ),
    ),
    (
        0,
        r"login source does not exist",
        "correct source_id: Site Administration > Authentication Sources shows the numbers",
    ),
    (
        0,
        r"PasswordIsRequired|PasswordComplexity|PasswordPwned|[Pp]assword.*(must be at least|complex|pwned)",
        "the server's rules refuse this password: give a longer one with capitals, digits and symbols, never leaked",
    ),
    (401, r"token is required", "the request had no credentials: give api_token, or api_user and api_password"),
    (
        401,
        r"auth required",
        "this request needs a name and a password: give api_user and api_password instead of api_token",
    ),
    (
        401,
        r"provided OTP|WebAuthn",
        (
            "the account of the API has a second factor, and its password alone gives no access: give api_token, which "
            "needs none"
        ),
    ),
    (
        401,
        r"password is invalid|is not allowed login",
        "api_user and api_password are not accepted: correct them, or give api_token",
    ),
    (
        401,
        r"",
        (
            "the credentials are not accepted (revoked, mistyped, of a deleted account, or a password of one with a "
            "second factor): give a valid api_token"
        ),
    ),
    (
        403,
        r"Only signed in user",
        (
            "the server answers only accounts that are signed in (REQUIRE_SIGNIN_VIEW) and did not accept the "
            "credentials: give a valid api_token"
        ),
    ),
    (403, r"site admin", "the account of the API is not a site administrator: use the token of one"),
    (
        403,
        r"required scope",
        (
            "the token lacks a scope: make one with all, or write: admin, user, organization; read: repository, "
            "package, misc"
        ),
    ),
    (
        403,
        r"must change your password",
        "the account of the API has to change its password first: sign in with it once",
    ),
    (403, r"prohibited from signing in", "the account of the API is locked or not active: use another one"),
    (0, r"last admin", "make another account a site administrator first"),
    (0, r"cannot delete yourself", "delete this account with the token of another administrator"),
    (
        0,
        r"still has membership of organizations",
        (
            "it joined an organisation meanwhile, or is its only owner: run this again, add another owner, or set "
            "purge to true to delete the organisation with the account"
        ),
    ),
    (
        0,
        r"still has ownership of (repositories|packages)",
        "transfer or delete what belongs to this person, or set purge to true to delete it with the account",
    ),
    (0, r"is an organization", "the name belongs to an organisation, not to a person: choose another one"),
    (
        0,
        r"Key content has been used",
        "this SSH key belongs to another account or deploys a repository: remove it there first",
    ),
    (0, r"Invalid key content", "give the key as the line of its .pub file"),
    (0, r"access token name has been used", "choose another name for the token, or remove the old one"),
    (0, r"invalid access token scope", "correct the token's scopes, such as read:repository or all"),
    (0, r"must have a scope", "give the token scopes, such as read:repository or all"),
    (0, r"last member of owner team", "add another owner to the organisation first"),
    (404, r"GetOrgByName|organization", "the organisation does not exist: create it first, or correct the name"),
    (404, r"", "it was removed or renamed meanwhile: run this again"),
    (500, r"", "Gitea had an internal error: see docker compose logs gitea, then run this again"),
)


def advice_for(message: str, status: int = 0) -> str:
    """What to do about a refusal, by Gitea's words and the answer's status (0: the command line); empty if unknown."""
    return next(
        (advice for code, pattern, advice in ADVICE if code in (0, status) and re.search(pattern, message)),
        "",
    )


def advise(error: ApiError, url: str) -> str:
    """The refusal in Gitea's words, and what to do."""
    advice = advice_for(error.message, error.status)
    if advice:
        return f"Gitea refused ({error.status}): {error.message or 'no reason given'}; {advice}"
    return f"Gitea at {url} refused ({error.status}): {error.message or 'no reason given'}"
