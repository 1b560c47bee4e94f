"""Records for the store's tests: complete ones, so that a field which is not kept shows."""

from __future__ import annotations

import time
from dataclasses import replace

from rooms.records import (
    CallRecord,
    InviteRecord,
    LoggedMessage,
    Retraction,
    RoomRecord,
    SeatRecord,
    SessionRecord,
    Tombstone,
)

# The real time: MongoDB's own clock decides when its TTL thread removes a document.
NOW = time.time()
HOUR_S = 3600.0


def bare_room(room_id: str) -> RoomRecord:
    """A room with nothing but what it must have."""
    return RoomRecord(id=room_id, created_at=NOW, expires_at=NOW + HOUR_S, capacity=8, host_key_digest=b"\x00\xff" * 16)


def full_room(room_id: str, *, word: str = "Grace") -> RoomRecord:
    """A room with every field set to something that is not its default; `word` is in every free text."""
    return replace(
        bare_room(room_id),
        host_id="p1",
        invite_only=True,
        locked=True,
        lobby=True,
        log=True,
        encrypted=True,
        key_check="k1",
        password_hash=f"scrypt$16384${word}",
        seats=(
            SeatRecord(
                "p1",
                "",
                "host",
                NOW + 0.123456,
                b"\x01" * 32,
                sealed=b"sealed",
                sealed_by_token=b"\x09" * 60,
                sealed_by_join=b"\x0a" * 60,
            ),
            SeatRecord(
                "p2",
                "",
                "member",
                NOW + 1,
                b"\x02" * 32,
                invite_id="i1",
                provisional=True,
                subject=b"\x07" * 16,
                sealed=b"sealed too",
                sealed_by_token=b"\x0b" * 60,
                can_speak=False,
                can_call=False,
                can_invite=False,
            ),
        ),
        invites=(
            InviteRecord("i1", b"\x03" * 32, uses=5, used=2, created_at=NOW, expires_at=NOW + 60),
            InviteRecord("i2", b"\x04" * 32, uses=1, used=0, created_at=NOW, expires_at=NOW + 60, revoked=True),
        ),
        banned_ids=("p9",),
        banned_origins=(b"\x05" * 32,),
        banned_subjects=(b"\x08" * 16,),
        came=7,
        peak=3,
        message_count=12,
        made_by="shop",
        receipts=False,
        message_ttl_s=60.0,
        retractions=(Retraction("m1", 4), Retraction("m2", 5, edited=True)),
    )


def tombstone(room_id: str, *, until: float = NOW + HOUR_S, reason: str = "room-ended") -> Tombstone:
    return Tombstone(room_id=room_id, reason=reason, ended_at=NOW, until=until)


def session(name: str, *, ended_at: float = NOW) -> SessionRecord:
    return SessionRecord(
        id=name,
        began_at=NOW - HOUR_S,
        ended_at=ended_at,
        reason="room-ended",
        capacity=8,
        came=7,
        peak=3,
        message_count=12,
        calls=(CallRecord(NOW - 90, NOW - 30, peak=2, connected=True),),
    )


def message(number: int, room_id: str, *, text: str = "hello") -> LoggedMessage:
    return LoggedMessage(
        id=f"{room_id}-{number:06}",
        room_id=room_id,
        seq=number,
        epoch="e1",
        sender="p1",
        sender_name="Grace",
        text=text,
        timestamp=NOW + number / 1000,
        encrypted=number % 2 == 1,
    )
