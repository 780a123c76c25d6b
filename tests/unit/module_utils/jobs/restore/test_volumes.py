# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths of a volume as members of its archive, and what a refusal says of the other parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.options import RestoreOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.volumes import _member, plan_volumes
from ansible_collections.maxops.ops.plugins.module_utils.storage.repository.interface import KeptSet
from ansible_collections.maxops.ops.plugins.module_utils.storage.source import RestoreSource
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container, stack_of, volume_mount


@pytest.mark.parametrize(
    ("path", "member"),
    [("a/b", "./a/b"), ("/a/b/", "./a/b"), ("./a", "./a"), (".", "."), ("/", "."), ("..a", "./..a")],
)
def test_paths_as_members(path: str, member: str) -> None:
    assert _member(path) == member


@pytest.mark.parametrize("path", ["..", "../a", "a/../../b", "/../a"])
def test_paths_that_lead_out(path: str) -> None:
    with pytest.raises(MaxopsError, match="leads out of the volume"):
        _member(path)


# -- all parts together ---------------------------------------------------------------------------------------------


def source_of(*parts: dict[str, Any], databases: tuple[str, ...] = ()) -> RestoreSource:
    files = [
        {"path": path}
        for part in parts
        for path in [f"volumes/{part['name']}.tar" if part["kind"] == "volume" else f"folders/{part['file']}.tar"]
    ]
    kept = KeptSet("20261130T120000Z", "/sets/20261130T120000Z", {"parts": list(parts), "files": files})
    return RestoreSource(
        "set 20261130T120000Z",
        "17.1",
        [{"kind": "database", "name": name} for name in databases],
        [part for part in parts if part["kind"] == "volume"],
        kept,
        folders=[part for part in parts if part["kind"] == "folder"],
    )


def volume(name: str) -> dict[str, Any]:
    return {"kind": "volume", "name": name, "docker_name": f"shop_{name}", "source_bytes": 1}


def folder(path: Path) -> dict[str, Any]:
    name = str(path)
    return {"kind": "folder", "name": name, "file": name.replace("/", "%2F"), "mounts": [], "source_bytes": 1}


def test_refusal_of_one_part_names_the_options_that_restore_the_others(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    facts = [
        {"Name": "shop_memory", "Driver": "local", "Options": {"type": "tmpfs"}, "Mountpoint": "/nowhere/memory"},
        {"Name": "shop_data", "Driver": "local", "Options": None, "Mountpoint": str(tmp_path / "plain")},
    ]
    app = container("app", volume_mount("shop_memory"), volume_mount("shop_data"), bind("/srv/files", "/files", True))
    source = source_of(volume("memory"), volume("data"), folder(tmp_path / "gone"), databases=("shop",))
    with pytest.raises(MaxopsError) as refused:
        plan_volumes(stack_of(app, volumes=facts), "id", RestoreOptions(Access("shop"), "/r"), source)
    message = str(refused.value)
    assert 'volume "shop_memory" is on its own file system (/nowhere/memory)' in message
    assert f'mounts no folder to restore "{tmp_path}/gone" into' in message
    assert message.endswith('. To restore everything else, name it: databases: ["shop"]; volumes: ["data"]')


def test_folders_in_one_another_are_not_restored_together(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    app = container("app", bind(str(tmp_path / "a"), "/a", True), bind(str(tmp_path / "a/b"), "/b", True))
    source = source_of(folder(tmp_path / "a"), folder(tmp_path / "a/b"))
    with pytest.raises(MaxopsError, match=r"a/b would be restored to .*, which contains it: restore them one after"):
        plan_volumes(stack_of(app), "id", RestoreOptions(Access("shop"), "/r"), source)


def test_folder_takes_its_archive_and_its_members(tmp_path: Path) -> None:
    source = source_of(folder(tmp_path / "data"))
    options = RestoreOptions(Access("shop"), "/r", paths=["x"], destination=str(tmp_path / "new"))
    [load] = plan_volumes(stack_of(), "id", options, source)
    assert load.archive == f"/sets/20261130T120000Z/folders/{str(tmp_path / 'data').replace('/', '%2F')}.tar"
    assert (load.members, load.swap.folder, load.swap.kind) == (["./x"], str(tmp_path / "new"), "folder")
    assert load.label == f"folder {tmp_path}/data"


def test_folder_that_only_a_server_mounts_stays_unless_it_is_named(tmp_path: Path) -> None:
    scripts = tmp_path / "initdb"
    scripts.mkdir()
    server = container("postgres", bind(str(scripts), "/docker-entrypoint-initdb.d", True))
    source = source_of(folder(scripts))
    remarks: list[str] = []
    assert plan_volumes(stack_of(server), "id", RestoreOptions(Access("shop"), "/r"), source, remarks) == []
    assert remarks[0].startswith(f'folder "{scripts}" stays as it is: only a server mounts it')
    with pytest.raises(MaxopsError, match=r"which service postgres has at /docker-entrypoint-initdb\.d"):
        plan_volumes(stack_of(server), "id", RestoreOptions(Access("shop"), "/r", folders=[str(scripts)]), source)
    shared = container("app", bind(str(scripts), "/scripts"))
    with pytest.raises(MaxopsError, match=r"which service postgres has at /docker-entrypoint-initdb\.d"):
        plan_volumes(stack_of(server, shared), "id", RestoreOptions(Access("shop"), "/r"), source)
