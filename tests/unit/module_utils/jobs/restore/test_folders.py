# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which folder of the host a restore replaces, and which it refuses to rename."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore import folders
from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.folders import (
    folder_swap,
    new_folder_swap,
)
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.swap.users import is_affected
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Container
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container, stack_of, volume_mount

ID = "20261130T120000Z"
UNNAMED = "0a" * 32


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "gitea").mkdir()
    return tmp_path


def part(name: str | Path, *mounts: tuple[str, str]) -> dict[str, Any]:
    uses = [{"service": service, "target": target} for service, target in mounts]
    return {"kind": "folder", "name": str(name), "mounts": uses, "source_bytes": 1}


def swap(one: dict[str, Any], *containers: Container, others: Any = ()) -> VolumeSwap:
    return folder_swap(stack_of(*containers, others=others), ID, one, ("postgres", "redis"))


def test_same_path_is_replaced(top: Path) -> None:
    folder = str(top / "gitea")
    assert swap(part(folder), container("server", bind(folder, "/data", True))) == VolumeSwap(
        folder, folder, f"{folder}.maxops-new-{ID}", f"{folder}.maxops-previous-{ID}", kind="folder"
    )


def test_on_another_host_it_is_the_folder_at_the_same_place(top: Path) -> None:
    folder = str(top / "gitea")
    server = container("server", bind(str(top), "/other", True), bind(folder, "/data", True))
    assert swap(part("/opt/old/gitea", ("server", "/data")), server).folder == folder


def test_behind_a_link_the_folder_itself_is_replaced(top: Path) -> None:
    (top / "link").symlink_to("gitea")
    made = swap(part(top / "link"), container("server", bind(str(top / "link"), "/data", True)))
    assert (made.name, made.folder) == (str(top / "link"), str(top / "gitea"))


def test_unnamed_volume_is_found_by_its_service(top: Path) -> None:
    server = container("server", volume_mount(UNNAMED, str(top / "gitea"), "/data"))
    assert swap(part("server:/data", ("server", "/data")), server).folder == str(top / "gitea")
    assert swap(part("shop-server-1:/data"), server).folder == str(top / "gitea")


def test_folder_that_is_gone_is_put_back(top: Path) -> None:
    server = container("server", bind(str(top / "gone"), "/data", True))
    assert swap(part(top / "gone"), server).previous is None


def test_named_volume_is_never_replaced_by_a_folder(top: Path) -> None:
    server = container("server", volume_mount("shop_data", str(top / "gitea"), "/data"))
    with pytest.raises(
        MaxopsError, match=r'mounts no folder to restore "/opt/x" into \(it was mounted by server at /d'
    ):
        swap(part("/opt/x", ("server", "/data")), server)


def test_folders_that_cannot_be_renamed_are_refused(top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(top / "gitea")
    server = container("server", bind(folder, "/data", True), bind("/etc", "/host", True), bind("/proc", "/p", True))
    with pytest.raises(MaxopsError, match='"/etc" is /etc, a folder of the host\'s system'):
        swap(part("/etc"), server)
    monkeypatch.setattr(folders, "mount_points_below", lambda _folder: [f"{folder}/disk"])
    with pytest.raises(MaxopsError, match=rf"has another file system mounted in it \({folder}/disk\)"):
        swap(part(folder), server)
    monkeypatch.setattr("os.path.ismount", lambda path: path == folder)
    with pytest.raises(MaxopsError, match=r"is on its own file system .* take its files out with paths"):
        swap(part(folder), server)


def test_folder_around_the_servers_data_is_refused(top: Path) -> None:
    (top / "gitea/pgdata").mkdir()
    data = bind(str(top / "gitea/pgdata"), "/var/lib/postgresql/data", True)
    app = container("app", bind(str(top / "gitea"), "/app", True))
    with pytest.raises(MaxopsError, match=r"contains .*/pgdata, which service postgres has at /var/lib/postgresql"):
        swap(part(top / "gitea"), app, container("postgres", data))
    only_read = bind(str(top / "gitea/pgdata"), "/docker-entrypoint-initdb.d")
    assert swap(part(top / "gitea"), app, container("postgres", only_read))


def test_folder_that_another_project_uses_is_refused(top: Path) -> None:
    def foreign(path: Path) -> dict[str, Any]:
        return {
            "Id": "other",
            "Names": ["/billing-1"],
            "Mounts": [{"Type": "bind", "Source": str(path), "RW": False}],
        }

    server = container("server", bind(str(top / "gitea"), "/data", True))
    for path in (top / "gitea", top / "gitea/lfs"):
        with pytest.raises(MaxopsError, match=r'is also used by billing-1, not of stack "shop"'):
            swap(part(top / "gitea"), server, others=[foreign(path)])
    assert swap(part(top / "gitea"), server, others=[foreign(top), foreign(Path("/"))]), "it sees the new files at once"


def test_every_container_with_the_folder_one_below_or_one_above_it_stops(top: Path) -> None:
    replaced = VolumeSwap("x", str(top / "gitea"), "n", "p", kind="folder")
    below = container("a", bind(str(top / "gitea/lfs"), "/lfs"))
    above = container("b", bind(str(top), "/all", True))
    assert is_affected(container("c", bind(str(top / "gitea"), "/data")), replaced)
    assert is_affected(below, replaced)
    assert is_affected(above, replaced)
    assert not is_affected(container("d", bind(str(top), "/all")), replaced), (
        "who only reads above it sees the new files"
    )
    assert not is_affected(container("e", bind("/", "/host", True)), replaced)
    assert not is_affected(container("f", bind(f"{top}/gitea-other", "/data", True)), replaced)
    beside = VolumeSwap("y", str(top / "new"), "n", None, kind="folder")
    assert not is_affected(above, beside), "a new folder takes nothing away"


def test_volume_is_affected_by_its_name() -> None:
    volume = VolumeSwap("shop_data", "/var/lib/docker/volumes/shop_data/_data", "n", "p")
    assert is_affected(container("a", volume_mount("shop_data")), volume)
    assert not is_affected(container("a", volume_mount("shop_other")), volume)


def test_new_folder(tmp_path: Path) -> None:
    made = new_folder_swap(ID, str(tmp_path / "new"), "into", "folder")
    assert (made.folder, made.previous, made.kind) == (str(tmp_path / "new"), None, "folder")
    with pytest.raises(MaxopsError, match='into has "new" for a folder, which is not an absolute path'):
        new_folder_swap(ID, "new", "into", "folder")
    with pytest.raises(MaxopsError, match=r"into .* exists already and is not an empty folder"):
        new_folder_swap(ID, str(tmp_path.parent), "into", "folder")
    with pytest.raises(MaxopsError, match=r"the destination's parent folder /nowhere does not exist"):
        new_folder_swap(ID, "/nowhere/new", "destination", "volume")
