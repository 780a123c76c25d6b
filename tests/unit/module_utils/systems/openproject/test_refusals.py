# Copyright: (c) 2026, The MaxOps Ops founders
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors of OpenProject in both forms."""

from __future__ import annotations

from ansible_collections.maxops.ops.plugins.module_utils.systems.openproject.refusals import (
    errors_of,
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
