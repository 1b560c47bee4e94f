"""What was taken back in a room, so that whoever comes back after a restart is told: by then nothing else knows.

Ids alone, never a text nor a name. What has expired is not among them: whoever holds it knows when it expires.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, NamedTuple

from rooms.events import Event, StateChanged
from rooms.limits import RETRACTION_BYTES, RETRACTIONS_KNOWN
from rooms.message import ID_HEAD_CHARS
from rooms.records import Retraction
from rooms.room import Room


class Untold(NamedTuple):
    """What somebody is told who comes with messages of an earlier epoch, oldest first.

    `forget`: there was more than is remembered, so that all of earlier epochs has to go.
    """

    retractions: tuple[Retraction, ...] = ()
    forget: bool = False


NOTHING: Final = Untold()

MARK: Final = "0" * ID_HEAD_CHARS
"""Of no message: an epoch in which nothing was taken back yet. Its `seq` is 0."""


def note(room: Room, message_id: str, seq: int, *, edited: bool = False) -> None:
    """Remember that a message was taken away, or its text (`edited`), by the durable event `seq`."""
    kept = room.retractions
    others = tuple(one for one in kept if one.message_id != message_id)
    room.retractions = (*others, Retraction(message_id, seq, edited))[-RETRACTIONS_KNOWN:]
    if len(room.retractions) > len(kept):
        room.history.weigh(RETRACTION_BYTES)


def mark(room: Room) -> list[Event]:
    """Somebody is here in this epoch: who has seen something of it is known to have been told what was before.

    Once for each epoch, and only after others in which something was taken back.
    """
    kept = room.retractions
    if not kept or epoch_of(kept[-1]) == room.epoch:
        return []
    note(room, MARK + room.epoch, 0)
    return [StateChanged(room.id)]


def untold(room: Room, epoch: str | None = None, last_seq: int | None = None) -> Untold:
    """What one is not told by the history: of messages of earlier epochs than the room's.

    `epoch` and `last_seq` say what was seen last. Whoever has seen something of an epoch was told of those before when
    it came in; of what happened in that epoch it knows up to `last_seq`.
    """
    if epoch == room.epoch or not room.retractions:
        return NOTHING
    kept = room.retractions
    begins = next((place for place, one in enumerate(kept) if epoch_of(one) == epoch), 0)
    unknown = [one for one in kept[begins:] if epoch_of(one) != epoch or one.seq > (last_seq or 0)]
    # Who knows the oldest knows what came before it, too.
    is_all = len(unknown) == RETRACTIONS_KNOWN
    told = [one for one in unknown if one.seq and epoch_of(one) != room.epoch]
    if epoch is not None and not is_all:
        told += [_as_known(one, epoch) for one in unknown if one.seq and epoch_of(one) == room.epoch]
    return Untold(tuple(told), is_all)


def _as_known(retraction: Retraction, epoch: str) -> Retraction:
    """Under the id that the message had in an earlier epoch: a room that was read from Redis, where what was written
    last may be lost, has another epoch and the same messages. Of one that came since nobody has that id.
    """
    return replace(retraction, message_id=retraction.message_id[:ID_HEAD_CHARS] + epoch)


def epoch_of(retraction: Retraction) -> str:
    """The epoch of the message."""
    return retraction.message_id[ID_HEAD_CHARS:]
