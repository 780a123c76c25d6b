# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the password of Redis is from."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.redis import find_redis
from ansible_collections.maxops.ops.tests.unit.stacks import container


@pytest.mark.parametrize(
    ("environment", "command", "password"),
    [
        ({"REDISCLI_AUTH": "one", "REDIS_PASSWORD": "two"}, (), "one"),
        ({"REDIS_PASSWORD": "two"}, (), "two"),
        ({}, ("redis-server", "--requirepass", "three"), "three"),
        ({}, ("sh", "-c", 'redis-server --requirepass "$PASSWORD"'), ""),
        ({}, ("redis-server",), ""),
    ],
)
def test_where_the_password_of_redis_is_from(
    environment: dict[str, str], command: tuple[str, ...], password: str
) -> None:
    made = container("redis", environment=environment)
    object.__setattr__(made, "command", command)
    server = find_redis(made)
    assert (server.password, server.host, server.port) == (password, "172.18.0.2", 6379)
    assert not password or password not in repr(server)
