"""Fresh databases, upgrades, and the downgrade that Gitea refuses."""

from __future__ import annotations

import re

import pytest

from standins.tests import gitea_client
from standins.tests.support import Application, Lab

SCHEMA = """
SELECT 'column', table_name, column_name, data_type, character_maximum_length::text, is_nullable, column_default
    FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', ''
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
ORDER BY 1, 2, 3
"""
REFUSAL = (
    "Your database (migration version: 299) is for a newer Gitea, "
    "you can not use the newer database for this old Gitea release (280)."
)


@pytest.fixture(scope="module")
def fresh(lab: Lab) -> dict[str, Application]:
    """Two of every application, started at once on one empty database; one of the two is returned."""
    versions = {"gitea": "1.22.6", "openproject": "15.5.1"}
    databases = {kind: lab.new_database() for kind in versions}
    started = [
        lab.start(kind, version, database=databases[kind], wait=False)
        for kind, version in versions.items()
        for _one in range(2)
    ]
    for application in started:
        application.wait()
        assert application.send("GET", "/").status_code == 200
    return {application.kind: application for application in started}


def test_gitea_upgrade_keeps_the_data_and_a_downgrade_is_refused(lab: Lab, fresh: dict[str, Application]) -> None:
    old = gitea_client.start(lab, "1.21.11").application
    assert old.query("SELECT id, version FROM version") == [(1, 280)]
    old.query("UPDATE \"user\" SET theme = 'arc-green'")
    new = lab.start("gitea", "1.22.6", database=old.database)
    assert new.query("SELECT id, version FROM version") == [(1, 299)]
    assert new.query('SELECT name, theme FROM "user"') == [(gitea_client.ADMIN, "gitea-dark")]
    assert new.logged(r"\[I\] Migration\[280\]: Rename user themes")
    assert "Migration[299]" not in new.logs()
    back = lab.start("gitea", "1.21.11", database=old.database, wait=False)
    assert back.exit_code() == 1
    assert back.logged(re.escape(REFUSAL))
    assert new.query("SELECT id, version FROM version") == [(1, 299)]
    assert fresh["gitea"].query("SELECT id, version FROM version") == [(1, 299)]
    assert "Migration[" not in fresh["gitea"].logs()
    assert fresh["gitea"].query(SCHEMA) == new.query(SCHEMA)


def test_openproject_upgrade_runs_only_what_is_pending(lab: Lab, fresh: dict[str, Application]) -> None:
    old = lab.start("openproject", "14.6.3")
    before = {version for (version,) in old.query("SELECT version FROM schema_migrations")}
    new = lab.start("openproject", "15.5.1", database=old.database)
    after = {version for (version,) in new.query("SELECT version FROM schema_migrations")}
    assert after > before
    for version in after:
        assert (f"== {version} " in new.logs()) == (version not in before)
    assert new.query("SELECT restricted FROM journals") == []
    assert new.query("SELECT count(*) FROM users WHERE type = 'User'") == [(1,)]
    assert fresh["openproject"].query(SCHEMA) == new.query(SCHEMA)
    # Downgrades are not supported, but not refused either: the older one starts on the newer database.
    assert lab.start("openproject", "14.6.3", database=old.database).send("GET", "/").status_code == 200
