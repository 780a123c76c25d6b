# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data of PostgreSQL that goes with its container is recognised."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.stack import Mount
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.data_folder import advice, risk_of_data
from ansible_collections.maxops.ops.tests.unit.stacks import bind, container, volume_mount

PLACE = "/var/lib/postgresql/data"
OTHER = "/var/lib/postgresql/18/docker"


@pytest.mark.parametrize(
    ("mount", "data", "risk"),
    [
        (volume_mount("shop_data", target=PLACE), PLACE, ""),
        (bind("/srv/postgres", PLACE, writable=True), "", ""),
        (volume_mount("shop_data", target="/var/lib/postgresql"), OTHER, ""),
        (volume_mount("shop_data", target="/srv/nothing"), "", ""),
        (
            volume_mount("0a" * 32, target=PLACE),
            "",
            "lies in an unnamed volume (0a0a0a0a0a0a): `docker compose down -v`",
        ),
        (
            volume_mount("0a" * 32, target=PLACE),
            PLACE,
            "lies in an unnamed volume (0a0a0a0a0a0a): `docker compose down",
        ),
        (
            volume_mount("shop_data", target="/srv/nothing"),
            PLACE,
            "lies in no volume: `docker compose up --force-recrea",
        ),
        (volume_mount("shop_data", target=PLACE), OTHER, "lies in no volume: `docker compose up --force-recreate` or"),
        (Mount("tmpfs", "", "", PLACE, writable=True), "", "lies in memory: each restart removes it"),
    ],
)
def test_risk_of_the_data(mount: Mount, data: str, risk: str) -> None:
    server = container("db", mount, environment={"PGDATA": data} if data else {})
    assert risk_of_data(server).startswith(risk)
    assert bool(risk_of_data(server)) == bool(risk)


def test_advice_names_the_place_and_the_service() -> None:
    server = container("db", environment={"PGDATA": OTHER})
    assert f"at {OTHER} of service db" in advice(server)
