# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Alerts that are delivered to a real web server through apprise, and those that cannot be delivered."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.alert import AlertOptions
from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.alert import alert as send_alerts
from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.plan import Rules
from ansible_collections.maxops.ops.tests.integration.support import Module, kill, wait_until
from ansible_collections.maxops.ops.tests.integration.webhook import Webhook, mailbox, webhook
from ansible_collections.maxops.ops.tests.unit.health_results import finding, health_result

# apprise loads a module that Python is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

DOWN = health_result(finding("containers", "gitea", "critical", "exited with code 137", "docker compose start gitea"))
WELL = health_result(finding("containers", "gitea", "ok"))


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """A web server that accepts messages."""
    with webhook() as server:
        yield server


@pytest.fixture
def alert(hook: Webhook, tmp_path: Path) -> Module:
    """The module, with the web server as its address, reporting every change at once."""
    defaults: dict[str, Any] = {
        "urls": [hook.url()],
        "state_file": str(tmp_path / "state" / "alerts.json"),
        "name": "web1",
        "after": 1,
        "recover_after": 1,
        "timeout": 5,
    }
    return Module("alert", defaults, tmp_path)


@pytest.fixture
def send(alert: Module) -> Callable[..., dict[str, Any]]:
    """Does the same as the module, but in this process, because apprise takes a second to load."""

    def run(health: dict[str, Any], **given: Any) -> dict[str, Any]:
        options = {**alert.defaults, **given}
        rules = Rules(after=options.pop("after"), recover_after=options.pop("recover_after"))
        return send_alerts(health, AlertOptions(rules=rules, **options))

    return run


def text_of(*results: Any) -> str:
    return json.dumps(results)


def test_problem_and_recovery_are_sent_once_and_the_state_has_no_address(alert, send, hook, tmp_path):
    first = alert(health=DOWN, ping_url=hook.ping_url())
    assert first["changed"] is True
    assert first["deliveries"] == [
        {"channel": "json (address 1)", "outcome": "delivered", "changes": 1, "title": "[MaxOps] web1: 1 critical"}
    ]
    [message] = hook.messages
    assert message["type"] == "failure"
    assert "CRITICAL  containers: gitea: exited with code 137" in message["message"]
    again = alert(health=DOWN, ping_url=hook.ping_url())
    assert again["changed"] is False
    assert [problem["subject"] for problem in again["unwell"]] == ["gitea"]
    send(WELL)
    assert [message["type"] for message in hook.messages] == ["failure", "success"]
    assert hook.titles() == ["[MaxOps] web1: 1 critical", "[MaxOps] web1: 1 recovered"]
    assert hook.pings == ["/ping/p1ng-t0ken"] * 2
    state = tmp_path / "state" / "alerts.json"
    assert state.stat().st_mode & 0o777 == 0o600
    assert not [word for word in ("s3cr3t", "127.0.0.1", "p1ng") if word in state.read_text() + text_of(first)]


def test_mail_keeps_its_lines_and_has_no_remote_images(send):
    with mailbox() as (port, mails):
        result = send(
            DOWN, urls=[f"mailto://127.0.0.1:{port}/?from=maxops@example.org&to=ops@example.org&mode=insecure"]
        )
        assert result["problems"] == []
        [text] = mails
    mail = message_from_string(text, policy=policy.default)
    assert (mail["To"], mail["Subject"]) == ("ops@example.org", "[MaxOps] web1: 1 critical")
    bodies = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    assert any("CRITICAL  containers: gitea: exited with code 137" in body.replace("&nbsp;", " ") for body in bodies), (
        text
    )
    assert "<img" not in "".join(bodies)


def test_many_changes_are_one_message(send, hook):
    send(health_result(*(finding("containers", f"service{number}", "critical") for number in range(30))))
    assert hook.titles() == ["[MaxOps] web1: 30 critical"]


def test_unreachable_address_does_not_block_the_others_and_gets_everything_later(send, hook):
    with webhook() as other:
        other.status = 503
        urls = [other.url("0ther-t0ken"), hook.url()]
        first = send(DOWN, urls=urls, ping_url=hook.ping_url())
        [problem] = first["problems"]
        assert hook.titles() == ["[MaxOps] web1: 1 critical"]
        assert problem.startswith("json (address 1) could not be notified: ")
        assert "503" in problem
        assert problem.endswith("; 1 change kept for the next run")
        assert "t0ken" not in text_of(first)
        assert hook.pings == [], "a run with an undelivered message is not successful"
        assert send(WELL, urls=urls)["waiting"] == 2
        other.status = 200
        assert send(WELL, urls=urls)["problems"] == []
        assert other.titles() == ["[MaxOps] web1: 1 critical, 1 recovered"]
        assert hook.titles() == ["[MaxOps] web1: 1 recovered"]


