# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stack whose rows belong to files and git repositories, its backup sets, and ways to spoil them."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.storage import backup_set
from ansible_collections.maxops.ops.plugins.module_utils.tools.files import list_files, sha256_and_sync
from ansible_collections.maxops.ops.tests.integration.support import MiniStack, Module, run

COMPOSE = """
name: {project}
services:
  postgres:
    image: maxops-lab/postgres:{version}
    environment: {{POSTGRES_USER: maxops, POSTGRES_PASSWORD: secret, POSTGRES_DB: openproject}}
    volumes: ["postgres-data:/var/lib/postgresql/data"]
    healthcheck: {{test: [CMD, pg_isready, -U, maxops, -h, 127.0.0.1], interval: 1s, start_period: 60s}}
  openproject:
    image: maxops-lab/openproject:14.6.3
    entrypoint: [sleep, infinity]
    stop_grace_period: 0s
    volumes: ["openproject-assets:/var/openproject/assets"]
  gitea:
    image: maxops-lab/gitea:1.21.11
    entrypoint: [sleep, infinity]
    stop_grace_period: 0s
    volumes: ["gitea-data:/data"]
volumes: {{postgres-data: {{}}, openproject-assets: {{}}, gitea-data: {{}}}}
"""

OPENPROJECT_ROWS = """
CREATE EXTENSION btree_gist;
CREATE ROLE reporter LOGIN PASSWORD 'x'; CREATE ROLE readers; GRANT readers TO reporter;
CREATE TABLE work_packages (id bigserial PRIMARY KEY, subject text);
INSERT INTO work_packages (subject) SELECT repeat(md5(g::text), 8) FROM generate_series(1, 3000) g;
CREATE TABLE attachments (id bigserial PRIMARY KEY, container_type text, content_type text, file text, filesize bigint,
                          status int DEFAULT 0);
INSERT INTO attachments (file, filesize) SELECT 'plan ' || g || ' – 계획.pdf', 1000 + g FROM generate_series(1, 40) g;
INSERT INTO attachments (file, filesize, status) VALUES ('on its way.bin', 5, 1);
CREATE TABLE lagging (id bigserial PRIMARY KEY); INSERT INTO lagging DEFAULT VALUES;
CREATE TABLE numbered_by_the_application (id bigserial PRIMARY KEY); INSERT INTO numbered_by_the_application VALUES (1);
GRANT SELECT ON work_packages TO readers;
"""

GITEA_ROWS = """
CREATE TABLE version (id bigserial PRIMARY KEY, version bigint); INSERT INTO version (version) VALUES (280);
CREATE TABLE repository (id bigserial PRIMARY KEY, owner_name text, lower_name text, default_branch text,
                         is_mirror boolean, status int DEFAULT 0);
INSERT INTO repository (owner_name, lower_name) VALUES
  ('Anna', 'tools'), ('Anna', 'site'), ('org', 'core'), ('org', 'empty');
CREATE TABLE lfs_meta_object (id bigserial PRIMARY KEY, oid text, size bigint, repository_id bigint);
CREATE TABLE attachment (id bigserial PRIMARY KEY, uuid uuid, size bigint);
CREATE TABLE package_blob (id bigserial PRIMARY KEY, size bigint, hash_sha256 char(64));
CREATE TABLE "user" (id bigserial PRIMARY KEY, avatar text, use_custom_avatar boolean);
"""

GITEA_FILES = """
cd /data; mkdir -p git/repositories/anna git/repositories/org git/lfs gitea/attachments
git config --global user.email a@b; git config --global user.name a; git config --global init.defaultBranch main
git init -q /tmp/work; cd /tmp/work
for i in $(seq 30); do echo "line $i" >> file; git add file; git commit -q -m "change $i"; done
for name in anna/tools anna/site anna/site.wiki org/core; do
  git clone -q --bare /tmp/work "/data/git/repositories/$name.git"
done
git init -q --bare /data/git/repositories/org/empty.git
chown -R 1000:1000 /data; chmod -R go= /data/git
"""

ODD_NAME = """we'ird "; 100 % -- Ü"""

