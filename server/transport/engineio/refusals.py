"""What a refused request is told: JSON `{"code", "message"}` with the codes of engine.io (`Server.errors`)."""

from __future__ import annotations

import json
from enum import Enum

from aiohttp import web


class Refusal(Enum):
    """Status, code and message of a refused request."""

    UNKNOWN_TRANSPORT = (400, 0, "Transport unknown")
    UNKNOWN_SID = (400, 1, "Session ID unknown")
    BAD_METHOD = (400, 2, "Bad handshake method")
    BAD_REQUEST = (400, 3, "Bad request")
    FORBIDDEN = (403, 4, "Forbidden")
    UNSUPPORTED_VERSION = (400, 5, "Unsupported protocol version")
    METHOD_NOT_ALLOWED = (405, 3, "Method not allowed")
    UNAVAILABLE = (503, 3, "Server unavailable")


class Refused(Exception):
    """Answer with this refusal."""

    def __init__(self, refusal: Refusal, detail: str | None = None) -> None:
        super().__init__(refusal.value[2])
        self.refusal = refusal
        self.detail = detail

    def response(self) -> web.Response:
        """The answer."""
        status, code, message = self.refusal.value
        body = json.dumps({"code": code, "message": self.detail or message})
        return web.Response(status=status, text=body, content_type="application/json")


class Unwelcome(Exception):
    """Answer a handshake with this response; raised by the application."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response
