# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The column ERRORS follows the level that a program wrote, and its words only where it wrote none."""

from __future__ import annotations

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.logs.level import level_of, looks_like_error

GITEA = "2026/11/30 13:26:49 ...ers/web/auth/auth.go:231:SignInPost()"
POSTGRES = "2026-11-30 13:26:49.123 UTC [34]"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        (f"{GITEA} [I] Failed authentication attempt for x from 172.26.0.1:0: user does not exist", "i"),
        (f"{GITEA} [I] router: completed GET /api/healthz for 172.26.0.1:0, 424 Failed Dependency in 1.2ms", "i"),
        (f"{GITEA} [W] Failed connection from 192.168.128.1:33604 with error: [ssh: no auth]", "w"),
        (f"{POSTGRES} LOG:  checkpoint complete: 3 errors were corrected", "log"),
        (f"{POSTGRES} STATEMENT:  SELECT 1 / 0 AS failed", "statement"),
        (f"{POSTGRES} HINT:  Failed? Use another ERROR: code.", "hint"),
        ("2026/11/30 13:26:49 [warn] 7#7: *1 upstream failed", "warn"),
        ("I, [2026-11-30T13:26:49.123456 #1]  INFO -- : job failed once, retried", "i"),
        ("1:M 30 Nov 2026 13:26:49.123 * Background saving error was solved", "*"),
        ("1:M 30 Nov 2026 13:26:49.123 # WARNING Memory overcommit must be enabled, else saving failed", "warning"),
        ('{"level":"info","ts":1,"msg":"ERROR: failed"}', "info"),
        ('{"msg":"[E] failed","time":1,"level":30}', "30"),
        ('ts=2026-11-30T13:26:49Z caller=x.go:1 level=warn msg="query failed"', "warn"),
        ("[Mon Nov 30 13:26:49 2026] [mpm_event:notice] [pid 1] AH00489: error pages are on", "notice"),
        ("2026-11-30T13:26:49Z 0 [Note] no error", "note"),
        ("I1130 13:26:49.123456 1 main.go:12] failed", "i"),
        ("INFO:module:it failed", "info"),
        ("2026-11-30T13:26:49Z INF Configuration loaded, error pages are on", "inf"),
        ("2026-11-30T13:26:49+09:00 WRN failed once", "wrn"),
    ],
)
def test_level_that_is_no_error_counts_more_than_the_words(text: str, level: str) -> None:
    assert level_of(text) == level
    assert not looks_like_error(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{GITEA} [E] UserSignIn: user's password is invalid",
        f"{GITEA} [C] no words of this kind",
        f"{GITEA} [F] ORM engine initialization",
        f'{POSTGRES} FATAL:  password authentication for user "x"',
        f'{POSTGRES} ERROR:  relation "x" does not exist',
        "2026/11/30 13:26:49 [emerg] 1#1: bind()",
        "E, [2026-11-30T13:26:49.123456 #1] ERROR -- : x",
        '{"level":"error","msg":"x"}',
        '{"level":50,"msg":"x"}',
        "level=fatal msg=x",
        "*** FATAL CONFIG FILE ERROR (Redis 7.0.0) ***",
        "ERROR: no",
        "2026-11-30T13:26:49Z ERR Unable to obtain a certificate",
        "2026-11-30T13:26:49Z FTL no words of this kind",
    ],
)
def test_level_of_an_error_counts(text: str) -> None:
    assert looks_like_error(text)


@pytest.mark.parametrize(
    "text",
    [
        "Connection failed",
        "E Traceback (m",
        "nginx: [emerg] bind()",
        "1:M 30 Nov 2026 13:26:49.123 # Failed opening the RDB file",
        '172.26.0.1 - - [30/Nov/2026:13:26:49 +0000] "GET / HTTP/1.1" 502 157 "-" "curl"',
    ],
)
def test_without_a_level_words_and_the_status_of_a_request_count(text: str) -> None:
    assert looks_like_error(text)


@pytest.mark.parametrize(
    "text",
    [
        "GET /errors/1 200",
        "terror",
        "unfailing",
        "0 warnings",
        "GET /api/healthz: 424 Failed Dependency",
        "417 Expectation Failed",
        '172.26.0.1 - - [30/Nov/2026:13:26:49 +0000] "GET /error HTTP/1.1" 404 157 "-" "curl"',
        '172.26.0.1 - - [30/Nov/2026:13:26:49 +0000] "GET /failed HTTP/1.1" 200 157 "-" "curl"',
    ],
)
def test_similar_word_is_not_an_error(text: str) -> None:
    assert not looks_like_error(text)
