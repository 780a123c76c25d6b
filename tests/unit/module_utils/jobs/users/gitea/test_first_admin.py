# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which service the first administrator is made in, and which token of an earlier run is used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.gitea import first_admin
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.records import Account
from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError, Endpoint
from ansible_collections.maxops.ops.tests.unit.stacks import Container, bind, container, stack_of


def chosen(*containers: Container, service: str | None = None, **access: Any) -> str:
    options: Any = first_admin.Options(
        endpoint=None,  # type: ignore[arg-type]
        name="root1",
        email="r@example.com",
        token_file="/t",
        token_name="maxops",
        token_scopes=["all"],
        access=Access("shop", **access),
        service=service,
    )
    return first_admin._service(options, stack_of(*containers))


def server(name: str = "server") -> Container:
    return replace(container(name, bind(f"/srv/{name}", "/data", True)), image="docker.gitea.com/gitea:1.23.1")


def test_service_of_gitea_is_found() -> None:
    assert chosen(container("db"), server()) == "server"
    assert chosen(container("db"), container("own"), applications={"gitea": ("own",)}) == "own"


def test_named_service_is_taken_and_several_are_never_guessed() -> None:
    assert chosen(server("a"), server("b"), service="b") == "b"
    with pytest.raises(MaxopsError, match='"a", "b"; name the right one in applications, or in service'):
        chosen(server("a"), server("b"))
    with pytest.raises(MaxopsError, match=r"has no Gitea .*\(services: db\).* in service"):
        chosen(container("db"))


TOKENS = {"token good": "root1", "token others": "lee"}


class Api:
    """A Gitea that knows the tokens above; it answers 403 to one that may not read its account."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._authorization = endpoint.authorization

    def myself(self) -> Account:
        if self._authorization not in TOKENS:
            status = 403 if "narrow" in self._authorization else 401
            raise ApiError("refused", status, "refused")
        return Account(TOKENS[self._authorization], admin=True)


def kept(token: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, direct: bool = True) -> str:
    monkeypatch.setattr(first_admin, "Gitea", Api)
    file = tmp_path / "gitea.token"
    (tmp_path / "gitea.token.unfinished").write_text(token, encoding="utf-8")
    options = first_admin.Options(
        endpoint=Endpoint("http://git.test", "", direct=direct),
        name="Root1",
        email="r@example.com",
        token_file=str(file),
        token_name="maxops",
        token_scopes=["all"],
        access=Access("shop"),
    )
    return first_admin._kept_token(options)


def test_a_kept_token_is_used_by_the_next_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept("good\n", tmp_path, monkeypatch) == "good"
    assert kept("good\n", tmp_path, monkeypatch, direct=False) == "good"
    for useless in ("revoked", "narrow", ""):
        assert kept(useless, tmp_path, monkeypatch) == ""
    with pytest.raises(MaxopsError, match='belongs to "lee" and not to "Root1"'):
        kept("others", tmp_path, monkeypatch)


def test_an_address_of_another_gitea_leaves_no_further_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept("", tmp_path, monkeypatch, direct=False) == ""
    with pytest.raises(MaxopsError) as caught:
        kept("ofthestack", tmp_path, monkeypatch, direct=False)
    assert str(caught.value).startswith("http://git.test does not accept the token of the last run, which is in ")
    assert "correct api_url or leave it out" in str(caught.value)
    assert "ofthestack" not in str(caught.value)
