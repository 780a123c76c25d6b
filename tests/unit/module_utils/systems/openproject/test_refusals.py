# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of OpenProject in both forms."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.refusals import (
    advise,
    errors_of,
    foreign_host,
    is_taken,
    message_of,
)
from ansible_collections.maxops.ops.plugins.module_utils.tools.http.client import ApiError


def test_errors_of_openproject_in_both_forms() -> None:
    urn = "urn:openproject-org:api:v3:errors:"
    one = {
        "errorIdentifier": urn + "PropertyConstraintViolation",
        "message": "Username has already been taken.",
        "_embedded": {"details": {"attribute": "login"}},
    }
    other = {**one, "message": "Email is invalid.", "_embedded": {"details": {"attribute": "email"}}}
    many = {"errorIdentifier": urn + "MultipleErrors", "message": "Several.", "_embedded": {"errors": [one, other]}}
    assert message_of(many) == "Username has already been taken. Email is invalid."
    assert [error[1] for error in errors_of(many)] == ["login", "email"]
    assert is_taken(ApiError("", 422, "", many), "login")
    assert not is_taken(ApiError("", 422, "", other), "login")
    assert message_of(None) == ""


def test_foreign_host_names_the_option_the_variables_and_the_right_address() -> None:
    refused = ApiError("", 400, "Invalid host_name configuration")
    text = advise(refused, "http://127.0.0.1:9000")
    for word in (
        "Invalid host_name configuration", "asked for 127.0.0.1:9000", "OPENPROJECT_HOST__NAME", "api_url",
        "users_openproject_url", "add 127.0.0.1:9000 to OPENPROJECT_ADDITIONAL__HOST__NAMES", "X-Forwarded-Host",
    ):  # fmt: skip
        assert word in text
    known = foreign_host("http://127.0.0.1:9000/op", names=["ops.example.com", "localhost:9000"])
    assert "(http://ops.example.com/op or http://localhost:9000/op)" in known
    assert "asked for ops.test" in advise(refused, "http://172.18.0.3:8080", "ops.test")
    assert "OPENPROJECT_HOST__NAME" not in advise(ApiError("", 400, "Something else"), "http://127.0.0.1:9000")
