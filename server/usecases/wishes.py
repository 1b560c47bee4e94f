"""What a message is to be besides a text for everybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rooms import messages
from rooms.files import File
from rooms.messages import Options
from rooms.model import Seat
from rooms.room import Room
from server.protocol import views
from server.protocol.requests import SendMessage
from server.usecases.context import Context
from server.usecases.files import told_of, wanted


class Wish(NamedTuple):
    """To whom it goes, how it is, and which files go with it."""

    to: str | None = None
    encrypted: bool = False
    options: Options | None = None
    attached: Sequence[File] = ()


NO_WISH = Wish()


def wish_of(ctx: Context, room: Room, seat: Seat, request: SendMessage, now: float) -> Wish:
    """What a request asks for. Files are refused as in `wanted`, but for a message that was sent before."""
    mark = request.get("clientMessageId")
    repeated = mark is not None and seat.sent.get(mark) is not None
    attached = () if repeated else wanted(ctx, room, seat.id, request.get("attachments"), now)
    extras = views.extras_of(request, told_of(attached))
    options = Options(extras, request.get("ttlS"), request.get("viewOnce") is True)
    return Wish(
        request.get("to"),
        encrypted=request.get("encrypted") is True,
        options=options if options != messages.PLAIN else None,
        attached=attached,
    )
