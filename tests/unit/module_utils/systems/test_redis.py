# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the password of Redis is from."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.redis import (
    RedisPasswordUnknown,
    RedisUnreachable,
    find_redis,
)
from ansible_collections.maxops.ops.tests.unit.redis_server import FakeRedis, serving
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container


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


@pytest.mark.parametrize("name", ["REDIS_PASSWORD_FILE", "REDISCLI_AUTH_FILE", "REDIS_PASS_FILE"])
def test_password_in_a_secret_file_is_read_through_the_mount(tmp_path: Path, name: str) -> None:
    (tmp_path / "redis").write_text("four\r\n")
    mount = bind(str(tmp_path / "redis"), "/run/secrets/redis")
    server = find_redis(container("redis", mount, environment={name: "/run/secrets/redis"}))
    assert server.password == "four\r"
    assert "four" not in repr(server)


@pytest.mark.parametrize("mounted", [True, False])
def test_secret_file_that_cannot_be_read_is_unknown_and_no_file_of_the_host(tmp_path: Path, mounted: bool) -> None:
    mounts = [bind(str(tmp_path / "gone"), "/etc/hostname")] if mounted else []
    with pytest.raises(RedisPasswordUnknown, match=r"the password file /etc/hostname of container shop-redis-1"):
        find_redis(container("redis", *mounts, environment={"REDIS_PASSWORD_FILE": "/etc/hostname"}))


def test_address_that_can_be_reached_is_found_among_several() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = str(listening.getsockname()[1])
        # Nothing listens at the first address: the server is at the second one only.
        made = container("redis", environment={"REDIS_PORT": port}, addresses=("127.0.0.9", "127.0.0.1"))
        with find_redis(made).connect(5):
            connection, _address = listening.accept()
            connection.close()
        alone = container("redis", environment={"REDIS_PORT": port}, addresses=("127.0.0.8", "127.0.0.9"))
        with pytest.raises(RedisUnreachable, match=rf"127.0.0.8:{port}: Connection refused, 127.0.0.9:{port}: Conn"):
            find_redis(alone).connect(5)


def test_password_is_read_from_the_mounted_configuration(tmp_path: Path) -> None:
    (tmp_path / "redis.conf").write_text("include /usr/local/etc/redis/secret.conf\n")
    (tmp_path / "secret.conf").write_text("requirepass five\n")
    made = container("redis", bind(str(tmp_path), "/usr/local/etc/redis"))
    object.__setattr__(made, "command", ("redis-server", "/usr/local/etc/redis/redis.conf"))
    assert find_redis(made).password == "five"
    elsewhere = container("redis")
    object.__setattr__(elsewhere, "command", ("redis-server", "/etc/hostname.conf"))
    assert find_redis(elsewhere).password == ""
    assert find_redis(elsewhere, password="six").password == "six"


def test_usual_configuration_is_read_without_a_command_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "redis.conf").write_text("requirepass five\n")
    assert find_redis(container("redis", bind(str(tmp_path), "/etc/redis"))).password == "five"


def test_likely_password_is_tried_and_an_unknown_one_is_said() -> None:
    with serving(FakeRedis(password="seven")) as fake:
        made = container("redis", environment={"REDIS_PORT": str(fake.port)}, addresses=("127.0.0.1",))
        server = find_redis(made)
        with replace(server, likely=("wrong", "seven")).connect(5) as redis:
            assert redis.run("PING") == "PONG"
        assert "seven" not in repr(replace(server, likely=("seven",)))
        with server.connect(5) as redis, pytest.raises(RedisPasswordUnknown, match="set cache_password") as refused:
            redis.run("PING")
        assert refused.value.reply.startswith("NOAUTH")
