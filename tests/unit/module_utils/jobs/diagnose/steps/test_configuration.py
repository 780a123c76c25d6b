# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables that differ between the Compose files and a container, and Gitea's app.ini."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.cause import CERTAIN, LIKELY, POSSIBLE, Cause
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps import configuration
from ansible_collections.maxops.ops.plugins.module_utils.jobs.diagnose.steps.configuration import (
    check_configuration,
    differing,
    variables_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.systems.docker.compose import ComposeRefusal
from ansible_collections.maxops.ops.tests.unit.diagnoses import inspection, view_of
from ansible_collections.maxops.ops.tests.unit.stacks import CONFIG_FILES, WORKING_DIR, bind


def test_keys_that_differ_are_named_without_their_values() -> None:
    wanted = {"SAME": "1", "OTHER": "new-secret", "MISSING": "x"}
    actual = {"SAME": "1", "OTHER": "old-secret", "OF_THE_IMAGE": "y"}
    assert differing(wanted, actual) == [("MISSING", "missing"), ("OTHER", "other")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("${HTTPS:-true}", ["HTTPS"]),
        ("$A and ${B} and $A", ["A", "B"]),
        ("a$$b", []),
        ("$$$A", ["A"]),
        ("$${A}", []),
        ("100 $", []),
        ("plain", []),
    ],
)
def test_variables_in_a_value(text: str, names: list[str]) -> None:
    assert variables_of([text]) == names


def causes(
    monkeypatch: pytest.MonkeyPatch, folder: Path, model: Any, written: Any, **facts: Any
) -> tuple[list[Cause], list[str]]:
    """Causes and what is unknown, for a service ``web`` and what Compose makes of the files."""
    file = folder / "compose.yml"

    def compose_config(_stack: object, interpolate: bool = True) -> Any:
        answer = model if interpolate else written
        if isinstance(answer, Exception):
            raise answer
        return {"services": {"web": {"environment": answer}}}

    monkeypatch.setattr(configuration, "compose_config", compose_config)
    labels = {WORKING_DIR: str(folder), CONFIG_FILES: str(file)}
    result = check_configuration(view_of(inspection("web", labels=labels, **facts)))
    return result.causes, result.unknown


def test_value_that_may_come_from_a_shell_is_possible_and_the_command_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "compose.yml").touch()
    running = {"environment": {"OPENPROJECT_HTTPS": "false", "SAME": "1"}, "health": "unhealthy"}
    model = {"OPENPROJECT_HTTPS": "true", "SAME": "1"}
    [cause], _unknown = causes(monkeypatch, tmp_path, model, ["OPENPROJECT_HTTPS=${HTTPS:-true}", "SAME=1"], **running)
    assert (cause.check, cause.likelihood) == ("configuration_differs", POSSIBLE)
    assert cause.evidence == ("OPENPROJECT_HTTPS: another value (***)",)
    assert cause.fix == (
        f"docker compose --project-name shop --project-directory {tmp_path} --file {tmp_path}/compose.yml up --detach "
        "web; it takes the values of the files: where HTTPS came from the shell of whoever started the stack, write "
        f"that into {tmp_path}/.env first"
    )


@pytest.mark.parametrize("written", [{"KEY": "new"}, {"KEY": "n$$ew"}, ComposeRefusal("no")])
def test_value_of_the_file_itself_is_likely_for_a_service_that_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: Any
) -> None:
    (tmp_path / "compose.yml").touch()
    facts = {"environment": {"KEY": "old"}, "health": "unhealthy"}
    [cause], _unknown = causes(monkeypatch, tmp_path, {"KEY": "new"}, written, **facts)
    assert cause.likelihood == LIKELY
    assert cause.fix.endswith("up --detach web")
    [cause], _unknown = causes(monkeypatch, tmp_path, {"KEY": "new"}, written, environment={"KEY": "old"})
    assert cause.likelihood == POSSIBLE


def test_right_values_are_no_cause(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "compose.yml").touch()
    environment = {"KEY": "a$b", "OF_IMAGE": "x"}
    assert causes(monkeypatch, tmp_path, {"KEY": "a$b"}, {}, environment=environment) == ([], [])


def test_files_that_are_not_on_this_host_are_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, unknown = causes(monkeypatch, tmp_path, {}, {})
    assert found == []
    assert f"the Compose file {tmp_path}/compose.yml is not on this host" in unknown[0]


def gitea(monkeypatch: pytest.MonkeyPatch, folder: Path, ini: str, environment: dict[str, str], **facts: Any) -> Any:
    """The causes for a Gitea with this app.ini below a folder of the host, as in its own documentation."""
    monkeypatch.setattr(configuration, "compose_config", lambda *_words, **_options: {"services": {}})
    (folder / "gitea" / "conf").mkdir(parents=True)
    (folder / "gitea" / "conf" / "app.ini").write_text(ini, encoding="utf-8")
    return check_configuration(
        view_of(inspection("server", bind(str(folder), "/data", True), environment=environment, **facts))
    ).causes


INI = """APP_NAME: Gitea ; a comment
[database]
PASSWD = `a;b`
[log.console]
LEVEL = Info # as in the documentation
[mailer]
PASSWD = \"\"\"a`b\"\"\"
FROM = "  a "
"""


def test_right_settings_of_gitea_in_all_spellings_are_no_cause(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment = {
        "GITEA____APP_NAME": "Gitea",
        "GITEA__DATABASE__PASSWD": "a;b",
        "GITEA__LOG_0x2E_CONSOLE__LEVEL": "Info",
        "FORGEJO__mailer__PASSWD": "a`b",
        "GITEA__mailer__FROM": "  a ",
        "GITEA__security__SECRET_KEY__FILE": "/run/secrets/key",
        "DB_PASSWD": "of the first start",
    }
    assert gitea(monkeypatch, tmp_path, INI, environment) == []


def test_setting_of_gitea_that_differs_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    [cause] = gitea(monkeypatch, tmp_path, INI, {"GITEA__DATABASE__PASSWD": "hush"})
    assert (cause.check, cause.likelihood) == ("configuration_differs", POSSIBLE)
    assert cause.evidence[0] == "[database] PASSWD: another value (***)"
    assert "hush" not in str(cause)


def test_line_that_gitea_cannot_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment = {"GITEA__DATABASE__PASSWD": "x"}
    [cause] = gitea(monkeypatch, tmp_path, "[database]\nPASSWD hush\n", environment)
    assert (cause.check, cause.likelihood) == ("configuration_unreadable", CERTAIN)
    assert "/data/gitea/conf/app.ini: see line 2 (no = between a key and its value)" in cause.seen
    assert "hush" not in str(cause)
