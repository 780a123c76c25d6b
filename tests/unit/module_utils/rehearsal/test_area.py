# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only its own user may write to the folder of a rehearsal."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.rehearsal.area import RehearsalArea
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError


class Stack:
    """The part of a stack that is used before the folder is opened."""

    project_name = "shop"


@pytest.mark.parametrize("planted", ["link", "open"])
def test_folder_that_another_user_could_have_prepared_is_refused(tmp_path: Path, planted: str) -> None:
    precious = tmp_path / "precious"
    precious.mkdir(mode=0o700)
    (precious / "file").write_text("kept")
    place = tmp_path / "maxops-rehearsal"
    if planted == "link":
        place.symlink_to(precious)
    else:
        place.mkdir()
        place.chmod(0o777)
    area = RehearsalArea(str(place), Stack(), 1)
    with pytest.raises(MaxopsError, match="not a folder that only this user can write to"), area.opened():
        pass
    assert (precious / "file").read_text() == "kept"
