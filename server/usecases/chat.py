"""`send-message`, `typing`, `update-media`."""

from __future__ import annotations

from rooms import talk
from rooms.events import MessagePosted
from rooms.records import LoggedMessage
from rooms.room import Room
from server import views
from server.connections import Connection
from server.payloads import OutsideMessage, SendMessage, SetTyping, UpdateMedia
from server.replies import EMPTY, Reply
from server.usecases.context import Context


def send_message(ctx: Context, caller: Connection, request: SendMessage) -> Reply:
    """Say something to the room, or to one participant."""
    room, seat = ctx.seated(caller, request.room_id)
    receipt, duplicate, events = talk.post(
        room,
        seat,
        request.text,
        ctx.clock(),
        client_message_id=request.client_message_id,
        to=request.to,
        encrypted=bool(request.encrypted),
    )
    if events:
        ctx.delivery.publish(room, events)
        if room.log:
            log_message(ctx, room, events[0])
    message_id, seq, at, delivered_to = receipt
    return Reply(
        {
            "id": message_id,
            "seq": seq,
            "timestamp": views.iso(at),
            "deliveredTo": delivered_to,
            "duplicate": duplicate,
        }
    )


def post_from_outside(ctx: Context, room: Room, request: OutsideMessage) -> dict[str, object]:
    """A message of the room's owner, over REST."""
    receipt, _, events = talk.post_from_outside(room, request.sender_name or "Host", request.text, ctx.clock())
    ctx.publish(room, events)
    if room.log:
        log_message(ctx, room, events[0])
    message_id, seq, at, delivered_to = receipt
    return {"id": message_id, "seq": seq, "timestamp": views.iso(at), "deliveredTo": delivered_to}


def log_message(ctx: Context, room: Room, event: object) -> None:
    """Keep a public message, where the operator and the room's creator both want a log."""
    if ctx.settings.message_log != "on" or not isinstance(event, MessagePosted) or event.to is not None:
        return
    ctx.journal.log_message(
        LoggedMessage(
            event.id,
            room.id,
            event.seq,
            room.epoch,
            event.sender,
            event.sender_name,
            event.text,
            event.at,
            event.encrypted,
        )
    )


def set_typing(ctx: Context, caller: Connection, request: SetTyping) -> Reply:
    """Begin or stop typing."""
    room, seat = ctx.seated(caller, request.room_id)
    ctx.publish(room, talk.set_typing(room, seat, is_typing=request.is_typing))
    return EMPTY


def update_media(ctx: Context, caller: Connection, request: UpdateMedia) -> Reply:
    """Say which devices are on."""
    room, seat = ctx.seated(caller, request.room_id)
    events = talk.set_media(
        room,
        seat,
        ctx.clock(),
        audio=request.audio,
        video=request.video,
        screen=request.screen,
        hand_raised=request.hand_raised,
    )
    ctx.publish(room, events)
    return EMPTY
