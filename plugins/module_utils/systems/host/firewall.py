# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewall rules, read from what ufw, nft and iptables print. Private to this collection."""

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
# Docker's own chains keep networks apart, and let published ports through.
_CHAINS = ("INPUT", "DOCKER-USER")
_PORT_OPTIONS = ("--dport", "--dports", "--destination-port", "--destination-ports", "--ctorigdstport")
_UFW_RULE = re.compile(
    r"^(?P<what>\S+)(?: \(v6\))?\s+(?P<verdict>ALLOW|DENY|REJECT|LIMIT)(?: (?:IN|FWD))?\s+(?P<who>.+)$"
)


@dataclass(frozen=True)
class Rule:
    """One rule: what it does with which ports (None: all), only ``some`` of the connections, and how it goes away."""

    place: str
    verdict: str
    ports: tuple[tuple[int, int], ...] | None
    some: bool
    text: str
    fix: str


@dataclass(frozen=True)
class Block:
    """A rule that keeps connections from a port."""

    port: int
    rule: Rule


def blocks(rules: Sequence[Rule], ports: Iterable[int]) -> list[Block]:
    """The first rule of each place that decides about a port, where it decides against it."""
    found = []
    for port in ports:
        for place in dict.fromkeys(rule.place for rule in rules):
            rule = _deciding([each for each in rules if each.place == place], port)
            if rule and rule.verdict == BLOCK:
                found.append(Block(port, rule))
    return found


def _deciding(rules: Sequence[Rule], port: int) -> Rule | None:
    for rule in rules:
        named = rule.ports is not None and any(first <= port <= last for first, last in rule.ports)
        # A rule for some connections of all kinds (loopback, established ones) says nothing about a port.
        if named or (rule.ports is None and not rule.some):
            return rule
    return None


# -- iptables -S ----------------------------------------------------------------------------------------------------


def iptables_rules(text: str) -> list[Rule]:
    """Rules of the chains that somebody else than Docker fills; the policy of INPUT is its last rule."""
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
    given = next((options[name] for name in _PORT_OPTIONS if name in options), None)
    ports = None if given is None else _ranges(given.split(","))
    some = "!" in words or any(name in options for name in ("-s", "-i", "-o", "-d", "--ctstate", "--state", "--limit"))
    return Rule(f"iptables {words[1]}", verdict, ports, some, line, f"iptables -D {line[3:]}")


def _ranges(words: Iterable[str]) -> tuple[tuple[int, int], ...]:
    found = []
    for word in words:
        first, _colon, last = word.replace("-", ":").partition(":")
        if first.isdigit() and (last or first).isdigit():
            found.append((int(first), int(last or first)))
    return tuple(found)


# -- nft --json list ruleset ------------------------------------------------------------------------------------------


def nft_rules(text: str) -> list[Rule]:
    """Rules of the chains that see what comes in; the policy is a chain's last rule. Raises ValueError for no JSON."""
    entries = json.loads(text)["nftables"]
    rules: list[Rule] = []
    for chain in (entry["chain"] for entry in entries if "chain" in entry):
        # Chains of iptables show here, too, with matches that nft cannot tell; iptables tells them.
        if chain.get("hook") not in ("input", "prerouting") or chain["name"].isupper():
            continue
        place = f"nft {chain['family']} {chain['table']} {chain['name']}"
        for rule in (entry["rule"] for entry in entries if "rule" in entry):
            if all(rule[key] == chain[other] for key, other in _SAME):
                read = _nft_rule(rule, place)
                rules += [read] if read else []
        if chain.get("policy") == "drop":
            fix = f"nft insert rule {place[4:]} tcp dport {{port}} accept"
            rules.append(Rule(place, BLOCK, None, False, "policy drop", fix))
    return rules


_SAME = (("family", "family"), ("table", "table"), ("chain", "name"))


def _nft_rule(rule: dict[str, Any], place: str) -> Rule | None:
    ports: tuple[tuple[int, int], ...] | None = None
    some = False
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
            some = True
    if verdict is None:
        return None
    named = (
        ""
        if ports is None
        else f" tcp dport {', '.join(f'{one}-{end}' if end > one else str(one) for one, end in ports)}"
    )
    words = f"{verdict}{named} (handle {rule.get('handle')})"
    return Rule(place, verdict, ports, some, words, f"nft delete rule {place[4:]} handle {rule.get('handle')}")


def _nft_ports(right: Any) -> tuple[tuple[int, int], ...]:
    entries = right.get("set", [right]) if isinstance(right, dict) else [right]
    found = []
    for each in entries:
        if isinstance(each, int):
            found.append((each, each))
        elif isinstance(each, dict) and "range" in each:
            found.append((int(each["range"][0]), int(each["range"][1])))
    return tuple(found)


# -- ufw status verbose -----------------------------------------------------------------------------------------------


def ufw_rules(text: str) -> list[Rule]:
    """Rules of an active ufw; what it denies by default is the last one."""
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
        some = not match["who"].startswith("Anywhere")
        fix = f"ufw delete {match['verdict'].lower()} {match['what']}"
        rules.append(Rule("ufw", verdict, ports, some, " ".join(line.split()), fix))
    default = re.search(r"Default: (deny|reject) \(incoming\)", text)
    if default:
        rules.append(Rule("ufw", BLOCK, None, False, f"default {default[1]}", "ufw allow {port}/tcp"))
    return rules
