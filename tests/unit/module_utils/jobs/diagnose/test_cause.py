# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cause comes first, and what is read out of settings, logs and firewalls; no daemon is asked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import (
    CERTAIN,
    LIKELY,
    POSSIBLE,
    Cause,
    Report,
    all_needs,
    rank,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.job import doubted
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.scene import (
    Look,
    hosts_in,
    hosts_in_files,
    look_at,
    quoted,
)
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.configuration import differing
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.containers import LOG_SIGNS
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.volumes import Identity
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.firewall import (
    blocks,
    iptables_rules,
    nft_rules,
    ufw_rules,
)
from ansible_collections.maxops.ops.tests.unit.stacks import container

NEEDS = {"nginx": ["openproject", "gitea"], "openproject": ["postgres", "redis"], "gitea": ["postgres"], "postgres": []}


def cause(kind: str, *services: str, likelihood: str = LIKELY, **more: Any) -> Cause:
    """One cause about the first of its services."""
    subject = more.pop("subject", services[0] if services else "host")
    return Cause(kind, subject, likelihood, more.pop("seen", "seen"), "mend it", services=services, **more)


def test_ill_application_follows_from_the_database_that_it_needs() -> None:
    ranked = rank(
        [
            cause("service_unhealthy", "nginx"),
            cause("service_crashing", "openproject"),
            cause("service_stopped", "postgres", likelihood=CERTAIN),
        ],
        NEEDS,
    )
    assert [(each.cause, each.likelihood) for each in ranked] == [
        ("service_stopped", CERTAIN),
        ("service_crashing", POSSIBLE),
        ("service_unhealthy", POSSIBLE),
    ]
    assert ranked[1].evidence == ("follows from service stopped (postgres)",)


def test_stopped_application_does_not_explain_an_ill_database() -> None:
    ranked = rank(
        [cause("service_unhealthy", "postgres"), cause("service_stopped", "openproject", likelihood=CERTAIN)], NEEDS
    )
    assert [(each.subject, each.likelihood) for each in ranked] == [("openproject", CERTAIN), ("postgres", LIKELY)]


def test_of_two_stopped_services_the_one_that_others_need_comes_first() -> None:
    stopped = [cause("service_stopped", name, likelihood=CERTAIN) for name in ("nginx", "gitea", "postgres")]
    assert [each.subject for each in rank(stopped, NEEDS)] == ["postgres", "gitea", "nginx"]


def test_cause_of_the_whole_host_explains_every_symptom() -> None:
    ranked = rank([cause("service_crashing", "gitea"), cause("disk_full", likelihood=CERTAIN)], NEEDS)
    assert [each.likelihood for each in ranked] == [CERTAIN, POSSIBLE]


def test_log_bears_out_what_another_step_has_seen() -> None:
    seen = cause("database_password", "openproject", "gitea", likelihood=CERTAIN, subject="database user maxops")
    [merged] = rank([cause("database_password", "gitea", seen="its log says: no"), seen], NEEDS)
    assert (merged.subject, merged.evidence) == ("database user maxops", ("its log says: no",))


def test_name_that_a_log_misses_follows_from_the_service_that_does_not_run() -> None:
    stopped = cause("service_stopped", "postgres", likelihood=CERTAIN)
    ranked = rank([cause("dns_name_missing", "gitea"), stopped], NEEDS)
    assert [(each.cause, each.likelihood) for each in ranked] == [
        ("service_stopped", CERTAIN),
        ("dns_name_missing", POSSIBLE),
    ]


def test_two_volumes_stay_two_causes() -> None:
    two = [cause("volume_permissions", "gitea", likelihood=CERTAIN, subject=name) for name in ("a", "b")]
    assert [each.subject for each in rank(two, NEEDS)] == ["a", "b"]


def test_circle_of_needs_ends() -> None:
    assert all_needs("a", {"a": ["b"], "b": ["a"]}) == ["b"]


