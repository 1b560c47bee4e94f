"""`send-message` and what becomes of messages: `edit-message`, `delete-message`, `view-message`, `react`; `typing`,
`update-media`.
"""

from __future__ import annotations

from rooms import messages, people, viewing
from rooms.extras import NO_EXTRAS, Extras
from rooms.limits import MAX_MESSAGE_CHARS
from rooms.message import message_id as message_id_of
from rooms.messages import Options
from rooms.model import Seat
from rooms.room import Room
from server.protocol import views
from server.protocol.acknowledgements import EMPTY, Data, Reply
from server.protocol.checks import check_said
from server.protocol.requests import (
    AboutMessage,
    EditMessage,
    OutsideMessage,
    React,
    SendMessage,
    SetTyping,
    UpdateMedia,
)
from server.security.actor import Actor
from server.usecases.aftermath import Happened
from server.usecases.changes import changed, seq_of
from server.usecases.connections import Connection
from server.usecases.context import Context
from server.usecases.files import OWNER, attach, told_of, wanted
from server.usecases.wishes import NO_WISH, wish_of

VIEWED_FIELDS = ("text", "data", "attachments")
PLAIN_FIELDS = 2
"""`roomId` and `text`, which each message has."""


def send_message(ctx: Context, connection: Connection, request: SendMessage) -> Data:
    """Say something to the room, or to one participant."""
    now = ctx.clock()
    room, seat = ctx.seated(connection, request["roomId"], now)
    text, mark = request["text"], request.get("clientMessageId")
    # Nearly all have a text and their author's mark, and are not asked for what else they might have.
    is_plain = len(request) == (PLAIN_FIELDS if mark is None else PLAIN_FIELDS + 1)
    if not is_plain or not text or len(text) > MAX_MESSAGE_CHARS:
        carries = request.get("data") is not None or bool(request.get("attachments"))
        check_said(text, carries=carries, encrypted=request.get("encrypted") is True)
    wish = NO_WISH if is_plain else wish_of(ctx, room, seat, request, now)
    send_result, message, more = messages.post(
        room, seat, text, now, mark, to=wish.to, encrypted=wish.encrypted, options=wish.options
    )
    if wish.attached:
        attach(ctx, wish.attached, message)
    seq, at, told_at, delivered_to = send_result
    if message is None:
        message_id, timestamp = message_id_of(seq, at, room.epoch), views.iso(told_at)
    else:
        told = ctx.publisher.message(room, message)
        message_id, timestamp = told["id"], told["timestamp"]
        if more:
            ctx.publisher.commit(room, more)
    return {
        "id": message_id,
        "seq": seq,
        "timestamp": timestamp,
        "deliveredTo": delivered_to,
        "duplicate": message is None,
    }


def post_from_outside(ctx: Context, actor: Actor, request: OutsideMessage) -> dict[str, object]:
    """A message over REST, of the room's owner or of a seat."""
    room, seat = actor.as_speaker()
    check_said(request.text, carries=bool(request.attachments), encrypted=request.encrypted)
    now = ctx.clock()
    attached = wanted(ctx, room, seat.id if seat is not None else OWNER, request.attachments, now)
    options = Options(Extras(attachments=told_of(attached)) if attached else NO_EXTRAS, from_rest=seat is not None)
    if seat is None:
        name, own = request.sender_name or "Host", options if attached else None
        posted = messages.post_from_outside(room, name, request.text, now, encrypted=request.encrypted, options=own)
    else:
        posted = messages.post(room, seat, request.text, now, encrypted=request.encrypted, options=options)
    send_result, message, more = posted
    attach(ctx, attached, message)
    if message is None:
        raise RuntimeError("a message without a clientMessageId repeats none")
    told = ctx.publisher.message(room, message)
    ctx.publisher.commit(room, more)
    seq, _, _, delivered_to = send_result
    return {"id": told["id"], "seq": seq, "timestamp": told["timestamp"], "deliveredTo": delivered_to}


def edit_message(ctx: Context, connection: Connection, request: EditMessage) -> Reply:
    """Change one's own message."""
    encrypted = request.encrypted is True
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    carries = request.data is not None or _has_files(room, seat, request)
    check_said(request.text, carries=carries, encrypted=encrypted)
    events = messages.edit(room, seat, request.id, request.text, now, data=request.data, encrypted=encrypted)
    return changed(room, events)


def _has_files(room: Room, seat: Seat, request: EditMessage) -> bool:
    return not request.text and bool(messages.find(room, seat.id, request.id).extras.attachments)


def delete_message(ctx: Context, connection: Connection, request: AboutMessage) -> Reply:
    """Take a message away: one's own, or any as host."""
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    return changed(room, messages.delete(room, seat, request.id, now))


def delete_from_outside(ctx: Context, actor: Actor, message_id: str) -> dict[str, object]:
    """Take a message away over REST, as the room's owner or with a seat."""
    room, seat = actor.in_room(), actor.as_reader()
    events = messages.delete(room, seat, message_id, ctx.clock())
    ctx.publisher.commit(room, events)
    return {"seq": seq_of(room, events)}


def view_message(ctx: Context, connection: Connection, request: AboutMessage) -> Reply:
    """See a message that is seen once."""
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    seen, events = viewing.view(room, seat, request.id, now)
    shown: Data = {"text": seen.text, **views.extras(seen.extras)}
    data: Data = {name: shown[name] for name in VIEWED_FIELDS if name in shown}
    if seen.encrypted:
        data["encrypted"] = True
    return Reply(data, (Happened(room, events),))


def react(ctx: Context, connection: Connection, request: React) -> Reply:
    """React to a message, or take that back."""
    now = ctx.clock()
    room, seat = ctx.seated(connection, request.room_id, now)
    return changed(room, messages.react(room, seat, request.id, request.emoji, now, on=request.on))


def set_typing(ctx: Context, connection: Connection, request: SetTyping) -> Data:
    """Begin or stop typing."""
    room, seat = ctx.seated(connection, request.room_id)
    ctx.publisher.commit(room, people.set_typing(room, seat, is_typing=request.is_typing))
    return EMPTY


def update_media(ctx: Context, connection: Connection, request: UpdateMedia) -> Reply:
    """Say which devices are on."""
    room, seat = ctx.seated(connection, request.room_id)
    events = people.set_media(
        room,
        seat,
        ctx.clock(),
        audio=request.audio,
        video=request.video,
        screen=request.screen,
        hand_raised=request.hand_raised,
        can_call=request.can_call,
    )
    return Reply(EMPTY, (Happened(room, events),))
