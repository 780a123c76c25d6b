# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of the official Compose files, of our own and of stranger ones, each with its role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.container import PROJECT_LABEL, Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection, PublishedPort
from ansible_collections.maxops.ops.plugins.module_utils.systems.recognition import Recognised, recognise
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container, volume_mount

OPENPROJECT = {
    "OPENPROJECT_HTTPS": "true",
    "OPENPROJECT_HOST__NAME": "localhost:8080",
    "OPENPROJECT_RAILS__CACHE__STORE": "memcache",
    "OPENPROJECT_CACHE__MEMCACHE__SERVER": "cache:11211",
    "DATABASE_URL": "postgres://postgres:p4ssw0rd@db/openproject?pool=20&encoding=unicode&reconnect=true",
}
POSTGRES = {"POSTGRES_PASSWORD": "p4ssw0rd", "POSTGRES_DB": "openproject"}


def service(
    name: str,
    image: str,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = (),
    aliases: Sequence[str] = (),
    ports: Sequence[int] = (),
    mounts: Sequence[Mount] = (),
    state: str = "running",
) -> Inspection:
    made = container(name, *mounts, state=state, environment=environment, labels={PROJECT_LABEL: "shop"})
    changes: dict[str, Any] = {"image": image, "command": tuple(command), "addresses": ()}
    published = tuple(PublishedPort("0.0.0.0", port, port) for port in ports)
    return Inspection(replace(made, **changes), networks={"default": tuple(aliases)}, ports=published)


def official_openproject(version: str) -> list[Inspection]:
    slim = f"openproject/openproject:{version}-slim"
    return [
        service("autoheal", "willfarrell/autoheal:1.2.0"),
        service("cache", "memcached", command=["docker-entrypoint.sh", "memcached"]),
        service("cron", slim, OPENPROJECT, ["./docker/prod/entrypoint.sh", "./docker/prod/cron"]),
        service("db", "postgres:13", POSTGRES, ["docker-entrypoint.sh", "postgres"]),
        service("proxy", "shop-proxy", {"CADDY_VERSION": "v2.7"}, ["caddy", "run"], ports=[8080]),
        service("seeder", slim, OPENPROJECT, ["./docker/prod/entrypoint.sh", "./docker/prod/seeder"], state="exited"),
        service("web", slim, OPENPROJECT, ["./docker/prod/entrypoint.sh", "./docker/prod/web"]),
        service("worker", slim, OPENPROJECT, ["./docker/prod/entrypoint.sh", "./docker/prod/worker"]),
    ]


def roles(recognised: Recognised) -> dict[str, Any]:
    return {name: value for name, value in recognised.to_dict().items() if value}


def test_official_openproject_14() -> None:
    found = recognise(official_openproject("14"))
    assert roles(found) == {
        "database": "db",
        "cache": "cache",
        "cache_kind": "memcached",
        "applications": {"openproject": ["web", "cron", "worker", "seeder"]},
        "gateways": ["proxy"],
    }
    assert found.servers == ("db", "cache")
    assert (found.ambiguous, found.service_of("openproject"), found.service_of("gitea")) == ((), "web", "")
    assert [found.application_of(name) for name in ("worker", "seeder", "db", "proxy")] == [
        "openproject",
        "openproject",
        "",
        "",
    ]


def test_official_openproject_17_with_hocuspocus() -> None:
    more = service("hocuspocus", "openproject/hocuspocus:17.0.0", {"SECRET": "x", "ALLOWED_DOMAINS": "localhost"})
    found = recognise([*official_openproject("17"), more])
    assert found.applications == {"openproject": ("web", "cron", "worker", "hocuspocus", "seeder")}
    assert (found.database, found.cache, found.gateways, found.ambiguous) == ("db", "cache", ("proxy",), ())


def test_names_of_services_do_not_matter() -> None:
    renamed = [
        Inspection(
            replace(one.container, service=f"x{number}", name=f"shop-x{number}-1"), networks={"n": (one.service,)}
        )
        for number, one in enumerate(official_openproject("14"))
    ]
    assert roles(recognise(renamed)) == {
        "database": "x3",
        "cache": "x1",
        "cache_kind": "memcached",
        "applications": {"openproject": ["x6", "x2", "x7", "x5"]},
        "gateways": ["x4"],
    }


