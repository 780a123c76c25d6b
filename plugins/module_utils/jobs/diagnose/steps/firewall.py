# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a firewall blocks the stack's ports."""

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

from ..cause import LIKELY, POSSIBLE, Cause, StepResult
from ..stack_view import StackView

Parser = Callable[[str], "list[Rule]"]

PROGRAMS: tuple[tuple[str, tuple[str, ...], Parser], ...] = (
    ("ufw", ("ufw", "status", "verbose"), ufw_rules),
    ("nft", ("nft", "--json", "list", "ruleset"), nft_rules),
    ("iptables", ("iptables", "-S"), iptables_rules),
)


def check_firewall(view: StackView) -> StepResult:
    """Whether ufw, nftables or iptables block a port that the stack uses."""
    result = StepResult()
    ports = _ports(view)
    public = _public(view)
    checked = []
    for name, argv, parse in PROGRAMS:
        if shutil.which(name) is None:
            continue
        checked.append(name)
        try:
            rules = parse(_output(argv))
        except (OSError, ValueError, KeyError) as error:
            result.unknown.append(f"{name} failed: {error}")
            continue
        blocked = [*blocks(rules, ports), *_behind_docker(view, rules)]
        # A default policy says nothing about a port that only this host itself can reach.
        result.causes += _causes(view, [block for block in blocked if block.rule.ports or block.port in public])
    result.seen = "no firewall is installed"
    if checked:
        result.seen = f"{', '.join(checked)}: no rule blocks the ports {_in_words(ports)}"
    return result


def _ports(view: StackView) -> list[int]:
    """Published ports, and ports of the manual's range with a listening process; without Docker the whole range."""
    published = {port.port for inspection in view.inspections for port in inspection.ports}
    if view.stack is None:
        return sorted(view.options.ports)
    listening = {listener.port for listener in network.listeners()}
    return sorted(published | (listening & set(view.options.ports)))


def _behind_docker(view: StackView, rules: Sequence[Rule]) -> list[Block]:
    """Rules of DOCKER-USER that match ``--dport``: in that chain it is the container's own port."""
    inner = [rule for rule in rules if rule.chain.endswith("DOCKER-USER") and " --dport" in rule.text]
    published = [port for inspection in view.inspections for port in inspection.ports]
    return [Block(port.port, block.rule) for port in published for block in blocks(inner, [port.target])]


def _public(view: StackView) -> set[int]:
    """Ports that accept connections from other hosts."""
    published = {
        port.port for inspection in view.inspections for port in inspection.ports if not port.address.startswith("127.")
    }
    return published | {listener.port for listener in network.listeners() if not listener.local_only}


def _output(argv: Sequence[str]) -> str:
    with tempfile.TemporaryFile() as output:
        [stage] = run_pipeline([Stage(list(argv))], Cancellation(), stdout=output).stages
        if stage.failed:
            raise OSError(" ".join(stage.stderr.split())[:300] or f"exit code {stage.returncode}")
        output.seek(0)
        return output.read().decode("utf-8", "replace")


def _causes(view: StackView, blocked: Sequence[Block]) -> list[Cause]:
    """One cause for each rule, with all ports that it blocks."""
    causes = []
    for rule in dict.fromkeys(block.rule for block in blocked):
        ports = sorted({block.port for block in blocked if block.rule == rule})
        published = {port.port for inspection in view.inspections for port in inspection.ports}
        services = sorted(
            {inspection.service for inspection in view.inspections for port in inspection.ports if port.port in ports}
        )
        # Docker routes traffic for a published port past INPUT; only its chain DOCKER-USER sees it.
        likely = rule.chain.endswith("DOCKER-USER") or not published & set(ports)
        note = "on most hosts Docker routes traffic for published ports past this rule"
        causes.append(
            Cause.of(
                "firewall_blocks",
                f"{rule.chain}: {_in_words(ports)}",
                LIKELY if likely and published & set(ports) else POSSIBLE,
                f"this rule blocks connections to port {_in_words(ports)}: {rule.text}",
                rule.fix.replace("{port}", str(ports[0])),
                () if likely else (note,),
                tuple(services),
            )
        )
    return causes


def _in_words(ports: Sequence[int]) -> str:
    if len(ports) > 3 and ports[-1] - ports[0] == len(ports) - 1:
        return f"{ports[0]}–{ports[-1]}"
    return ", ".join(map(str, ports)) or "none"
