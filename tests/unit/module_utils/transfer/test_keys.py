# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of applications are found wherever they are set, and only their hashes leave this file."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.transfer.keys import hashed, keys_of, recorded
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container, stack_of, volume_mount


def names(**environment: str) -> dict[str, str]:
    return {key.name: key.value for key in keys_of(stack_of(container("app", environment=environment)))}


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("SECRET_KEY_BASE", "SECRET_KEY_BASE"),
        ("OPENPROJECT_SECRET_KEY_BASE", "OPENPROJECT_SECRET_KEY_BASE"),
        ("APP_KEY", "APP_KEY"),
        ("N8N_ENCRYPTION_KEY", "N8N_ENCRYPTION_KEY"),
        ("GITEA__security__SECRET_KEY", "GITEA__security__SECRET_KEY"),
        ("GITEA__SECURITY__INTERNAL_TOKEN", "GITEA__security__INTERNAL_TOKEN"),
        ("FORGEJO__oauth2__JWT_SECRET", "GITEA__oauth2__JWT_SECRET"),
        ("GITEA__server__LFS_JWT_SECRET", "GITEA__server__LFS_JWT_SECRET"),
    ],
)
def test_keys_in_variables(variable: str, name: str) -> None:
    assert names(**{variable: "k"}) == {name: "k"}


@pytest.mark.parametrize(
    "variable",
    ["POSTGRES_PASSWORD", "DATABASE_URL", "MONKEY", "SECRET_KEY_BASE_ROTATION", "GITEA__mailer__PASSWD", "API_KEY"],
)
def test_passwords_and_other_words_are_no_keys(variable: str) -> None:
    assert names(**{variable: "k"}) == {}


def test_keys_in_secret_files(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-file\n")
    environment = {"SECRET_KEY_BASE_FILE": "/run/secrets/key", "GITEA__security__SECRET_KEY__FILE": "/run/secrets/key"}
    made = container("app", bind(str(tmp_path / "key"), "/run/secrets/key"), environment=environment)
    assert {key.name: key.value for key in keys_of(stack_of(made))} == {
        "SECRET_KEY_BASE": "from-file",
        "GITEA__security__SECRET_KEY": "from-file",
    }


def test_keys_in_app_ini_and_in_the_files_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "gitea" / "conf").mkdir(parents=True)
    (tmp_path / "token").write_text("t\n")
    (tmp_path / "gitea" / "conf" / "app.ini").write_text(
        "[security]\nSECRET_KEY = `ini`\nINTERNAL_TOKEN_URI = file:/data/token\n[oauth2]\nJWT_SECRET =\n"
        "[server]\nLFS_JWT_SECRET = lfs\n"
    )
    mount = volume_mount("shop_data", str(tmp_path), "/data")
    keys = keys_of(stack_of(container("gitea", mount, environment={"GITEA__server__LFS_JWT_SECRET": "variable"})))
    assert {key.name: (key.value, key.source) for key in keys} == {
        "GITEA__server__LFS_JWT_SECRET": ("variable", "environment"),
        "GITEA__security__SECRET_KEY": ("ini", "/data/gitea/conf/app.ini"),
        "GITEA__security__INTERNAL_TOKEN": ("t", "/data/gitea/conf/app.ini"),
    }


def test_manifest_gets_hashes_that_differ_from_set_to_set_and_never_the_key() -> None:
    keys = keys_of(stack_of(container("web", environment={"SECRET_KEY_BASE": "s3cret"})))
    first, second = recorded(keys, "20261123T020000Z"), recorded(keys, "20261124T020000Z")
    assert first["key_sources"] == {"SECRET_KEY_BASE": {"service": "web", "source": "environment"}}
    assert first["keys"] == {"SECRET_KEY_BASE": hashed("s3cret", "20261123T020000Z")}
    assert first["keys"] != second["keys"]
    assert len(first["keys"]["SECRET_KEY_BASE"]) == 64
    assert "s3cret" not in f"{first} {keys}"


def test_first_service_counts_where_two_have_a_key_of_the_same_name() -> None:
    two = [container(name, environment={"APP_KEY": name}) for name in ("b", "a")]
    assert recorded(keys_of(stack_of(*two)), "X")["keys"] == {"APP_KEY": hashed("a", "X")}