@pytest.mark.parametrize(
    ("image", "environment"),
    [
        ("docker.gitea.com/gitea:1.23.1", {"USER_UID": "1000", "USER_GID": "1000"}),
        ("gitea/gitea:1.22-rootless", {"GITEA_APP_INI": "/etc/gitea/app.ini"}),
        ("codeberg.org/forgejo/forgejo:9", {"USER_UID": "1000"}),
        ("shop-server", {"FORGEJO__server__DOMAIN": "git.example.com"}),
    ],
)
def test_gitea_with_sqlite_has_neither_database_nor_cache(image: str, environment: Mapping[str, str]) -> None:
    found = recognise([service("server", image, environment, ports=[3000])])
    assert roles(found) == {"applications": {"gitea": ["server"]}}
    assert (found.servers, found.ambiguous) == ((), ())


GITEA_POSTGRES = {
    "GITEA__database__DB_TYPE": "postgres",
    "GITEA__database__HOST": "db:5432",
    "GITEA__database__NAME": "gitea",
    "GITEA__database__USER": "gitea",
    "GITEA__database__PASSWD": "gitea",
}


def test_official_gitea_with_postgresql() -> None:
    server = service("server", "docker.gitea.com/gitea:1.23.1", GITEA_POSTGRES)
    db = service("db", "docker.io/library/postgres:14", {"POSTGRES_USER": "gitea", "POSTGRES_PASSWORD": "gitea"})
    runner = service("runner", "docker.io/gitea/act_runner:0.2", {"GITEA_INSTANCE_URL": "http://server:3000"})
    found = recognise([server, db, runner])
    assert roles(found) == {"database": "db", "applications": {"gitea": ["server"]}}


def test_official_gitea_with_mysql_has_no_postgresql() -> None:
    environment = {**GITEA_POSTGRES, "GITEA__database__DB_TYPE": "mysql", "GITEA__database__HOST": "db:3306"}
    db = service("db", "docker.io/library/mysql:8", {"MYSQL_USER": "gitea", "MYSQL_PASSWORD": "gitea"})
    found = recognise([service("server", "docker.gitea.com/gitea:1.23.1", environment), db])
    assert roles(found) == {"applications": {"gitea": ["server"]}}


def ours() -> list[Inspection]:
    url = "redis://:x@redis:6379"
    return [
        service("backup", "postgres:17", {"PGHOST": "postgres"}, ["/bin/sh", "/backup.sh"]),
        service("exporter", "quay.io/prometheuscommunity/postgres-exporter:v0.17.1"),
        service("gitea", "gitea/gitea:1.24", {"GITEA__database__HOST": "postgres:5432", "GITEA__cache__HOST": url}),
        service("nginx", "nginx:1", {"NGINX_VERSION": "1.27"}, ports=[9000]),
        service("openproject", "openproject/openproject:15", {"DATABASE_URL": "postgres://a:b@postgres/openproject"}),
        service("postgres", "postgres:17", {"POSTGRES_USER": "maxops", "PGUSER": "maxops"}, ["postgres"]),
        service("redis", "redis:8", {"REDIS_PASSWORD": "x"}, ["sh", "-c", "exec redis-server - <<CONFIG"]),
    ]


def test_our_own_layout() -> None:
    assert roles(recognise(ours())) == {
        "database": "postgres",
        "cache": "redis",
        "cache_kind": "redis",
        "applications": {"openproject": ["openproject"], "gitea": ["gitea"]},
        "gateways": ["nginx"],
    }


def test_containers_need_no_inspection() -> None:
    assert recognise([entry.container for entry in ours()]) == recognise(ours())


def test_locally_built_images_are_known_by_their_variables() -> None:
    found = recognise(
        [
            service("web", "shop-web", OPENPROJECT, ["./docker/prod/web"]),
            service("store", "shop-store", {"PG_MAJOR": "17", "PGDATA": "/x", "POSTGRES_PASSWORD": "x"}),
            service("git", "shop-git", {"GITEA__server__DOMAIN": "x"}),
            service("fast", "shop-fast", command=["redis-server", "/etc/redis.conf"]),
        ]
    )
    assert roles(found) == {
        "database": "store",
        "cache": "fast",
        "cache_kind": "redis",
        "applications": {"openproject": ["web"], "gitea": ["git"]},
    }


def test_one_file_of_variables_for_all_services_makes_no_server_of_each() -> None:
    shared = {**OPENPROJECT, "POSTGRES_PASSWORD": "x", "POSTGRES_USER": "op"}
    found = recognise(
        [
            service("web", "openproject/openproject:15", shared),
            service("db", "shop-db", {**shared, "PG_MAJOR": "17"}),
            service("mailer", "company/mailer:1", shared),
        ]
    )
    assert (found.database, found.databases) == ("db", ("db",))


# -- several candidates ---------------------------------------------------------------------------------------------


