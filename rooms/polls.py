"""Polls: asking, voting, closing, taking away."""

from __future__ import annotations

from collections.abc import Sequence

from rooms.errors import Code, Refused
from rooms.events import Event, PollCreated, PollDeleted, PollUpdated
from rooms.limits import CHAR_BYTES, EVENT_OVERHEAD_BYTES, MAX_POLLS, POLLS_BYTES, VOTE_BYTES
from rooms.model import HOST, Seat
from rooms.poll import Poll
from rooms.rights import require_voice
from rooms.room import Room
from rooms.schedule import Task


def create(
    room: Room,
    seat: Seat,
    poll_id: str,
    question: str,
    options: Sequence[str],
    now: float,
    *,
    multiple: bool = False,
    anonymous: bool = False,
    closes_in_s: float | None = None,
    encrypted: bool = False,
) -> list[Event]:
    """Ask. Refused with ENCRYPTION_REQUIRED, FORBIDDEN (who may not speak), and RATE_LIMITED where the room has as many
    polls as it may.
    """
    if room.encrypted and not encrypted:
        raise Refused(Code.ENCRYPTION_REQUIRED)
    require_voice(seat)
    poll = Poll(poll_id, seat.id, question, tuple(options), multiple, anonymous, encrypted)
    if len(room.polls) >= MAX_POLLS:
        raise Refused(Code.RATE_LIMITED, f"A room has at most {MAX_POLLS} polls: delete one.")
    if sum(other.size_bytes for other in room.polls.values()) + poll.size_bytes > POLLS_BYTES:
        raise Refused(Code.RATE_LIMITED, "The polls of this room are too long together: delete one.")
    if closes_in_s is not None:
        poll.due_at, poll.closes_at = now + closes_in_s, room.runtime.wall(now) + closes_in_s
        room.runtime.schedule.add(poll.due_at, room.id, Task.POLL, poll.id)
    room.polls[poll.id] = poll
    room.history.weigh(_weight(poll))
    poll.seq, position = room.next()
    created = PollCreated(
        room_id=room.id, seq=poll.seq, position=position, at=now, poll=poll, shows_votes=shows_votes(room, poll)
    )
    return [room.keep(created)]


def vote(room: Room, seat: Seat, poll_id: str, choices: Sequence[int], now: float) -> list[Event]:
    """Vote, again in place of before; no choices take a vote back. What one has chosen may be repeated after the end.

    Refused with NOT_FOUND, POLL_CLOSED, and INVALID_PAYLOAD where there are no such options, or too many are chosen.
    """
    poll = _found(room, poll_id)
    chosen = tuple(sorted(set(choices)))
    is_said = chosen == poll.votes.get(seat.id, ())
    if poll.closed and not is_said:
        raise Refused(Code.POLL_CLOSED)
    if len(chosen) != len(choices) or any(choice not in range(len(poll.options)) for choice in chosen):
        raise Refused(Code.INVALID_PAYLOAD, details={"choices": "must be different numbers of options, from 0"})
    if len(chosen) > 1 and not poll.multiple:
        raise Refused(Code.INVALID_PAYLOAD, details={"choices": "must be one: this poll allows no more"})
    if is_said:
        return []
    before = _weight(poll)
    if chosen:
        poll.votes[seat.id] = chosen
    else:
        del poll.votes[seat.id]
    room.history.weigh(_weight(poll) - before)
    return [_updated(room, poll, now)]


def close(room: Room, seat: Seat, poll_id: str, now: float) -> list[Event]:
    """Let nobody vote any more, as its author or host. Refused with NOT_FOUND and FORBIDDEN."""
    poll = _own(room, seat, poll_id)
    if poll.closed:
        return []
    poll.closed = True
    return [_updated(room, poll, now)]


def is_over(room: Room, poll_id: str, now: float) -> list[Event]:
    """The time of a poll has come."""
    poll = room.polls[poll_id]
    poll.closed = True
    return [_updated(room, poll, now)]


def delete(room: Room, seat: Seat, poll_id: str, now: float) -> list[Event]:
    """Take a poll away, as its author or host. Refused with NOT_FOUND and FORBIDDEN."""
    poll = _own(room, seat, poll_id)
    del room.polls[poll.id]
    room.history.weigh(-_weight(poll))
    poll.erase()
    seq, position = room.next()
    deleted = PollDeleted(room_id=room.id, seq=seq, position=position, at=now, poll_id=poll.id, poll_seq=poll.seq)
    return [room.keep(deleted)]


def shows_votes(room: Room, poll: Poll) -> bool:
    """Whether everybody sees who has voted for what."""
    return room.is_small and not poll.anonymous


def _updated(room: Room, poll: Poll, now: float) -> Event:
    seq, position = room.next()
    updated = PollUpdated(
        room_id=room.id, seq=seq, position=position, at=now, poll=poll, shows_votes=shows_votes(room, poll)
    )
    return room.keep(updated)


def _found(room: Room, poll_id: str) -> Poll:
    poll = room.polls.get(poll_id)
    if poll is None:
        raise Refused(Code.NOT_FOUND, "There is no such poll.")
    return poll


def _own(room: Room, seat: Seat, poll_id: str) -> Poll:
    poll = _found(room, poll_id)
    if poll.author != seat.id and seat.role != HOST:
        raise Refused(Code.FORBIDDEN, "Only its author and the host may do this.")
    return poll


def _weight(poll: Poll) -> int:
    texts = CHAR_BYTES * sum(map(len, (poll.question, *poll.options)))
    return EVENT_OVERHEAD_BYTES + texts + VOTE_BYTES * len(poll.votes)
