# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No dataclass shows a secret in its repr: tracebacks and logs contain reprs."""

from __future__ import annotations

import dataclasses
import importlib
import re
from typing import Any

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.imports import PACKAGE, names_of

SECRET = "s3cret-of-the-test"
SECRET_FIELD = re.compile(r"(?:^|_)(?:password|passwords|passwd|secret|token|credentials|environment|ping_url)$")


def classes() -> dict[str, type]:
    """All dataclasses of module_utils, by file and name."""
    dataclasses_by_name = {}
    for name in names_of(ROOT / "plugins" / "module_utils"):
        module = importlib.import_module(f"{PACKAGE}.{name}")
        for label, value in vars(module).items():
            if dataclasses.is_dataclass(value) and isinstance(value, type) and value.__module__ == module.__name__:
                dataclasses_by_name[f"{name}.{label}"] = value
    return dataclasses_by_name


CLASSES = classes()
OPTIONS = {name: cls for name, cls in CLASSES.items() if name.startswith("jobs.") and name.endswith("Options")}


def filled(cls: type, depth: int = 4) -> Any:
    """An instance with a secret in each field for secrets, also in the fields of dataclasses inside it."""
    instance = object.__new__(cls)
    for field in dataclasses.fields(cls):
        value: Any = None
        inner = next(
            (other for name, other in CLASSES.items() if _last(name) in re.findall(r"\w+", str(field.type))), None
        )
        if SECRET_FIELD.search(field.name):
            value = SECRET
        elif inner and depth:
            value = filled(inner, depth - 1)
        object.__setattr__(instance, field.name, value)
    return instance


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def holds(instance: Any) -> bool:
    values = [getattr(instance, field.name) for field in dataclasses.fields(instance)]
    return any(value == SECRET or (dataclasses.is_dataclass(value) and holds(value)) for value in values)


def test_options_of_all_jobs_are_checked() -> None:
    assert len(CLASSES) > 80
    assert len(OPTIONS) >= 13
    assert sum(holds(filled(cls)) for cls in OPTIONS.values()) >= 12


@pytest.mark.parametrize("name", [name for name, cls in CLASSES.items() if holds(filled(cls))])
def test_secret_is_not_in_the_repr(name: str) -> None:
    instance = filled(CLASSES[name])
    assert SECRET not in repr(instance)
    assert SECRET not in str(instance)
