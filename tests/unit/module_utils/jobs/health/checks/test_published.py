# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The gateway's address from the ports that containers publish."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.health.checks.published import (
    NoGateway,
    address_of,
    gateway_of,
    http_ports,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import (
    PublishedPort,
    inspection_from,
)
from ansible_collections.maxops.ops.tests.unit.health_stack import inspected, site, view_of


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("0.0.0.0", "127.0.0.1:80"),
        ("::", "[::1]:80"),
        ("192.0.2.7", "192.0.2.7:80"),
        ("2001:db8::7", "[2001:db8::7]:80"),
    ],
)
def test_address_at_which_a_published_port_is_reached(address: str, expected: str) -> None:
    assert address_of(PublishedPort(address, 80, 8080)) == expected


def test_plain_ports_come_before_encrypted_ones_and_udp_is_none() -> None:
    ports = {"443/tcp": 1443, "443/udp": 1443, "80/tcp": 1080, "8443/tcp": 2443}
    found = http_ports(inspection_from(inspected("proxy", "caddy:2", ports=ports)))
    assert [(port.port, port.target) for port in found] == [(1080, 80), (1443, 443), (2443, 8443)]
    assert [port.port for port in http_ports(inspection_from(inspected("p", ports=ports)), [8443])] == [2443]


def test_ports_of_a_dashboard_and_of_ssh_are_not_those_of_users() -> None:
    ports = {"22/tcp": 2200, "2222/tcp": 2201, "8080/tcp": 1880, "443/tcp": 1443}
    found = http_ports(inspection_from(inspected("proxy", "traefik:3", ports=ports)))
    assert [port.target for port in found] == [443, 8080]
    plain = http_ports(inspection_from(inspected("proxy", "nginx:1", ports={"8443/tcp": 1, "8080/tcp": 2})))
    assert [port.target for port in plain] == [8080, 8443]


def test_container_in_the_hosts_network_uses_the_ports_of_its_image() -> None:
    data = inspected("proxy", "caddy:2", ExposedPorts={"80/tcp": {}, "443/tcp": {}})
    data["HostConfig"]["NetworkMode"] = "host"
    assert [(port.address, port.port) for port in http_ports(inspection_from(data))] == [
        ("127.0.0.1", 80),
        ("127.0.0.1", 443),
    ]


def test_gateway_that_publishes_only_an_encrypted_port(monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of(monkeypatch, inspected("proxy", "caddy:2", ports={"443/tcp": 9}))
    assert gateway_of(view).url == "https://127.0.0.1:9"


def test_stack_without_a_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NoGateway, match="set gateway_url"):
        gateway_of(view_of(monkeypatch, inspected("web", "openproject/openproject:15")))


@pytest.mark.parametrize(
    ("service", "image", "environment", "host"),
    [
        ("web", "openproject/openproject:15", {"OPENPROJECT_HOST__NAME": "op.example.com:8080"}, "op.example.com:8080"),
        ("server", "gitea/gitea:1.22", {"GITEA__server__ROOT_URL": "https://git.example.com/x/"}, "git.example.com"),
        ("thing", "a/thing", {}, ""),
    ],
)
def test_request_names_the_host_that_users_open(
    monkeypatch: pytest.MonkeyPatch, service: str, image: str, environment: Any, host: str
) -> None:
    with site(**{"/metrics": (200, "")}) as gateway:
        application = inspected(service, image, environment=environment)
        found = gateway_of(
            view_of(monkeypatch, application, inspected("proxy", "caddy:2", ports={"80/tcp": gateway.port}))
        )
    assert found.host == host
    assert gateway.asked[0][1]["Host"] == (host or f"127.0.0.1:{gateway.port}")


def test_given_address_is_asked_without_looking_for_a_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    with site(**{"/metrics": (200, "")}) as gateway:
        url = f"http://127.0.0.1:{gateway.port}/"
        found = gateway_of(view_of(monkeypatch, inspected("thing", "a/thing"), gateway_url=url))
    assert (found.url, found.first.status, found.inspection) == (url.rstrip("/"), 200, None)