def two_servers(login: str) -> list[Inspection]:
    return [
        service("analytics", "postgres:16", {"POSTGRES_PASSWORD": "x"}, aliases=["stats.internal"]),
        service("store", "postgres:17", {"POSTGRES_PASSWORD": "x"}, aliases=["sql.internal"]),
        service("web", "openproject/openproject:15", {"DATABASE_URL": f"postgres://a:b@{login}/openproject"}),
        service("metabase", "metabase/metabase", {"MB_DB": "postgres://a:b@analytics/metabase"}),
    ]


@pytest.mark.parametrize("login", ["store", "sql.internal", "shop-store-1", "store:5432"])
def test_of_two_servers_it_is_the_one_that_the_applications_log_in_to(login: str) -> None:
    found = recognise(two_servers(login))
    assert (found.database, found.databases, found.ambiguous) == ("store", ("analytics", "store"), ())


def test_login_through_a_pool_is_followed_to_the_server_behind_it() -> None:
    pool = service("pool", "edoburu/pgbouncer", {"DATABASE_URL": "postgres://a:b@store/openproject"})
    services = [one for one in two_servers("pool") if one.service != "metabase"]
    assert recognise([*services, pool]).database == "store"


def test_login_finds_the_server_behind_a_start_script_that_looks_like_a_backup() -> None:
    script = service("store", "postgres:17", {"POSTGRES_PASSWORD": "x"}, ["/start-with-backup.sh"])
    found = recognise([script, *(one for one in two_servers("store") if one.service != "store")])
    assert (found.database, found.ambiguous) == ("store", ())
    alone = recognise([script, *two_servers("store")[2:3]])
    assert alone.database == "store"


def test_pool_that_cannot_be_followed_is_never_replaced_by_the_server_of_another_service() -> None:
    pool = service("pool", "company/odyssey:1")
    found = recognise([*two_servers("pool"), pool])
    assert (found.database, found.ambiguous[0].services) == ("", ("analytics", "store"))
    outside = recognise(two_servers("sql.example.com"))
    assert (outside.database, outside.ambiguous[0].services) == ("", ("analytics", "store"))


def test_several_servers_without_a_login_are_never_guessed() -> None:
    found = recognise(two_servers("sql.example.com")[:3])
    assert found.database == ""
    (problem,) = found.ambiguous
    assert (problem.services, problem.option) == (("analytics", "store"), "database_service")
    assert problem.describe() == found.problem("database_service")
    assert '"analytics", "store"; name the right one in database_service' in problem.describe()
    assert recognise(two_servers("sql.example.com")[:3], database="analytics").database == "analytics"


def test_servers_that_both_applications_use_are_never_guessed() -> None:
    gitea = service("server", "gitea/gitea:1.24", {**GITEA_POSTGRES, "GITEA__database__HOST": "analytics"})
    found = recognise([*two_servers("store"), gitea])
    assert (found.database, found.ambiguous[0].services) == ("", ("analytics", "store"))


def test_memcached_of_one_and_redis_of_the_other_application_are_named() -> None:
    cache = service("redis", "redis:8")
    gitea = service(
        "server", "gitea/gitea:1.24", {"GITEA__cache__ADAPTER": "redis", "GITEA__cache__HOST": "redis://redis"}
    )
    found = recognise([*official_openproject("14"), cache, gitea])
    assert (found.cache, found.cache_kind, found.caches) == ("", "", {"cache": "memcached", "redis": "redis"})
    assert '"cache", "redis"; name the right one in cache_service' in found.problem("cache_service")
    chosen = recognise([*official_openproject("14"), cache, gitea], cache="redis")
    assert (chosen.cache, chosen.cache_kind, chosen.ambiguous) == ("redis", "redis", ())


def test_unknown_server_is_known_by_the_login() -> None:
    found = recognise(
        [
            service("web", "openproject/openproject:15", OPENPROJECT),
            service("db", "company/a:1"),
            service("cache", "b:1"),
        ]
    )
    assert (found.database, found.cache, found.cache_kind) == ("db", "cache", "memcached")
    renamed = {**OPENPROJECT, "DATABASE_URL": "postgres://a:b@vault/openproject"}
    found = recognise([service("web", "openproject/openproject:15", renamed), service("vault", "company/a:1")])
    assert found.database == "vault"


def test_two_installations_of_gitea_are_named() -> None:
    one = service("git-a", "gitea/gitea:1.24", mounts=[volume_mount("a")])
    two = service("git-b", "gitea/gitea:1.24", mounts=[volume_mount("b")])
    found = recognise([one, two])
    assert found.applications == {"gitea": ("git-a", "git-b")}
    assert '"git-a", "git-b"; name the right one in applications' in found.problem("applications")
    assert recognise([one, two], {"gitea": "git-b"}).applications == {"gitea": ("git-b",)}


