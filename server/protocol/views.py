"""Domain values to JSON: the shapes of the protocol page, camelCase and ISO 8601."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

import orjson
from pydantic.alias_generators import to_camel

from rooms.events import (
    Durable,
    MemberJoined,
    MemberLeft,
    MemberUpdated,
    MessageDeleted,
    MessageUpdated,
    PollCreated,
    PollDeleted,
    PollUpdated,
    ReactionChanged,
    RoomUpdated,
)
from rooms.extras import NO_EXTRAS, Attachment, Extras
from rooms.limits import REACTORS_SHOWN, SNAPSHOT_ATTRIBUTES_BYTES
from rooms.message import Message, More, message_id
from rooms.model import Media, Participant, RoomView, Seat
from rooms.poll import Poll
from rooms.records import CallRecord, SessionRecord
from rooms.room import Room

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


def participant(value: Participant | Seat) -> dict[str, Any]:
    """`{id, name, role, connected, joinedAt, media, inCall, idle, attributes, verified?, userId?}`; of a seat, now."""
    shown: dict[str, Any] = {
        "id": value.id,
        "name": value.name,
        "role": value.role,
        "connected": value.connected,
        "joinedAt": iso(value.joined_at),
        "media": media(value.media),
        "inCall": value.in_call,
        "idle": value.idle,
        "attributes": dict(value.attributes) if value.attributes else {},
    }
    if value.verified:
        shown["verified"] = True
    if value.user_id is not None:
        shown["userId"] = value.user_id
    return shown


class Attributes:
    """The attributes of one list of participants, as many as fit into `SNAPSHOT_ATTRIBUTES_BYTES`."""

    def __init__(self) -> None:
        self._left = SNAPSHOT_ATTRIBUTES_BYTES

    def fit(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The entry of a participant, without its attributes where they do not fit any more."""
        if entry["attributes"]:
            size = len(orjson.dumps(entry["attributes"]))
            if size > self._left:
                del entry["attributes"]
                entry["attributesOmitted"] = True
            else:
                self._left -= size
        return entry


def room(value: RoomView | Room) -> dict[str, Any]:
    """The `room` object; of a room, now."""
    shown: dict[str, Any] = {
        "id": value.id,
        "status": value.status,
        "capacity": value.capacity,
        "participantCount": value.participant_count,
        "hostId": value.host_id,
        "inviteOnly": value.invite_only,
        "passwordRequired": value.password_required,
        "lobby": value.lobby,
        "encrypted": value.encrypted,
        "receipts": value.receipts,
        "messageTtlS": value.message_ttl_s,
        "pinnedMessageId": value.pinned_message_id,
        "createdAt": iso(value.created_at),
        "expiresAt": iso(value.expires_at),
    }
    if value.key_check is not None:
        shown["keyCheck"] = value.key_check
    return shown


def message(said: Message, viewer: str | None = None) -> dict[str, Any]:
    """The payload of `message-received`, as the message is now. `viewer` is the participant that it is for, if one."""
    seq, epoch = said.seq, said.epoch
    payload: dict[str, Any] = {
        "id": message_id(seq, said.at, epoch),
        "roomId": said.room_id,
        "text": said.text,
        "sender": said.sender,
        "senderName": said.sender_name,
        "timestamp": iso(said.timestamp),
        "seq": seq,
        "epoch": epoch,
    }
    if said.client_message_id is not None:
        payload["clientMessageId"] = said.client_message_id
    if said.to is not None:
        payload["to"] = said.to
    if said.encrypted:
        payload["encrypted"] = True
    if said.more is not None:
        _add_more(payload, said.more, hidden=said.more.once is not None and viewer != said.sender, viewer=viewer)
    return payload


def _add_more(payload: dict[str, Any], more: More, *, hidden: bool, viewer: str | None) -> None:
    if hidden:
        payload["text"] = ""
        payload.pop("encrypted", None)
    else:
        payload |= extras(more.extras)
    if more.once is not None:
        payload["viewOnce"] = True
    if more.expires_at is not None:
        payload["expiresAt"] = iso(more.expires_at)
    if more.edited_at is not None:
        payload["editedAt"] = iso(more.edited_at)
    if more.reactions:
        payload["reactions"] = [_reaction(emoji, people, viewer) for emoji, people in more.reactions.items()]


