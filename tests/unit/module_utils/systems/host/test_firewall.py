# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which rule of a firewall blocks a port, and the command that removes it."""

from __future__ import annotations

import json
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.systems.host.firewall import (
    blocks,
    iptables_rules,
    nft_rules,
    ufw_rules,
)

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
    blocked = blocks(iptables_rules(IPTABLES), [9000, 9001, 9100])
    assert [(block.port, block.rule.chain) for block in blocked] == [(9000, "iptables INPUT")]
    assert blocked[0].rule.fix.startswith("iptables -D INPUT -p tcp -m multiport --dports 9000:9022")


def test_policy_blocks_ports_that_no_rule_accepts() -> None:
    text = (
        "-P INPUT DROP\n-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT\n-A INPUT -p tcp --dport 9000 -j ACCEPT\n"
    )
    assert [block.port for block in blocks(iptables_rules(text), [9000, 9003])] == [9003]


def nft(*expressions: list[dict[str, Any]], policy: str = "accept") -> str:
    """Output of nft for one chain."""
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
    blocked = blocks(rules, [9000, 9001, 443])
    assert [block.port for block in blocked] == [9000]
    assert blocked[0].rule.fix == "nft delete rule inet filter input handle 8"


def test_nft_policy_blocks_ports_that_no_rule_accepts() -> None:
    established = [
        {"match": {"op": "in", "left": {"ct": {"key": "state"}}, "right": ["established"]}},
        {"accept": None},
    ]
    rules = nft_rules(nft(established, [dport(9000), {"accept": None}], policy="drop"))
    assert [block.port for block in blocks(rules, [9000, 9003])] == [9003]


UFW = """Status: active
Logging: on (low)
Default: deny (incoming), allow (outgoing), disabled (routed)

To                         Action      From
--                         ------      ----
22/tcp                     ALLOW IN    Anywhere
9000:9002/tcp              ALLOW IN    Anywhere
9003/tcp                   DENY IN     Anywhere
"""


def test_ufw_blocks_denied_ports_and_by_default_all_others() -> None:
    blocked = blocks(ufw_rules(UFW), [9000, 9003, 9004])
    assert [(block.port, block.rule.fix) for block in blocked] == [
        (9003, "ufw delete deny 9003/tcp"),
        (9004, "ufw allow {port}/tcp"),
    ]


def test_inactive_ufw_has_no_rules() -> None:
    assert ufw_rules("Status: inactive\n") == []
