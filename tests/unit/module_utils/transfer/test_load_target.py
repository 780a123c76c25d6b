# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of the sessions that load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql import databases
from ansible_collections.maxops.ops.plugins.module_utils.systems.postgresql.session import Server
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import StageResult
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_memory import LoadMemory
from ansible_collections.maxops.ops.plugins.module_utils.transfer.load_target import Target

SERVER = Server("172.18.0.2", 5432, "maxops", "s3cret", "shop-postgres-1", "the option database_password")
TARGET = Target(
    SERVER, "127.0.0.1", lambda *_words: StageResult("x", 0, "", False), LoadMemory(2, 65 * 1024 * 1024, 1, False)
)


class Session:
    """A session that answers what its server has."""

    def __init__(self, superuser: bool, known: Sequence[str]) -> None:
        self.superuser, self.known = superuser, known

    def run(self, _action: str, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if "rolsuper" in statement:
            return [(self.superuser,)]
        names = parameters[0] if parameters else ["default_toast_compression", "wal_compression"]
        return [(name,) for name in names if name in self.known]


def test_sessions_of_a_superuser_log_nothing_and_fire_no_event_trigger() -> None:
    known = ["log_statement", "log_min_error_statement", "lc_messages", "event_triggers", "work_mem"]
    assert databases.quiet_settings(Session(True, known)) == {
        "event_triggers": "off",
        "lc_messages": "C",
        "log_min_error_statement": "panic",
        "log_statement": "none",
    }
    assert databases.quiet_settings(Session(False, known)) == {}


def test_settings_of_the_programs() -> None:
    quiet = replace(TARGET, server=replace(SERVER, settings=(("event_triggers", "off"),)))
    assert TARGET.fires_event_triggers
    assert not quiet.fires_event_triggers
    settings = quiet.settings(Session(True, ["wal_compression"]))
    assert settings["maintenance_work_mem"] == "66560kB"
    assert (settings["event_triggers"], settings["deadlock_timeout"], settings["wal_compression"]) == (
        "off",
        "10ms",
        "lz4",
    )
    plain = TARGET.settings(Session(False, ["wal_compression", "default_toast_compression"]))
    assert plain["default_toast_compression"] == "lz4"
    assert {"wal_compression", "deadlock_timeout", "event_triggers"} & set(plain) == set()


def test_settings_are_no_secret_and_the_password_is() -> None:
    assert "s3cret" not in repr(TARGET)
