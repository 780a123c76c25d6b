# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module refuses invalid numbers and lists before it changes anything."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.maxops.ops.plugins.module_utils.module.options import Bounds, Spec
from ansible_collections.maxops.ops.tests.unit.layout.content import modules

JOBS = {
    "alert": "alert",
    "backup": "back_up",
    "backup_info": "list_backups",
    "cache": "manage_cache",
    "cleanup": "clean_up",
    "diagnose": "diagnose",
    "gitea_admin": "ensure",
    "gitea_user": "run",
    "health_check": "check_health",
    "logs": "collect_logs",
    "metrics": "write_metrics",
    "openproject_user": "run",
    "optimize": "optimize",
    "restart": "restart",
    "restore": "restore",
    "status": "collect_status",
    "verify": "verify",
}
"""Each module that runs on a host, and the function with which its work begins."""

NEEDED: dict[str, dict[str, Any]] = {
    "alert": {"health": {}},
    "gitea_admin": {"name": "a", "email": "a@example.org", "token_file": "/nowhere/token"},
    "gitea_user": {"name": "a", "api_token": "a-long-secret"},
    "logs": {"dest": "/nowhere"},
    "metrics": {"health": {}},
    "openproject_user": {"name": "a", "api_token": "a-long-secret"},
}
"""Options that a module does not start without."""

ANY_NUMBER = {("gitea_user", "max_repo_creation"), ("gitea_user", "source_id"), ("health_check", "controller_time")}
"""Numbers that the application, or the clock, sets limits to."""


class Touched(Exception):
    """Raised when a module starts its work."""


