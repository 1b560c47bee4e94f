"""The snapshot that `join-room` answers with: a full picture that replaces what the client knew."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

from rooms.events import Durable
from rooms.limits import (
    BACKLOG_BYTES,
    MAX_MESSAGE_CHARS,
    MAX_NAME_CHARS,
    MAX_ROOMS_PER_CONNECTION,
    MAX_SEALED_CHARS,
    MISSED_BYTES,
)
from rooms.model import Seat
from rooms.polls import shows_votes
from rooms.room import Room
from server.protocol import views
from server.protocol.requests import MAX_CANDIDATE_CHARS, MAX_SDP_BYTES
from server.usecases.connections import BURST_FACTOR
from server.usecases.context import Context
from server.usecases.signaling import ice_for
from signaling.calls import MESH_PARTICIPANTS


def snapshot(ctx: Context, room: Room, seat: Seat, token: str, missed: Sequence[Durable] | None) -> orjson.Fragment:
    """The payload of `room-joined`, encoded once however often it is sent.

    `missed` is None where the picture is not a continuation. Nor is it one where what was missed does not fit.
    """
    polls = orjson.dumps([views.poll(poll, shows_votes=shows_votes(room, poll)) for poll in room.polls.values()])
    # Beside full polls there is less room for what was missed: together with the people it has to be one answer.
    bound = MISSED_BYTES - len(polls)
    again = views.fitting((_missed(event, seat.id) for event in missed), bound) if missed is not None else None
    if missed is None or again is None or len(again) < len(missed):
        said = reversed(room.history.backlog(seat.id))
        shown = views.fitting((views.message(message, seat.id) for message in said), BACKLOG_BYTES)
        return _picture(ctx, room, seat, token, polls, messages=shown[::-1])
    return _picture(ctx, room, seat, token, polls, messages=[], missed=again)


def _picture(
    ctx: Context,
    room: Room,
    seat: Seat,
    token: str,
    polls: bytes,
    *,
    messages: list[orjson.Fragment],
    missed: list[orjson.Fragment] | None = None,
) -> orjson.Fragment:
    ice = ice_for(ctx, seat)
    lost_from = ctx.relay.lost_from(room.id, seat.id, ctx.clock())
    attributes = views.Attributes()
    picture: dict[str, Any] = {
        "roomId": room.id,
        "self": attributes.fit(views.participant(seat.participant)),
        "room": views.room(room.view()),
        "participants": ctx.snapshot_parts.others(room, seat, lost_from, attributes),
        "typing": [other.id for other in room.seats.values() if other.typing and other is not seat],
        "messages": messages,
        "polls": orjson.Fragment(polls),
        "iceServers": ice["iceServers"],
        "iceExpiresAt": ice["expiresAt"],
        "epoch": room.epoch,
        "seq": room.seq,
        "recovered": missed is not None,
        "resumeToken": token,
        "resumeTtlS": ctx.settings.seat_grace_s,
        "limits": _limits(ctx.settings.events_per_s, ctx.file_quotas.bounds.file),
    }
    if room.receipts:
        picture["reads"] = {other.id: other.read_seq for other in room.seats.values() if other.read_seq}
    if missed is not None:
        picture["missed"] = missed
    return orjson.Fragment(orjson.dumps(picture))


def _missed(event: Durable, viewer: str) -> dict[str, Any]:
    name, payload = views.durable(event, viewer)
    return {"event": name, "payload": payload}


@lru_cache(maxsize=4)
def _limits(events_per_s: float, file_bytes: int) -> orjson.Fragment:
    limits = {
        "messageChars": MAX_MESSAGE_CHARS,
        "sealedChars": MAX_SEALED_CHARS,
        "nameChars": MAX_NAME_CHARS,
        "sdpBytes": MAX_SDP_BYTES,
        "candidateChars": MAX_CANDIDATE_CHARS,
        "callParticipants": MESH_PARTICIPANTS,
        "roomsPerSocket": MAX_ROOMS_PER_CONNECTION,
        "fileBytes": file_bytes,
        "eventsPerS": events_per_s,
        "burst": events_per_s * BURST_FACTOR,
    }
    return orjson.Fragment(orjson.dumps(limits))
