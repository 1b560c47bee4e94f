"""With which codes each request is refused. Whatever the tests of the contract are refused with is held against it."""

from __future__ import annotations

from typing import Final

from rooms.errors import Code

ANY: Final = (
    Code.INVALID_PAYLOAD,
    Code.PAYLOAD_TOO_LARGE,
    Code.RATE_LIMITED,
    Code.SERVER_DRAINING,
    Code.UNAVAILABLE,
    Code.INTERNAL_ERROR,
)
"""Any request, besides those of its own."""

_SEATED = (Code.NOT_IN_ROOM, Code.ROOM_EXPIRED)
_ROOM = (Code.ROOM_NOT_FOUND, Code.ROOM_ENDED, Code.ROOM_EXPIRED)
_ALLOWED = (*_SEATED, Code.FORBIDDEN)
_OF_ANOTHER = (*_ALLOWED, Code.PEER_NOT_FOUND)
_SIGNAL = (*_OF_ANOTHER, Code.TARGET_REQUIRED, Code.STALE_NEGOTIATION)
_MESSAGE = (*_SEATED, Code.MESSAGE_NOT_FOUND)
_POLL = (*_SEATED, Code.NOT_FOUND)

REFUSALS: Final[dict[str, tuple[Code, ...]]] = {
    "join-room": (
        *_ROOM,
        Code.ROOM_FULL,
        Code.ROOM_LOCKED,
        Code.LOBBY_WAITING,
        Code.BANNED,
        Code.FORBIDDEN,
        Code.INVITE_REQUIRED,
        Code.INVITE_INVALID,
        Code.INVITE_USED,
        Code.INVITE_EXPIRED,
        Code.PASSWORD_REQUIRED,
        Code.PASSWORD_INVALID,
        Code.RESUME_INVALID,
        Code.RESUME_EXPIRED,
        Code.UNAUTHORIZED,
        Code.TOKEN_INVALID,
        Code.TOKEN_EXPIRED,
        Code.ALREADY_JOINED,
        Code.TOO_MANY_ROOMS,
        Code.QUOTA_EXCEEDED,
    ),
    "leave-room": _SEATED,
    "send-message": (*_OF_ANOTHER, Code.ENCRYPTION_REQUIRED, Code.NOT_FOUND),
    "edit-message": (*_MESSAGE, Code.FORBIDDEN, Code.ENCRYPTION_REQUIRED),
    "delete-message": (*_MESSAGE, Code.FORBIDDEN),
    "view-message": _MESSAGE,
    "react": _MESSAGE,
    "read": _SEATED,
    "create-poll": (*_ALLOWED, Code.ENCRYPTION_REQUIRED),
    "vote": (*_POLL, Code.POLL_CLOSED),
    "close-poll": (*_POLL, Code.FORBIDDEN),
    "delete-poll": (*_POLL, Code.FORBIDDEN),
    "offer": (*_SIGNAL, Code.ROOM_FULL),
    "answer": (*_SIGNAL, Code.ROOM_FULL),
    "ice-candidate": _SIGNAL,
    "get-ice-servers": _SEATED,
    "call-state": _ALLOWED,
    "update-media": _SEATED,
    "update-self": _ALLOWED,
    "broadcast": _OF_ANOTHER,
    "typing": _SEATED,
    "knock": (*_ROOM, Code.ROOM_LOCKED, Code.BANNED, Code.FORBIDDEN, Code.UNAUTHORIZED, Code.ALREADY_JOINED),
    "answer-knock": _OF_ANOTHER,
    "kick": _OF_ANOTHER,
    "ban": _OF_ANOTHER,
    "update-room": (*_ALLOWED, Code.ROOM_ENDED),
    "pin-message": (*_MESSAGE, Code.FORBIDDEN),
    "transfer-host": _OF_ANOTHER,
    "end-room": _ALLOWED,
}
"""request → its own codes."""
