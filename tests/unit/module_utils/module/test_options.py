# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of option specs and their bounds, and that each part matches its documentation fragment."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
import yaml

from ansible_collections.maxops.ops.plugins.module_utils.module import options
from ansible_collections.maxops.ops.plugins.module_utils.module.options import Bounds, Spec, policy_of, workers_of
from ansible_collections.maxops.ops.plugins.module_utils.module.users import TOKEN, api_spec, users_spec
from ansible_collections.maxops.ops.tests.unit.checkout import ROOT
from ansible_collections.maxops.ops.tests.unit.layout.content import modules

PARTS: dict[str, Spec] = {
    "api": Spec({name: option for name, option in api_spec().options.items() if name != "api_url"}),
    "repository": options.REPOSITORY,
    "repository.retention": options.RETENTION,
    "stack": options.DAEMON,
    "stack.cache": options.CACHE,
    "stack.database": options.DATABASE,
    "stack.docker": Spec({}),
    "stack.project": options.PROJECT,
    "users": Spec({name: users_spec({}).options[name] for name in ("prune", "prune_exclude")}),
    "work": options.JOBS,
    "work.ionice": options.IONICE,
    "work.nice": options.NICE,
    "work.progress": options.PROGRESS,
    "work.space": options.SPACE_CHECK,
}
"""Each documentation fragment with options, and the part of the spec that it documents."""

OF_ITS_OWN = {"timeout"}
"""A name that modules without an API use for something else."""


@pytest.mark.parametrize(
    ("bounds", "words", "good", "bad"),
    [
        (Bounds(least=0), "0 or more", [0, 0.5, 10**9], [-1, -0.1]),
        (Bounds(least=0, most=19), "0 to 19", [0, 19], [-1, 20]),
        (Bounds(above=0), "more than 0", [0.1, 1], [0, -1]),
        (Bounds(above=0, most=3600), "more than 0 and at most 3600", [0.1, 3600.0], [0, 3600.5]),
    ],
)
def test_bounds_say_in_words_what_they_allow(bounds: Bounds, words: str, good: list[float], bad: list[float]) -> None:
    assert bounds.describe() == words
    assert [number for number in good if not bounds.allow(number)] == []
    assert [number for number in [*bad, float("inf"), float("nan")] if bounds.allow(number)] == []


def test_parts_are_added_with_their_bounds_and_an_option_is_in_one_part_only() -> None:
    joined = options.JOBS + options.NICE
    assert list(joined.options) == list(joined.bounds) == ["jobs", "nice"]
    with pytest.raises(ValueError, match="in both parts: jobs"):
        _ = joined + options.JOBS


def test_workers_are_the_processors_unless_a_number_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: {0, 1, 2})
    assert (workers_of({"jobs": None}), workers_of({"jobs": 5})) == (3, 5)


def test_rules_that_are_not_given_keep_nothing() -> None:
    policy = policy_of({"retention": {"daily": 7, "weekly": None}})
    assert policy
    assert (policy.keep_last, policy.daily, policy.weekly) == (0, 7, 0)
    assert policy_of({"retention": None}) is None


# -- documentation ------------------------------------------------------------------------------------------------


def documented(name: str) -> dict[str, Any]:
    """A documentation fragment's content."""
    file, _, part = name.partition(".")
    fragment = import_module(f"ansible_collections.maxops.ops.plugins.doc_fragments.{file}").ModuleDocFragment
    return dict(yaml.safe_load(getattr(fragment, part.upper() or "DOCUMENTATION")))


def documentation_of(module: str) -> dict[str, Any]:
    """A module's own documentation, without its fragments."""
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text.split('DOCUMENTATION = r"""', 1)[1].split('\n"""', 1)[0]))


def fragments_of(module: str) -> list[str]:
    names = documentation_of(module)["extends_documentation_fragment"]
    return [name.removeprefix("maxops.ops.") for name in names if not name.startswith("maxops.ops.attributes")]


def test_every_fragment_has_its_part() -> None:
    fragments = set()
    for path in (ROOT / "plugins" / "doc_fragments").glob("*.py"):
        if path.stem != "attributes":
            fragment = import_module(f"ansible_collections.maxops.ops.plugins.doc_fragments.{path.stem}")
            for part in vars(fragment.ModuleDocFragment):
                if part.isupper():
                    fragments.add(path.stem if part == "DOCUMENTATION" else f"{path.stem}.{part.lower()}")
    assert fragments == set(PARTS)


@pytest.mark.parametrize("name", PARTS)
def test_fragment_documents_the_options_of_its_part(name: str) -> None:
    actual = documented(name)["options"]
    assert set(actual) == set(PARTS[name].options)
    for option, spec in PARTS[name].options.items():
        for key in ("type", "default", "choices", "elements"):
            assert actual[option].get(key) == spec.get(key), (option, key)


@pytest.mark.parametrize("module", modules)
def test_option_of_a_fragment_is_documented_only_there(module: str) -> None:
    shared = {option for part in PARTS.values() for option in part.options}
    assert (set(documentation_of(module).get("options", {})) & shared) - OF_ITS_OWN == set()


@pytest.mark.parametrize("module", modules)
def test_module_extends_only_the_fragments_of_its_options(module: str) -> None:
    source = import_module(f"ansible_collections.maxops.ops.plugins.modules.{module}")
    taken = set(source.SPEC.options) if hasattr(source, "SPEC") else set()
    own = set(documentation_of(module).get("options", {}))
    extended = {option for name in fragments_of(module) for option in PARTS[name].options}
    if hasattr(source, "SPEC"):
        assert own | extended == taken
    else:
        assert extended == set()
    assert TOKEN.options.keys() & extended == set()
