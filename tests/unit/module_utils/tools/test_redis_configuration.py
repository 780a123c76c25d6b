# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The password in Redis' configuration: alone, in an included file, and as a rule of the default user."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.redis_configuration import read_configuration


@pytest.mark.parametrize(
    ("files", "password"),
    [
        ({"/c/redis.conf": "# requirepass no\nrequirepass s3cret\n"}, "s3cret"),
        ({"/c/redis.conf": 'RequirePass "a b#c"\n'}, "a b#c"),
        ({"/c/redis.conf": "requirepass old\nrequirepass new\n"}, "new"),
        ({"/c/redis.conf": "include /c/more.conf\n", "/c/more.conf": "requirepass x\n"}, "x"),
        ({"/c/redis.conf": "include more.conf\n", "/c/more.conf": "requirepass x\n"}, "x"),
        ({"/c/redis.conf": "user default on >pw ~* &* +@all\n"}, "pw"),
        ({"/c/redis.conf": "user worker on >other ~* +@all\n"}, ""),
        ({"/c/redis.conf": "aclfile /c/users.acl\n", "/c/users.acl": "user default on >pw ~* +@all\n"}, "pw"),
        ({"/c/redis.conf": "user default on nopass ~* +@all\n"}, ""),
        ({"/c/redis.conf": "save 60 1\n"}, ""),
        ({"/c/redis.conf": "include /c/redis.conf\nrequirepass x\n"}, "x"),
        ({"/c/redis.conf": "requirepass un'paired\n"}, "un'paired"),
    ],
)
def test_password_of_the_default_user(files: dict[str, str], password: str) -> None:
    found = read_configuration(["/c/redis.conf"], files.get)
    assert (found.password, found.hashed) == (password, False)
    assert not password or password not in repr(found)


def test_hash_and_unreadable_file_are_no_password() -> None:
    files = {"/c/redis.conf": f"user default on #{'0' * 64} ~* +@all\ninclude /c/hidden.conf\n"}
    found = read_configuration(["/c/redis.conf"], files.get)
    assert (found.password, found.hashed, found.unread) == ("", True, ["/c/hidden.conf"])
