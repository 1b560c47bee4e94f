"""Talking: what is said, changed and taken back, and who reacts to it; typing, and what one says of one's devices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from rooms import expiry, retractions
from rooms.erasing import erase, erased
from rooms.errors import Code, Refused
from rooms.events import Event, MessageUpdated, ReactionChanged
from rooms.extras import NO_EXTRAS, Extras
from rooms.limits import MAX_REACTION_KINDS
from rooms.message import DeleteReason, Message, More, Once, message_id, seq_in
from rooms.model import HOST, MEMBER, Seat
from rooms.recent_sends import SendResult
from rooms.rights import require_voice
from rooms.room import Room

Posted = tuple[SendResult, Message | None, Sequence[Event]]
"""The receipt, the message, and what else happened. A repetition changes nothing: there is no message, and the receipt
is that of the first time."""


class Options(NamedTuple):
    """What few messages are sent with. `from_rest`: by a seat over REST, so its own connection has to be told, too."""

    extras: Extras = NO_EXTRAS
    ttl_s: float | None = None
    view_once: bool = False
    from_rest: bool = False


PLAIN: Final = Options()


def post(
    room: Room,
    seat: Seat,
    text: str,
    now: float,
    client_message_id: str | None = None,
    *,
    to: str | None = None,
    encrypted: bool = False,
    options: Options | None = None,
) -> Posted:
    """Say something to all, or to one (`to`).

    Refused with ENCRYPTION_REQUIRED where the room is encrypted and the text is not, with FORBIDDEN where the seat may
    not speak, and with PEER_NOT_FOUND where `to` is not in the room.
    """
    if room.encrypted and not encrypted:
        raise Refused(Code.ENCRYPTION_REQUIRED)
    require_voice(seat)
    if client_message_id is not None:
        earlier = seat.sent.get(client_message_id)
        if earlier is not None:
            return earlier, None, ()
    seat_id = seat.id
    if to is None:
        reached = len(room.connected) - (seat_id in room.connected)
    elif to in room.seats and to != seat_id:
        reached = 1 if to in room.connected else 0
    else:
        raise Refused(Code.PEER_NOT_FOUND, "This participant is not in the room.")
    # Field by field: see `Message`.
    message = Message.__new__(Message)
    message.room_id = room.id
    message.seq = seq = room.seq = room.seq + 1
    message.position = room.position = room.position + 1
    message.at = now
    message.epoch = room.epoch
    message.sender = seat_id
    message.sender_name = seat.name
    message.text = text
    message.client_message_id = client_message_id
    message.to = to
    message.encrypted = encrypted
    message.timestamp = timestamp = now + room.runtime.ahead_s
    message.more = None if options is None and room.message_ttl_s is None else More()
    if message.more is not None:
        _give(room, message, options or PLAIN)
    room.history.append(message)
    room.message_count += 1
    send_result = (seq, now, timestamp, reached)
    if client_message_id is not None:
        seat.sent.keep(client_message_id, send_result)
    more: Sequence[Event] = room.stop_typing(seat) if seat.typing else ()
    if message.more is not None:
        more = [*more, *_planned(room, message, now)]
    return send_result, message, more


def post_from_outside(
    room: Room, sender_name: str, text: str, now: float, *, encrypted: bool = False, options: Options | None = None
) -> Posted:
    """A message of the room's owner, sent without a seat. Its `sender` is the empty string.

    Refused with ENCRYPTION_REQUIRED where the room is encrypted and the text is not.
    """
    nobody = Seat(id="", name=sender_name, role=MEMBER, joined_at=now, ordinal=0, token_digest=b"")
    return post(room, nobody, text, now, encrypted=encrypted, options=options)


def _give(room: Room, message: Message, options: Options) -> None:
    more = message.have_more()
    more.extras, more.from_rest = options.extras, options.from_rest
    lives = [ttl_s for ttl_s in (options.ttl_s, room.message_ttl_s) if ttl_s is not None]
    if lives:
        more.due_at, more.expires_at = message.at + min(lives), message.timestamp + min(lives)
    if options.view_once:
        others = {message.to} if message.to is not None else room.seats.keys() - {message.sender}
        more.once = Once(frozenset(others), set(others))
        room.once[message.seq] = None


def _planned(room: Room, message: Message, now: float) -> list[Event]:
    expiry.plan(room, message)
    once = message.once
    if once is not None and not once.audience:
        return erase(room, message, "", "viewed", now)  # nobody is here who could see it
    return []


def find(room: Room, participant_id: str, message_id_: str) -> Message:
    """The message of this id, while its content is held; else, and for who may not see it, MESSAGE_NOT_FOUND.

    The room's owner, who has no seat, is the empty string.
    """
    message = room.history.find(seq_in(message_id_))
    if message is None or message.id != message_id_ or not message.is_for(participant_id):
        raise Refused(Code.MESSAGE_NOT_FOUND)
    return message


def edit(
    room: Room,
    seat: Seat,
    message_id_: str,
    text: str,
    now: float,
    *,
    data: str | None = None,
    encrypted: bool = False,
) -> list[Event]:
    """Change one's own message; without `data`, that of the message stays.

    Refused with MESSAGE_NOT_FOUND, with FORBIDDEN where it is somebody else's or is seen once, and with
    ENCRYPTION_REQUIRED.
    """
    if room.encrypted and not encrypted:
        raise Refused(Code.ENCRYPTION_REQUIRED)
    require_voice(seat)
    message = find(room, seat.id, message_id_)
    if message.sender != seat.id:
        raise Refused(Code.FORBIDDEN, "Only its author may edit a message.")
    if message.once is not None:
        raise Refused(Code.FORBIDDEN, "A message that is seen once cannot be edited.")
    before, more = message.weight, message.have_more()
    message.text, message.encrypted = text, encrypted
    more.edited_at = room.runtime.wall(now)
    if data is not None:
        more.extras = replace(more.extras, data=data)
    room.history.reweighed(message, before)
    seq, position = room.next()
    retractions.note(room, message_id_, seq, edited=True)
    return [room.keep(MessageUpdated(room_id=room.id, seq=seq, position=position, at=now, message=message))]


def delete(room: Room, seat: Seat | None, message_id_: str, now: float) -> list[Event]:
    """Take a message away: one's own, or as host; None is the room's owner, who acts as host without a seat.

    It works for the last `MESSAGES_KNOWN` messages, whether or not their content is held. Refused with
    MESSAGE_NOT_FOUND and FORBIDDEN.
    """
    actor = seat.id if seat is not None else ""
    seq = seq_in(message_id_)
    message, trace = room.history.find(seq), room.history.trace(seq)
    if message is not None and message.id == message_id_ and message.is_for(actor):
        reason = _reason(seat, message.sender)
        return erase(room, message, actor, reason, now)
    if trace is None or message_id(seq, trace[1], room.epoch) != message_id_:
        raise Refused(Code.MESSAGE_NOT_FOUND)
    _, _, sender, to = trace
    if to is not None and actor not in (sender, to):
        raise Refused(Code.MESSAGE_NOT_FOUND)
    reason = _reason(seat, sender)
    room.history.forget_trace(seq)
    return erased(
        room,
        message_id=message_id_,
        message_seq=seq,
        sender=sender,
        audience=None if to is None else (sender, to),
        by=actor,
        reason=reason,
        now=now,
    )


def _reason(seat: Seat | None, sender: str) -> DeleteReason:
    if sender == (seat.id if seat is not None else ""):
        return "deleted"
    if seat is not None and seat.role != HOST:
        raise Refused(Code.FORBIDDEN, "Only its author and the host may delete a message.")
    return "moderated"


def react(room: Room, seat: Seat, message_id_: str, emoji: str, now: float, *, on: bool) -> list[Event]:
    """React to a message, or take that back; nothing happens where it is so already.

    Refused with MESSAGE_NOT_FOUND, and with RATE_LIMITED where it has as many different reactions as one may have.
    """
    message = find(room, seat.id, message_id_)
    reactions = message.more.reactions if message.more is not None else {}
    people = reactions.get(emoji)
    if on == (people is not None and seat.id in people):
        return []
    if on and people is None and len(reactions) >= MAX_REACTION_KINDS:
        raise Refused(Code.RATE_LIMITED, f"A message has at most {MAX_REACTION_KINDS} different reactions.")
    before, more = message.weight, message.have_more()
    if on:
        more.reactions.setdefault(emoji, {})[seat.id] = None
    else:
        del more.reactions[emoji][seat.id]
        if not more.reactions[emoji]:
            del more.reactions[emoji]
    room.history.reweighed(message, before)
    seq, position = room.next()
    changed = ReactionChanged(
        room_id=room.id, seq=seq, position=position, at=now, message=message, participant_id=seat.id, emoji=emoji, on=on
    )
    return [room.keep(changed)]
