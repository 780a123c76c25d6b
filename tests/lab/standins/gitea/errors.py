"""Errors that the accounts raise, and the answer that an API error becomes."""

from __future__ import annotations


class RefusedError(Exception):
    """Refused by the account rules; the text is Gitea's own."""


class AlreadyExistsError(RefusedError):
    pass


class EmailError(RefusedError):
    pass


class LastAdminError(RefusedError):
    pass


class BadNameError(RefusedError):
    """A name that may not be used, with the text that the rename form shows for it."""

    def __init__(self, message: str, form_message: str) -> None:
        super().__init__(message)
        self.form_message = form_message


class VisibilityError(Exception):
    """The server's settings do not allow the visibility; the API answers 500."""


class NotExistError(Exception):
    pass


class SignInError(Exception):
    def __init__(self, message: str, user_exists: bool) -> None:
        super().__init__(message)
        self.user_exists = user_exists


class ApiError(Exception):
    def __init__(self, status: int, message: str, errors: list[str] | None = None, *, with_errors: bool = False):
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        # Gitea's "not found" answers carry the field `errors` even where it is null; its other answers do not.
        self.with_errors = with_errors or errors is not None


def not_found(message: str = "The target couldn't be found.", errors: list[str] | None = None) -> ApiError:
    return ApiError(404, message, errors, with_errors=True)
