# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Gitea keeps sessions, indexes and keys, in both images and with paths of its own."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea import places

NORMAL = {"GITEA_CUSTOM": "/data/gitea"}
ROOTLESS = {"GITEA_WORK_DIR": "/var/lib/gitea", "HOME": "/var/lib/gitea/git"}


def test_places_without_settings() -> None:
    assert places.data_paths({}, NORMAL) == ["/data/gitea", "/var/lib/gitea/data", "/var/lib/gitea"]
    assert "/data/gitea/indexers" in places.index_folders({}, NORMAL)
    assert "/var/lib/gitea/data/indexers" in places.index_folders({}, ROOTLESS)
    assert "/data/git/.ssh/authorized_keys" in places.key_files({}, NORMAL)
    assert places.key_files({}, ROOTLESS)[0] == "/var/lib/gitea/git/.ssh/authorized_keys"
    assert "/data/gitea/tmp" in places.temporary_folders({}, NORMAL)
    assert not places.has_own_ssh_server({})
    assert places.sqlite_files({}, NORMAL) == []


def test_configured_places_come_first_and_relative_ones_start_in_the_work_path() -> None:
    settings = {
        ("server", "APP_DATA_PATH"): "/srv/gitea",
        ("session", "PROVIDER_CONFIG"): '"data/sessions"',
        ("indexer", "ISSUE_INDEXER_PATH"): "indexers/mine.bleve",
        ("server", "SSH_ROOT_PATH"): "/srv/ssh",
        ("server", "START_SSH_SERVER"): "True",
        ("database", "DB_TYPE"): "sqlite3",
    }
    assert places.data_paths(settings, ROOTLESS)[0] == "/srv/gitea"
    assert places.session_folders(settings, ROOTLESS) == ["/var/lib/gitea/data/sessions"]
    assert places.index_folders(settings, ROOTLESS)[0] == "/var/lib/gitea/indexers/mine.bleve"
    assert places.key_files(settings, ROOTLESS)[0] == "/srv/ssh/authorized_keys"
    assert places.has_own_ssh_server(settings)
    assert places.sqlite_files(settings, ROOTLESS)[0] == "/srv/gitea/gitea.db"


def test_search_servers_are_named() -> None:
    settings = {("indexer", "ISSUE_INDEXER_TYPE"): "meilisearch", ("indexer", "REPO_INDEXER_TYPE"): "bleve"}
    assert places.external_indexes(settings) == ["meilisearch"]
