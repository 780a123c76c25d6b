# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restart reports, as far as it needs no daemon."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.jobs.restart.job import (
    ContainerRestart,
    RestartPlan,
    _dependents,
    _message,
)
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of

NEEDS = "com.docker.compose.depends_on"


def test_service_that_needs_a_restarted_one_is_named() -> None:
    postgres = container("postgres")
    gitea = container("gitea", labels={NEEDS: "postgres:service_healthy:false,redis:service_started:false"})
    stopped = container("worker", labels={NEEDS: "postgres:service_healthy:false"}, state="exited")
    plan = RestartPlan(stack_of(postgres, gitea, stopped), [[ContainerRestart(postgres)]], [])
    assert _dependents(plan) == [
        (
            "gitea depends on postgres and is not restarted with it: check it afterwards (ansible-playbook "
            "maxops.ops.status)"
        )
    ]


def test_problem_is_reported_with_the_services_that_were_not_waited_for() -> None:
    first, second = ContainerRestart(container("postgres")), ContainerRestart(container("gitea"))
    plan = RestartPlan(stack_of(first.container, second.container), [[first], [second]], [])
    assert _message(plan) == ""
    first.problem = "postgres is not healthy"
    assert _message(plan) == (
        "postgres is not healthy. gitea were started again too, without waiting until they are healthy. "
        "To find out what keeps a service from starting: ansible-playbook maxops.ops.diagnose"
    )
