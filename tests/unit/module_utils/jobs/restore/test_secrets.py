# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that differ from those of the set are named, and their values never shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.secrets import Restored, secrets_that_differ
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container, Stack
from ansible_collections.maxops.ops.plugins.module_utils.transfer.keys import keys_of, recorded
from ansible_collections.maxops.ops.tests.unit.stacks import WORKING_DIR, container, stack_of, volume_mount

THEN = "# made once\nPOSTGRES_PASSWORD=then\nSECRET_KEY_BASE='old one'\nexport GITEA_TOKEN=same\nMONKEY=1\nGONE_KEY=x\n"
SET_ID = "20261123T020000Z"


# -- sets without keys: the files are compared ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "remark"),
    [
        (THEN, None),
        (THEN.replace("then", "now"), None),
        ('SECRET_KEY_BASE="old one"\n', None),
        (THEN.replace("old one", "new one"), "another SECRET_KEY_BASE than"),
        ("SECRET_KEY_BASE=x\nGITEA_TOKEN=y\n", "another GITEA_TOKEN, SECRET_KEY_BASE than"),
        (None, None),
    ],
)
@pytest.mark.parametrize("folder_then", ["same", "other"])
def test_differences(tmp_path: Path, now: str | None, remark: str | None, folder_then: str) -> None:
    (tmp_path / "set" / "config").mkdir(parents=True)
    (tmp_path / "set" / "config" / ".env").write_text(THEN)
    if now is not None:
        (tmp_path / ".env").write_text(now)
    # The set may be of another stack: the files of this stack's folder are compared.
    then = str(tmp_path / ".env") if folder_then == "same" else "/other/stack/.env"
    config = [{"source": then, "path": ".env"}, {"source": "/x/docker-compose.yml", "path": "y"}]
    source = RestoreSource("set X", "17.1", kept=KeptSet("X", str(tmp_path / "set"), {"config": config}))
    stack = stack_of(container("app", labels={WORKING_DIR: str(tmp_path)}))
    remarks = secrets_that_differ(source, stack, Restored())
    assert len(remarks) == (remark is not None)
    assert remark is None or remark in remarks[0]
    assert remark is None or str(tmp_path / ".env") in remarks[0]
    assert "old one" not in str(remarks)
    assert "new one" not in str(remarks)


# -- sets with the hashes of keys -----------------------------------------------------------------------------------


def openproject(key: str | None, name: str = "SECRET_KEY_BASE", service: str = "openproject") -> Container:
    environment = {"DATABASE_URL": "postgres://u:p@db/openproject", **({name: key} if key else {})}
    return container(service, environment=environment, labels={WORKING_DIR: "/opt/other"})


def gitea(folder: Path, key: str, **environment: str) -> Container:
    """Gitea with its key in app.ini only, unless the environment has one."""
    (folder / "gitea" / "conf").mkdir(parents=True)
    (folder / "gitea" / "conf" / "app.ini").write_text(f"[security]\nSECRET_KEY = {key}\n[database]\nNAME = gitea\n")
    database = {"GITEA__database__HOST": "db", "GITEA__database__NAME": "gitea"}
    mount = volume_mount("shop_gitea-data", str(folder), "/data")
    return container("gitea", mount, environment={**database, **environment}, labels={WORKING_DIR: "/opt/other"})


def source_of(tmp_path: Path, *then: Container, dotenv: str = "") -> RestoreSource:
    (tmp_path / "set" / "config").mkdir(parents=True)
    (tmp_path / "set" / "config" / ".env").write_text(dotenv)
    manifest: dict[str, Any] = {
        "set_id": SET_ID,
        "config": [{"source": "/opt/shop/.env", "path": ".env"}],
        **recorded(keys_of(stack_of(*then)), SET_ID),
    }
    return RestoreSource("set X", "17.1", kept=KeptSet(SET_ID, str(tmp_path / "set"), manifest))


ALL = Restored(["openproject", "gitea"])


def remarks_on(source: RestoreSource, *now: Container, restored: Restored = ALL) -> list[str]:
    stack: Stack = stack_of(*now)
    remarks = secrets_that_differ(source, stack, restored)
    assert "then-key" not in str(remarks)
    assert "now-key" not in str(remarks)
    return remarks