def test_log_is_doubted_where_the_thing_itself_is_well() -> None:
    told = [cause("dns_name_missing", "gitea"), cause("disk_full", "gitea")]
    reports = {"network": Report("fine"), "database": Report("fine"), "cache": Report("fine")}
    assert [each.likelihood for each in doubted(told, reports)] == [POSSIBLE, LIKELY]
    reports["network"] = Report("fine", [cause("connection_failed", "nginx")], ["gitea has just ended"])
    assert [each.likelihood for each in doubted(told, reports)] == [POSSIBLE, LIKELY]
    reports["network"] = Report("fine", [cause("dns_name_missing", "gitea", likelihood=CERTAIN)])
    assert [each.likelihood for each in doubted(told, reports)] == [LIKELY, LIKELY]
    reports["network"] = Report(unknown=["cannot see"])
    assert [each.likelihood for each in doubted(told, reports)] == [LIKELY, LIKELY]


@pytest.mark.parametrize(
    ("report", "verdict"),
    [
        (Report("fine"), "ok"),
        (Report(unknown=["cannot see"]), "unknown"),
        (Report(causes=[cause("memory_short", likelihood=POSSIBLE)], unknown=["and more"]), "suspect"),
        (Report(causes=[cause("disk_full", likelihood=CERTAIN)]), "broken"),
    ],
)
def test_verdict_of_a_step_is_the_worst_that_it_saw(report: Report, verdict: str) -> None:
    assert report.verdict == verdict


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("postgres://maxops:p%40ss@postgres:5432/openproject", [("postgres", 5432)]),
        ("postgres://maxops:p@ss@postgres/openproject", [("postgres", 5432)]),
        ("redis://:secret@redis:6379/1", [("redis", 6379)]),
        ("postgres:5432", [("postgres", 5432)]),
        ("set $openproject_server openproject:8080;", [("openproject", 8080)]),
        ("http://$openproject_server/", []),
        ("12:30", []),
        ("image/name:1", []),
    ],
)
def test_hosts_are_found_in_settings(text: str, found: list[tuple[str, int]]) -> None:
    assert hosts_in(text) == found


def test_hosts_are_found_in_the_configuration_of_a_gateway_and_not_in_its_comments(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("# old:1234\nset $gitea_server gitea:3000;\n")
    (tmp_path / "notes.txt").write_text("other:1111")
    assert hosts_in_files(str(tmp_path)) == [("gitea", 3000)]


def test_keys_that_differ_are_named_without_their_values() -> None:
    wanted = {"SAME": "1", "OTHER": "new-secret", "MISSING": "x"}
    found = {"SAME": "1", "OTHER": "old-secret", "OF_THE_IMAGE": "y"}
    assert differing(wanted, found) == [("MISSING", "missing"), ("OTHER", "other")]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("FATAL:  could not write to file: No space left on device", "disk_full"),
        ("*** FATAL CONFIG FILE ERROR *** Can't chdir to '/data': Permission denied", "volume_permissions"),
        ('FATAL:  password authentication failed for user "maxops"', "database_password"),
        ("FATAL:  database files are incompatible with server", "database_version"),
        ("dial tcp: lookup postgres on 127.0.0.11:53: no such host", "dns_name_missing"),
        ("FATAL:  sorry, too many clients already", "database_connections"),
        ("listen tcp4 127.0.0.1:9220: bind: address already in use", "port_taken"),
        ("(error) OOM command not allowed when used memory > 'maxmemory'.", "cache_memory"),
        ("ERROR:  permission denied for table users", None),
        ("Started in 2.4 seconds", None),
    ],
)
def test_log_tells_of_a_cause(line: str, kind: str | None) -> None:
    assert next((name for name, sign in LOG_SIGNS if sign.search(line)), None) == kind


def look(**state: Any) -> Look:
    """A container as the daemon tells it, with a restart policy."""
    data = {"State": {"Status": state.pop("status", "running"), "Pid": 1, **state}}
    data["HostConfig"] = {"RestartPolicy": {"Name": "unless-stopped"}}
    return look_at(container("gitea", state=data["State"]["Status"]), data)


def test_one_that_ran_once_and_ended_well_is_well() -> None:
    seeder = look_at(container("seed", state="exited"), {"State": {"Status": "exited", "ExitCode": 0, "Pid": 0}})
    assert seeder.well
    assert not look(status="exited", ExitCode=0, Pid=0).well


def test_container_that_was_started_anew_long_ago_is_not_crashing() -> None:
    data = {"State": {"Status": "running", "Pid": 1, "StartedAt": "2020-01-01T00:00:00.123456789Z"}, "RestartCount": 3}
    assert not look_at(container("gitea"), data).crashing


