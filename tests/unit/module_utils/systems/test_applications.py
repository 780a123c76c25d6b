# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How applications log in to their databases and caches, in each spelling that the images accept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import (
    MEMCACHED,
    REDIS,
    CacheLogin,
    DatabaseLogin,
    cache_logins,
    database_logins,
    uses_database,
)
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container

GITEA = {"DB_TYPE": "postgres", "HOST": "db:5432", "NAME": "gitea", "USER": "maxops", "PASSWD": "a b"}


def gitea(prefix: str = "GITEA__database__", **changes: str) -> dict[str, str]:
    return {prefix + key: value for key, value in {**GITEA, **changes}.items()}


def shown(login: DatabaseLogin) -> tuple[Any, ...]:
    return login.host, login.port, login.user, login.password, login.database


PLAIN = ("db", 5432, "maxops", "a b", "gitea")


@pytest.mark.parametrize(
    ("environment", "source", "login"),
    [
        (
            {"DATABASE_URL": "postgres://ma%40x:p%2Fw@postgres:5433/openproject?pool=5"},
            "DATABASE_URL",
            ("postgres", 5433, "ma@x", "p/w", "openproject"),
        ),
        (
            {"OPENPROJECT_DATABASE_URL": "postgresql://op:x@db/openproject"},
            "OPENPROJECT_DATABASE_URL",
            ("db", 5432, "op", "x", "openproject"),
        ),
        ({"ANY_NAME": "postgis://op:x@db/maps"}, "ANY_NAME", ("db", 5432, "op", "x", "maps")),
        (
            {
                "OPENPROJECT_DATABASE__HOST": "db",
                "OPENPROJECT_DATABASE__PORT": "5433",
                "OPENPROJECT_DATABASE__USERNAME": "op",
                "OPENPROJECT_DATABASE__PASSWORD": "x",
                "OPENPROJECT_DATABASE__DATABASE": "openproject",
            },
            "OPENPROJECT_DATABASE__PASSWORD",
            ("db", 5433, "op", "x", "openproject"),
        ),
        (gitea(), "GITEA__database__PASSWD", PLAIN),
        (gitea("GITEA__DATABASE__"), "GITEA__database__PASSWD", PLAIN),
        (gitea("FORGEJO__database__"), "GITEA__database__PASSWD", PLAIN),
        (gitea(HOST="db"), "GITEA__database__PASSWD", PLAIN),
        (
            {"DB_TYPE": "postgres", "DB_HOST": "db", "DB_NAME": "gitea", "DB_USER": "maxops", "DB_PASSWD": "a b"},
            "DB_PASSWD",
            PLAIN,
        ),
        (
            {"PGHOST": "db", "PGUSER": "maxops", "PGPASSWORD": "a b", "PGDATABASE": "gitea"},
            "PGPASSWORD",
            PLAIN,
        ),
    ],
)
def test_login_to_a_database(environment: dict[str, str], source: str, login: tuple[Any, ...]) -> None:
    [found] = database_logins(container("app", environment=environment))
    assert (found.service, found.source, shown(found)) == ("app", source, login)


def test_second_url_beside_the_known_one_is_not_a_login() -> None:
    environment = {
        "DATABASE_URL": "postgres://maxops:a@postgres/openproject",
        "PREVIOUS_DATABASE_URL": "postgres://old:b@old/openproject",
    }
    [found] = database_logins(container("openproject", environment=environment))
    assert (found.source, found.host) == ("DATABASE_URL", "postgres")


def test_address_of_ipv6_in_brackets() -> None:
    [found] = database_logins(container("gitea", environment=gitea(HOST="[::1]:5433")))
    assert (found.host, found.port) == ("::1", 5433)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"DATABASE_URL": "mysql://x:y@z/w"},
        {"DATABASE_URL": "postgres://[broken"},
        {"DATABASE_URL": "postgres://u:p@db:port/w"},
        gitea(DB_TYPE="sqlite3"),
        gitea(DB_TYPE="mysql"),
        gitea(HOST="/var/run/postgresql"),
        {"PGHOST": "/var/run/postgresql", "PGPASSWORD": "x"},
    ],
)
def test_what_is_not_a_login_to_postgresql(environment: dict[str, str]) -> None:
    assert database_logins(container("app", environment=environment)) == []