def test_set_of_another_stack_with_another_key_is_a_remark_with_the_loss_and_the_next_step(tmp_path: Path) -> None:
    source = source_of(tmp_path, openproject("then-key"), dotenv="OPENPROJECT_SECRET_KEY_BASE=then-key\n")
    [remark] = remarks_on(source, openproject("now-key"))
    assert remark == (
        "openproject has another SECRET_KEY_BASE than the set, so after the restore sessions end, API tokens and "
        "calendar links are refused, and encrypted settings cannot be read; the set's key is "
        "OPENPROJECT_SECRET_KEY_BASE in config/.env: put it into .env here, then docker compose --project-name shop "
        "--project-directory /opt/other up --detach"
    )


def test_same_keys_are_no_remark_whatever_their_variable_or_service_is_called(tmp_path: Path) -> None:
    source = source_of(tmp_path, openproject("then-key"))
    assert remarks_on(source, openproject("then-key")) == []
    assert remarks_on(source, openproject("then-key", "OPENPROJECT_SECRET_KEY_BASE", "web")) == []
    assert len(remarks_on(source, openproject("now-key", "OPENPROJECT_SECRET_KEY_BASE", "web"))) == 1


def test_key_that_is_in_no_file_is_found_in_the_containers_of_the_set(tmp_path: Path) -> None:
    [remark] = remarks_on(source_of(tmp_path, openproject("then-key")), openproject("now-key"))
    assert "the set's key is in config/containers.json: put it into .env here" in remark


def test_service_that_uses_none_of_the_restored_databases_is_not_compared(tmp_path: Path) -> None:
    source = source_of(tmp_path, openproject("then-key"))
    assert remarks_on(source, openproject("now-key"), restored=Restored(["gitea"])) == []
    assert len(remarks_on(source, openproject("now-key"), restored=Restored(["openproject"]))) == 1


def test_key_that_no_container_has_is_said_to_be_unknown(tmp_path: Path) -> None:
    source = source_of(tmp_path, openproject("then-key"))
    [remark] = remarks_on(source, openproject(None))
    assert remark.startswith("no container of this stack has SECRET_KEY_BASE, so it is not known")
    assert remarks_on(source, container("postgres")) == []


def test_key_that_the_set_does_not_have_is_said_to_be_unknown(tmp_path: Path) -> None:
    source = source_of(tmp_path, container("postgres"))
    [remark] = remarks_on(source, openproject("now-key"), container("other", environment={"MY_APP_KEY": "now-key"}))
    assert remark.startswith("the set has no SECRET_KEY_BASE, because no container had it when the set was made")
    assert remarks_on(source, openproject("now-key"), restored=Restored(["gitea"])) == []
    now = gitea(tmp_path / "now", "now-key")
    assert remarks_on(source, now, restored=Restored(["gitea"], [str(tmp_path / "now")])) == []


def test_key_in_app_ini_is_compared_unless_its_volume_is_restored_too(tmp_path: Path) -> None:
    source = source_of(tmp_path, gitea(tmp_path / "then", "then-key"))
    now = gitea(tmp_path / "now", "now-key")
    [remark] = remarks_on(source, now)
    assert remark.startswith(
        "gitea has another GITEA__security__SECRET_KEY than the set, so after the restore two-factor logins, passwords "
        "of mirrors and login sources, and secrets of OAuth and Actions cannot be read; the set's key is in "
        "/data/gitea/conf/app.ini in the volume shop_gitea-data: restore that, too"
    )
    assert remarks_on(source, now, restored=Restored(["gitea"], [str(tmp_path / "now")])) == []
    assert remarks_on(source, gitea(tmp_path / "same", "then-key")) == []


def test_variable_of_gitea_wins_over_the_restored_app_ini(tmp_path: Path) -> None:
    source = source_of(tmp_path, gitea(tmp_path / "then", "then-key"))
    now = gitea(tmp_path / "now", "old", GITEA__security__SECRET_KEY="now-key")
    assert len(remarks_on(source, now, restored=Restored(["gitea"], [str(tmp_path / "now")]))) == 1
