"""Seats, invites and polls to plain values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rooms.model import NO_ATTRIBUTES, Media, Rights, Seat
from rooms.poll import Poll
from rooms.recent_sends import RecentSends
from rooms.records import InviteRecord


def attributes_of(kept: Mapping[str, str]) -> Mapping[str, str]:
    """Attributes as a seat has them."""
    return MappingProxyType(dict(kept)) if kept else NO_ATTRIBUTES


def encode_seat(seat: Seat, *, pending: bool) -> tuple[Any, ...]:
    """A seat, but for what its holder is known to have sent, and what nobody can read without its token."""
    return (
        pending,
        seat.name,
        seat.role,
        seat.joined_at,
        seat.ordinal,
        seat.token_digest,
        tuple(seat.media),
        seat.connected,
        seat.away_since,
        seat.in_call,
        seat.idle,
        dict(seat.attributes),
        seat.read_seq,
        seat.joined_seq,
        seat.invite_id,
        seat.provisional,
        seat.origin,
        seat.join_id_digest,
        seat.earlier_token_digest,
        seat.subject,
        seat.user_id,
        tuple(seat.rights),
        seat.use,
        seat.use_due,
        seat.used_by,
    )


def decode_seat(participant_id: str, kept: Any, shift_s: float, sent: RecentSends) -> tuple[Seat, bool]:
    """A seat, and whether it is pending."""
    (pending, name, role, joined_at, ordinal, token_digest, media, connected, away_since, *rest) = kept
    in_call, idle, attributes, read_seq, joined_seq, invite_id, provisional, origin, *rest = rest
    join_id_digest, earlier_token_digest, subject, user_id, rights, use, use_due, used_by = rest
    seat = Seat(
        id=participant_id,
        name=name,
        role=role,
        joined_at=joined_at,
        ordinal=ordinal,
        token_digest=token_digest,
        media=Media(*media),
        connected=connected,
        away_since=None if away_since is None else away_since + shift_s,
        in_call=in_call,
        idle=idle,
        attributes=attributes_of(attributes),
        read_seq=read_seq,
        joined_seq=joined_seq,
        invite_id=invite_id,
        provisional=provisional,
        origin=origin,
        join_id_digest=join_id_digest,
        earlier_token_digest=earlier_token_digest,
        subject=subject,
        user_id=user_id,
        rights=Rights(*rights),
        use=use,
        use_due=use_due,
        used_by=used_by,
        sent=sent,
    )
    return seat, pending


def encode_invite(invite: InviteRecord) -> tuple[Any, ...]:
    """An invite."""
    return (
        invite.token_digest,
        invite.uses,
        invite.used,
        invite.created_at,
        invite.expires_at,
        invite.revoked,
    )


def decode_invite(invite_id: str, kept: Any) -> InviteRecord:
    """What `encode_invite` made."""
    return InviteRecord(invite_id, *kept)


def encode_poll(poll: Poll, place: int) -> tuple[Any, ...]:
    """A poll with its votes; `place` in the order of making."""
    return (
        place,
        poll.author,
        poll.question,
        poll.options,
        poll.multiple,
        poll.anonymous,
        poll.encrypted,
        poll.seq,
        poll.due_at,
        poll.closes_at,
        poll.closed,
        poll.votes,
    )


def decode_poll(poll_id: str, kept: Any, shift_s: float) -> Poll:
    """What `encode_poll` made."""
    _, author, question, options, multiple, anonymous, encrypted, seq, due_at, closes_at, closed, votes = kept
    return Poll(
        id=poll_id,
        author=author,
        question=question,
        options=tuple(options),
        multiple=multiple,
        anonymous=anonymous,
        encrypted=encrypted,
        seq=seq,
        due_at=None if due_at is None else due_at + shift_s,
        closes_at=closes_at,
        closed=closed,
        votes={who: tuple(choices) for who, choices in votes.items()},
    )
