# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stacks as a diagnosis sees them, without a daemon."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.options import Options
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.stack_view import StackView
from ansible_collections.maxops.ops.plugins.module_utils.systems.access import Access
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.inspection import Inspection
from ansible_collections.maxops.ops.tests.unit.stacks import container, stack_of

LONG_AGO = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)


def inspection(service: str, *mounts: Any, state: str = "running", image: str = "", **facts: Any) -> Inspection:
    """One container; ``environment``, ``labels`` and ``addresses`` are the container's, the rest the inspection's."""
    own = {key: facts.pop(key) for key in ("environment", "labels", "addresses") if key in facts}
    made = container(service, *mounts, state=state, **own)
    command = tuple(facts.pop("command", ()))
    made = replace(made, image=image or made.image, command=command)
    return Inspection(made, **{"started": LONG_AGO, "networks": {"shop_default": (service,)}, **facts})


def view_of(
    *inspections: Inspection, services: Sequence[str] = (), logs: Mapping[str, Sequence[str]] | None = None
) -> StackView:
    """The view of a stack of these containers, whose logs have these lines by service."""
    stack = stack_of(*(one.container for one in inspections))
    stack.inspections = list(inspections)
    view = StackView(Options(Access("shop"), services=services), stack)
    view._logs = {one.name: list((logs or {}).get(one.service, ())) for one in inspections}
    return view
