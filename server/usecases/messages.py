"""`send-message`, `typing`, `update-media`."""

from __future__ import annotations

from rooms import messages
from rooms.errors import Code, Refused
from rooms.events import message_id as message_id_of
from rooms.limits import MAX_MESSAGE_CHARS
from server.protocol import views
from server.protocol.acknowledgements import EMPTY, Data, Reply
from server.protocol.requests import OutsideMessage, SendMessage, SetTyping, UpdateMedia, check_length
from server.security.actor import Actor
from server.usecases.aftermath import Happened
from server.usecases.connections import Connection
from server.usecases.context import Context


def send_message(ctx: Context, caller: Connection, request: SendMessage) -> Data:
    """Say something to the room, or to one participant."""
    now = ctx.clock()
    room, seat = ctx.seated(caller, request["roomId"], now)
    text, encrypted = request["text"], request.get("encrypted") is True
    if len(text) > MAX_MESSAGE_CHARS and not encrypted:
        check_length(text)
    receipt, message, more = messages.post(
        room, seat, text, now, request.get("clientMessageId"), request.get("to"), encrypted
    )
    seq, at, told_at, delivered_to = receipt
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
    """A message of the room's owner, over REST."""
    room = actor.as_owner()
    if actor.identity is not None and not actor.identity.can_speak:
        raise Refused(Code.FORBIDDEN, messages.MUTE)
    if not request.encrypted:
        check_length(request.text)
    receipt, message = messages.post_from_outside(
        room, request.sender_name or "Host", request.text, ctx.clock(), encrypted=request.encrypted
    )
    told = ctx.publisher.message(room, message)
    seq, _, _, delivered_to = receipt
    return {"id": told["id"], "seq": seq, "timestamp": told["timestamp"], "deliveredTo": delivered_to}


def set_typing(ctx: Context, caller: Connection, request: SetTyping) -> Data:
    """Begin or stop typing."""
    room, seat = ctx.seated(caller, request.room_id)
    ctx.publisher.commit(room, messages.set_typing(room, seat, is_typing=request.is_typing))
    return EMPTY


def update_media(ctx: Context, caller: Connection, request: UpdateMedia) -> Reply:
    """Say which devices are on."""
    room, seat = ctx.seated(caller, request.room_id)
    events = messages.set_media(
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
