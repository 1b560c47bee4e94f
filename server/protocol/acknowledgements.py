"""The acknowledgement envelope, and what each error code means to a client (protocol page, "Error codes")."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

import orjson

from rooms.errors import Code, Refused


class CodeInfo(NamedTuple):
    """The HTTP status of a code, whether trying again can help, and what to say where nobody said it better."""

    status: int
    retryable: bool
    message: str


CODE_INFO: dict[Code, CodeInfo] = {
    Code.INVALID_PAYLOAD: CodeInfo(400, False, "The request is not of the documented shape."),
    Code.UNKNOWN_EVENT: CodeInfo(404, False, "There is no such event."),
    Code.PAYLOAD_TOO_LARGE: CodeInfo(413, False, "The request is too large."),
    Code.UNAUTHORIZED: CodeInfo(401, False, "A key is needed."),
    Code.FORBIDDEN: CodeInfo(403, False, "This is not allowed."),
    Code.INVITE_REQUIRED: CodeInfo(401, False, "This room needs an invite."),
    Code.INVITE_INVALID: CodeInfo(403, False, "This invite is not valid."),
    Code.INVITE_USED: CodeInfo(410, False, "This invite has been used."),
    Code.INVITE_EXPIRED: CodeInfo(410, False, "This invite has expired."),
    Code.PASSWORD_REQUIRED: CodeInfo(401, False, "This room needs a password."),
    Code.PASSWORD_INVALID: CodeInfo(403, False, "This is not the room's password."),
    Code.ROOM_NOT_FOUND: CodeInfo(404, False, "There is no such room."),
    Code.ROOM_ENDED: CodeInfo(410, False, "This room has ended."),
    Code.ROOM_EXPIRED: CodeInfo(410, False, "This room has expired."),
    Code.ROOM_FULL: CodeInfo(409, True, "This room is full."),
    Code.ROOM_LOCKED: CodeInfo(423, False, "This room is locked."),
    Code.LOBBY_WAITING: CodeInfo(423, False, "This room has a lobby."),
    Code.BANNED: CodeInfo(403, False, "You have been banned from this room."),
    Code.NOT_IN_ROOM: CodeInfo(409, False, "You are not in this room."),
    Code.ALREADY_JOINED: CodeInfo(409, False, "This connection is in the room already."),
    Code.TOO_MANY_ROOMS: CodeInfo(409, False, "This connection is in too many rooms."),
    Code.PEER_NOT_FOUND: CodeInfo(404, False, "This participant is not in the room."),
    Code.TARGET_REQUIRED: CodeInfo(400, False, "Say which participant is meant."),
    Code.RESUME_INVALID: CodeInfo(401, False, "This seat cannot be resumed."),
    Code.RESUME_EXPIRED: CodeInfo(410, False, "This seat has ended."),
    Code.TOKEN_INVALID: CodeInfo(401, False, "This token is not valid here."),
    Code.TOKEN_EXPIRED: CodeInfo(401, False, "This token has expired."),
    Code.ENCRYPTION_REQUIRED: CodeInfo(409, False, "This room is encrypted: what is said here has to be sealed."),
    Code.MESSAGE_NOT_FOUND: CodeInfo(404, False, "There is no such message."),
    Code.POLL_CLOSED: CodeInfo(409, False, "This poll is closed."),
    Code.FILE_TOO_LARGE: CodeInfo(413, False, "This file is larger than files may be."),
    Code.STALE_NEGOTIATION: CodeInfo(409, False, "A newer negotiation has replaced this one."),
    Code.RATE_LIMITED: CodeInfo(429, True, "Too many requests."),
    Code.QUOTA_EXCEEDED: CodeInfo(429, True, "This address has as many as one may have."),
    Code.SERVER_DRAINING: CodeInfo(503, True, "The server is about to restart."),
    Code.UNAVAILABLE: CodeInfo(503, True, "The server cannot do this at the moment."),
    Code.INTERNAL_ERROR: CodeInfo(500, True, "Something went wrong on our side."),
    Code.NOT_FOUND: CodeInfo(404, False, "There is nothing here."),
    Code.METHOD_NOT_ALLOWED: CodeInfo(405, False, "This method is not allowed here."),
    Code.TIMEOUT: CodeInfo(408, True, "The request took too long to arrive."),
}


PROCESS_STATUS: Final = 503
"""Where it is the process that has no more, whatever the code."""

Data = dict[str, Any]
"""A granted request: the data of its acknowledgement."""


class Reply(NamedTuple):
    """A granted request whose acknowledgement something is to follow on the wire.

    `after` says what, in order; its items are the application's own (`server.usecases.aftermath`). `is_long`: what is
    sent may cross the bound of a slow reader by itself, so the client's next request waits until it was taken.
    """

    data: Data | orjson.Fragment
    after: tuple[Any, ...] = ()
    is_long: bool = False


class Refusal(NamedTuple):
    """A refused request: the `error` object of its acknowledgement. `final`: its connection is closed behind it."""

    error: dict[str, Any]
    final: bool = False


Granted = Data | Reply
Outcome = Granted | Refusal

GRANTED: Final = (dict, Reply)
OUTCOMES: Final = (dict, Reply, Refusal)

EMPTY: Data = {}

SignalDelivery = Literal["sent", "buffered"]
"""Whether a signal went to its target, or waits for it."""


def status_of(refused: Refused) -> int:
    """The HTTP status of a refusal."""
    return PROCESS_STATUS if refused.of_process else CODE_INFO[refused.code].status


def error_object(refused: Refused) -> dict[str, Any]:
    """The `error` object: `{code, message, retryable, retryAfterMs?, details?}`."""
    info = CODE_INFO[refused.code]
    error: dict[str, Any] = {
        "code": refused.code.value,
        "message": refused.message or info.message,
        "retryable": info.retryable,
    }
    if refused.retry_after_ms is not None:
        error["retryAfterMs"] = refused.retry_after_ms
    if refused.details:
        error["details"] = dict(refused.details)
    return error


def refusal(refused: Refused) -> Refusal:
    """What a refused request is answered."""
    return Refusal(error_object(refused))


def envelope(outcome: Outcome) -> dict[str, Any]:
    """The acknowledgement: `{ok: true, data}` or `{ok: false, error}`."""
    if isinstance(outcome, Refusal):
        return {"ok": False, "error": outcome.error}
    return {"ok": True, "data": outcome.data if isinstance(outcome, Reply) else outcome}
