# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How answers over HTTP are judged."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.answers import fault_of, json_of, text_of
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.probe import Probe


def answer(url: str, status: int, body: str = "", location: str = "") -> Probe:
    return Probe(url, status, body, location, 0.1)


@pytest.mark.parametrize(
    ("url", "host", "location", "same"),
    [
        ("https://127.0.0.1:8443/", "op.example.com", "https://op.example.com/", True),
        ("https://127.0.0.1:8443/", "op.example.com:8443", "https://op.example.com:8443", True),
        ("https://op.example.com/", "", "https://OP.example.com:443/", True),
        ("https://op.example.com/", "", "https://op.example.com/login", False),
        ("https://op.example.com/", "", "https://op.example.com/?first=1", False),
        ("http://op.example.com/", "", "https://op.example.com/", False),
        ("https://op.example.com/", "", "https://www.example.com/", False),
        ("https://op.example.com/", "", "", False),
        ("https://op.example.com/", "", "https://op.example.com:port/", False),
        ("https://op.example.com/", "", "https://[op.example.com/", False),
    ],
)
def test_redirect_to_the_same_address_is_a_fault(url: str, host: str, location: str, same: bool) -> None:
    fault, fix = fault_of(answer(url, 301, location=location), host)
    assert bool(fault) == same
    assert ("X-Forwarded-Proto" in fix) == same


def test_refused_host_name_is_a_fault_that_names_it() -> None:
    body = "<h1>Invalid host_name configuration</h1>"
    assert "host name shop.example.com:8080" in fault_of(answer("http://shop.example.com:8080/", 400, body))[0]
    assert "host name op.example.com" in fault_of(answer("http://127.0.0.1:80/", 400, body), "op.example.com")[0]
    assert fault_of(answer("http://127.0.0.1/", 400, "another reason")) == ("", "")
    assert fault_of(answer("http://127.0.0.1/", 200, body)) == ("", "")


def test_text_of_a_page_is_its_status() -> None:
    assert text_of(answer("http://x/", 500, "<html>boom</html>")) == "500"
    assert text_of(answer("http://x/", 500, "boom\n now")) == "500 boom now"
    assert json_of(answer("http://x/", 200, "[]")) is None
