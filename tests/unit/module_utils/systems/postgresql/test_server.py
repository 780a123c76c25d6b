# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sources of the password of the stack's PostgreSQL, and the paths that are never read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.server import find_server
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import WORKING_DIR, bind, container, stack_of


def found(
    environment: dict[str, str],
    *mounts: Mount,
    addresses: tuple[str, ...] = ("172.18.0.2",),
    user: str | None = None,
    password: str | None = None,
) -> Server:
    postgres = container(
        "postgres", *mounts, environment=environment, labels={WORKING_DIR: "/opt/shop"}, addresses=addresses
    )
    return find_server(stack_of(postgres), postgres, user, password)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text("from-file\n")
    return path


def test_options_come_first(secret: Path) -> None:
    environment = {"POSTGRES_PASSWORD": "from-environment", "POSTGRES_PASSWORD_FILE": "/run/secrets/pw"}
    server = found(environment, bind(str(secret), "/run/secrets/pw"), password="asked")
    assert (server.password, server.password_source) == ("asked", "the option database_password")


def test_then_the_containers_environment_and_where_it_is_set(secret: Path) -> None:
    environment = {"POSTGRES_PASSWORD": "from-environment", "POSTGRES_PASSWORD_FILE": "/run/secrets/pw"}
    server = found(environment, bind(str(secret), "/run/secrets/pw"))
    assert server.password == "from-environment"
    assert server.password_source == "POSTGRES_PASSWORD in the container's environment (set in /opt/shop/.env)"


@pytest.mark.parametrize(
    ("mounted", "target"), [("password", "/run/secrets/pw"), ("", "/run/secrets"), ("", "/run/secrets/")]
)
def test_then_the_secret_file_wherever_it_is_on_the_host(secret: Path, mounted: str, target: str) -> None:
    inside = "/run/secrets/pw" if mounted else "/run/secrets/password"
    server = found({"POSTGRES_PASSWORD_FILE": inside}, bind(str(secret.parent / mounted), target))
    assert server.password == "from-file"
    assert server.password_source == f"the secret file {secret} (POSTGRES_PASSWORD_FILE)"


def test_innermost_mount_holds_the_file(secret: Path, tmp_path: Path) -> None:
    (tmp_path / "run" / "secrets").mkdir(parents=True)
    (tmp_path / "run" / "secrets" / "pw").write_text("hidden by the other mount")
    mounts = [bind(str(tmp_path / "run"), "/run"), bind(str(secret), "/run/secrets/pw")]
    for order in (mounts, list(reversed(mounts))):
        assert found({"POSTGRES_PASSWORD_FILE": "/run/secrets/pw"}, *order).password == "from-file"


def test_mount_with_a_similar_name_is_ignored(secret: Path) -> None:
    with pytest.raises(MaxopsError, match=r"shares with it; give database_password from a vault"):
        found({"POSTGRES_PASSWORD_FILE": "/run/secrets-old/password"}, bind(str(secret.parent), "/run/secrets"))


@pytest.mark.parametrize(
    ("content", "password"),
    [
        ("p\n", "p"),
        ("p\n\n", "p"),
        ("p", "p"),
        (" p w \n", " p w "),
        ("비밀\n", "비밀"),
        ("p\r\n", "p\r"),
        ("a\nb\n", "a\nb"),
    ],
)
def test_password_of_a_file_is_read_as_the_image_reads_it(secret: Path, content: str, password: str) -> None:
    secret.write_bytes(content.encode())
    assert found({"POSTGRES_PASSWORD_FILE": "/run/pw"}, bind(str(secret), "/run/pw")).password == password


@pytest.mark.parametrize("path", ["{secret}", "/run/secrets/../../{secret}", "/run/secrets/../passwords/password"])
def test_file_of_the_host_that_the_container_does_not_have_is_never_read(
    secret: Path, tmp_path: Path, path: str
) -> None:
    (tmp_path / "secrets").mkdir()
    inside = path.format(secret=secret)
    with pytest.raises(MaxopsError, match=r"is not in a folder or file that this host shares with it"):
        found({"POSTGRES_PASSWORD_FILE": inside}, bind(str(tmp_path / "secrets"), "/run/secrets"))


def test_unreadable_secret_file_is_reported_with_both_paths(tmp_path: Path) -> None:
    with pytest.raises(MaxopsError) as refused:
        found({"POSTGRES_PASSWORD_FILE": "/run/pw"}, bind(str(tmp_path / "gone"), "/run/pw"))
    words = str(refused.value)
    assert f"password file /run/pw of container shop-postgres-1 cannot be read on the host ({tmp_path}/gone: " in words
    assert "No such file or directory); run as root" in words


def test_secret_file_that_is_not_text_is_refused(secret: Path) -> None:
    secret.write_bytes(b"\xff\xfe")
    with pytest.raises(MaxopsError, match=r"cannot be read on the host .*not UTF-8"):
        found({"POSTGRES_PASSWORD_FILE": "/run/pw"}, bind(str(secret), "/run/pw"))


def test_container_without_a_password_asks_for_the_option() -> None:
    with pytest.raises(MaxopsError, match=r"shop-postgres-1 has neither POSTGRES_PASSWORD nor .* from a vault"):
        found({"POSTGRES_PASSWORD": ""})
    assert found({}, password="").password == ""


def test_user_port_and_address() -> None:
    plain = found({"POSTGRES_PASSWORD": "p"})
    assert (plain.host, plain.port, plain.user, plain.container) == ("172.18.0.2", 5432, "postgres", "shop-postgres-1")
    other = found({"POSTGRES_PASSWORD": "p", "POSTGRES_USER": "maxops", "PGPORT": "6432"}, addresses=("10.0.0.9", "x"))
    assert (other.host, other.port, other.user) == ("10.0.0.9", 6432, "maxops")
    assert found({"POSTGRES_PASSWORD": "p", "POSTGRES_USER": "maxops"}, user="asked").user == "asked"


def test_unreachable_container_is_reported() -> None:
    with pytest.raises(MaxopsError, match=r"shop-postgres-1 has no address .*; attach it to a bridge network"):
        found({"POSTGRES_PASSWORD": "p"}, addresses=())


def test_password_is_not_in_the_repr_of_the_server() -> None:
    assert "hidden" not in repr(found({"POSTGRES_PASSWORD": "hidden"}))


def test_other_addresses_are_tried_in_turn_and_all_are_in_the_message() -> None:
    server = found({"POSTGRES_PASSWORD": "p", "PGPORT": "1"}, addresses=("127.0.0.2", "127.0.0.3"))
    assert (server.host, server.other_hosts) == ("127.0.0.2", ("127.0.0.3",))
    with pytest.raises(MaxopsError, match=r"cannot be reached at 127.0.0.2, 127.0.0.3:1: .*127.0.0.2.*127.0.0.3"):
        server.connect("postgres", seconds=2)
