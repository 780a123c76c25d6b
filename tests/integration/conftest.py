# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks that tests may break."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.tests.integration.daily_support import DailyStack
from ansible_collections.maxops.ops.tests.integration.fault_proxy import FaultProxy
from ansible_collections.maxops.ops.tests.integration.official_support import (
    OfficialGitea,
    OfficialOpenProject,
    untag_images,
)
from ansible_collections.maxops.ops.tests.integration.scratch_support import ScratchStack
from ansible_collections.maxops.ops.tests.integration.support import MiniStack, Module, running
from ansible_collections.maxops.ops.tests.integration.users_support import (
    GITEA_VERSIONS,
    NEWEST_OPENPROJECT,
    Application,
    Applications,
)
from ansible_collections.maxops.ops.tests.integration.verify_support import ODD_NAME, ContentStack


def _stack(factory: pytest.TempPathFactory, version: int) -> Iterator[MiniStack]:
    # Two lanes of tests/run.sh may want such a stack at the same time.
    lane = os.environ.get("MAXOPS_TEST_LANE", "")
    with running(MiniStack(f"maxtest{version}{lane}", factory.mktemp(f"stack{version}"), version)) as stack:
        yield stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """A stack on PostgreSQL 17."""
    yield from _stack(tmp_path_factory, 17)


@pytest.fixture(scope="session")
def old_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MiniStack]:
    """A stack on PostgreSQL 15, whose pg_dump has no zstd."""
    yield from _stack(tmp_path_factory, 15)


@pytest.fixture(scope="session")
def daily(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DailyStack]:
    """A small stack without a database, for tests of containers."""
    with running(DailyStack("maxdaily", tmp_path_factory.mktemp("daily"), 17)) as stack:
        yield stack


@pytest.fixture
def backup(stack: MiniStack, tmp_path: Path) -> Module:
    """The backup module on the small stack, with a separate repository."""
    return Module("backup", {"project_name": stack.project, "repository": str(tmp_path / "repository")}, tmp_path)


@pytest.fixture(scope="session")
def scratch_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScratchStack]:
    """A stack whose databases, cache and leftovers a test may damage."""
    with running(ScratchStack("maxlitter", tmp_path_factory.mktemp("scratch"), 17)) as stack:
        yield stack


@pytest.fixture(scope="session")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applications]:
    """Gitea in three versions, and OpenProject."""
    with running(Applications(tmp_path_factory.mktemp("applications"))) as started:
        yield started


@pytest.fixture(params=list(GITEA_VERSIONS))
def any_gitea(request: pytest.FixtureRequest, applications: Applications) -> Application:
    """Gitea, in each version."""
    service: str = request.param
    return Application(service, applications.url(service), applications.token(service), applications)


@pytest.fixture
def gitea(applications: Applications) -> Application:
    """Gitea 1.21."""
    return Application("gitea", applications.url("gitea"), applications.token("gitea"), applications)


@pytest.fixture
def openproject(applications: Applications) -> Application:
    """OpenProject."""
    url, token = applications.url("openproject"), applications.token("openproject")
    return Application("openproject", url, token, applications)


@pytest.fixture
def openproject17(applications: Applications) -> Application:
    """OpenProject 17, which answers only for its own host names."""
    url, token = applications.url(NEWEST_OPENPROJECT), applications.token(NEWEST_OPENPROJECT)
    return Application(NEWEST_OPENPROJECT, url, token, applications)


@pytest.fixture
def gitea_proxy(gitea: Application) -> Iterator[FaultProxy]:
    """Gitea behind a proxy that injects the faults of a test."""
    proxy = FaultProxy(gitea.url)
    gitea.url = proxy.url
    yield proxy
    proxy.close()


@pytest.fixture
def openproject_proxy(openproject: Application) -> Iterator[FaultProxy]:
    """OpenProject behind a proxy that injects the faults of a test."""
    proxy = FaultProxy(openproject.url)
    openproject.url = proxy.url
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def content_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContentStack]:
    """A stack whose rows belong to files and repositories."""
    with running(ContentStack("maxverifytest", tmp_path_factory.mktemp("content"), 17)) as stack:
        yield stack


@pytest.fixture(scope="session")
def good_set(content_stack: ContentStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An intact set; tests damage copies of it."""
    folder = tmp_path_factory.mktemp("good")
    return content_stack.back_up(folder, folder / "repository")


@pytest.fixture(scope="session")
def twin_set(content_stack: ContentStack, good_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another set of the same stack, made later."""
    folder = tmp_path_factory.mktemp("twin")
    return content_stack.back_up(folder, folder / "repository")


@pytest.fixture(scope="session")
def odd_set(content_stack: ContentStack, good_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set with one more database, whose sequences are behind."""
    folder = tmp_path_factory.mktemp("odd")
    quoted = '"' + ODD_NAME.replace('"', '""') + '"'
    content_stack.sql(f"CREATE DATABASE {quoted}")
    content_stack.sql(
        "CREATE TABLE behind (id bigserial PRIMARY KEY); INSERT INTO behind DEFAULT VALUES;"
        "INSERT INTO behind VALUES (9);"
        'CREATE TABLE "100 % lost" (id bigserial PRIMARY KEY); INSERT INTO "100 % lost" VALUES (1), (2), (3);'
        "SELECT lo_create(0); SELECT lo_from_bytea(0, 'x');"
        'CREATE SCHEMA "a.b"; CREATE TABLE "a.b".c AS SELECT 1 AS x;'
        'CREATE SCHEMA a; CREATE TABLE a."b.c" AS SELECT * FROM generate_series(1, 2) AS x;'
        'CREATE SCHEMA "DATA"; CREATE TABLE "DATA"."two words" AS SELECT 3 AS x; CREATE TABLE "q""x" AS SELECT 4 AS x;'
        'CREATE TABLE "표" AS SELECT 5 AS x',
        ODD_NAME,
    )
    try:
        return content_stack.back_up(folder, folder / "repository")
    finally:
        content_stack.sql(f"DROP DATABASE {quoted}")


@pytest.fixture(scope="module")
def official_openproject(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficialOpenProject]:
    """OpenProject's own Compose file, with rows and files, all in folders of the host."""
    folder = tmp_path_factory.mktemp("official-openproject")
    with running(OfficialOpenProject("maxofficialop", folder, 17, port=9240)) as stack:
        stack.fill()
        yield stack
    untag_images()


@pytest.fixture(scope="module")
def official_gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficialGitea]:
    """Gitea's own Compose file without a database service, with rows, files and a repository."""
    folder = tmp_path_factory.mktemp("official-gitea")
    with running(OfficialGitea("maxofficialgitea", folder, 17, port=9241, ssh_port=9242)) as stack:
        stack.fill()
        yield stack
    untag_images()


@pytest.fixture(scope="module")
def official_gitea_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfficialGitea]:
    """Gitea's own Compose file with PostgreSQL, with rows, files and a repository."""
    folder = tmp_path_factory.mktemp("official-gitea-server")
    stack = OfficialGitea("maxofficialgiteapg", folder, 17, port=9243, ssh_port=9244, with_server=True)
    with running(stack):
        stack.fill()
        yield stack
    untag_images()