@pytest.mark.parametrize(
    ("environment", "target"),
    [
        ({**gitea(PASSWD=""), "GITEA__database__PASSWD__FILE": "/run/secrets/pw"}, "/run/secrets/pw"),
        ({"PGHOST": "db", "PGUSER": "maxops", "PGDATABASE": "gitea", "PGPASSWORD_FILE": "/s/pw"}, "/s/pw"),
        (
            {
                "DB_TYPE": "postgres",
                "DB_HOST": "db",
                "DB_NAME": "gitea",
                "DB_USER": "maxops",
                "DB_PASSWD_FILE": "/s/pw",
            },
            "/s/pw",
        ),
    ],
)
def test_password_in_a_file(environment: dict[str, str], target: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from-file\n")
    [found] = database_logins(container("app", bind(str(secret), target), environment=environment))
    assert found.password == "from-file"
    [unknown] = database_logins(container("app", environment=environment))
    assert unknown.password is None, "the file of that name on the host is another one"


def test_url_in_a_file_of_the_running_container(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "url").write_text("postgres://op:x@db/openproject\n")
    app = container("app", environment={"DATABASE_URL__FILE": "/run/url"})
    assert database_logins(app) == []
    assert [shown(login) for login in database_logins(app, str(tmp_path))] == [("db", 5432, "op", "x", "openproject")]


@pytest.fixture
def ini(tmp_path: Path) -> Path:
    path = tmp_path / "gitea" / "conf" / "app.ini"
    path.parent.mkdir(parents=True)
    path.write_text(
        "[database]\nDB_TYPE = postgres\nHOST = db:5432\nNAME = gitea\nUSER = maxops\nPASSWD = `a b`\n"
        "[cache]\nADAPTER = redis\nHOST = redis://:x@redis:6379/2\n"
    )
    return tmp_path


def test_installation_by_the_browser_has_its_logins_in_app_ini_alone(ini: Path) -> None:
    server = container("gitea", bind(str(ini), "/data", writable=True))
    [database] = database_logins(server)
    assert (database.source, shown(database)) == ("/data/gitea/conf/app.ini", PLAIN)
    [cache] = cache_logins(server)
    assert (cache.source, cache.password, cache.database) == ("[cache] HOST of /data/gitea/conf/app.ini", "x", 2)


def test_app_ini_is_read_beside_the_variables_and_only_of_gitea(ini: Path) -> None:
    mounted = bind(str(ini), "/data", writable=True)
    both = database_logins(container("server", mounted, environment=gitea(PASSWD="new")))
    assert [(login.source, login.password) for login in both] == [
        ("GITEA__database__PASSWD", "new"),
        ("/data/gitea/conf/app.ini", "a b"),
    ]
    assert database_logins(container("backup", mounted)) == []


@pytest.mark.parametrize(
    ("environment", "login"),
    [
        ({"REDIS_URL": "redis://:p%40w@redis:6380/1"}, (REDIS, "redis", 6380, "p@w", 1)),
        ({"OPENPROJECT_CACHE__REDIS__URL": "rediss://redis"}, (REDIS, "redis", 6379, "", 0)),
        (
            {"GITEA__cache__ADAPTER": "redis", "GITEA__cache__HOST": "redis://:x@redis:6379/2?pool_size=100"},
            (REDIS, "redis", 6379, "x", 2),
        ),
        (
            {
                "GITEA__session__PROVIDER": "redis",
                "GITEA__session__PROVIDER_CONFIG": "network=tcp,addr=redis:6379,password=x,db=3,pool_size=100",
            },
            (REDIS, "redis", 6379, "x", 3),
        ),
        ({"GITEA__queue__CONN_STR": "redis://:x@redis/4"}, (REDIS, "redis", 6379, "x", 4)),
        ({"REDIS_HOST": "redis", "REDIS_PASSWORD": "x"}, (REDIS, "redis", 6379, "x", 0)),
        ({"OPENPROJECT_CACHE__MEMCACHE__SERVER": "cache:11211"}, (MEMCACHED, "cache", 11211, "", 0)),
        ({"GITEA__cache__ADAPTER": "memcache", "GITEA__cache__HOST": "cache"}, (MEMCACHED, "cache", 11211, "", 0)),
    ],
)
def test_login_to_a_cache(environment: dict[str, str], login: tuple[Any, ...]) -> None:
    [found] = cache_logins(container("app", environment=environment))
    assert (found.kind, found.host, found.port, found.password, found.database) == login


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"GITEA__cache__ADAPTER": "memory"},
        {"GITEA__session__PROVIDER_CONFIG": "/data/gitea/sessions"},
        {"REDIS_URL": "redis://[broken"},
    ],
)
def test_what_is_not_a_login_to_a_cache(environment: dict[str, str]) -> None:
    assert cache_logins(container("app", environment=environment)) == []


def test_one_password_for_several_uses_is_one_login() -> None:
    environment = {
        "GITEA__cache__HOST": "redis://:x@redis:6379/2",
        "GITEA__session__PROVIDER_CONFIG": "redis://:x@redis:6379/3",
        "GITEA__queue__CONN_STR": "redis://:other@redis:6379/4",
    }
    assert sorted(login.password for login in cache_logins(container("gitea", environment=environment))) == [
        "other",
        "x",
    ]


def test_secrets_are_not_in_the_repr() -> None:
    shown = repr(
        [
            DatabaseLogin("app", "X", "db", 5432, "u", "s3cret", "d"),
            CacheLogin("app", "X", REDIS, "redis", 6379, "s3cret"),
        ]
    )
    assert "s3cret" not in shown


@pytest.mark.parametrize(
    ("environment", "used"),
    [
        ({"DATABASE_URL": "postgres://u:p@db/gitea?pool=5"}, True),
        ({"GITEA__database__NAME": "gitea"}, True),
        ({"DATABASE_URL": "postgres://u:p@db/git%65a"}, True),
        ({"DATABASE_URL": "postgres://u:p@db/gitea2"}, False),
    ],
)
def test_who_uses_a_database(environment: dict[str, str], used: bool) -> None:
    assert uses_database([container("x"), container("app", environment=environment)], "gitea") is used


def test_a_database_that_only_a_file_of_the_container_names(tmp_path: Path) -> None:
    """Gitea's app.ini in the container's own file system, without variables and without a mount."""
    (tmp_path / "data/gitea/conf").mkdir(parents=True)
    text = "[database]\nDB_TYPE = postgres\nHOST = db:5432\nNAME = forge\nUSER = u\nPASSWD = p\n"
    (tmp_path / "data/gitea/conf/app.ini").write_text(text)
    made = [container("gitea")]
    assert uses_database(made, "forge") is False
    assert uses_database(made, "forge", lambda _container: str(tmp_path)) is True
