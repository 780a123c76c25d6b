# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""INI files in all forms that Gitea reads, and those that it refuses."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.systems.gitea.ini import IniError, parse_ini


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("KEY = plain", "plain"),
        ("KEY=a=b:c", "a=b:c"),
        ("KEY: with a colon", "with a colon"),
        ("  KEY  =  spaces around  ", "spaces around"),
        ("KEY =", ""),
        ("`KEY` = x", "x"),
        ('"""KEY""" : x', "x"),
        ("KEY = value ; a comment", "value"),
        ("KEY = value # a comment", "value"),
        ("KEY = a;b", "a"),
        ("KEY = `a;b#c`", "a;b#c"),
        ("KEY = `a;b` ; a comment", "a;b"),
        ('KEY = "  a "', "  a "),
        ("KEY = ' a'", " a"),
        ('KEY = a"b"', 'a"b"'),
        ('KEY = "a"b"', '"a"b"'),
        ('KEY = """a`b"""', "a`b"),
        ('KEY = """first\n  second\n[third]"""', "first\n  second\n[third]"),
        ("KEY = `first\nsecond`", "first\nsecond"),
        ("KEY = ends with \\\nOTHER = y", "ends with \\"),
        ("KEY = old\nKEY = new", "new"),
        ("KEY = %(DOMAIN)s", "%(DOMAIN)s"),
    ],
)
def test_value_is_read_as_gitea_reads_it(line: str, value: str) -> None:
    assert parse_ini(f"; comment\n[database]\n# comment\n\n{line}\n")["database"]["KEY"] == value


def test_sections_and_what_comes_before_them() -> None:
    text = "\ufeffAPP_NAME = x\r\n[log.console] ; comment\r\nLEVEL = Info\r\n[DEFAULT]\nRUN_MODE = prod\n[empty]\n"
    assert parse_ini(text) == {
        "": {"APP_NAME": "x", "RUN_MODE": "prod"},
        "log.console": {"LEVEL": "Info"},
        "empty": {},
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[database]\nPASSWD hush-hush\n", 2),
        ("[database\nKEY = x\n", 1),
        ("\n = hush-hush\n", 2),
        ('\n"KEY = hush-hush\n', 2),
        ("KEY = `hush-hush\nNEXT = x\n", 1),
        ('A = b\nKEY = """hush-hush\n', 2),
    ],
)
def test_error_names_the_line_without_its_content(text: str, line: int) -> None:
    with pytest.raises(IniError, match=f"line {line}: ") as caught:
        parse_ini(text)
    assert caught.value.line == line
    assert "hush" not in str(caught.value)