OID = hashlib.sha256(b"123456789").hexdigest()
BLOB = hashlib.sha256(b"package").hexdigest()
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@dataclass
class ContentStack(MiniStack):
    """OpenProject's and Gitea's rows with all that they stand for."""

    template = COMPOSE

    def up(self) -> None:
        """Start it and fill it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = self.template.format(project=self.project, version=self.version)
        (self.folder / "docker-compose.yml").write_text(text)
        self.compose("up", "--detach", "--wait")
        self.sql(OPENPROJECT_ROWS)
        self.sql("CREATE DATABASE gitea")
        self.sql(
            f"{GITEA_ROWS} INSERT INTO lfs_meta_object (oid, size) VALUES ('{OID}', 9);"
            f"INSERT INTO attachment (uuid, size) VALUES ('{UUID}', 3);"
            f"INSERT INTO package_blob (hash_sha256, size) VALUES ('{BLOB}', 7);"
            "INSERT INTO \"user\" (avatar, use_custom_avatar) VALUES ('a1b2', true), ('c3d4', false)",
            "gitea",
        )
        self.inside("gitea", GITEA_FILES)
        self.inside(
            "gitea",
            f"cd /data; mkdir -p git/lfs/{OID[:2]}/{OID[2:4]} gitea/attachments/{UUID[0]}/{UUID[1]};"
            f"printf 123456789 > git/lfs/{OID[:2]}/{OID[2:4]}/{OID[4:]};"
            f"printf abc > gitea/attachments/{UUID[0]}/{UUID[1]}/{UUID};"
            f"mkdir -p gitea/packages/{BLOB[:2]}/{BLOB[2:4]} gitea/packages/tmp gitea/avatars;"
            "printf x > gitea/avatars/a1b2;"
            f"printf package > gitea/packages/{BLOB[:2]}/{BLOB[2:4]}/{BLOB}; touch gitea/packages/tmp/upload-1",
        )
        self.inside(
            "openproject",
            # Number 41 is still being uploaded, and 42 was deleted: its folder stays.
            "cd /var/openproject/assets; mkdir -p files/attachment/file/42;"
            "for i in $(seq 40); do mkdir -p files/attachment/file/$i;"
            'head -c $((1000 + i)) /dev/urandom > "files/attachment/file/$i/plan $i – 계획.pdf"; done',
        )

    def inside(self, service: str, script: str) -> str:
        """Run a shell script in a service's container."""
        return self.compose("exec", "-T", service, "bash", "-euc", script)

    def back_up(self, folder: Path, repository: Path, **options: Any) -> Path:
        """Make a set; gives its folder."""
        module = Module("backup", {"project_name": self.project, "repository": str(repository)}, folder)
        result = module(**options)
        assert result.get("changed"), result
        return Path(result["path"])


def copy_set(made: Path, repository: Path) -> Path:
    """A set of its own for a test to spoil."""
    target = repository / "sets" / made.name
    target.parent.mkdir(parents=True)
    (repository / "staging").mkdir()
    run("cp", "--archive", made, target)
    return target


def reseal(folder: Path, **changes: Any) -> None:
    """Make the manifest right again after its set was changed, as if it had been made so."""
    path = folder / "manifest.json"
    manifest = {**json.loads(path.read_text()), **changes}
    entries = []
    for name in [name for name in list_files(str(folder)) if name != "manifest.json"]:
        target = folder / name
        if target.is_symlink():
            entries.append({"path": name, "size": 0, "link": str(target.readlink())})
        else:
            size, digest = sha256_and_sync(str(target))
            entries.append({"path": name, "size": size, "sha256": digest})
    manifest["files"] = entries
    backup_set.write_manifest(str(path), backup_set.seal(manifest))


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest as it is."""
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return manifest


def part_of(manifest: dict[str, Any], name: str) -> dict[str, Any]:
    """One part of a manifest, to be changed."""
    [part] = [part for part in manifest["parts"] if part["name"] == name]
    return part  # type: ignore[no-any-return]


@contextmanager
def unpacked(folder: Path, volume: str, scratch: Path) -> Iterator[Path]:
    """A volume's files, packed again after the block; the manifest has to be resealed."""
    archive = folder / "volumes" / f"{volume}.tar.zst"
    top = scratch / f"unpacked-{volume}"
    top.mkdir()
    run("tar", "--extract", "--zstd", f"--file={archive}", f"--directory={top}")
    yield top
    run("tar", "--create", "--zstd", f"--file={archive}", f"--directory={top}", ".")
    shutil.rmtree(top)


def findings_of(result: dict[str, Any], state: str = "critical") -> dict[str, dict[str, Any]]:
    """Findings of one state by their subject."""
    assert "findings" in result, result
    return {entry["subject"]: entry for entry in result["findings"] if entry["state"] == state}


def rehearsal_leftovers(repository: Path) -> list[str]:
    """Whatever a rehearsal in a repository may leave behind."""
    label = f"label=ops.maxops.helper=rehearsal:{repository / 'rehearsal'}"
    found = run("docker", "ps", "--all", "--quiet", "--filter", label).stdout.split()
    folder = repository / "rehearsal"
    return found + [path.name for path in folder.glob("*") if path.name != "lock"]
