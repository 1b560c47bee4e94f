"""Durable events, messages and traces to plain values, and back. The first value says which it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rooms.events import (
    Erased,
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
from rooms.history import Kept
from rooms.message import Message, More, Once, Trace
from rooms.model import Media, Participant, RoomView
from rooms.poll import Poll
from rooms.state.people import attributes_of

Plain = tuple[Any, ...]
"""Strings, bytes, numbers, None, and tuples, lists and dictionaries of them. What comes back has lists for tuples."""

MESSAGE, TRACE, ERASED = "M", "T", "X"


def encode(event: Kept) -> Plain:
    """An event; its `seq` is the name of its field."""
    if type(event) is Message:
        return encode_message(event)
    return _ENCODERS[type(event)](event)


def encode_message(message: Message) -> Plain:
    """A message, with all that happened to it."""
    more = message.more
    return (
        MESSAGE,
        message.position,
        message.at,
        message.sender,
        message.sender_name,
        message.text,
        message.client_message_id,
        message.to,
        message.encrypted,
        message.timestamp,
        None if more is None else _more(more),
    )


def encode_trace(trace: Trace, due_at: float | None) -> Plain:
    """What is known of an older message, and when it expires."""
    return (TRACE, trace[1], trace[2], trace[3], due_at)


def encode_extras(extras: Extras) -> Plain | None:
    """What a message carries besides its text; None where that is nothing."""
    if extras == NO_EXTRAS:
        return None
    files = [(a.file_id, a.bytes, a.content_type, a.name) for a in extras.attachments]
    return (extras.kind, extras.data, extras.reply_to, files)


def _more(more: More) -> Plain:
    once = more.once
    return (
        encode_extras(more.extras),
        more.due_at,
        more.expires_at,
        more.edited_at,
        None if once is None else (sorted(once.audience), sorted(once.waiting), once.viewed),
        more.from_rest,
        {emoji: list(people) for emoji, people in more.reactions.items()},
        more.last_seq,
        more.updated_seq,
    )


def _participant(one: Participant) -> Plain:
    return tuple(one._replace(attributes=dict(one.attributes)))


_ENCODERS: dict[type, Callable[[Any], Plain]] = {
    Erased: lambda e: (ERASED, e.position, e.at),
    MemberJoined: lambda e: ("J", e.position, e.at, _participant(e.participant), e.participant_count),
    MemberLeft: lambda e: ("L", e.position, e.at, e.participant_id, e.reason, e.participant_count),
    MemberUpdated: lambda e: ("U", e.position, e.at, _participant(e.participant), e.change),
    RoomUpdated: lambda e: ("R", e.position, e.at, tuple(e.room)),
    MessageUpdated: lambda e: ("E", e.position, e.at, e.message.seq),
    ReactionChanged: lambda e: ("A", e.position, e.at, e.message.seq, e.participant_id, e.emoji, e.on),
    MessageDeleted: lambda e: ("D", *e[2:]),
    PollCreated: lambda e: ("P", e.position, e.at, e.poll.id, e.shows_votes),
    PollUpdated: lambda e: ("V", e.position, e.at, e.poll.id, e.shows_votes),
    PollDeleted: lambda e: ("Q", *e[2:]),
}


def decode_message(room_id: str, epoch: str, seq: int, kept: Any, shift_s: float) -> Message:
    """A message. `shift_s`: how far the clock here is ahead of the one that it was written by."""
    _, position, at, sender, sender_name, text, client_message_id, to, encrypted, timestamp, more = kept
    message = Message()
    message.room_id, message.epoch, message.seq, message.position = room_id, epoch, seq, position
    message.at, message.timestamp = at, timestamp
    message.sender, message.sender_name, message.text = sender, sender_name, text
    message.client_message_id, message.to, message.encrypted = client_message_id, to, encrypted
    message.more = None if more is None else _more_from(more, shift_s)
    return message


def decode_extras(kept: Any) -> Extras:
    """What `encode_extras` made."""
    if kept is None:
        return NO_EXTRAS
    kind, data, reply_to, files = kept
    return Extras(kind, data, reply_to, tuple(Attachment(*one) for one in files))


def _more_from(kept: Any, shift_s: float) -> More:
    extras, due_at, expires_at, edited_at, once, from_rest, reactions, last_seq, updated_seq = kept
    return More(
        extras=decode_extras(extras),
        due_at=None if due_at is None else due_at + shift_s,
        expires_at=expires_at,
        edited_at=edited_at,
        once=None if once is None else _once(once, shift_s),
        from_rest=from_rest,
        reactions={emoji: dict.fromkeys(people) for emoji, people in reactions.items()},
        last_seq=last_seq,
        updated_seq=updated_seq,
    )


def _once(kept: Any, shift_s: float) -> Once:
    audience, waiting, viewed = kept
    return Once(frozenset(audience), set(waiting), {who: until + shift_s for who, until in viewed.items()})


def _participant_from(kept: Any) -> Participant:
    one = Participant(*kept)
    return one._replace(media=Media(*one.media), attributes=attributes_of(dict(one.attributes)))


def decode_other(room_id: str, seq: int, kept: Any, messages: Mapping[int, Message], polls: Mapping[str, Poll]) -> Kept:
    """An event that is no message. What refers to something that is gone is erased, or refers to a poll that is."""
    kind, position, at, *rest = kept
    head = (room_id, seq, position, at)
    if kind in ("E", "A"):
        message = messages.get(rest[0])
        if message is None:
            return Erased(seq, position, at)
        return MessageUpdated(*head, message) if kind == "E" else ReactionChanged(*head, message, *rest[1:])
    if kind in ("P", "V"):
        poll = polls.get(rest[0]) or Poll(rest[0], "", "", (), False, False, False, gone=True)
        return (PollCreated if kind == "P" else PollUpdated)(*head, poll, rest[1])
    return _DECODERS[kind](head, rest)


_DECODERS: dict[str, Callable[[tuple[str, int, int, float], list[Any]], Kept]] = {
    ERASED: lambda head, _: Erased(*head[1:]),
    "J": lambda head, rest: MemberJoined(*head, _participant_from(rest[0]), rest[1]),
    "L": lambda head, rest: MemberLeft(*head, *rest),
    "U": lambda head, rest: MemberUpdated(*head, _participant_from(rest[0]), rest[1]),
    "R": lambda head, rest: RoomUpdated(*head, RoomView(*rest[0])),
    "D": lambda head, rest: _deleted(head, *rest),
    "Q": lambda head, rest: PollDeleted(*head, *rest),
}


def _deleted(
    head: tuple[str, int, int, float], message_id: str, message_seq: int, sender: str, audience: Any, *rest: Any
) -> MessageDeleted:
    return MessageDeleted(*head, message_id, message_seq, sender, None if audience is None else tuple(audience), *rest)
