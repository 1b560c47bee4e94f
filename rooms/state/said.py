"""What was said in a room since it was written last, packed: what nearly every write of a busy room is.

The same as `Tracker.changes`, of messages alone and in few steps: it runs for each message.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

from rooms.message import Message
from rooms.model import Seat
from rooms.state.events import encode_message, encode_trace
from rooms.state.sends import oldest_of
from rooms.state.tracking import Tracker

Pack = Callable[[Any], Any]
Lines = list[Any]
"""Names of fields and their packed values, in turns."""


def said(tracker: Tracker, pack: Pack) -> tuple[Lines, list[str]] | None:
    """Fields to put, and names of fields to drop, which may as well stay; taken for written from now on.

    None where anything is new but messages that have what each message has: nothing is taken for written then.
    """
    room, history = tracker.room, tracker.room.history
    if tracker._others or tracker._about or tracker._shown or room.shown:
        return None
    moved = tracker._floor != history.floor or tracker._older != len(history._older or ())
    if moved and not _only_moves_on(tracker):
        return None
    new = list(islice(reversed(history._events), room.seq - tracker._seq))  # from the end: a history is long
    for event in new:
        if type(event) is not Message or event.more is not None:
            return None
    lines: Lines = []
    drop: list[str] = []
    new.reverse()
    _put(tracker, new, pack, lines, drop)
    if moved:
        _move_on(tracker, pack, lines, drop)
    tracker._seq = room.seq
    lines += ("n", pack(tracker._counters()))
    return lines, drop


def _put(tracker: Tracker, new: list[Any], pack: Pack, lines: Lines, drop: list[str]) -> None:
    """The messages, and what their senders were told of them."""
    seats, sent = tracker.room.seats, tracker._sent
    senders: dict[str, Seat] = {}
    for message in new:
        seq, mark, who = message.seq, message.client_message_id, message.sender
        lines += (f"e:{seq}", pack(encode_message(message)))
        seat = seats.get(who) if mark is not None else None
        receipt = seat.sent.get(mark) if seat is not None else None
        if seat is None or receipt is None or receipt[0] != seq:
            continue  # there is none, or so many were sent since that it is forgotten again
        lines += (f"d:{who}:{seq}", pack((mark, *receipt[1:])))
        if who in sent:
            sent[who].append(seq)
        else:
            tracker._note_receipt(who, seq)
        senders[who] = seat
    for who, seat in senders.items():
        oldest, written = oldest_of(seat.sent), sent[who]
        while written[0] < oldest:
            drop.append(f"d:{who}:{written.popleft()}")


def _only_moves_on(tracker: Tracker) -> bool:
    """Whether all that a history has let go of are its oldest events, to which nothing refers."""
    history = tracker.room.history
    held = tracker._held or tracker._older or history._older or history._referred or tracker._referring
    return not held and tracker._seq >= history.floor


def _move_on(tracker: Tracker, pack: Pack, lines: Lines, drop: list[str]) -> None:
    history, due = tracker.room.history, tracker._due
    floor, tracker._floor = tracker._floor, history.floor
    known = {}
    for trace in reversed(history._traces._known or ()):  # the newest are those of the events that went
        if trace[0] <= floor:
            break
        known[trace[0]] = trace
    for seq in range(floor + 1, history.floor + 1):
        if seq in known:
            lines += (f"e:{seq}", pack(encode_trace(known[seq], due.get(seq) if due else None)))
            tracker._traces.append(seq)
        else:
            drop.append(f"e:{seq}")
            due.pop(seq, None)
    tracker._drop_traces({}, drop)
