# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of Gitea and Forgejo."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.api import Gitea, Release
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import Answer


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.21.11", (1, 21)), ("1.25.4", (1, 25)), ("1.24.0+dev-12-gabc", (1, 24)), ("10.0.1+gitea-1.22.0", (1, 22)),
        ("7.0.12+gitea-1.21.11", (1, 21)), ("v1.23.1", (1, 23)), ("development", (1, 21)),
    ],
)  # fmt: skip
def test_versions_of_gitea_and_forgejo(text: str, number: tuple[int, int]) -> None:
    assert Release.parse(text).number == number


@pytest.mark.parametrize(
    ("text", "title", "keeps_hidden", "takes_website"),
    [
        ("1.21.11", "Gitea 1.21.11", False, False), ("1.22.6", "Gitea 1.22.6", True, True),
        ("1.23.1", "Gitea 1.23.1", True, True), ("1.24.0+dev-12-gabc", "Gitea 1.24.0", False, True),
        ("1.25.4", "Gitea 1.25.4", False, True), ("8.0.2+gitea-1.22.0", "Forgejo 8.0.2", True, True),
        ("12.0.1+gitea-1.22.0", "Forgejo 12.0.1", False, True), ("development", "Gitea development", False, True),
    ],
)  # fmt: skip
def test_what_a_version_silently_does_not_take(text: str, title: str, keeps_hidden: bool, takes_website: bool) -> None:
    release = Release.parse(text)
    assert (release.title, release.keeps_hidden, release.takes_website) == (title, keeps_hidden, takes_website)


@pytest.mark.parametrize(
    ("last_login", "never"),
    [
        ("1970-01-01T00:00:00Z", True), ("1970-01-01T09:00:00+09:00", True), ("1969-12-31T19:00:00-05:00", True),
        ("0001-01-01T00:00:00Z", True), ("2026-11-30T14:00:33+09:00", False),
    ],
)  # fmt: skip
def test_an_account_that_never_signed_in_in_any_time_zone(last_login: str, never: bool) -> None:
    class Api(Gitea):
        def __init__(self) -> None:
            """Without a server."""

        def _request(self, _method: str, _path: str, **_options: object) -> Answer:
            return Answer(200, {"last_login": last_login}, {})

    assert Api().never_signed_in(Account("root1")) is never
