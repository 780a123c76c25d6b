# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume's archive is unpacked as it was packed, and never writes outside of its folder."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, Priority
from ansible_collections.maxops.ops.plugins.module_utils.transfer import volume_pack
from ansible_collections.maxops.ops.plugins.module_utils.transfer.volume_unpack import extract

Entry = tuple[tarfile.TarInfo, bytes]

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="owners and devices are root's")


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(entry, key, value)
    return entry


def archive_of(path: Path, *entries: Entry) -> str:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for entry, content in entries:
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return str(path)


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    folder = tmp_path / "inside" / "volume"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file outside that no archive may read or change."""
    path = tmp_path / "secret"
    path.write_text("untouched")
    return path


def outside(tmp_path: Path) -> list[str]:
    return sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if "volume/" not in f"{path}/")


LINK, HARD, CHARACTER, BLOCK = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE


def attacks(secret: Path) -> dict[str, list[Entry]]:
    return {
        "dots": [(member("./../../evil"), b"x")],
        "dots within": [(member("./a/../../../evil"), b"x")],
        "absolute": [(member(f"{secret.parent}/evil"), b"x")],
        "overwrite by an absolute name": [(member(str(secret)), b"evil")],
        "link out, then through it": [
            (member("./out", type=LINK, linkname=str(secret.parent)), b""),
            (member("./out/evil"), b"x"),
        ],
        "relative link out, then through it": [
            (member("./out", type=LINK, linkname="../.."), b""),
            (member("./out/evil"), b"x"),
        ],
        "two links, then through them": [
            (member("./a", type=LINK, linkname="."), b""),
            (member("./b", type=LINK, linkname="a/../.."), b""),
            (member("./b/evil"), b"x"),
        ],
        "a link to a file, then written": [
            (member("./out", type=LINK, linkname=str(secret)), b""),
            (member("./out"), b"evil"),
        ],
        "hard link out": [(member("./out", type=HARD, linkname=str(secret)), b"")],
        "hard link out by dots": [(member("./out", type=HARD, linkname="../../secret"), b"")],
        "hard link through a link": [
            (member("./way", type=LINK, linkname=str(secret.parent)), b""),
            (member("./out", type=HARD, linkname="way/secret"), b""),
        ],
        "hard link out, then written": [
            (member("./out", type=HARD, linkname="../../secret"), b""),
            (member("./out"), b"evil"),
        ],
    }


@pytest.mark.parametrize("name", attacks(Path("/outside/secret")))
def test_no_file_is_written_outside(name: str, tmp_path: Path, destination: Path, secret: Path) -> None:
    path = archive_of(tmp_path / "attack.tar", *attacks(secret)[name])
    before = outside(tmp_path)
    # The one that comes to nothing: a link is the application's own business while nothing is written through it.
    harmless = name == "a link to a file, then written"
    with nullcontext() if harmless else pytest.raises(MaxopsError, match='"data"'):
        extract("data", path, str(destination), Cancellation())
    assert outside(tmp_path) == before
    assert secret.read_text() == "untouched"
    assert secret.stat().st_nlink == 1


@as_root
@pytest.mark.parametrize("kind", [CHARACTER, BLOCK])
def test_device_is_skipped_with_a_remark_and_everything_else_unpacked(
    kind: bytes, tmp_path: Path, destination: Path
) -> None:
    device = (member("./disk", type=kind, devmajor=8, devminor=0, mode=0o666), b"")
    path = archive_of(tmp_path / "old.tar", (member("./before"), b"1"), device, (member("./later"), b"2"))
    [remark] = extract("data", path, str(destination), Cancellation())
    assert remark == "tar: ./disk: Cannot mknod: Operation not permitted (no restore can create it)"
    assert sorted(os.listdir(destination)) == ["before", "later"]


@as_root
def test_device_hides_no_other_failure(tmp_path: Path, destination: Path) -> None:
    device = (member("./disk", type=BLOCK, devmajor=8, devminor=0), b"")
    hard = (member("./twin", type=HARD, linkname="./nothing"), b"")
    path = archive_of(tmp_path / "bad.tar", device, hard)
    with pytest.raises(MaxopsError, match=r'^volume "data" could not be unpacked .*nothing'):
        extract("data", path, str(destination), Cancellation())


def test_too_long_path_of_an_earlier_version_is_skipped_with_a_remark(tmp_path: Path, destination: Path) -> None:
    long = "./" + "/".join(["d" * 200] * 21)
    path = archive_of(tmp_path / "old.tar", (member(f"{long}/file"), b"1"), (member("./short"), b"2"))
    remarks = extract("data", path, str(destination), Cancellation())
    assert len(remarks) >= 1
    assert all("File name too long (no restore can create it)" in line for line in remarks)
    assert (destination / "short").read_text() == "2"


def test_messages_name_the_kind_of_the_part(tmp_path: Path, destination: Path) -> None:
    (tmp_path / "bad.tar").write_bytes(b"not an archive" * 1000)
    with pytest.raises(MaxopsError, match=r'^folder "/srv/data" could not be unpacked from '):
        extract("/srv/data", str(tmp_path / "bad.tar"), str(destination), Cancellation(), kind="folder")


def test_links_of_an_application_stay_as_they_are(tmp_path: Path, destination: Path) -> None:
    path = archive_of(tmp_path / "good.tar", (member("./current", type=LINK, linkname="/data/releases/7"), b""))
    assert extract("data", path, str(destination), Cancellation()) == []
    assert os.readlink(destination / "current") == "/data/releases/7"


@as_root
@pytest.mark.parametrize("packer", ["zstd", "gzip", "none"])
def test_volume_is_restored_as_it_was(packer: str, tmp_path: Path, destination: Path) -> None:
    source = tmp_path / "source"
    source.mkdir(mode=0o750)
    os.chown(source, 1000, 1001)
    (source / "file with\nnewline").write_bytes(b"\0" * 10)
    os.chown(source / "file with\nnewline", 12345, 54321)
    (source / "run").write_text("#!/bin/sh")
    (source / "run").chmod(0o4755)
    os.link(source / "run", source / "twin")
    os.mkfifo(source / "pipe", 0o600)
    with open(source / "hole", "wb") as stream:
        stream.truncate(50_000_000)
    os.setxattr(source / "run", "user.note", b"kept")
    compression = volume_pack.compression(packer, 1)
    path = str(tmp_path / f"a{compression.suffix}")
    volume_pack.archive("data", str(source), path, compression, Cancellation(), Priority())
    assert extract("data", path, str(destination), Cancellation()) == []

    def facts(folder: Path) -> dict[Path, tuple[Any, ...]]:
        return {
            entry.relative_to(folder): (
                entry.lstat().st_mode, entry.lstat().st_uid, entry.lstat().st_gid, entry.lstat().st_size,
                entry.lstat().st_nlink, entry.lstat().st_mtime_ns, entry.is_file() and os.listxattr(entry),
            )
            for entry in [folder, *folder.rglob("*")]
        }  # fmt: skip

    assert facts(destination) == facts(source)
    assert (destination / "hole").stat().st_blocks * 512 < 1_000_000
    assert stat.S_ISFIFO((destination / "pipe").stat().st_mode)


def test_single_members(tmp_path: Path, destination: Path) -> None:
    entries = [(member(name), b"x") for name in ("./a/one", "./a/two", "./b/three", "./a*")]
    path = archive_of(tmp_path / "some.tar", *entries)
    extract("data", path, str(destination), Cancellation(), members=["./a", "./a*"])
    files = sorted(str(path.relative_to(destination)) for path in Path(destination).rglob("*") if path.is_file())
    assert files == ["a*", "a/one", "a/two"]
    with pytest.raises(MaxopsError, match="correct the option paths"):
        extract("data", path, str(destination), Cancellation(), members=["./c"])


@pytest.mark.parametrize("packer", ["zstd", "gzip", "none"])
def test_a_truncated_archive_fails(packer: str, tmp_path: Path, destination: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "noise").write_bytes(os.urandom(1_000_000))
    compression = volume_pack.compression(packer, 1)
    path = tmp_path / f"a{compression.suffix}"
    volume_pack.archive("data", str(source), str(path), compression, Cancellation(), Priority())
    path.write_bytes(path.read_bytes()[:500_000])
    with pytest.raises(MaxopsError, match="verify the set"):
        extract("data", str(path), str(destination), Cancellation())


def test_unpacking_stops_on_cancellation(tmp_path: Path, destination: Path) -> None:
    path = archive_of(tmp_path / "some.tar", (member("./a"), b"x"))
    cancellation = Cancellation()
    cancellation.cancel("enough")
    with pytest.raises(Cancelled):
        extract("data", path, str(destination), cancellation)