def _reaction(emoji: str, people: Mapping[str, None], viewer: str | None) -> dict[str, Any]:
    shown = {"emoji": emoji, "count": len(people), "participantIds": list(islice(people, REACTORS_SHOWN))}
    return shown | {"mine": True} if viewer in people else shown


def _wire_names(kind: type[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, to_camel(field.name)) for field in fields(kind))


EXTRAS = _wire_names(Extras)
ATTACHMENT = _wire_names(Attachment)
"""name in the rules, name on the wire"""


def extras(value: Extras) -> dict[str, Any]:
    """What a message carries besides its text: the fields that it has."""
    if value is NO_EXTRAS:
        return {}
    found = {wire: getattr(value, name) for name, wire in EXTRAS}
    shown = {wire: one for wire, one in found.items() if one is not None and one != ()}
    if value.data is not None:
        shown["data"] = orjson.Fragment(value.data)
    if value.attachments:
        shown["attachments"] = [
            {wire: got for name, wire in ATTACHMENT if (got := getattr(one, name)) is not None}
            for one in value.attachments
        ]
    return shown


def extras_of(given: Mapping[str, Any], attachments: tuple[Attachment, ...] = ()) -> Extras:
    """What a message is to carry, of a request with the names of the wire, and the files that it asks for."""
    found = {name: given[wire] for name, wire in EXTRAS if name != "attachments" and given.get(wire) is not None}
    return Extras(**found, attachments=attachments) if found or attachments else NO_EXTRAS


def poll(value: Poll, *, shows_votes: bool) -> dict[str, Any]:
    """The `poll` object, as the poll is now."""
    shown: dict[str, Any] = {
        "pollId": value.id,
        "author": value.author,
        "question": value.question,
        "options": value.options,
        "multiple": value.multiple,
        "anonymous": value.anonymous,
        "seq": value.seq,
        **_votes(value, shows_votes=shows_votes),
    }
    if value.closes_at is not None:
        shown["closesAt"] = iso(value.closes_at)
    if value.encrypted:
        shown["encrypted"] = True
    return shown


def _votes(value: Poll, *, shows_votes: bool) -> dict[str, Any]:
    counted = {"counts": value.counts(), "closed": value.closed}
    return counted | {"votes": dict(value.votes)} if shows_votes else counted


def durable(event: Durable, viewer: str | None = None) -> tuple[str, dict[str, Any]]:
    """The name and payload of a durable event; the same for everybody, but for what a `viewer` is told anew."""
    if isinstance(event, Message):
        return MESSAGE_RECEIVED, message(event, viewer)
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
        case MessageUpdated():
            return "message-updated", head | _edit(event.message)
        case MessageDeleted():
            return "message-deleted", head | {"id": event.message_id, "by": event.by, "reason": event.reason}
        case ReactionChanged():
            what = {"id": event.message.id, "participantId": event.participant_id}
            return "reaction-changed", head | what | {"emoji": event.emoji, "on": event.on}
        case PollCreated():
            return "poll-created", head | {"poll": poll(event.poll, shows_votes=event.shows_votes)}
        case PollUpdated():
            return "poll-updated", head | {
                "pollId": event.poll.id,
                **_votes(event.poll, shows_votes=event.shows_votes),
            }
        case PollDeleted():
            return "poll-deleted", head | {"pollId": event.poll_id}


def _edit(said: Message) -> dict[str, Any]:
    more = said.more
    shown: dict[str, Any] = {"id": said.id, "text": said.text}
    if more is not None and more.edited_at is not None:
        shown["editedAt"] = iso(more.edited_at)
    if said.extras.data is not None:
        shown["data"] = orjson.Fragment(said.extras.data)
    if said.encrypted:
        shown["encrypted"] = True
    return shown


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


def session(value: SessionRecord) -> dict[str, Any]:
    """A line of the session log: that a room was, and nothing of who or what."""
    return {
        "id": value.id,
        "createdAt": iso(value.began_at),
        "endedAt": iso(value.ended_at),
        "reason": value.reason,
        "capacity": value.capacity,
        "came": value.came,
        "peak": value.peak,
        "messages": value.message_count,
        "calls": [_call(call) for call in value.calls],
    }


def _call(value: CallRecord) -> dict[str, Any]:
    return {
        "startedAt": iso(value.started_at),
        "endedAt": iso(value.ended_at),
        "peak": value.peak,
        "connected": value.connected,
    }
