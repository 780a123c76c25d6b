# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which sessions, caches, indexes and keys a restore removes, and the sentences that say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.applications import plan_effects
from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.effects import Effects
from ansible_collections.maxops.ops.plugins.module_utils.swap.clearing_files import FOLDER, INDEX, KEYS, SESSION_FILES
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import (
    Clearing,
    DatabaseSwap,
    Journal,
    VolumeSwap,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.applications import REDIS
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container
from ansible_collections.maxops.ops.tests.unit.redis_server import FakeRedis, serving
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container, stack_of, volume_mount

BOTH = ("gitea", "openproject")
SERVERS = ("postgres", "redis")
DATABASE = {"GITEA__database__NAME": "gitea", "GITEA__database__HOST": "postgres"}


@pytest.fixture
def redis() -> Iterator[FakeRedis]:
    with serving(FakeRedis()) as server:
        yield server


def server(redis: FakeRedis) -> Container:
    return container("redis", environment={"REDIS_PORT": str(redis.port)}, addresses=["127.0.0.1"])


def of_role(redis: FakeRedis) -> dict[str, str]:
    """The environment that the role stack gives Gitea."""
    address = f"redis://redis:{redis.port}"
    return {
        **DATABASE,
        "GITEA__cache__ADAPTER": "redis",
        "GITEA__cache__HOST": f"{address}/2",
        "GITEA__session__PROVIDER": "redis",
        "GITEA__session__PROVIDER_CONFIG": f"{address}/3",
    }


def gitea(environment: dict[str, str]) -> Container:
    return container("gitea", volume_mount("shop_gitea-data"), environment=environment)


def planned(
    *containers: Container, databases: Sequence[str] = ("gitea",), volumes: bool = False, paused: bool = False
) -> Effects:
    journal = Journal("X", "shop", "set")
    journal.databases = [DatabaseSwap(name, f"{name}_new", f"{name}_old") for name in databases]
    if volumes:
        folder = "/var/lib/docker/volumes/shop_gitea-data/_data"
        journal.volumes = [VolumeSwap("shop_gitea-data", folder, f"{folder}.new", f"{folder}.old")]
    return plan_effects(stack_of(*containers), journal, SERVERS, (), paused)


def kinds(effects: Effects) -> set[tuple[str, int]]:
    return {(clearing.kind, clearing.database) for clearing in effects.clearings}


def one(effects: Effects, kind: str) -> Clearing:
    return next(clearing for clearing in effects.clearings if clearing.kind == kind)


def test_the_database_of_the_roles_gitea(redis: FakeRedis) -> None:
    effects = planned(server(redis), gitea(of_role(redis)))
    assert kinds(effects) == {(REDIS, 2), (REDIS, 3), (INDEX, 0), (FOLDER, 0), (KEYS, 0)}
    assert effects.regenerate == ["gitea"]
    assert effects.sentences == [
        "Gitea: everybody signs in again, its sessions in Redis database 3 of redis are deleted",
        "Gitea: its cache in Redis database 2 of redis is emptied",
        "Gitea: its search indexes are removed, and it builds them again after the start",
        "Gitea: authorized_keys and the hooks of its repositories are written again from the database",
    ]
    required = {(clearing.kind, clearing.database) for clearing in effects.clearings if clearing.required}
    assert required == {(REDIS, 3), (KEYS, 0)}


def test_all_of_a_set_that_was_made_with_a_pause_needs_no_other_keys_and_indexes(redis: FakeRedis) -> None:
    effects = planned(server(redis), gitea(of_role(redis)), volumes=True, paused=True)
    assert kinds(effects) == {(REDIS, 2), (REDIS, 3), (SESSION_FILES, 0)}
    assert effects.regenerate == []


@pytest.mark.parametrize(
    "parts", [{"volumes": True}, {"paused": True}, {"databases": (), "volumes": True, "paused": True}]
)
def test_data_of_different_moments(redis: FakeRedis, parts: dict[str, Any]) -> None:
    effects = planned(server(redis), gitea(of_role(redis)), **parts)
    assert {INDEX, FOLDER, KEYS} <= {clearing.kind for clearing in effects.clearings}
    assert effects.regenerate == ["gitea"]


def test_a_volume_alone_keeps_sessions_in_redis_and_loses_those_in_its_files(redis: FakeRedis) -> None:
    effects = planned(server(redis), gitea(of_role(redis)), databases=(), volumes=True)
    assert kinds(effects) == {(REDIS, 2), (SESSION_FILES, 0), (INDEX, 0), (FOLDER, 0), (KEYS, 0)}
    assert "/data/gitea/sessions" in one(effects, SESSION_FILES).paths


def test_the_official_quick_start_in_a_folder_of_the_host(tmp_path: Path) -> None:
    made = container("server", bind(str(tmp_path), "/data", writable=True), environment=dict(DATABASE))
    effects = planned(made)
    assert one(effects, SESSION_FILES).paths == ["/data/gitea/sessions"]
    assert one(effects, SESSION_FILES).required
    journal = Journal("X", "shop", "set", volumes=[VolumeSwap(str(tmp_path), str(tmp_path), "n", "p")])
    effects = plan_effects(stack_of(made), journal, SERVERS, (), False)
    assert one(effects, SESSION_FILES).paths == ["/data/gitea/sessions"]
    assert "Gitea: everybody signs in again, its session files are deleted" in effects.sentences


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"PROVIDER": "db"}, "Gitea: its sessions are in the database, people are signed in as at the moment of"),
        ({"PROVIDER": "memory"}, "Gitea: everybody signs in again, its sessions are in its memory"),
    ],
)
def test_sessions_that_need_no_step(settings: dict[str, str], sentence: str) -> None:
    environment = {**DATABASE, **{f"GITEA__session__{key}": value for key, value in settings.items()}}
    effects = planned(gitea(environment))
    assert any(line.startswith(sentence) for line in effects.sentences)
    assert effects.remarks == []


