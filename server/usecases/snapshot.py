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
from rooms.records import Retraction
from rooms.retractions import Untold
from rooms.room import Room
from server.protocol import views
from server.protocol.fields import MAX_CANDIDATE_CHARS, MAX_SDP_BYTES
from server.usecases.connections import BURST_FACTOR
from server.usecases.context import Context
from server.usecases.signaling import ice_for
from signaling.calls import MESH_PARTICIPANTS
from signaling.ice import IceSettings, ice_servers


def snapshot(
    ctx: Context, room: Room, seat: Seat, token: str, missed: Sequence[Durable] | None, untold: Untold
) -> orjson.Fragment:
    """The payload of `room-joined`, encoded once however often it is sent.

    `missed` is None where the picture is not a continuation. Nor is it one where what was missed does not fit.
    `untold` is of earlier epochs, so there is none of it where the picture is one.
    """
    polls = _polls(room) if room.polls else b"[]"
    if missed is not None:
        # Beside full polls there is less room for what was missed: together with the people it has to be one answer.
        again = views.fitting((_missed(event, seat.id) for event in missed), MISSED_BYTES - len(polls))
        if len(again) == len(missed):
            return _picture(ctx, room, seat, token, polls, messages=[], missed=again, recovered=True)
    said = room.history.backlog(seat.id)
    gone = [orjson.dumps(_taken_back(room, one)) for one in untold.retractions]
    left = BACKLOG_BYTES - sum(map(len, gone))
    shown = views.fitting((views.message(one, seat.id) for one in reversed(said)), left) if said else []
    missed_of_before = [orjson.Fragment(each) for each in gone] or None
    return _picture(ctx, room, seat, token, polls, messages=shown[::-1], missed=missed_of_before, forget=untold.forget)


def _polls(room: Room) -> bytes:
    return orjson.dumps([views.poll(poll, shows_votes=shows_votes(room, poll)) for poll in room.polls.values()])


def _picture(
    ctx: Context,
    room: Room,
    seat: Seat,
    token: str,
    polls: bytes,
    *,
    messages: list[orjson.Fragment],
    missed: list[orjson.Fragment] | None = None,
    recovered: bool = False,
    forget: bool = False,
) -> orjson.Fragment:
    lost_from = ctx.relay.lost_from(room.id, seat.id, ctx.clock())
    attributes, own = views.Attributes(), views.participant(seat)
    picture: dict[str, Any] = {
        "roomId": room.id,
        "self": attributes.fit(own) if seat.attributes else own,
        "room": views.room(room),
        "participants": ctx.snapshot_parts.others(room, seat, lost_from, attributes),
        "typing": [other.id for other in room.seats.values() if other.typing and other is not seat],
        "messages": messages,
        "polls": orjson.Fragment(polls),
        **_ice(ctx, seat),
        "epoch": room.epoch,
        "seq": room.seq,
        "recovered": recovered,
        "resumeToken": token,
        "resumeTtlS": ctx.settings.seat_grace_s,
        "limits": _limits(ctx.settings.events_per_s, ctx.file_quotas.bounds.file),
    }
    if room.receipts:
        picture["reads"] = {other.id: other.read_seq for other in room.seats.values() if other.read_seq}
    if missed is not None:
        picture["missed"] = missed
    if forget:
        picture["forgotten"] = True
    return orjson.Fragment(orjson.dumps(picture))


def _taken_back(room: Room, one: Retraction) -> dict[str, Any]:
    """Of an edit nothing is left but that the text of before is not to be shown. `seq`: it is told as of now."""
    why = {"by": "", "reason": "forgotten" if one.edited else "deleted"}
    return {"event": "message-deleted", "payload": {"roomId": room.id, "seq": room.seq, "id": one.message_id, **why}}


def _ice(ctx: Context, seat: Seat) -> dict[str, Any]:
    """`{iceServers, iceExpiresAt}`. Without credentials they are the same for everybody."""
    if not (ctx.ice.offers_turn and seat.rights.can_call):
        return _without_credentials(ctx.ice.stun_urls)
    ice = ice_for(ctx, seat)
    return {"iceServers": ice["iceServers"], "iceExpiresAt": ice["expiresAt"]}


@lru_cache(maxsize=4)
def _without_credentials(stun_urls: tuple[str, ...]) -> dict[str, Any]:
    servers = ice_servers(IceSettings(stun_urls=stun_urls), None, 0.0)
    return {"iceServers": orjson.Fragment(orjson.dumps(servers.as_json())), "iceExpiresAt": None}


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
