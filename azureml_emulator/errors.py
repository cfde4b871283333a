"""Errors in the format of Azure's resource manager."""

from __future__ import annotations

from starlette.responses import JSONResponse


class ServiceError(Exception):
    """An answer other than success."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message

    def response(self) -> JSONResponse:
        """As the service sends it."""
        headers = {"x-ms-error-code": self.code}
        return JSONResponse({"error": {"code": self.code, "message": self.message}}, self.status, headers)