@pytest.mark.parametrize(
    ("provider", "value"),
    [
        ("mysql", "me:secret@/gitea"),
        ("redis", "redis+sentinel://me:secret@sentinel/3"),
        ("redis", "redis://:secret@127.0.0.1:1/3"),
        ("redis", "redis://:secret@elsewhere:1/3"),
        ("redis", "redis://:secret@192.0.2.1.invalid:1/3"),
    ],
)
def test_sessions_that_cannot_be_deleted_are_said(provider: str, value: str) -> None:
    environment = {**DATABASE, "GITEA__session__PROVIDER": provider, "GITEA__session__PROVIDER_CONFIG": value}
    effects = planned(gitea(environment))
    [remark] = effects.remarks
    assert "secret" not in remark
    assert REDIS not in {clearing.kind for clearing in effects.clearings}


def test_an_index_path_that_holds_other_things_is_left_alone() -> None:
    environment = {
        **DATABASE,
        "GITEA__indexer__ISSUE_INDEXER_PATH": "/data",
        "GITEA__indexer__REPO_INDEXER_PATH": "/data/r",
    }
    paths = one(planned(gitea(environment)), INDEX).paths
    assert "/data" not in paths
    assert "/data/r" in paths


def test_a_search_server_is_said() -> None:
    [remark] = planned(gitea({**DATABASE, "GITEA__indexer__ISSUE_INDEXER_TYPE": "elasticsearch"})).remarks
    assert remark.startswith("Gitea's search index is in elasticsearch and was not removed")


def test_giteas_own_ssh_server_needs_no_file() -> None:
    effects = planned(gitea({**DATABASE, "GITEA__server__START_SSH_SERVER": "true"}))
    assert KEYS not in {clearing.kind for clearing in effects.clearings}
    assert effects.regenerate == ["gitea"]


def test_an_application_whose_data_is_not_replaced_is_left_alone(redis: FakeRedis) -> None:
    environment = {**of_role(redis), "GITEA__database__NAME": "other"}
    openproject = container("openproject", environment={"DATABASE_URL": "postgres://u:p@postgres/openproject"})
    effects = planned(server(redis), gitea(environment), openproject, databases=BOTH)
    assert (effects.clearings, effects.regenerate) == ([], [])
    assert [line.partition(":")[0] for line in effects.sentences] == ["OpenProject", "OpenProject"]


def test_openprojects_cache(redis: FakeRedis) -> None:
    environment = {
        "DATABASE_URL": "postgres://u:p@postgres/openproject",
        "OPENPROJECT_CACHE__REDIS__URL": f"redis://redis:{redis.port}/1",
    }
    web, worker = (container(name, environment=environment) for name in ("web", "worker"))
    effects = planned(server(redis), web, worker, databases=BOTH[1:])
    assert [(clearing.kind, clearing.database) for clearing in effects.clearings] == [(REDIS, 1)]
    assert not one(effects, REDIS).required
    assert effects.sentences == [
        "OpenProject: its sessions are in the database, people are signed in as at the moment of the restored data",
        "OpenProject: its cache in Redis database 1 of redis is emptied",
    ]
    for made in (web, worker):
        made.environment["OPENPROJECT_SESSION__STORE"] = "cache_store"
    effects = planned(server(redis), web, worker, databases=BOTH[1:])
    assert any(clearing.required for clearing in effects.clearings)
    assert any("OpenProject: everybody signs in again" in line for line in effects.sentences)


def test_settings_that_cannot_be_read_are_said() -> None:
    [first, *_others] = planned(container("gitea", environment=dict(DATABASE), state="exited")).remarks
    assert first.startswith("app.ini of shop-gitea-1 cannot be read while it is down")
    assert planned(gitea(DATABASE)).remarks == []


def test_a_runner_is_not_gitea() -> None:
    runner = container("runner", volume_mount("shop_gitea-data"), environment={"GITEA_INSTANCE_URL": "http://gitea"})
    object.__setattr__(runner, "image", "gitea/act_runner:0.2")
    effects = planned(runner, databases=(), volumes=True)
    assert (effects.clearings, effects.regenerate) == ([], [])


def test_sqlite_in_a_volume_is_a_database(redis: FakeRedis) -> None:
    environment = {**of_role(redis), "GITEA__database__DB_TYPE": "sqlite3"}
    effects = planned(server(redis), gitea(environment), databases=(), volumes=True)
    assert (REDIS, 3) in kinds(effects)


def test_a_database_of_which_the_application_is_not_there_is_said() -> None:
    effects = planned(databases=BOTH)
    assert [remark.partition(",")[0] for remark in effects.remarks] == [
        'no container of Gitea uses database "gitea"',
        'no container of OpenProject uses database "openproject"',
    ]


@pytest.mark.parametrize(("stops", "ended"), [(["gitea"], True), ([], False)])
def test_a_gitea_that_is_known_only_by_its_session_in_the_database(stops: list[str], ended: bool) -> None:
    """Its app.ini is on no mount and cannot be read, but it stops because it has a session in the database."""
    made = container("gitea", bind("/srv/sessions", "/data/gitea/sessions", writable=True))
    journal = Journal("X", "shop", "set", databases=[DatabaseSwap("forge", "n", "o")])
    effects = plan_effects(stack_of(made), journal, SERVERS, stops, False)
    assert (SESSION_FILES in {clearing.kind for clearing in effects.clearings}) is ended
    assert bool(effects.remarks) is ended
