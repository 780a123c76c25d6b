# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a firewall keeps people from the stack's ports. Private to this collection."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from typing import Callable

from ansible_collections.maxops.ops.plugins.module_utils.systems.host import network
from ansible_collections.maxops.ops.plugins.module_utils.systems.host.firewall import (
    Block,
    Rule,
    blocks,
    iptables_rules,
    nft_rules,
    ufw_rules,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation, Stage, run_pipeline

from ..cause import LIKELY, POSSIBLE, Cause, Report
from ..scene import Scene

Parser = Callable[[str], "list[Rule]"]

PROGRAMS: tuple[tuple[str, tuple[str, ...], Parser], ...] = (
    ("ufw", ("ufw", "status", "verbose"), ufw_rules),
    ("nft", ("nft", "--json", "list", "ruleset"), nft_rules),
    ("iptables", ("iptables", "-S"), iptables_rules),
)


def look_at_firewall(scene: Scene) -> Report:
    """Whether ufw, nftables or iptables block a port that the stack uses, out of those that it may use."""
    report = Report()
    ports = _ports(scene)
    public = _public(scene)
    asked = []
    for name, argv, parse in PROGRAMS:
        if shutil.which(name) is None:
            continue
        asked.append(name)
        try:
            rules = parse(_output(argv))
        except (OSError, ValueError, KeyError) as error:
            report.unknown.append(f"{name} cannot be asked: {error}")
            continue
        found = [*blocks(rules, ports), *_behind_docker(scene, rules)]
        # What is closed to everybody by default says nothing of a port that only this host itself can reach.
        report.causes += _causes(scene, [each for each in found if each.rule.ports or each.port in public])
    listed = ", ".join(asked)
    report.seen = f"{listed}: no rule against the ports {_in_words(ports)}" if asked else "no firewall is installed"
    return report


def _ports(scene: Scene) -> list[int]:
    """Published ports, and those of the manual's range that anybody listens on; without Docker all of the range."""
    published = {port.port for look in scene.inspections for port in look.ports}
    if scene.stack is None:
        return sorted(scene.options.ports)
    listening = {each.port for each in network.listeners()}
    return sorted(published | (listening & set(scene.options.ports)))


def _behind_docker(scene: Scene, rules: Sequence[Rule]) -> list[Block]:
    """Docker's chain for its users sees the container's own port, where a rule asks for no other."""
    inner = [each for each in rules if each.place.endswith("DOCKER-USER") and " --dport" in each.text]
    published = [port for look in scene.inspections for port in look.ports]
    return [Block(port.port, block.rule) for port in published for block in blocks(inner, [port.target])]


def _public(scene: Scene) -> set[int]:
    """Ports that others than this host can reach, as far as who listens on them wants it."""
    published = {port.port for look in scene.inspections for port in look.ports if not port.address.startswith("127.")}
    return published | {each.port for each in network.listeners() if not each.local_only}


def _output(argv: Sequence[str]) -> str:
    with tempfile.TemporaryFile() as output:
        [done] = run_pipeline([Stage(list(argv))], Cancellation(), stdout=output).stages
        if done.failed:
            raise OSError(" ".join(done.stderr.split())[:300] or f"it ended with {done.returncode}")
        output.seek(0)
        return output.read().decode("utf-8", "replace")


def _causes(scene: Scene, found: Sequence[Block]) -> list[Cause]:
    """One cause for each rule, with all ports that it blocks."""
    causes = []
    for rule in dict.fromkeys(block.rule for block in found):
        ports = sorted({block.port for block in found if block.rule == rule})
        published = {port.port for look in scene.inspections for port in look.ports}
        services = sorted({look.service for look in scene.inspections for port in look.ports if port.port in ports})
        # What comes for a published port is led past INPUT; only the chain for users of Docker sees it.
        likely = rule.place.endswith("DOCKER-USER") or not published & set(ports)
        told = "" if likely else "Docker leads its published ports past this rule on most hosts"
        causes.append(
            Cause.of(
                "firewall_blocks",
                f"{rule.place}: {_in_words(ports)}",
                LIKELY if likely and published & set(ports) else POSSIBLE,
                f"its rule keeps connections from port {_in_words(ports)}: {rule.text}",
                rule.fix.replace("{port}", str(ports[0])),
                (told,) if told else (),
                tuple(services),
            )
        )
    return causes


def _in_words(ports: Sequence[int]) -> str:
    if len(ports) > 3 and ports[-1] - ports[0] == len(ports) - 1:
        return f"{ports[0]}–{ports[-1]}"
    return ", ".join(map(str, ports)) or "none"
