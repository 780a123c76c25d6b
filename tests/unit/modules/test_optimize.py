# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and lists that make no sense are refused before anything is looked at."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.modules import cache, cleanup, optimize


class Refused(Exception):
    """What a module says when it fails."""


class Asked:
    """A module that was given some options beside its defaults."""

    def __init__(self, spec, **options):
        self.params = {**{name: option.get("default") for name, option in spec.items()}, **options}

    def fail_json(self, msg):
        raise Refused(msg)


@pytest.mark.parametrize(
    ("module", "options", "words"),
    [
        (optimize, {"dead_rows": -1}, "dead_rows is -1; give 0 or more"),
        (optimize, {"time_limit": -0.5}, "time_limit is -0.5; give 0 or more"),
        (optimize, {"cost_delay": 101.0}, "PostgreSQL takes up to 100 ms"),
        (optimize, {"min_size": "much"}, "write it as in 10M"),
        (optimize, {"databases": []}, "databases is empty; name some, or leave it out for all"),
        (cache, {"sample": -1}, "sample is -1; give 0 or more"),
        (cache, {"databases": []}, "such as [1, 2], or leave it out for all"),
        (cache, {"databases": [1, -1]}, "databases is [1, -1]"),
        (cleanup, {"unused_days": -2.0}, "unused_days is -2; give 0 or more"),
        (cleanup, {"only_labels": ["a", " "]}, "only_labels has an empty entry"),
    ],
)
def test_option_that_makes_no_sense_is_refused_with_what_to_give(module, options, words):
    with pytest.raises(Refused) as caught:
        module.read_options(Asked(module.argument_spec(), **options))
    assert words in str(caught.value)


def test_defaults_are_taken():
    assert optimize.read_options(Asked(optimize.argument_spec())).min_size == 1024 * 1024
    assert cache.read_options(Asked(cache.argument_spec())).name == "maxoperation"
    assert cleanup.read_options(Asked(cleanup.argument_spec())).unused_days == 30
