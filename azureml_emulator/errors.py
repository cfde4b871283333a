"""The service's error format."""

from __future__ import annotations

from collections.abc import Sequence


class ServiceError(Exception):
    """An answer that is not a success: a status, the service's code and a sentence."""

    def __init__(self, status: int, code: str, message: str, details: Sequence[object] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = list(details)

    def body(self) -> dict[str, object]:
        """As the service writes it."""
        return {"error": {"code": self.code, "message": self.message, "target": None, "details": self.details}}


def not_found(what: str) -> ServiceError:
    return ServiceError(404, "ResourceNotFound", f"The Resource '{what}' was not found.")


def user_error(message: str, status: int = 400) -> ServiceError:
    return ServiceError(status, "UserError" if status != 409 else "Conflict", message)
