"""The one exception of the rules, and the codes it carries.

    Refused      a request cannot be granted; `code` says why, in the words of the protocol's error table

What a code means to a client (HTTP status, whether a retry can help) is the wire's business:
`server/protocol/acknowledgements.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """Every error code of the protocol (protocol page, "Error codes")."""

    INVALID_PAYLOAD = "INVALID_PAYLOAD"
    UNKNOWN_EVENT = "UNKNOWN_EVENT"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    INVITE_REQUIRED = "INVITE_REQUIRED"
    INVITE_INVALID = "INVITE_INVALID"
    INVITE_USED = "INVITE_USED"
    INVITE_EXPIRED = "INVITE_EXPIRED"
    PASSWORD_REQUIRED = "PASSWORD_REQUIRED"
    PASSWORD_INVALID = "PASSWORD_INVALID"
    ROOM_NOT_FOUND = "ROOM_NOT_FOUND"
    ROOM_ENDED = "ROOM_ENDED"
    ROOM_EXPIRED = "ROOM_EXPIRED"
    ROOM_FULL = "ROOM_FULL"
    ROOM_LOCKED = "ROOM_LOCKED"
    LOBBY_WAITING = "LOBBY_WAITING"
    BANNED = "BANNED"
    NOT_IN_ROOM = "NOT_IN_ROOM"
    ALREADY_JOINED = "ALREADY_JOINED"
    TOO_MANY_ROOMS = "TOO_MANY_ROOMS"
    PEER_NOT_FOUND = "PEER_NOT_FOUND"
    TARGET_REQUIRED = "TARGET_REQUIRED"
    RESUME_INVALID = "RESUME_INVALID"
    RESUME_EXPIRED = "RESUME_EXPIRED"
    TOKEN_INVALID = "TOKEN_INVALID"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"
    ENCRYPTION_REQUIRED = "ENCRYPTION_REQUIRED"
    MESSAGE_NOT_FOUND = "MESSAGE_NOT_FOUND"
    POLL_CLOSED = "POLL_CLOSED"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    STALE_NEGOTIATION = "STALE_NEGOTIATION"
    RATE_LIMITED = "RATE_LIMITED"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    SERVER_DRAINING = "SERVER_DRAINING"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    TIMEOUT = "TIMEOUT"


class Refused(Exception):
    """A request that cannot be granted.

    `message` is for people and never repeats what the client sent; `details` maps a field to the reason it was
    refused for, never to its value; `retry_after_ms` says when a retry may succeed; `of_process`: it is not the caller
    who has too much, but the process that has no more.
    """

    def __init__(
        self,
        code: Code,
        message: str = "",
        *,
        retry_after_ms: int | None = None,
        details: Mapping[str, str] | None = None,
        of_process: bool = False,
    ) -> None:
        super().__init__(code.value)
        self.code = code
        self.message = message
        self.retry_after_ms = retry_after_ms
        self.details = details
        self.of_process = of_process
