"""A seat that is given up: for good, and who is host after it; or before anybody took it."""

from __future__ import annotations

from rooms.digests import digest
from rooms.events import Event, MemberLeft, StateChanged
from rooms.lifetime import note_if_empty
from rooms.limits import GONE_SEATS, JOIN_REGRET_S, JOINS_REGRETTED
from rooms.model import GoneSeat, LeaveReason, Seat
from rooms.room import Room
from rooms.viewing import view_no_more


def leave(room: Room, seat: Seat, reason: LeaveReason, now: float) -> list[Event]:
    """End a seat for good. If it was the host's, the longest seated becomes host, and hears who waits."""
    room.let_go(seat)
    del room.seats[seat.id]
    room.gone[seat.id] = GoneSeat(seat.token_digest, reason)
    if len(room.gone) > GONE_SEATS:
        del room.gone[next(iter(room.gone))]
    if seat.provisional and seat.invite_id is not None:
        room.invites.give_back(seat.invite_id)
    elif reason == "left":
        _note_regret(room, seat, now)
    events = room.stop_typing(seat)
    seq, position = room.next()
    left = MemberLeft(
        room_id=room.id,
        seq=seq,
        position=position,
        at=now,
        participant_id=seat.id,
        reason=reason,
        participant_count=len(room.seats),
    )
    events.append(room.keep(left))
    events += view_no_more(room, seat.id, now)
    if room.host_id == seat.id:
        events += _succession(room, now)
    note_if_empty(room, now)
    return events


def _note_regret(room: Room, seat: Seat, now: float) -> None:
    # To give the use back would let a second person in; the one who gave the join up may repeat it.
    spent = seat.invite_id or seat.use
    if spent is None or seat.join_id_digest is None or now - seat.joined_at > JOIN_REGRET_S:
        return
    room.regretted[seat.join_id_digest] = spent
    if len(room.regretted) > JOINS_REGRETTED:
        del room.regretted[next(iter(room.regretted))]


def _succession(room: Room, now: float) -> list[Event]:
    room.host_id = None
    if not room.seats:
        return []
    # A host who is away cannot act, so anybody present comes first.
    heir = min(room.seats.values(), key=lambda seat: (not seat.connected, seat.ordinal))
    return [*room.make_host(heir, now), *room.waiting_for_host()]


def give_way(room: Room, join_id: str | None, now: float) -> tuple[Seat | None, list[Event]]:
    """Withdraw the seat that an earlier try of the same join was granted, which waits for the store.

    Nobody will be there to take it. Returns that seat, if any, and what happened.
    """
    if join_id is None or not room.pending:
        return None, []
    wanted = digest(join_id)
    earlier = next((seat for seat in room.pending.values() if seat.join_id_digest == wanted), None)
    return earlier, [] if earlier is None else withdraw(room, earlier, now)


def withdraw(room: Room, granted: Seat, now: float) -> list[Event]:
    """Undo `admit`: the place and the use of the invite are free again."""
    if room.pending.pop(granted.id, None) is not None and granted.invite_id is not None:
        room.invites.give_back(granted.invite_id)
    note_if_empty(room, now)
    return [StateChanged(room.id)]
