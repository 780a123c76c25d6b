# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that may be in logs, environments and settings, and words that only look like one."""

from __future__ import annotations

import time

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.tools.masking import (
    Mask,
    is_secret_name,
    read_environment,
    secrets_of,
)


@pytest.mark.parametrize(
    "name",
    [
        "POSTGRES_PASSWORD",
        "GITEA__database__PASSWD",
        "SECRET_KEY_BASE",
        "GITEA__security__INTERNAL_TOKEN",
        "REDISCLI_AUTH",
    ],
)
def test_names_of_secrets_are_recognised(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["POSTGRES_USER", "PGDATA", "GITEA__database__HOST", "KEYBOARD", "AUTHOR"])
def test_other_names_are_not_secrets(name: str) -> None:
    assert not is_secret_name(name)


def test_secrets_of_an_environment_are_its_passwords_and_those_in_urls() -> None:
    environment = {
        "DATABASE_URL": "postgres://maxops:a%40b-cd@postgres:5432/openproject",
        "REDIS_PASSWORD": "hush-hush",
        "POSTGRES_PASSWORD_FILE": "/run/secrets/postgres",
        "PGUSER": "maxops",
        "MYSQL_PASSWORD": "abc",
    }
    assert secrets_of(environment) == {"a%40b-cd", "a@b-cd", "hush-hush"}


@pytest.mark.parametrize("broken", ["http://[::1", "postgres://a:b@c:port/"])
def test_invalid_url_does_not_raise(broken: str) -> None:
    assert secrets_of({"URL": broken}) in (set(), {"b"})


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("login with hush-hush failed", "login with *** failed"),
        ("login with hush-hush-2 failed", "login with *** failed"),
        ("postgres://maxops:x1@postgres/openproject", "postgres://maxops:***@postgres/openproject"),
        ("redis://:p@ss@redis:6379/1", "redis://:***@redis:6379/1"),
        ("password=geheim user=maxops", "password=*** user=maxops"),
        ('{"api_key": "k1", "name": "x"}', '{"api_key": ***, "name": "x"}'),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
        ("Authorization: Basic dXNlcjpwYXNz, next", "Authorization: Basic ***, next"),
        ('"authorization"=>"token abc123"', '"authorization"=>"token ***"'),
        ("curl -H 'Authorization: token abc' x", "curl -H 'Authorization: token ***' x"),
        ('Authorization: Digest username="u", response="r"', "Authorization: Digest ***"),
        ("Set-Cookie: session=abc; Path=/", "Set-Cookie: ***"),
        ("GET /x?token=abc&page=2", "GET /x?token=***&page=2"),
        ('{\\"password\\":\\"x y\\",\\"a\\":1}', '{\\"password\\":***,\\"a\\":1}'),
        ("ALTER ROLE maxops PASSWORD 'it''s'", "ALTER ROLE maxops PASSWORD ***"),
        ("gitea admin user create --password abc --email e", "gitea admin user create --password *** --email e"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmVk", "got ***"),
        ("SECRET_KEY_BASE=0123abcd", "SECRET_KEY_BASE=***"),
        ("using basic authentication", "using basic authentication"),
        ("the token expired yesterday", "the token expired yesterday"),
        ("std::secret::Type", "std::secret::Type"),
        ("commit 0123456789abcdef0123456789abcdef01234567", "commit 0123456789abcdef0123456789abcdef01234567"),
        ("a b/c", "a b/c"),
    ],
)
def test_secrets_are_masked_in_a_text(text: str, masked: str) -> None:
    assert Mask({"hush-hush", "hush-hush-2"})(text) == masked


@pytest.mark.parametrize(
    "written", ["a%2Fb%20c%27%22%24", "a/b c'\"$", "a/b c''\"$", "a/b c'\\\"$", "a/b c'\"$$", "a%2Fb+c%27%22%24"]
)
def test_secret_is_masked_as_url_json_sql_and_compose_write_it(written: str) -> None:
    assert Mask({"a/b c'\"$"})(f"connect to {written}.") in {"connect to ***.", "connect to ***$."}


def test_value_that_could_be_anything_is_not_a_secret() -> None:
    assert secrets_of({"TOKEN_ENABLED": "enabled", "A_PASSWORD": "true", "B_TOKEN": "3600", "C_KEY": "    "}) == set()


def test_environment_file_is_read_as_compose_reads_it() -> None:
    text = (
        '# PASSWORD=no\n\nexport A=plain # comment\nB = \'single # quoted\' # c\nC="double \\" \\$x"\nD=with=equals#x\n'
        "no assignment\nE=\n"
    )
    assert read_environment(text) == {
        "A": "plain",
        "B": "single # quoted",
        "C": 'double " $x',
        "D": "with=equals#x",
        "E": "",
    }


def test_text_without_secrets_is_unchanged() -> None:
    text = 'FATAL:  password authentication failed for user "maxops"'
    assert Mask()(text) == text


@pytest.mark.parametrize(
    "piece", ["a.", "--a", "eyJ-", "a://b:", "token", "token=", "--token ", "authorization: ", "cookie"]
)
def test_line_made_to_be_slow_is_masked_quickly(piece: str) -> None:
    started = time.monotonic()
    Mask({"hush-hush"})((piece * 64_000)[:64_000] + " secret")
    # Measured: 0.5 s for the worst of them; without bounds it would be minutes.
    assert time.monotonic() - started < 10
