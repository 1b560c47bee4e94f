"""Coming in: who is admitted to a room, and what everybody is told of them."""

from __future__ import annotations

from typing import NamedTuple

from rooms.digests import digest
from rooms.errors import Code, Refused
from rooms.events import Event, MemberJoined
from rooms.model import ALL_RIGHTS, HOST, MEMBER, NO_ATTRIBUTES, NO_MEDIA, Media, Seal, Seat, Voucher
from rooms.room import Room


class Admission(NamedTuple):
    """What somebody at the door shows.

    `password_ok` is None where no password was given; `origin` is a digest of the network address; `join_id` marks
    repetitions of one join by one client, so that a lost reply costs neither a seat nor an invite. A `voucher` counts
    as an invite, or as the host key. By `seal` the seat's name can be kept where nobody else may read it.
    """

    participant_id: str
    token: str
    name: str
    media: Media = NO_MEDIA
    host_key: str | None = None
    invite: str | None = None
    password_ok: bool | None = None
    origin: bytes | None = None
    join_id: str | None = None
    voucher: Voucher | None = None
    seal: Seal | None = None

    @property
    def is_host(self) -> bool:
        """Whether it asks for the host's role."""
        return self.host_key is not None or (self.voucher is not None and self.voucher.is_host)

    @property
    def is_vouched_for(self) -> bool:
        """Whether somebody has given their word for it: an invite is the host's."""
        return self.invite is not None or self.voucher is not None


def admit(room: Room, admission: Admission, now: float, earlier: Seat | None = None) -> Seat:
    """Grant a seat that nobody sees yet, and spend the invite. `seat()` or `withdraw()` must follow.

    A voucher goes before an invite, which is then neither looked at nor spent. Where a use of one is due (`use_due`),
    the caller has to spend it before anybody sits: once, also where the `earlier` try of the same join, which gave way
    for this one, was to spend the same.
    Refused with BANNED, FORBIDDEN (wrong host key), ROOM_LOCKED, INVITE_*, PASSWORD_*, LOBBY_WAITING or ROOM_FULL.
    """
    is_host, voucher = admission.is_host, admission.voucher
    if admission.host_key is not None and not room.is_host_key(admission.host_key):
        raise Refused(Code.FORBIDDEN, "This is not the room's host key.")
    if voucher is not None and voucher.subject in room.banned_subjects:
        raise Refused(Code.BANNED, "You have been banned from this room.")
    if not is_host:
        _check_guest(room, admission)
    join_id_digest = digest(admission.join_id) if admission.join_id else None
    regretted = room.regretted.get(join_id_digest) if join_id_digest else None
    invite = None
    if admission.invite is not None and not is_host and voucher is None:
        invite = room.invites.check(admission.invite, room.runtime.wall(now), regretted)
    if len(room.seats) + len(room.pending) >= room.capacity:
        raise Refused(Code.ROOM_FULL, "This room is full.", retry_after_ms=5_000)
    use = voucher.use if voucher is not None else None
    again = regretted is not None and regretted in (invite.id if invite else None, use)
    if again and join_id_digest is not None:
        del room.regretted[join_id_digest]
    elif invite is not None:
        room.invites.redeem(invite)
    same = earlier if earlier is not None and use is not None and earlier.use == use else None
    rights = voucher.rights if voucher is not None else ALL_RIGHTS
    room.ordinals += 1
    seat = Seat(
        id=admission.participant_id,
        name=admission.name,
        role=HOST if is_host else MEMBER,
        joined_at=room.runtime.wall(now),
        ordinal=room.ordinals,
        token_digest=digest(admission.token),
        media=admission.media if rights.can_call else admission.media._replace(can_call=False),
        invite_id=invite.id if invite else None,
        provisional=invite is not None,
        origin=admission.origin,
        join_id_digest=join_id_digest,
        subject=voucher.subject if voucher else None,
        user_id=voucher.user_id if voucher else None,
        rights=rights,
        attributes=voucher.attributes if voucher else NO_ATTRIBUTES,
        use=use,
        use_due=use is not None and (not again or (same is not None and same.use_due)),
        used_by=admission.participant_id if same is None else same.used_by,
        seal=admission.seal,
    )
    room.pending[seat.id] = seat
    room.empty_since = None
    return seat


def _check_guest(room: Room, admission: Admission) -> None:
    # A fresh invite is the host's word for its bearer, so a shared address does not count against it.
    if not admission.is_vouched_for and admission.origin is not None and admission.origin in room.banned_origins:
        raise Refused(Code.BANNED, "You have been banned from this room.")
    if room.locked:
        raise Refused(Code.ROOM_LOCKED, "This room is locked.")
    if not admission.is_vouched_for and room.invite_only:
        raise Refused(Code.INVITE_REQUIRED, "This room needs an invite.")
    if room.password_hash is not None and not admission.password_ok:
        if admission.password_ok is None:
            raise Refused(Code.PASSWORD_REQUIRED, "This room needs a password.")
        raise Refused(Code.PASSWORD_INVALID, "This is not the room's password.")
    if not admission.is_vouched_for and room.lobby:
        raise Refused(Code.LOBBY_WAITING, "This room has a lobby: knock, and wait to be admitted.")


def seat(room: Room, granted: Seat, now: float) -> list[Event]:
    """Take the granted seat: from here on everybody sees it."""
    del room.pending[granted.id]
    room.seats[granted.id] = granted
    room.came += 1
    room.peak = max(room.peak, len(room.seats))
    becomes_host = granted.role == HOST or not room.host_id
    granted.role = MEMBER
    first = room.host_id is None
    if first and becomes_host:
        granted.role, room.host_id = HOST, granted.id
    room.hold(granted)
    seq, position = room.next()
    granted.joined_seq = seq
    joined = MemberJoined(
        room_id=room.id,
        seq=seq,
        position=position,
        at=now,
        participant=granted.participant,
        participant_count=len(room.seats),
    )
    events = [room.keep(joined)]
    if becomes_host and not first:
        events += room.make_host(granted, now)
    return events
