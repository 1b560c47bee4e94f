"""Domain values to JSON: the shapes of the protocol page, camelCase and ISO 8601."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from rooms.events import (
    Durable,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    MessagePosted,
    RoomUpdated,
    message_id,
)
from rooms.model import Media, Participant, RoomView

MESSAGE_RECEIVED = "message-received"
SECONDS_REMEMBERED = 256
MILLISECONDS_REMEMBERED = 64
FRACTIONS = tuple(f".{milliseconds:03d}Z" for milliseconds in range(1000))


def iso(at: float) -> str:
    """Seconds since the Unix epoch as ISO 8601 UTC with milliseconds."""
    # From whole milliseconds: rounding the seconds and the fraction apart could put them a second apart.
    return _to_the_millisecond(int(at * 1000))


@lru_cache(maxsize=MILLISECONDS_REMEMBERED)
def _to_the_millisecond(at_ms: int) -> str:
    seconds, milliseconds = divmod(at_ms, 1000)
    return _to_the_second(seconds) + FRACTIONS[milliseconds]


@lru_cache(maxsize=SECONDS_REMEMBERED)
def _to_the_second(seconds: int) -> str:
    # Nearly every time that is told is now; to format it anew was a quarter of what a message costs.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def media(value: Media) -> dict[str, bool]:
    """`{audio, video, screen, handRaised, canCall}`."""
    return {
        "audio": value.audio,
        "video": value.video,
        "screen": value.screen,
        "handRaised": value.hand_raised,
        "canCall": value.can_call,
    }


def participant(value: Participant) -> dict[str, Any]:
    """`{id, name, role, connected, joinedAt, media, inCall, verified?, userId?}`."""
    shown: dict[str, Any] = {
        "id": value.id,
        "name": value.name,
        "role": value.role,
        "connected": value.connected,
        "joinedAt": iso(value.joined_at),
        "media": media(value.media),
        "inCall": value.in_call,
    }
    if value.verified:
        shown["verified"] = True
    if value.user_id is not None:
        shown["userId"] = value.user_id
    return shown


def room(value: RoomView) -> dict[str, Any]:
    """The `room` object."""
    shown = {
        "id": value.id,
        "status": value.status,
        "capacity": value.capacity,
        "participantCount": value.participant_count,
        "hostId": value.host_id,
        "inviteOnly": value.invite_only,
        "passwordRequired": value.password_required,
        "lobby": value.lobby,
        "encrypted": value.encrypted,
        "createdAt": iso(value.created_at),
        "expiresAt": iso(value.expires_at),
    }
    if value.key_check is not None:
        shown["keyCheck"] = value.key_check
    return shown


def message(event: MessagePosted) -> dict[str, Any]:
    """The payload of `message-received`."""
    room_id, seq, _, at, epoch, sender, sender_name, text, client_message_id, to, encrypted, timestamp = event
    payload: dict[str, Any] = {
        "id": message_id(seq, at, epoch),
        "roomId": room_id,
        "text": text,
        "sender": sender,
        "senderName": sender_name,
        "timestamp": iso(timestamp),
        "seq": seq,
        "epoch": epoch,
    }
    if client_message_id is not None:
        payload["clientMessageId"] = client_message_id
    if to is not None:
        payload["to"] = to
    if encrypted:
        payload["encrypted"] = True
    return payload


def durable(event: Durable) -> tuple[str, dict[str, Any]]:
    """The name and payload of a durable event, the same for everybody who may see it."""
    if isinstance(event, MessagePosted):
        return MESSAGE_RECEIVED, message(event)
    head = {"roomId": event.room_id, "seq": event.seq}
    match event:
        case MemberJoined():
            # Of two seats the later one is polite, so to those who are here already the newcomer is not.
            who = participant(event.participant)
            return "user-joined", {
                **head,
                "participant": who,
                "polite": False,
                "participantCount": event.participant_count,
            }
        case MemberLeft():
            why = {"participantId": event.participant_id, "reason": event.reason}
            return "user-left", {**head, **why, "participantCount": event.participant_count}
        case MemberUpdated():
            return "user-updated", {**head, "participant": participant(event.participant)}
        case RoomUpdated():
            return "room-updated", {**head, "room": room(event.room)}


def fitting(payloads: Iterable[Any], max_bytes: int) -> list[orjson.Fragment]:
    """The first of `payloads`, encoded, as many as make an array of `max_bytes`; one at least, if there is one."""
    found: list[orjson.Fragment] = []
    left = max_bytes - 1  # the brackets, less a comma
    for payload in payloads:
        encoded = orjson.dumps(payload)
        left -= len(encoded) + 1  # and its comma
        if left < 0 and found:
            break
        found.append(orjson.Fragment(encoded))
    return found
