# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A playbook that would do nothing ends with an error: no host, a wrong target, a wrong limit."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader

from ansible_collections.maxops.ops.plugins.lookup.at_once import LookupModule as AtOnce
from ansible_collections.maxops.ops.plugins.lookup.targets import LookupModule as Targets
from ansible_collections.maxops.ops.tests.unit.playbook_runs import inventory_in, play

GROUPS = {
    "all": ["b", "a", "staging1"],
    "maxops": ["b", "a"],
    "staging": ["staging1"],
    "empty": [],
    "ungrouped": [],
}


def asked(monkeypatch: pytest.MonkeyPatch, *terms: object, groups: object = None, **options: object) -> list[str]:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(options))
    return Targets(loader=DataLoader()).run(list(terms), {"groups": GROUPS if groups is None else groups})


@pytest.mark.parametrize(
    "pattern",
    [
        "maxops",
        "a",
        "b,a",
        "all:!staging",
        "all,!old*",
        "maxops:&a",
        "a,empty",
        "stag*",
        "~a|b",
        "maxops[0]",
        "localhost",
    ],
)
def test_pattern_that_matches_a_host_is_returned_as_it_is(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    monkeypatch.setattr("ansible.constants.HOST_PATTERN_MISMATCH", "warning")
    assert asked(monkeypatch, pattern) == [pattern]
    assert asked(monkeypatch, [pattern, "a"]) == [pattern, "a"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("prodution", 'no host or group of the inventory matches "prodution" (target)'),
        ("stagin", 'no host or group of the inventory matches "stagin" (target); did you mean staging?'),
        ("a,prodution", 'no host or group of the inventory matches "prodution" (target)'),
        ("all:!stagin", 'no host or group of the inventory matches "stagin" (target); did you mean staging?'),
        ("x*", 'no host or group of the inventory matches "x*" (target)'),
        ("empty", 'no host of the inventory matches "empty": name others with -e target=HOSTS'),
        ("maxops:!maxops", 'no host of the inventory matches "maxops:!maxops": name others with -e target=HOSTS'),
    ],
)
def test_pattern_that_matches_no_host_is_refused(monkeypatch: pytest.MonkeyPatch, pattern: str, message: str) -> None:
    monkeypatch.setattr("ansible.constants.HOST_PATTERN_MISMATCH", "warning")
    with pytest.raises(AnsibleLookupError) as refused:
        asked(monkeypatch, pattern)
    assert str(refused.value) == message


def test_pattern_that_ansible_itself_would_refuse_is_refused_with_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible.constants.HOST_PATTERN_MISMATCH", "error")
    with pytest.raises(AnsibleLookupError, match=r"all,!old\*: .*old.* \(host_pattern_mismatch of ansible.cfg\)"):
        asked(monkeypatch, "all,!old*")


def test_inventory_without_hosts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnsibleLookupError, match="the inventory has no hosts: name the right one with -i INVENTORY"):
        asked(monkeypatch, "maxops", groups={"all": [], "ungrouped": []})
    assert asked(monkeypatch, "localhost", groups={"all": [], "ungrouped": []}) == ["localhost"]


def test_inventory_without_the_group_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnsibleLookupError, match=r'"maxops" .* put hosts into the group maxops, or name others with'):
        asked(monkeypatch, "maxops", groups={"all": ["x"], "ungrouped": ["x"]})


def test_limit_that_leaves_no_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AnsibleLookupError, match='no host matches both "maxops" and --limit staging1'):
        asked(monkeypatch, "maxops", subset="staging1")
    with pytest.raises(AnsibleLookupError, match=r'no host or group of the inventory matches "zz" \(--limit\)'):
        asked(monkeypatch, "maxops", subset="a,zz")
    assert asked(monkeypatch, "maxops", subset="a,staging1") == ["maxops"]


def test_limit_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "retry").write_text("staging1\n", encoding="utf-8")
    assert asked(monkeypatch, "staging", subset=f"@{tmp_path}/retry") == ["staging"]
    with pytest.raises(AnsibleLookupError, match="no host matches both"):
        asked(monkeypatch, "maxops", subset=f"@{tmp_path}/retry")


@pytest.mark.parametrize("option", ["syntax", "listhosts", "listtasks", "listtags"])
def test_what_contacts_no_host_needs_none(monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    assert asked(monkeypatch, "nosuch", groups={}, **{option: True}) == ["nosuch"]


@pytest.mark.parametrize(("value", "number"), [("100%", 7), ("1", 1), (3, 3), ("20%", 2), ("1%", 1), ("50 %", None)])
def test_hosts_at_the_same_time(value: object, number: int | None) -> None:
    hosts = {"ansible_play_hosts_all": list("abcdefg")}
    if number is None:
        with pytest.raises(AnsibleLookupError, match='maxops_serial is "50 %": give the number of hosts'):
            AtOnce().run([value], hosts)
    else:
        assert AtOnce().run([value], hosts) == [number]


@pytest.mark.parametrize("value", ["0", "all", "", "-1", "0%"])
def test_number_of_hosts_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(AnsibleLookupError, match=f'maxops_serial is "{value}": give the number of hosts'):
        AtOnce().run([value], {})


def test_playbooks_end_with_an_error_where_no_host_matches(tmp_path: Path) -> None:
    inventory = inventory_in(tmp_path, "[maxops]\na\n[staging]\nb")
    done = play("backup", "-i", inventory, "-e", "target=prodution")
    assert done.returncode != 0
    assert 'no host or group of the inventory matches "prodution" (target)' in done.stderr
    done = play("health", "-i", "/dev/null")
    assert done.returncode != 0
    assert "the inventory has no hosts: name the right one with -i INVENTORY" in done.stderr
    done = play("restore", "-i", inventory, "--limit", "b")
    assert done.returncode != 0
    assert 'no host matches both "maxops" and --limit b' in done.stderr


def test_a_host_that_is_down_does_not_keep_the_others_from_their_turn(tmp_path: Path) -> None:
    down = "down ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1"
    inventory = inventory_in(tmp_path, f"[maxops]\n{down}\nfirst\nsecond")
    words = ("-i", inventory, "-e", "maxops_serial=1", "-e", "maxops_docker_host=unix:///nosuch.sock")
    done = play("backup", *words)
    assert done.returncode != 0
    # Both were asked: they say what their daemon said.
    assert "nosuch.sock" in done.stdout
    rows = [line.split()[0] for line in done.stdout.splitlines() if " : ok=" in line]
    assert sorted(rows) == ["down", "first", "second"]
    assert "UNREACHABLE" in done.stdout
