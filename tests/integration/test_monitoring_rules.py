# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alert rules, metrics and dashboard of the role, checked with promtool."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.exposition import exposition
from ansible_collections.maxops.ops.plugins.module_utils.jobs.monitoring.metrics import (
    MEASURES,
    families_of,
    metric_names,
)
from ansible_collections.maxops.ops.tests.integration.support import CHECKOUT, run
from ansible_collections.maxops.ops.tests.unit.health_results import finding, health_result

PROMTOOL = Path("/var/lib/maxops-lab/tools/promtool")
FILES = CHECKOUT / "roles" / "monitoring" / "files"
RULES = FILES / "prometheus" / "maxops_rules.yml"


def test_rules_are_valid():
    assert "SUCCESS" in run(PROMTOOL, "check", "rules", RULES).stdout


def test_rules_fire_only_when_they_should():
    done = run(PROMTOOL, "test", "rules", Path(__file__).with_name("prometheus_rules_test.yml"), check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_has_a_test():
    rules = {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]}
    tests = yaml.safe_load(Path(__file__).with_name("prometheus_rules_test.yml").read_text())["tests"]
    tested = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert rules - tested == set()


def test_metrics_follow_the_conventions():
    measures = [{"name": name, "labels": {"subject": 'a "b"\\ 저장소'}, "value": 0.5} for name in MEASURES]
    health = health_result(finding("disk", '/srv/"x"\n', "warning"), measures=measures, grade="P3")
    text = exposition(families_of(health, "maxoperation"))
    done = subprocess.run([PROMTOOL, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, ""), text
    assert set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)) == metric_names()


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(?:maxops|nginx|pg)_\w+", re.sub(r'"[^"]*"', "", expression)))


@pytest.fixture(scope="module")
def existing() -> set[str]:
    """Metrics that exist: the role's own, the gateway's, and the one of the database's exporter that is used."""
    gateway = yaml.safe_load((CHECKOUT / "roles/stack/vars/main.yml").read_text())["__stack_metrics"]
    return metric_names() | {f"nginx_connections_{name}" for name in gateway} | {"pg_up"}


def test_rules_use_existing_metrics(existing):
    rules = [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert {name for rule in rules for name in names_in(rule)} - existing == set()


def test_dashboard_uses_existing_metrics_and_its_panels_do_not_overlap(existing):
    board = json.loads((FILES / "grafana" / "maxops.json").read_text())
    expressions = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    expressions += [variable["definition"] for variable in board["templating"]["list"] if "definition" in variable]
    used = {name for expression in expressions for name in names_in(expression)}
    assert used - existing == set()
    assert len(used) > 15
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


def test_packages_on_the_host_have_the_tested_versions():
    lines = [
        line
        for name in ("requirements.txt", "tests/requirements.txt", "tests/constraints.txt")
        for line in (CHECKOUT / name).read_text().splitlines()
        if "==" in line
    ]
    packages = [line for line in (FILES / "requirements.txt").read_text().splitlines() if "==" in line]
    assert len(packages) > 5
    assert set(packages) - set(lines) == set()
