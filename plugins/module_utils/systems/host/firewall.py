# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules, read from what ufw, nft and iptables print."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

ACCEPT = "accept"
BLOCK = "block"
RETURN = "return"

_VERDICTS = {"ACCEPT": ACCEPT, "DROP": BLOCK, "REJECT": BLOCK, "RETURN": RETURN}
# Docker's own chains separate its networks and accept published ports.
_CHAINS = ("INPUT", "DOCKER-USER")
_PORT_OPTIONS = ("--dport", "--dports", "--destination-port", "--destination-ports", "--ctorigdstport")
_RESTRICTIONS = ("-s", "-i", "-o", "-d", "--ctstate", "--state", "--limit")
_UFW_RULE = re.compile(
    r"^(?P<what>\S+)(?: \(v6\))?\s+(?P<verdict>ALLOW|DENY|REJECT|LIMIT)(?: (?:IN|FWD))?\s+(?P<source>.+)$"
)


@dataclass(frozen=True)
class Rule:
    """One rule of a firewall.

    ``chain`` is its program and chain, ``ports`` are ranges (None: all ports), ``restricted`` is true when it matches
    only some connections. ``text`` is the rule as printed, ``fix`` the command that removes it.
    """

    chain: str
    verdict: str
    ports: tuple[tuple[int, int], ...] | None
    restricted: bool
    text: str
    fix: str


@dataclass(frozen=True)
class Block:
    """A rule that blocks connections to a port."""

    port: int
    rule: Rule


def blocks(rules: Sequence[Rule], ports: Iterable[int]) -> list[Block]:
    """For each port and chain the first rule that matches the port, where that rule blocks it."""
    blocked = []
    for port in ports:
        for chain in dict.fromkeys(rule.chain for rule in rules):
            match = _first_match([rule for rule in rules if rule.chain == chain], port)
            if match and match.verdict == BLOCK:
                blocked.append(Block(port, match))
    return blocked


def _first_match(rules: Sequence[Rule], port: int) -> Rule | None:
    for rule in rules:
        named = rule.ports is not None and any(first <= port <= last for first, last in rule.ports)
        # A rule for some connections to all ports (loopback, established ones) says nothing about a port.
        if named or (rule.ports is None and not rule.restricted):
            return rule
    return None


# -- iptables -S ----------------------------------------------------------------------------------------------------


def iptables_rules(text: str) -> list[Rule]:
    """Rules of the chains that Docker does not manage; the policy of INPUT is its last rule."""
    rules, policies = [], []
    lines = text.splitlines()
    managed = any("ufw-" in line for line in lines)
    for line in lines:
        words = _split(line)
        if words[:2] == ["-P", "INPUT"] and words[2:] == ["DROP"] and not managed:
            fix = "iptables -I INPUT -p tcp --dport {port} -j ACCEPT"
            policies.append(Rule("iptables INPUT", BLOCK, None, False, line, fix))
        if len(words) > 3 and words[0] == "-A" and words[1] in _CHAINS:
            rule = _iptables_rule(words, line)
            rules += [rule] if rule else []
    return rules + policies