def test_two_web_services_on_one_database_are_one_openproject() -> None:
    more = service("web2", "openproject/openproject:15", OPENPROJECT, ["./docker/prod/web"])
    found = recognise([*official_openproject("15"), more])
    assert (found.applications["openproject"][:2], found.ambiguous) == (("web", "web2"), ())
    by_container = {**OPENPROJECT, "DATABASE_URL": OPENPROJECT["DATABASE_URL"].replace("@db/", "@shop-db-1/")}
    more = service("web2", "openproject/openproject:15", by_container, ["./docker/prod/web"])
    assert recognise([*official_openproject("15"), more]).ambiguous == ()


@pytest.mark.parametrize(
    ("name", "command"),
    [("console", ["./docker/prod/entrypoint.sh", "sleep", "infinity"]), ("backup", ["./docker/prod/backup"])],
)
def test_service_beside_the_application_is_never_asked_first(name: str, command: Sequence[str]) -> None:
    beside = service(name, "openproject/openproject:15", OPENPROJECT, command)
    found = recognise([*official_openproject("15"), beside])
    assert (found.service_of("openproject"), found.ambiguous) == ("web", ())
    assert name in found.applications["openproject"]
    late = service("web", "openproject/openproject:15", OPENPROJECT, ["sh", "-c", "sleep 5; ./docker/prod/web"])
    assert recognise([late, beside]).service_of("openproject") == "web"


# -- the operator's word --------------------------------------------------------------------------------------------


def test_declared_services_need_no_evidence() -> None:
    services = [service("a", "company/a:1"), service("b", "company/b:1"), service("c", "company/c:1")]
    found = recognise(services, {"openproject": ["a", "b"], "gitea": "c"}, database="pg", cache="fast")
    assert roles(found) == {
        "database": "pg",
        "cache": "fast",
        "cache_kind": "redis",
        "applications": {"openproject": ["a", "b"], "gitea": ["c"]},
    }


def test_declared_comes_before_what_the_image_says() -> None:
    found = recognise(official_openproject("14"), {"openproject": ["worker"]})
    assert found.applications == {"openproject": ("worker",)}
    assert recognise(official_openproject("14"), {"openproject": []}).applications == {}
    other = recognise(official_openproject("14"), {"gitea": "web"})
    assert other.applications == {"openproject": ("cron", "worker", "seeder"), "gitea": ("web",)}


def test_app_ini_of_gitea_leads_to_its_server(tmp_path: Path) -> None:
    (tmp_path / "gitea" / "conf").mkdir(parents=True)
    (tmp_path / "gitea" / "conf" / "app.ini").write_text(
        "[database]\nDB_TYPE = postgres\nHOST = store:5432\nNAME = gitea\nUSER = gitea\n[cache]\nADAPTER = memcache\n"
        "HOST = fast:11211\n"
    )
    found = recognise(
        [
            service("server", "gitea/gitea:1.24", mounts=[bind(str(tmp_path), "/data", True)]),
            service("other", "postgres:17"),
            service("store", "postgres:17"),
            service("fast", "company/own:1"),
        ]
    )
    assert (found.database, found.cache, found.cache_kind) == ("store", "fast", "memcached")


def test_empty_project() -> None:
    assert recognise([]) == Recognised()


# -- a cache that is none -------------------------------------------------------------------------------------------


def test_redis_that_only_another_service_uses_is_no_cache() -> None:
    """Its volume may hold that service's data, and a cache's volume is in no set."""
    cloud = service("cloud", "nextcloud:30", {"REDIS_HOST": "kv"})
    gitea = service("server", "gitea/gitea:1.24")
    found = recognise([gitea, cloud, service("kv", "redis:8")])
    assert (found.cache, found.caches, found.ambiguous) == ("", {"kv": "redis"}, ())
    assert recognise([gitea, cloud, service("kv", "redis:8")], cache="kv").cache == "kv"
    settings = {"GITEA__cache__ADAPTER": "redis", "GITEA__cache__HOST": "redis://kv:6379/0"}
    both = [service("server", "gitea/gitea:1.24", settings), cloud, service("kv", "redis:8")]
    assert recognise(both).cache == "kv"


def test_redis_without_any_known_login_is_the_cache() -> None:
    exporter = service("exporter", "oliver006/redis_exporter", {"REDIS_ADDR": "redis://valkey:6379"})
    found = recognise([service("server", "gitea/gitea:1.24"), exporter, service("valkey", "valkey/valkey:8")])
    assert (found.cache, found.cache_kind) == ("valkey", "redis")
