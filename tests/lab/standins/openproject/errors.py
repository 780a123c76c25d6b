"""Errors in the API's own form."""

from __future__ import annotations

from typing import Any

URN = "urn:openproject-org:api:v3:errors:"
FORBIDDEN = "You are not authorized to access this resource."


class ApiError(Exception):
    def __init__(self, status: int, identifier: str, message: str, attribute: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.identifier = identifier
        self.message = message
        self.attribute = attribute
        self.errors: list[ApiError] = []

    def body(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "_type": "Error",
            "errorIdentifier": URN + self.identifier,
            "message": self.message,
        }
        if self.errors:
            shown["_embedded"] = {"errors": [error.body() for error in self.errors]}
        elif self.attribute:
            shown["_embedded"] = {"details": {"attribute": self.attribute}}
        return shown


def unauthenticated(message: str = "You need to be authenticated to access this resource.") -> ApiError:
    return ApiError(401, "Unauthenticated", message)


def missing_permission() -> ApiError:
    return ApiError(403, "MissingPermission", FORBIDDEN)


def not_found(message: str = "The requested resource could not be found.") -> ApiError:
    return ApiError(404, "NotFound", message)


def invalid_body(message: str = "The request body was not a single JSON object.") -> ApiError:
    return ApiError(400, "InvalidRequestBody", message)


def invalid_query(message: str) -> ApiError:
    return ApiError(400, "InvalidQuery", message)


def status_transition() -> ApiError:
    message = "The current user account status does not allow this operation."
    return ApiError(400, "InvalidUserStatusTransition", message)


def constraint(attribute: str, message: str) -> ApiError:
    return ApiError(422, "PropertyConstraintViolation", message, attribute)


def read_only(attribute: str, name: str) -> ApiError:
    message = f"{name} was attempted to be written but is not writable."
    return ApiError(422, "PropertyIsReadOnly", message, attribute)


def raise_all(errors: list[ApiError]) -> None:
    """Raise nothing for no error, the error itself for one, and one that contains them all for several."""
    if not errors:
        return
    if len(errors) == 1:
        raise errors[0]
    several = ApiError(422, "MultipleErrors", "Multiple field constraints have been violated.")
    several.errors = errors
    raise several
