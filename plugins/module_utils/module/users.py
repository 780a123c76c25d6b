# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options, people and results of the modules for users."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, Callable

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.address import Address, find_address
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.job import Options, Report, synchronise
from ansible_collections.maxops.ops.plugins.module_utils.jobs.users.plan import Person, System
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import Client, Endpoint
from ansible_collections.maxops.ops.plugins.module_utils.tools.process import Cancellation

from .frame import end, fail, report_failures
from .options import NOT_NEGATIVE, ONE_OR_MORE, Spec, access_of

AFTER_STOP = "what was done stays done, run this again for the rest"
SHOWN_FAILURES = 5


TOKEN = Spec(
    {
        "api_token": {"type": "str", "no_log": True},
        "api_token_file": {"type": "path", "no_log": False},
    }
)
"""A token, or the file that holds it."""


def api_spec() -> Spec:
    """The options of the documentation fragment ``maxops.ops.api``."""
    return Spec(
        {
            "api_url": {"type": "str"},
            "fallback_url": {"type": "str"},
            "validate_certs": {"type": "bool", "default": True},
            "ca_file": {"type": "path"},
            "proxy": {"type": "str"},
            "timeout": {"type": "int", "default": 30},
            "retries": {"type": "int", "default": 4},
            "concurrency": {"type": "int", "default": 8},
        },
        {"timeout": ONE_OR_MORE, "retries": NOT_NEGATIVE, "concurrency": ONE_OR_MORE},
    )


def users_spec(user_options: Mapping[str, dict[str, Any]]) -> Spec:
    """One user's options, the same for each entry of ``users``, and the options for accounts that are not listed."""
    state = {"type": "str", "choices": ["present", "locked", "absent"]}
    return Spec(
        {
            "name": {"type": "str"},
            "state": {**state, "default": "present"},
            **user_options,
            "users": {
                "type": "list",
                "elements": "dict",
                "options": {"name": {"type": "str", "required": True}, "state": state, **user_options},
            },
            "prune": {"type": "str", "choices": ["none", "report", "lock"], "default": "none"},
            "prune_exclude": {"type": "list", "elements": "str", "default": []},
        }
    )


def token_of(module: AnsibleModule) -> str | None:
    """The token, or the content of the token file; None where a password was given instead."""
    path = module.params["api_token_file"]
    if path is None:
        given: str | None = module.params["api_token"]
        return given
    try:
        with open(path, encoding="utf-8") as stream:
            token = stream.read().strip()
    except OSError as error:
        fail(module, f"api_token_file {path} cannot be read on the host: {error.strerror}")
    if not token:
        fail(module, f"api_token_file {path} is empty")
    module.no_log_values.add(token)
    return token


def endpoint_of(module: AnsibleModule, authorization: str, application: str) -> Endpoint:
    """The endpoint of the API, from the options. Without ``api_url``, the application is found through Docker.

    Raises MaxopsError where it is not found.
    """
    options = module.params
    address = Address(options["api_url"] or "")
    if not address.url:
        address = find_address(application, access_of(options), options["fallback_url"] or "")
    return Endpoint(
        url=address.url,
        authorization=authorization,
        headers=address.headers,
        direct=address.direct,
        **{name: options[name] for name in ("validate_certs", "ca_file", "proxy", "timeout", "retries", "concurrency")},
    )


def people_of(module: AnsibleModule, user_options: Iterable[str]) -> list[Person]:
    """The people of the task. Options beside ``users`` are the defaults of its entries.

    The entries are removed from the module's parameters here, passwords included: Ansible searches the whole result for
    each known secret, which for ten thousand users is more work than all the rest.
    """
    given = {name: module.params[name] for name in ("state", *user_options) if module.params.get(name) is not None}
    entries = module.params["users"]
    if entries is None:
        return [Person(module.params["name"], given)]
    module.params["users"] = f"{len(entries)} users"
    kept = {module.params.get(name) for name in ("api_token", "api_password", "password")}
    people = []
    while entries:
        entry = entries.pop()
        if entry.get("password") not in kept:
            module.no_log_values.discard(entry["password"])
        name = entry.pop("name")
        people.append(Person(name, {**given, **{key: value for key, value in entry.items() if value is not None}}))
    people.reverse()
    return people


def options_of(module: AnsibleModule) -> Options:
    """How the list is applied."""
    return Options(
        workers=module.params["concurrency"],
        prune=module.params["prune"],
        prune_exclude=module.params["prune_exclude"],
        progress_file=module.params["progress_file"],
        details=module._diff,
    )


def run(
    module: AnsibleModule, people: list[Person], connect: Callable[[Cancellation], tuple[Client, str, System]]
) -> None:
    """Synchronise, and end the module with the results. ``connect`` returns client, version and system."""
    started = time.monotonic()
    with report_failures(module, AFTER_STOP):
        cancellation = Cancellation()
        client, version, system = connect(cancellation)
        report = synchronise(system, people, options_of(module), module.check_mode, cancellation)
    # The result needs the memory of ten thousand people and accounts.
    people.clear()
    del system
    failure = _failure(report) if report.stopped or report.failures else None
    result: dict[str, Any] = {
        "version": version,
        "requests": client.sent,
        "duration": round(time.monotonic() - started, 2),
    }
    if module._diff:
        result["diff"] = diff_of(report)
    result.update(result_of(report))
    end(module, result, failure)


def result_of(report: Report) -> dict[str, Any]:
    """The module's result. The report is empty afterwards."""
    result: dict[str, Any] = {
        "changed": any(outcome.has_changed for outcome in report.outcomes),
        "counts": report.counts(),
        "unlisted": report.unlisted,
        "tokens": [secret for outcome in report.outcomes for secret in outcome.secrets],
        "unchanged": [outcome.name for outcome in report.outcomes if outcome.is_uneventful],
        "users": [],
    }
    report.outcomes.reverse()
    while report.outcomes:
        outcome = report.outcomes.pop()
        if not outcome.is_uneventful:
            result["users"].append(outcome.shown())
    return result


def diff_of(report: Report) -> dict[str, Any]:
    """All changes with before and after, by user."""
    sides: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
    for outcome in report.outcomes:
        changes = {**outcome.made, **outcome.changes}
        if changes:
            for index, side in enumerate(sides):
                side[outcome.name] = {key: pair[index] for key, pair in changes.items()}
    return {"before": sides[0], "after": sides[1]}


def _failure(report: Report) -> str:
    failures = report.failures
    texts = [f"{outcome.name}: {outcome.error}" for outcome in failures[:SHOWN_FAILURES]]
    if len(failures) > SHOWN_FAILURES:
        texts.append(f"and {len(failures) - SHOWN_FAILURES} more, each with its cause in the result's users")
    counted = f"{len(failures)} of {len(report.outcomes)} users failed"
    return "; ".join([*([report.stopped] if report.stopped else []), counted + ": " + "; ".join(texts)])