@pytest.mark.parametrize(("text", "word"), [("/srv/stack", "/srv/stack"), ("/srv/my stack", "'/srv/my stack'")])
def test_words_of_a_command_are_quoted_where_they_have_to_be(text: str, word: str) -> None:
    assert quoted(text) == word


@pytest.mark.parametrize(
    ("mode", "identity", "may"),
    [
        (0o700, Identity(os.getuid(), frozenset()), True),
        (0o000, Identity(os.getuid(), frozenset()), False),
        (0o700, Identity(54321, frozenset()), False),
        (0o777, Identity(54321, frozenset()), True),
        (0o770, Identity(54321, frozenset({os.getgid()})), True),
        (0o000, Identity(0, frozenset(), mighty=True), True),
    ],
)
def test_who_may_use_a_folder(tmp_path: Path, mode: int, identity: Identity, may: bool) -> None:
    folder = tmp_path / "volume"
    folder.mkdir()
    folder.chmod(mode)
    assert identity.may_use(folder.stat()) is may


IPTABLES = """-P INPUT ACCEPT
-P FORWARD DROP
-N DOCKER-USER
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 9001 -j ACCEPT
-A INPUT -p tcp -m multiport --dports 9000:9022 -m comment --comment "no stack" -j REJECT --reject-with icmp
-A INPUT -p udp -m udp --dport 9100 -j DROP
-A DOCKER-USER -s 10.0.0.0/8 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -o br-1 -j DROP
"""


def test_iptables_rule_that_blocks_a_port_is_found_with_the_command_that_removes_it() -> None:
    found = blocks(iptables_rules(IPTABLES), [9000, 9001, 9100])
    assert [(each.port, each.rule.place) for each in found] == [(9000, "iptables INPUT")]
    assert found[0].rule.remedy.startswith("iptables -D INPUT -p tcp -m multiport --dports 9000:9022")


def test_policy_blocks_what_no_rule_lets_in() -> None:
    text = (
        "-P INPUT DROP\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A INPUT -p tcp --dport 9000 -j ACCEPT\n"
    )
    assert [each.port for each in blocks(iptables_rules(text), [9000, 9003])] == [9003]


def nft(*expressions: list[dict[str, Any]], policy: str = "accept") -> str:
    """What nft prints for one chain."""
    chain = {"family": "inet", "table": "filter", "name": "input", "hook": "input", "policy": policy}
    rules = [
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 7 + number, "expr": expression}}
        for number, expression in enumerate(expressions)
    ]
    return json.dumps({"nftables": [{"metainfo": {}}, {"chain": chain}, *rules]})


def dport(right: Any) -> dict[str, Any]:
    """A match of a TCP port."""
    return {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": right}}


def test_nft_rule_that_blocks_a_port_is_found_with_the_command_that_removes_it() -> None:
    rules = nft_rules(
        nft([dport(9001), {"accept": None}], [dport({"set": [80, {"range": [9000, 9022]}]}), {"drop": None}])
    )
    found = blocks(rules, [9000, 9001, 443])
    assert [each.port for each in found] == [9000]
    assert found[0].rule.remedy == "nft delete rule inet filter input handle 8"


def test_nft_policy_blocks_what_no_rule_lets_in() -> None:
    established = [
        {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established"]}},
        {"accept": None},
    ]
    rules = nft_rules(nft(established, [dport(9000), {"accept": None}], policy="drop"))
    assert [each.port for each in blocks(rules, [9000, 9003])] == [9003]


UFW = """Status: active
Logging: on (low)
Default: deny (incoming), allow (outgoing), disabled (routed)

To                         Action      From
--                         ------      ----
22/tcp                     ALLOW IN    Anywhere
9000:9002/tcp              ALLOW IN    Anywhere
9003/tcp                   DENY IN     Anywhere
"""


def test_ufw_blocks_what_it_denies_and_what_it_does_not_know() -> None:
    found = blocks(ufw_rules(UFW), [9000, 9003, 9004])
    assert [(each.port, each.rule.remedy) for each in found] == [
        (9003, "ufw delete deny 9003/tcp"),
        (9004, "ufw allow {port}/tcp"),
    ]


def test_firewall_that_is_off_blocks_nothing() -> None:
    assert ufw_rules("Status: inactive\n") == []
