"""Our own list of the answers that Gitea must give, by version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from standins.tests import gitea_client
from standins.tests.support import Lab

EXPECTED = yaml.safe_load((Path(__file__).parent / "expectations" / "gitea.yaml").read_text(encoding="utf-8"))
VERSIONS = ["1.21.11", "1.22.6", "1.25.4"]


def of_version(value: Any, version: str) -> Any:
    """A map of versions gives the value of the newest that is not newer than this one."""
    if not isinstance(value, dict) or not value or not all(key[:2] == "1." for key in value):
        return value
    fitting = [key for key in value if [*map(int, key.split("."))] <= [*map(int, version.split("."))]]
    return value[max(fitting, key=lambda key: [*map(int, key.split("."))])]


@pytest.mark.parametrize("version", VERSIONS)
def test_answers(lab: Lab, version: str) -> None:
    gitea = gitea_client.start(lab, version)
    saved: dict[str, str] = {}
    wrong = []
    for exchange in EXPECTED["exchanges"]:
        who = exchange.get("as", "admin")
        if who.startswith("saved "):
            who = "token:" + saved[who.removeprefix("saved ")]
        answer = gitea.api(exchange["send"], exchange.get("body"), who=who)
        body = answer.json() if answer.content else None
        if "save" in exchange:
            saved[exchange["save"]] = body["sha1"]
        wanted = {key: of_version(value, version) for key, value in exchange.items()}
        problems = list(_differences(wanted, answer, body, version))
        if problems:
            wrong.append(f"{exchange['send']} {exchange.get('body', '')}: {'; '.join(problems)}")
    assert not wrong, "\n".join(wrong)


def _differences(wanted: dict[str, Any], answer: Any, body: Any, version: str) -> Any:
    if answer.status_code != wanted["status"]:
        yield f"status {answer.status_code} instead of {wanted['status']}, {answer.text}"
        return
    if "message" in wanted and body["message"] != wanted["message"]:
        yield f"message {body['message']!r} instead of {wanted['message']!r}"
    for key in ("fields", "list"):
        if key in wanted:
            shape = wanted[key]
            fields = of_version(EXPECTED["shapes"][shape], version) if isinstance(shape, str) else shape
            found = list((body if key == "fields" else body[0]).keys())
            if found != fields:
                yield f"fields {found} instead of {fields}"
    for name, value in wanted.get("values", {}).items():
        expected = of_version(value, version)
        if body[name] != expected:
            yield f"{name} {body[name]!r} instead of {expected!r}"
    if wanted.get("empty") and body != []:
        yield f"{body} instead of an empty list"
    if "total" in wanted and answer.headers.get("X-Total-Count") != str(wanted["total"]):
        yield f"X-Total-Count {answer.headers.get('X-Total-Count')}"
    if {"list", "empty"} & wanted.keys() and sorted(answer.links) != sorted(wanted.get("link", [])):
        yield f"links {sorted(answer.links)}"
