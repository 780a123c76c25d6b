# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's certificate, as far as no encrypted server is needed; the rest is in tests/integration."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.certificate import check_certificate
from ansible_collections.maxops.ops.tests.unit.health_stack import inspected, site, view_of


def test_plain_gateway_and_no_gateway_have_no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/metrics": (200, "")}) as gateway:
        proxy = inspected("proxy", "caddy:2", ports={"80/tcp": gateway.port})
        [plain] = check_certificate(view_of(monkeypatch, proxy))
    [none] = check_certificate(view_of(monkeypatch, inspected("web", "openproject/openproject:15")))
    assert (plain.state, plain.seen) == ("ok", "the gateway uses plain HTTP: no certificate to check")
    assert (none.state, none.seen) == ("ok", "no gateway publishes a port on this host: no certificate to check")


def test_certificate_at_a_port_that_is_not_published_is_said_to_be_unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/metrics": (301, "")}) as gateway:
        gateway.locations["/metrics"] = "https://op.example.com/"
        proxy = inspected("proxy", "caddy:2", ports={"80/tcp": gateway.port})
        [finding] = check_certificate(view_of(monkeypatch, proxy))
    assert finding.state == "notice"
    assert "https://op.example.com, whose port this host does not publish: not checked" in finding.seen
    assert "gateway_url" in finding.fix


def test_certificate_that_cannot_be_read_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = inspected("proxy", "caddy:2", ports={"443/tcp": 9})
    [finding] = check_certificate(view_of(monkeypatch, proxy))
    assert finding.state == "unknown"
    assert finding.seen == "its certificate cannot be read: Connection refused"
