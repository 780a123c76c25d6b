"""Our own list of the answers that OpenProject must give, by version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from standins.tests import openproject_client
from standins.tests.support import Lab

EXPECTED = yaml.safe_load((Path(__file__).parent / "expectations" / "openproject.yaml").read_text(encoding="utf-8"))
URN = "urn:openproject-org:api:v3:errors:"


@pytest.mark.parametrize("version", ["14.6.3", "15.5.1"])
def test_answers(lab: Lab, version: str) -> None:
    openproject = openproject_client.start(lab, version)
    openproject_client.add_content(openproject)
    ids: dict[str, int] = {}
    wrong = []
    for exchange in EXPECTED["exchanges"]:
        wanted = _with_ids(exchange, ids)
        answer = openproject.api(wanted["send"], who=wanted.get("as", "admin"), **_options(wanted))
        body = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
        problems = list(_differences(wanted, answer, body))
        if problems:
            wrong.append(f"{wanted['send']} {wanted.get('body', '')}: {'; '.join(problems)}")
        elif "id" in wanted:
            ids[wanted["id"]] = body["id"]
    assert not wrong, "\n".join(wrong)


def _with_ids(value: Any, ids: dict[str, int]) -> Any:
    text = json.dumps(value)
    for name, number in ids.items():
        text = text.replace(f"{{{name}}}", str(number))
    return json.loads(text)


def _options(exchange: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if "filters" in exchange:
        options["params"] = {"filters": json.dumps(exchange["filters"])}
    if "body" in exchange:
        options["json"] = exchange["body"]
    if "raw" in exchange:
        options["data"] = exchange["raw"]
        kind = exchange.get("type", openproject_client.JSON)
        options["headers"] = {"Content-Type": kind} if kind else {}
    return options


def _differences(wanted: dict[str, Any], answer: Any, body: Any) -> Any:
    if answer.status_code != wanted["status"]:
        yield f"status {answer.status_code} instead of {wanted['status']}, {answer.text}"
        return
    if "fields" in wanted and list(body) != EXPECTED["shapes"][wanted["fields"]]:
        yield f"fields {list(body)}"
    if "error" in wanted and (body["_type"], body["errorIdentifier"]) != ("Error", URN + wanted["error"]):
        yield f"error {body['errorIdentifier']} instead of {wanted['error']}"
    if "attribute" in wanted and body["_embedded"]["details"]["attribute"] != wanted["attribute"]:
        yield f"attribute {body['_embedded']['details']} instead of {wanted['attribute']}"
    if "attributes" in wanted:
        found = [error["_embedded"]["details"]["attribute"] for error in body["_embedded"]["errors"]]
        if found != wanted["attributes"]:
            yield f"attributes {found} instead of {wanted['attributes']}"
    if "message" in wanted and body["message"] != wanted["message"]:
        yield f"message {body['message']!r} instead of {wanted['message']!r}"
    for name, value in wanted.get("values", {}).items():
        if body[name] != value:
            yield f"{name} {body[name]!r} instead of {value!r}"
    if "text" in wanted and answer.text != wanted["text"]:
        yield f"text {answer.text!r} instead of {wanted['text']!r}"