def test_address_that_refuses_connections_is_named_without_its_secret(send):
    result = send(DOWN, urls=["json://127.0.0.1:1/s3cr3t-t0ken"])
    assert "A Connection error occurred" in result["problems"][0]
    assert "t0ken" not in text_of(result)


def test_address_that_never_answers_does_not_block_the_others(send, hook):
    with webhook() as other:
        other.silent.set()
        started = time.monotonic()
        result = send(DOWN, urls=[other.url("0ther-t0ken") + "?rto=60", hook.url()], timeout=1)
        assert time.monotonic() - started < 30
        assert "no answer within 1 s" in result["problems"][0]
        assert hook.titles() == ["[MaxOps] web1: 1 critical"]


@pytest.mark.parametrize("url", ["nonsense", "unknown-scheme://s3cr3t-t0ken", "slack://"])
def test_unsupported_address_is_named_by_its_number(send, hook, url):
    result = send(DOWN, urls=[hook.url(), url])
    assert "(address 2) could not be notified: apprise does not support this address" in result["problems"][0]
    assert "t0ken" not in text_of(result)
    assert hook.titles() == ["[MaxOps] web1: 1 critical"]


def test_check_mode_shows_what_would_be_sent_and_saves_nothing(alert, hook, tmp_path):
    planned = alert(health=DOWN, check_mode=True, ping_url=hook.ping_url())
    assert (planned["changed"], planned["pinged"]) == (True, False)
    assert [delivery["outcome"] for delivery in planned["deliveries"]] == ["would be sent"]
    assert (hook.messages, hook.pings) == ([], [])
    assert not (tmp_path / "state").exists()


def test_damaged_state_is_replaced_and_reported(send, hook, tmp_path):
    send(DOWN)
    (tmp_path / "state" / "alerts.json").write_text('{"format": 1, "wat')
    assert "alerts.json cannot be used" in send(DOWN)["problems"][0]
    assert hook.titles() == ["[MaxOps] web1: 1 critical"] * 2
    assert send(DOWN)["problems"] == []
    assert hook.titles() == []


def test_changes_are_sent_at_once_if_the_state_cannot_be_saved(send, hook, tmp_path):
    (tmp_path / "state").write_text("a file where the folder should be\n")
    problems = send(DOWN, after=3)["problems"]
    assert hook.titles() == ["[MaxOps] web1: 1 critical"], "a full disk must not prevent an alert"
    assert any("the state of the alerts cannot be saved in" in problem for problem in problems)


def test_run_killed_while_sending_is_repeated(alert, send, hook):
    hook.silent.set()
    process = alert.start(health=DOWN, timeout=30)
    wait_until(lambda: Path(alert.defaults["state_file"]).exists(), 5, "the state is saved")
    time.sleep(0.5)
    kill(process)
    hook.silent.clear()
    send(DOWN)
    assert hook.titles() == ["[MaxOps] web1: 1 critical"]


def test_two_runs_at_once_send_one_message(alert, hook):
    processes = [alert.start(health=DOWN) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=30)
    assert hook.titles() == ["[MaxOps] web1: 1 critical"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"after": 0}, "after is 0; give 1 or more"),
        ({"repeat_after": -1}, "repeat_after is -1; give 0 or more"),
        ({"health": {"checks": {"disk": 1}}}, "give the variable that maxops.ops.health_check was registered in"),
    ],
)
def test_invalid_option_is_refused_and_nothing_is_sent(alert, hook, given, words):
    failed = alert(**{"health": DOWN, **given})
    assert failed["failed"] is True
    assert words in failed["msg"]
    assert hook.messages == []


def test_failing_dead_mans_switch_is_reported_without_its_address(send, hook):
    hook.status = 404
    gone = send(WELL, urls=[], ping_url=hook.ping_url())
    assert gone["problems"] == ["ping_url: the answer is status 404; check the address"]
    away = send(WELL, urls=[], ping_url="http://127.0.0.1:1/p1ng-t0ken")
    assert "no answer (ConnectionError)" in away["problems"][0]
    assert "t0ken" not in text_of(gone, away)
