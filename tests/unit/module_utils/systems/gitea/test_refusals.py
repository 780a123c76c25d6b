# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Gitea's refusals mean, in its own words of several versions."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.refusals import advice_for, advise
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError


@pytest.mark.parametrize(
    ("status", "message", "advice"),
    [
        (422, "name is reserved [name: api]", "reserves this name"),
        (422, 'The username "api" is reserved.', "reserves this name"),
        (422, 'The pattern "*.keys" is not allowed in a username.', "names with this ending"),
        (422, "name pattern is not allowed [pattern: *.keys]", "names with this ending"),
        (422, "[Username]: invalid username", "no two in a row, none first or last"),
        (422, 'User name "a--b" contains invalid characters.', "no two in a row, none first or last"),
        (422, "[Username]: MaxSize", "40 at most"),
        (422, "[FullName]: MaxSize", "full_name has at most 100 characters"),
        (422, "[Website]: Url", "before 1.22 takes no website"),
        (500, "visibility Mode not allowed: public", "ALLOWED_USER_VISIBILITY_MODES"),
        (401, "invalid provided OTP", "has a second factor"),
        (401, "invalid username, password or token", "credentials are not accepted"),
        (403, "Only signed in user is allowed to call APIs.", "REQUIRE_SIGNIN_VIEW"),
        (422, "user still has membership of organizations [uid: 5]", "add another owner"),
        (422, "user still has ownership of packages [uid: 5]", "purge to true"),
        (0, "CreateUser: visibility Mode not allowed: public", "DEFAULT_USER_VISIBILITY"),
        (0, "connection refused", ""),
    ],
)
def test_advice(status: int, message: str, advice: str) -> None:
    found = advice_for(message, status)
    assert advice in found
    assert bool(found) == bool(advice)


def test_refusal_without_advice_names_the_server() -> None:
    assert advise(ApiError("", 418, "short and stout"), "http://git.test") == (
        "Gitea at http://git.test refused (418): short and stout"
    )
