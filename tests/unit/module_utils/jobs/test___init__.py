# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python that is too old for the collection: one sentence in place of a syntax error."""

from __future__ import annotations

import ast
import json
import sys

import pytest

from ansible_collections.maxops.ops.tests.unit.checkout import ROOT

PACKAGE = ROOT / "plugins" / "module_utils" / "jobs" / "__init__.py"


def load() -> None:
    exec(compile(PACKAGE.read_text(encoding="utf-8"), str(PACKAGE), "exec"), {})


def test_python_3_8_gets_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 8, 20, "final", 0))
    monkeypatch.setattr(sys, "version", "3.8.20 (default, Oct  2 2024)")
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    with pytest.raises(SystemExit) as ended:
        load()
    assert ended.value.code == 1
    assert json.loads(capsys.readouterr().out) == {
        "failed": True,
        "msg": "maxops.ops needs Python 3.9 or later on the managed host, and /usr/bin/python3 is 3.8.20: install a "
        "newer one, and set ansible_python_interpreter to its path",
    }


def test_python_3_9_gets_none(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 0, "final", 0))
    load()
    assert capsys.readouterr().out == ""


def test_the_sentence_itself_is_readable_for_an_old_python() -> None:
    ast.parse(PACKAGE.read_text(encoding="utf-8"), feature_version=(3, 7))