def spec_of(name: str) -> Spec:
    spec: Spec = import_module(f"ansible_collections.maxops.ops.plugins.modules.{name}").SPEC
    return spec


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a module that must end before its work begins; gives its message."""

    def run(name: str, **options: Any) -> str:
        module = import_module(f"ansible_collections.maxops.ops.plugins.modules.{name}")

        def touch(*_arguments: Any, **_options: Any) -> None:
            raise Touched(name)

        monkeypatch.setattr(module, JOBS[name], touch)
        with patch_module_args({**NEEDED.get(name, {}), **options}), pytest.raises(SystemExit):
            module.main()
        result = json.loads(capsys.readouterr().out)
        assert result["failed"] is True
        return str(result["msg"])

    return run


def numbers_of(spec: Spec) -> Iterator[tuple[str, dict[str, Any]]]:
    """Options and suboptions that are numbers, with their types."""
    for name, option in spec.options.items():
        if {option["type"], option.get("elements")} & {"int", "float"}:
            yield name, option
        elif option["type"] == "dict":
            for key, inner in option.get("options", {}).items():
                if inner["type"] in {"int", "float"}:
                    yield f"{name}.{key}", inner


def wrong_numbers(bounds: Bounds, is_float: bool) -> list[float]:
    step = 0.5 if is_float else 1
    wrong: list[float] = [bounds.above] if bounds.above is not None else []
    wrong += [bounds.least - step] if bounds.least is not None else []
    wrong += [bounds.most + step] if bounds.most is not None else []
    return wrong


CASES = [
    (name, option, number)
    for name in JOBS
    for option, kind in numbers_of(spec_of(name))
    if option in spec_of(name).bounds
    for number in wrong_numbers(spec_of(name).bounds[option], "float" in (kind["type"], kind.get("elements")))
]


def test_every_module_on_a_host_is_tested() -> None:
    sources = {name: import_module(f"ansible_collections.maxops.ops.plugins.modules.{name}") for name in modules}
    assert {name for name, module in sources.items() if hasattr(module, "main")} == set(JOBS)
    assert len(CASES) > 60


def test_every_number_has_bounds() -> None:
    numbers = {(name, option) for name in JOBS for option, _kind in numbers_of(spec_of(name))}
    assert {(name, option) for name, option in numbers if option not in spec_of(name).bounds} == ANY_NUMBER


def test_every_bound_is_of_a_number() -> None:
    for name in JOBS:
        assert set(spec_of(name).bounds) - {option for option, _kind in numbers_of(spec_of(name))} == set(), name


@pytest.mark.parametrize(("name", "option", "number"), CASES)
def test_number_out_of_range_is_refused_before_anything_is_changed(
    answer: Any, name: str, option: str, number: float
) -> None:
    bounds = spec_of(name).bounds[option]
    key, _, inner = option.partition(".")
    value: Any = {inner: number} if inner else [number] if spec_of(name).options[key]["type"] == "list" else number
    shown = int(number) if number == int(number) else number
    assert answer(name, **{key: value}) == f"{option} is {shown}; give {bounds.describe()}"


def test_infinite_numbers_are_refused(answer: Any) -> None:
    assert answer("status", timeout="nan") == "timeout is nan; give more than 0 and at most 3600"
    assert answer("optimize", time_limit="inf") == "time_limit is inf; give 0 or more"
    assert not Bounds(least=0).allow(math.nan)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("optimize", {"min_size": "much"}, "write it as in 20M"),
        ("optimize", {"databases": []}, "databases is empty; name some, or leave it out for all"),
        ("cache", {"databases": []}, "such as [1, 2], or leave it out for all"),
        ("cache", {"databases": [1, -1]}, "databases is -1; give 0 or more"),
        ("cleanup", {"only_labels": ["a", " "]}, "only_labels has an empty entry"),
        ("logs", {"limit": "0"}, "limit is 0; give more than 0 and at most 200M"),
        ("logs", {"limit": "1G"}, "limit is 1G; give more than 0 and at most 200M"),
        ("logs", {"limit": "all"}, "limit is not a size"),
        ("verify", {"rehearsal_budget": "all"}, "rehearsal_budget is not a size"),
        ("diagnose", {"ports": ["9000", "70000"]}, 'ports has "70000"'),
        ("health_check", {"gateway_url": "https://a:b@c"}, "gateway_url contains a user name or password"),
        ("metrics", {"path": "/tmp/x"}, "its name has to end with .prom"),
    ],
)
def test_invalid_option_is_refused_with_the_valid_values(
    answer: Any, name: str, options: dict[str, Any], words: str
) -> None:
    assert words in answer(name, **options)


def test_defaults_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}
    for name, job in JOBS.items():
        if name in {"gitea_user", "openproject_user"}:
            continue
        module = import_module(f"ansible_collections.maxops.ops.plugins.modules.{name}")

        def note(*arguments: Any, name: str = name) -> None:
            seen[name] = arguments
            raise Touched(name)

        monkeypatch.setattr(module, job, note)
        with patch_module_args(NEEDED.get(name)), pytest.raises(Touched):
            module.main()
    assert seen["optimize"][0].min_size == 1024 * 1024
    assert seen["cache"][0].name == "maxoperation"
    assert seen["cleanup"][0].unused_days == 30
    assert seen["backup"][0].jobs >= 1
    assert seen["backup_info"][0].retention is None
    assert seen["logs"][0].limit == 20 * 1024 * 1024


def test_check_mode_reaches_every_job_that_changes_something_in_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    only_read = {"backup_info", "diagnose", "logs", "status"}
    for name in set(JOBS) - only_read - {"gitea_user", "openproject_user"}:
        module = import_module(f"ansible_collections.maxops.ops.plugins.modules.{name}")
        given: list[Any] = []

        def note(*arguments: Any, given: list[Any] = given, **options: Any) -> None:
            given.extend(arguments)
            assert options == {}
            raise Touched

        monkeypatch.setattr(module, JOBS[name], note)
        for mode in (True, False):
            given.clear()
            with patch_module_args({**NEEDED.get(name, {}), "_ansible_check_mode": mode}), pytest.raises(Touched):
                module.main()
            assert given[-1] is mode, name