def _split(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return line.split()


def _iptables_rule(words: Sequence[str], line: str) -> Rule | None:
    options = dict(zip(words, words[1:]))
    verdict = _VERDICTS.get(options.get("-j", ""))
    if verdict is None or options.get("-p", "tcp") not in ("tcp", "all"):
        return None
    option = next((options[name] for name in _PORT_OPTIONS if name in options), None)
    ports = None if option is None else _ranges(option.split(","))
    restricted = "!" in words or any(name in options for name in _RESTRICTIONS)
    return Rule(f"iptables {words[1]}", verdict, ports, restricted, line, f"iptables -D {line[3:]}")


def _ranges(words: Iterable[str]) -> tuple[tuple[int, int], ...]:
    ranges = []
    for word in words:
        first, _colon, last = word.replace("-", ":").partition(":")
        if first.isdigit() and (last or first).isdigit():
            ranges.append((int(first), int(last or first)))
    return tuple(ranges)


# -- nft --json list ruleset ------------------------------------------------------------------------------------------


def nft_rules(text: str) -> list[Rule]:
    """Rules of the chains for incoming traffic; a policy is its chain's last rule. Raises ValueError without JSON."""
    entries = json.loads(text)["nftables"]
    rules: list[Rule] = []
    for chain in (entry["chain"] for entry in entries if "chain" in entry):
        # nft lists chains of iptables, too, without matches that only iptables can show; iptables_rules reads those.
        if chain.get("hook") not in ("input", "prerouting") or chain["name"].isupper():
            continue
        name = f"{chain['family']} {chain['table']} {chain['name']}"
        for rule in (entry["rule"] for entry in entries if "rule" in entry):
            if all(rule[key] == chain[other] for key, other in _SAME):
                parsed = _nft_rule(rule, name)
                rules += [parsed] if parsed else []
        if chain.get("policy") == "drop":
            fix = f"nft insert rule {name} tcp dport {{port}} accept"
            rules.append(Rule(f"nft {name}", BLOCK, None, False, "policy drop", fix))
    return rules


_SAME = (("family", "family"), ("table", "table"), ("chain", "name"))


def _nft_rule(rule: dict[str, Any], chain: str) -> Rule | None:
    ports: tuple[tuple[int, int], ...] | None = None
    restricted = False
    verdict = None
    for part in rule.get("expr", []):
        for name in part:
            verdict = {"accept": ACCEPT, "drop": BLOCK, "reject": BLOCK, "return": RETURN}.get(name, verdict)
        if "match" not in part:
            continue
        left, right = part["match"].get("left"), part["match"].get("right")
        payload = left.get("payload", {}) if isinstance(left, dict) else {}
        if payload.get("field") == "dport" and payload.get("protocol") in ("tcp", "th"):
            ports = _nft_ports(right)
        elif payload.get("field") == "dport":
            return None
        else:
            restricted = True
    if verdict is None:
        return None
    named = (
        ""
        if ports is None
        else f" tcp dport {', '.join(f'{one}-{end}' if end > one else str(one) for one, end in ports)}"
    )
    words = f"{verdict}{named} (handle {rule.get('handle')})"
    fix = f"nft delete rule {chain} handle {rule.get('handle')}"
    return Rule(f"nft {chain}", verdict, ports, restricted, words, fix)


def _nft_ports(right: Any) -> tuple[tuple[int, int], ...]:
    entries = right.get("set", [right]) if isinstance(right, dict) else [right]
    ranges = []
    for entry in entries:
        if isinstance(entry, int):
            ranges.append((entry, entry))
        elif isinstance(entry, dict) and "range" in entry:
            ranges.append((int(entry["range"][0]), int(entry["range"][1])))
    return tuple(ranges)


# -- ufw status verbose -----------------------------------------------------------------------------------------------


def ufw_rules(text: str) -> list[Rule]:
    """Rules of an active ufw; its default policy is the last one."""
    if "Status: active" not in text:
        return []
    rules = []
    for line in text.splitlines():
        match = _UFW_RULE.match(line.strip())
        if not match:
            continue
        port, _slash, protocol = match["what"].partition("/")
        if protocol not in ("", "tcp"):
            continue
        ports = _ranges(port.split(",")) if port != "Anywhere" else None
        verdict = ACCEPT if match["verdict"] in ("ALLOW", "LIMIT") else BLOCK
        restricted = not match["source"].startswith("Anywhere")
        fix = f"ufw delete {match['verdict'].lower()} {match['what']}"
        rules.append(Rule("ufw", verdict, ports, restricted, " ".join(line.split()), fix))
    default = re.search(r"Default: (deny|reject) \(incoming\)", text)
    if default:
        rules.append(Rule("ufw", BLOCK, None, False, f"default {default[1]}", "ufw allow {port}/tcp"))
    return rules
