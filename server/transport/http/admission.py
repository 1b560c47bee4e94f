"""Whether a new Engine.IO session is taken, and how one that is not learns why."""

from __future__ import annotations

from aiohttp import web

from rooms.errors import Refused
from server.protocol.acknowledgements import error_object, status_of
from server.security.descriptors import Descriptors
from server.security.memory import Memory
from server.security.quotas import Quotas
from server.transport.engineio.environ import FORWARDED_FOR
from server.transport.engineio.ports import RequestHead
from server.transport.engineio.refusals import Unwelcome


class Admission:
    """Asked by the engine before each handshake."""

    def __init__(self, quotas: Quotas, memory: Memory, descriptors: Descriptors) -> None:
        self._quotas = quotas
        self._memory = memory
        self._descriptors = descriptors

    def __call__(self, session_id: str, request: RequestHead) -> None:
        """Count the session, or raise `Unwelcome`: 429 of an address, 503 of the process, with the error object."""
        headers, forwarded_for = request.headers, None
        if FORWARDED_FOR in headers:
            forwarded_for = ",".join(headers.getall(FORWARDED_FOR)) or None
        try:
            self._memory.check()
            self._descriptors.check()
            self._quotas.connect(session_id, self._quotas.keys(request.remote, forwarded_for))
        except Refused as refused:
            raise Unwelcome(_response(refused)) from None


def _response(refused: Refused) -> web.Response:
    error = error_object(refused)
    # `code` and `message` are what Engine.IO's own refusals have (engine.io, `Server.errors`).
    response = web.json_response({"code": 4, "message": error["message"], "error": error}, status=status_of(refused))
    if refused.retry_after_ms is not None:
        response.headers["Retry-After"] = str(-(-refused.retry_after_ms // 1000))
    return response
