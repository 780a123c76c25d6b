# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a restore that do not fit together."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restore.options import (
    RestoreOptions,
    _folder_names,
    check_options,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"set": "latest", "file": "x"},
        {"previous": True, "set": "latest"},
        {"previous": True, "into": {"a": "b"}},
        {"set": "latest", "paths": ["x"]},
        {"set": "latest", "destination": "/x"},
        {"set": "latest", "paths": ["x"], "destination": "/x", "volumes": ["a", "b"]},
        {"set": "latest", "paths": ["x"], "destination": "/x", "volumes": ["a"], "databases": ["b"]},
        {"file": "x", "volumes": ["a"]},
        {"file": "x", "folders": ["/a"]},
        {"set": "latest", "paths": ["x"], "destination": "/x", "volumes": ["a"], "folders": ["/b"]},
    ],
)
def test_options_that_do_not_fit_together(fields: dict[str, Any]) -> None:
    with pytest.raises(MaxopsError):
        check_options(RestoreOptions(Access("p"), "/r", **fields))


def test_folders_are_named_as_in_the_set() -> None:
    assert _folder_names(["/srv/gitea/", "/srv//a/./b", "gitea:/data"]) == ["/srv/gitea", "/srv/a/b", "gitea:/data"]
    assert _folder_names(None) is None
    assert _folder_names([]) == []


def test_paths_come_from_one_folder() -> None:
    check_options(RestoreOptions(Access("p"), "/r", set="latest", paths=["x"], destination="/x", folders=["/b"]))
