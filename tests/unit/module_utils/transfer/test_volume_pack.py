# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An archive of a volume holds the content of the folder, with remarks on files that changed."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker import volumes
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import Cancelled, MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, Priority
from ansible_collections.maxops.ops.plugins.module_utils.transfer import volume_pack

NAMES = [
    b"-rf",
    b".hidden",
    b"new\nline",
    b"caf\xe9 \xff",
    "한글".encode(),
    b"--checkpoint-action=exec=sh",
    b"$(id)",
    b"'\"\\",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "volume"
    made.mkdir()
    return made


@pytest.fixture
def archive(tmp_path: Path, folder: Path) -> Callable[..., list[str]]:
    """Archive the folder; returns the remarks."""

    def make(packer: str = "none", cancellation: Cancellation | None = None, **options: object) -> list[str]:
        return volume_pack.archive(
            "assets",
            str(folder),
            str(tmp_path / "archive"),
            volume_pack.compression(packer, 2),
            cancellation or Cancellation(),
            Priority(),
            **options,
        )

    return make


def unpack(tmp_path: Path, *options: str) -> Path:
    target = tmp_path / "unpacked"
    target.mkdir()
    argv = ["tar", "--extract", "--xattrs", "--xattrs-include=*", *options, "-f", tmp_path / "archive", "-C", target]
    subprocess.run(argv, check=True)
    return target


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Put a shell script in front of a program of the host."""

    def replace(name: str, script: str) -> None:
        places = tmp_path / "bin"
        places.mkdir(exist_ok=True)
        (places / name).write_text(f"#!/bin/sh\n{script}\n")
        (places / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{places}:{os.environ['PATH']}")

    return replace


# -- the content ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("packer", "options"), [("none", []), ("gzip", ["--gzip"]), ("zstd", ["--zstd"])])
def test_names_and_contents_of_every_kind_come_back(
    archive: Callable[..., list[str]], folder: Path, tmp_path: Path, packer: str, options: list[str]
) -> None:
    for number, name in enumerate(NAMES):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(b"%d" % number * 1000)
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "file").write_bytes(os.urandom(200_000))
    assert archive(packer) == []
    target = unpack(tmp_path, *options)
    assert sorted(os.listdir(os.fsencode(target))) == sorted([*NAMES, b"deep"])
    for name in NAMES:
        path = os.fsdecode(name)
        assert (target / path).read_bytes() == (folder / path).read_bytes()
    assert (target / "deep/er/file").read_bytes() == (folder / "deep/er/file").read_bytes()


def test_links_holes_modes_times_and_attributes_come_back(
    archive: Callable[..., list[str]], folder: Path, tmp_path: Path
) -> None:
    (folder / "first").write_text("one")
    (folder / "first").chmod(0o4751)
    os.utime(folder / "first", ns=(1, 1_234_567_890_123_456_789))
    os.setxattr(folder / "first", "user.maxops", b"kept")
    os.link(folder / "first", folder / "hard")
    (folder / "soft").symlink_to("first")
    (folder / "outside").symlink_to("/etc/passwd")
    (folder / "dangling").symlink_to("nothing")
    with (folder / "sparse").open("wb") as stream:
        stream.truncate(300_000_000)
        stream.seek(150_000_000)
        stream.write(b"island")
    assert archive("none") == []
    assert (tmp_path / "archive").stat().st_size < 1_000_000
    target = unpack(tmp_path, "--preserve-permissions")
    first = (target / "first").stat()
    assert (first.st_mode & 0o7777, first.st_mtime_ns) == (0o4751, 1_234_567_890_123_456_789)
    assert os.getxattr(target / "first", "user.maxops") == b"kept"
    assert first.st_ino == (target / "hard").stat().st_ino
    assert [os.readlink(target / name) for name in ("soft", "outside", "dangling")] == [
        "first",
        "/etc/passwd",
        "nothing",
    ]
    sparse = target / "sparse"
    assert (sparse.stat().st_size, sparse.stat().st_blocks * 512 < 1_000_000) == (300_000_000, True)
    with sparse.open("rb") as stream:
        stream.seek(150_000_000)
        assert stream.read(7) == b"island\0"


def test_only_the_owner_can_read_the_archive(archive: Callable[..., list[str]], tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        archive()
    finally:
        os.umask(before)
    assert (tmp_path / "archive").stat().st_mode & 0o777 == 0o600


def test_archive_never_overwrites(archive: Callable[..., list[str]], tmp_path: Path) -> None:
    (tmp_path / "archive").write_text("precious")
    with pytest.raises(FileExistsError):
        archive()
    assert (tmp_path / "archive").read_text() == "precious"


def test_gauge_shows_the_bytes_read_and_never_fails_the_archive(
    archive: Callable[..., list[str]], folder: Path, program: Callable[[str, str], None]
) -> None:
    (folder / "file").write_bytes(os.urandom(2_000_000))
    figures: list[int] = []
    reader: list[threading.Thread] = []
    program("gzip", "sleep 0.3; exec cat")

    def watch(gauge: Callable[[], int]) -> None:
        def read() -> None:
            with suppress(OSError):  # the process is gone
                while True:
                    figures.append(gauge())

        reader.append(threading.Thread(target=read))
        reader[0].start()

    archive("gzip", on_start=watch)
    reader[0].join(10)
    assert figures == sorted(figures)
    assert figures[-1] > 0


# -- what no archive can hold ---------------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_devices_and_sockets_are_left_out_and_named(
    archive: Callable[..., list[str]], folder: Path, tmp_path: Path
) -> None:
    (folder / "run").mkdir()
    os.mknod(folder / "run/null *", 0o20666, os.makedev(1, 3))
    os.mknod(folder / "disk", 0o60666, os.makedev(8, 0))
    os.mknod(folder / "whiteout", 0o20000, os.makedev(0, 0))
    (folder / "run/null x").write_text("no device")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "run/s"))
        assert archive() == [
            "not in the archive, because a restore creates no devices: disk, run/null *, whiteout",
            "not in the archive: sockets, which their programs create again: run/s",
        ]
    assert sorted(path.name for path in unpack(tmp_path).rglob("*")) == ["null x", "run"]


def test_too_long_paths_are_left_out_and_the_longest_possible_one_comes_back(
    archive: Callable[..., list[str]], folder: Path, tmp_path: Path
) -> None:
    # Without the "./" of the archive: 20 folders of 200 bytes and a file make 4093 bytes.
    top = "/".join(["d" * 200] * 20)
    descriptor = os.open(folder, os.O_RDONLY)
    for _level in range(20):
        os.mkdir("d" * 200, dir_fd=descriptor)
        inner = os.open("d" * 200, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    for name in ("f" * 73, "g" * 74):
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT, dir_fd=descriptor))
    os.close(descriptor)
    [remark] = archive()
    assert remark.startswith("not in the archive, because no path of more than 4095 bytes can be restored: dddd")
    assert len(remark) < 300
    assert len(f"./{top}/{'f' * 73}") == 4095
    target = unpack(tmp_path)
    descriptor = os.open(target, os.O_RDONLY)
    assert os.stat(f"./{top}/{'f' * 73}", dir_fd=descriptor).st_size == 0
    os.close(descriptor)


def test_skipped_folders_are_left_out_without_a_word(
    archive: Callable[..., list[str]], folder: Path, tmp_path: Path
) -> None:
    for name in ("pg[data]/base", "pg[data]2", "keep/pg[data]"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").write_text("x")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "pg[data]/s"))
        assert archive(skip=["pg[data]"]) == []
    found = {str(path.relative_to(tmp_path / "unpacked")) for path in unpack(tmp_path).rglob("file")}
    assert found == {"pg[data]2/file", "keep/pg[data]/file"}


def test_names_in_a_remark_are_few_short_and_printable() -> None:
    odd = volume_pack.Odd([], ["new\nline", "caf\udce9", "한글", *(str(number) for number in range(20))], [])
    [remark] = odd.remarks()
    assert remark.endswith("again: new\\nline, caf\\udce9, 한글, 0, 1, 2, 3, 4, 5, 6 and 13 more")


def test_more_names_than_a_command_line_holds_stay_in_the_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_pack, "EXCLUDE_BYTES", 100)
    odd = volume_pack.Odd([f"device{number}" for number in range(20)], [], ["long"])
    assert odd.excluded == ["long", "device0", "device1", "device2"], "a restore skips the others with a remark"


# -- failures ---------------------------------------------------------------------------------------------------------


def test_files_that_vanish_are_remarked_and_the_others_are_complete(
    archive: Callable[..., list[str]], folder: Path, tmp_path: Path, program: Callable[[str, str], None]
) -> None:
    for number in range(20):
        (folder / f"kept{number}").write_bytes(b"%03d" % number * 10_000)
        (folder / f"gone{number}").write_bytes(b"%03d" % number * 100_000)
    # tar has begun, and waits for its reader while the pipe is full: most of the files are still unread when they go.
    program("gzip", f"head -c 10240; rm {folder}/gone*; exec cat")
    remarks = archive("gzip")
    assert [line for line in remarks if "gone" in line and "File removed before we read it" in line]
    target = unpack(tmp_path)
    for number in range(20):
        assert (target / f"kept{number}").read_bytes() == b"%03d" % number * 10_000


def test_file_that_grows_is_remarked(
    archive: Callable[..., list[str]], folder: Path, tmp_path: Path, program: Callable[[str, str], None]
) -> None:
    (folder / "log").write_bytes(b"x" * 1_000_000)
    program("gzip", f"head -c 10240; echo more >>{folder}/log; exec cat")
    assert archive("gzip") == ["tar: ./log: file changed as we read it"]
    assert (unpack(tmp_path) / "log").read_bytes() == b"x" * 1_000_000


def test_missing_folder_fails_the_archive(tmp_path: Path) -> None:
    with pytest.raises(MaxopsError) as failure:
        volume_pack.archive(
            "assets",
            str(tmp_path / "nowhere"),
            str(tmp_path / "archive"),
            volume_pack.compression("zstd", 1),
            Cancellation(),
            Priority(),
        )
    message = str(failure.value)
    assert f'volume "assets" ({tmp_path}/nowhere) could not be archived: tar failed with exit code 2: ' in message
    assert "No such file or directory" in message
    assert message.endswith("fix the cause and run this again")


@pytest.mark.parametrize("error", ["No space left on device", "Disk quota exceeded"])
def test_full_disk_is_reported(
    archive: Callable[..., list[str]], folder: Path, program: Callable[[str, str], None], error: str
) -> None:
    (folder / "file").write_bytes(os.urandom(1_000_000))
    program("gzip", f"echo 'gzip: stdout: {error}' >&2; exit 1")
    expected = r'the disk filled up while volume "assets" was archived into /.*: free some space or move the repository'
    with pytest.raises(MaxopsError, match=expected):
        archive("gzip")


def test_failed_compressor_is_named_and_not_tar(
    archive: Callable[..., list[str]], folder: Path, program: Callable[[str, str], None]
) -> None:
    (folder / "file").write_bytes(os.urandom(1_000_000))
    program("gzip", "exit 3")
    with pytest.raises(MaxopsError, match=r"could not be archived: gzip failed with exit code 3: exit code 3"):
        archive("gzip")


def test_cancelled_archive_stops_at_once(
    archive: Callable[..., list[str]], folder: Path, program: Callable[[str, str], None]
) -> None:
    (folder / "file").write_bytes(os.urandom(1_000_000))
    program("gzip", "sleep 60")
    cancellation = Cancellation()
    threading.Timer(0.2, cancellation.cancel, ["another part failed"]).start()
    with pytest.raises(Cancelled, match="another part failed"):
        archive("gzip", cancellation)


def test_many_remarks_are_counted_and_not_all_listed() -> None:
    remarks = [f"tar: ./{number}: file changed as we read it" for number in range(volume_pack.MAX_REMARKS + 7)]
    assert volume_pack._shorten(remarks[: volume_pack.MAX_REMARKS]) == remarks[: volume_pack.MAX_REMARKS]
    assert volume_pack._shorten(remarks)[volume_pack.MAX_REMARKS :] == ["… and 7 more remarks of this kind"]


# -- measuring ------------------------------------------------------------------------------------------------------


def test_folder_is_measured_by_its_size_on_the_disk(folder: Path) -> None:
    (folder / "-file").write_bytes(os.urandom(1_000_000))
    with (folder / "sparse").open("wb") as stream:
        stream.truncate(300_000_000)
    os.link(folder / "-file", folder / "hard")
    assert 1_000_000 <= volumes.measure(str(folder)) < 2_000_000


def test_folder_that_cannot_be_measured_is_reported(folder: Path) -> None:
    with pytest.raises(MaxopsError, match=r"cannot measure the volume's folder .*/nowhere: .*No such file"):
        volumes.measure(str(folder / "nowhere"))


def test_slow_measurement_is_stopped() -> None:
    with pytest.raises(MaxopsError, match=r"took longer than 0\.001 s"):
        volumes.measure("/usr", 0.001)
