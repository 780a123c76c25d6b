# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of the data that restores replaced, with its sizes."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.swap import kept
from ansible_collections.maxops.ops.plugins.module_utils.swap.journal import DatabaseSwap, Journal, Journals, VolumeSwap
from ansible_collections.maxops.ops.plugins.module_utils.swap.kept import kept_data


def test_each_restore_with_its_parts_and_sizes_the_newest_first(tmp_path: Path) -> None:
    journals = Journals("shop", str(tmp_path))
    old, gone = tmp_path / "data.previous", tmp_path / "gone.previous"
    (old / "sub").mkdir(parents=True)
    (old / "sub" / "file").write_bytes(b"x" * 300)
    first = Journal("20261129T100000Z", "shop", "set a", kept_until="2026-12-06T10:00:00Z")
    first.databases = [DatabaseSwap("gitea", "new", "gitea_1"), DatabaseSwap("fresh", "new2", None)]
    first.sizes = {"gitea_1": 2000}
    second = Journal("20261130T100000Z", "shop", "set b", kept_until="2026-12-07T10:00:00Z")
    second.volumes = [
        VolumeSwap("shop_data", "/data", "/data.new", str(old)),
        VolumeSwap("/srv/x", "/srv/x", "/srv/x.new", str(gone), kind="folder"),
    ]
    nothing = Journal("20261130T110000Z", "shop", "set c")
    for journal in (first, second, nothing):
        _keep(journals, journal)
    assert kept_data(journals) == [
        {
            "replaced_by": "the restore of set b started at 20261130T100000Z",
            "replaced": "2026-11-30T10:00:00Z",
            "kept_until": "2026-12-07T10:00:00Z",
            "bytes": 300,
            "parts": [
                {"kind": "volume", "name": "shop_data", "kept_as": str(old), "bytes": 300},
                {"kind": "folder", "name": "/srv/x", "kept_as": str(gone), "bytes": None},
            ],
        },
        {
            "replaced_by": "the restore of set a started at 20261129T100000Z",
            "replaced": "2026-11-29T10:00:00Z",
            "kept_until": "2026-12-06T10:00:00Z",
            "bytes": 2000,
            "parts": [{"kind": "database", "name": "gitea", "kept_as": "gitea_1", "bytes": 2000}],
        },
    ]


def _keep(journals: Journals, journal: Journal) -> None:
    journals.write(journal)
    journals.keep(journal)


def test_large_folder_is_shown_without_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "SECONDS", -1.0)
    journals = Journals("shop", str(tmp_path / "state"))
    old = tmp_path / "data.previous"
    old.mkdir()
    (old / "file").write_bytes(b"x" * 300)
    record = Journal("20261130T100000Z", "shop", "set b", kept_until="2026-12-07T10:00:00Z")
    record.volumes = [VolumeSwap("shop_data", "/data", "/data.new", str(old))]
    _keep(journals, record)
    (entry,) = kept_data(journals)
    assert (entry["bytes"], entry["parts"][0]["bytes"]) == (0, None)


def test_nothing_is_kept(tmp_path: Path) -> None:
    assert kept_data(Journals("shop", str(tmp_path))) == []
