# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API client's own decisions; network faults are tested in tests/integration/test_users_faults.py."""

from __future__ import annotations

import email.utils
import time

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.errors import MaxopsError
from ansible_collections.maxops.ops.plugins.module_utils.tools.http import client as http
from ansible_collections.maxops.ops.plugins.module_utils.tools.http import words as http_text

TOKEN = "token s3cr3t"


def client(**options: object) -> http.Client:
    endpoint = http.Endpoint(**{"url": "http://gitea.test/git/", "authorization": TOKEN, **options})  # type: ignore[arg-type]
    return http.Client(endpoint, str)


def test_secrets_are_not_in_the_repr() -> None:
    endpoint = http.Endpoint("http://gitea.test", TOKEN)
    assert "s3cr3t" not in repr(endpoint)
    assert client().url == "http://gitea.test/git"


@pytest.mark.parametrize("url", ["gitea.test/git", "ftp://gitea.test", "http://", ""])
def test_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(MaxopsError, match="is not the address of a server; write it as"):
        client(url=url)


def test_address_with_credentials_is_refused_without_repeating_them() -> None:
    with pytest.raises(MaxopsError, match="give them in their own options") as caught:
        client(url="http://alice:s3cr3t@gitea.test")
    assert "s3cr3t" not in str(caught.value)


def test_netrc_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w", encoding="utf-8") as stream:
        stream.write("machine gitea.test login mallory password other\n")
    monkeypatch.setenv("NETRC", netrc)
    session = client()._session
    prepared = session.prepare_request(http.requests.Request("GET", "http://gitea.test/git/api/v1/version"))
    assert prepared.headers["Authorization"] == TOKEN


@pytest.mark.parametrize(
    ("url", "proxy", "expected"),
    [
        ("http://gitea.test", None, "http://proxy.test:3128"),
        ("http://127.0.0.1:9000/git", None, None),
        ("http://localhost:9000/git", None, None),
        ("http://internal.test", None, None),
        ("http://127.0.0.1:9000/git", "http://own.test:8080", "http://own.test:8080"),
    ],
)
def test_proxy(monkeypatch: pytest.MonkeyPatch, url: str, proxy: str | None, expected: str | None) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("no_proxy", "internal.test")
    assert client(url=url, proxy=proxy)._session.proxies.get("http") == expected


def test_a_container_of_this_host_is_never_reached_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.test:3128")
    for proxy in (None, "http://own.test:8080"):
        assert client(url="http://172.18.0.2:3000", proxy=proxy, direct=True)._session.proxies == {}
    assert client(url="http://172.18.0.2:3000")._session.proxies["http"] == "http://proxy.test:3128"


def test_certificates(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    bundle = f"{tmp_path}/ca.pem"
    open(bundle, "w", encoding="utf-8").close()
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    assert client()._session.verify is True
    assert client(ca_file=bundle)._session.verify == bundle
    assert client(validate_certs=False, ca_file=bundle)._session.verify is False
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/etc/company.pem")
    assert client()._session.verify == "/etc/company.pem"
    assert client(ca_file=bundle)._session.verify == bundle


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0.0), ("120", 120.0), (" 7 ", 7.0), ("", None), ("soon", None), ("-3", None)]
)
def test_pause_as_a_number(text: str, seconds: float | None) -> None:
    assert http_text.retry_after_seconds(text) == seconds


def test_pause_as_a_date() -> None:
    seconds = http_text.retry_after_seconds(email.utils.formatdate(time.time() + 60, usegmt=True))
    assert seconds is not None
    assert 55 < seconds <= 61
    assert http_text.retry_after_seconds(email.utils.formatdate(time.time() - 60, usegmt=True)) == 0.0


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<html><TITLE>\n 502 Bad\n Gateway</TITLE><h1>x</h1>", "502 Bad Gateway"),
        ("<h1>Sign in</h1> <p>here</p>", "Sign in here"),
        ("x" * 500, "x" * 100),
        ("", ""),
    ],
)
def test_title_of_a_page(page: str, words: str) -> None:
    assert http_text.page_title(page) == words


def test_shape_shows_no_values() -> None:
    assert http_text.shape({"sha1": "s3cr3t", "id": 1}) == "{id, sha1}"
    assert http_text.shape(["s3cr3t"]) == "list"


def test_unexpected_answer_is_reported_by_its_form_only() -> None:
    read = http.answer_reader(lambda data: data["login"])
    with pytest.raises(MaxopsError, match=r"an unexpected form \(KeyError\('login'\) in \{sha1\}\)") as caught:
        read({"sha1": "s3cr3t"})
    assert "s3cr3t" not in str(caught.value)
