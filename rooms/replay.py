"""What a participant that was away is told of what happened meanwhile.

State is replaced and not replayed: what changed several times is told once, as it is now. A message that is told anew
is told as it is now, with all that happened to it; what was erased meanwhile was never there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

from rooms.events import (
    Durable,
    Erased,
    MemberUpdated,
    MessageDeleted,
    MessageUpdated,
    PollCreated,
    PollDeleted,
    PollUpdated,
    ReactionChanged,
)
from rooms.history import Kept
from rooms.message import Message


def replayable(events: Iterable[Kept], participant_id: str) -> list[Durable]:
    """What this participant is told of `events`, which follow each other without a hole, in order.

    Its own messages, other people's private ones and its own comings and goings are left out.
    """
    return _Replay(participant_id).of(events)


class _Replay:
    """One participant's view of what it missed."""

    def __init__(self, participant_id: str) -> None:
        self._me = participant_id
        self._first = 0  # the seq from which on everything was missed
        self._kept: list[Durable] = []
        self._anew: set[int | str] = set()  # seqs of messages, and ids of polls, that are told anew
        self._newest: dict[Hashable, int] = {}  # what a state belongs to → the seq of its newest change
        self._toggles: dict[Hashable, int] = {}  # a reaction → how often it was switched

    def of(self, events: Iterable[Kept]) -> list[Durable]:
        for event in events:
            self._first = self._first or event.seq
            if not isinstance(event, Erased) and _IS_TOLD.get(type(event), _always)(self, event):
                self._kept.append(event)
        return [event for event in self._kept if self._is_last_word(event)]

    def message(self, message: Message) -> bool:
        own = message.sender == self._me and not (message.more is not None and message.more.from_rest)
        if own or not message.is_for(self._me):
            return False
        self._anew.add(message.seq)
        return True

    def update(self, event: MessageUpdated) -> bool:
        if not self._concerns(event.message):
            return False
        self._newest["edit", event.message.seq] = event.seq
        return True

    def reaction(self, event: ReactionChanged) -> bool:
        if not self._concerns(event.message):
            return False
        key = _reaction(event)
        self._newest[key] = event.seq
        self._toggles[key] = self._toggles.get(key, 0) + 1
        return True

    def _concerns(self, message: Message) -> bool:
        return not message.gone and message.seq not in self._anew and message.is_for(self._me)

    def deletion(self, event: MessageDeleted) -> bool:
        if event.audience is not None and self._me not in event.audience:
            return False
        # What it sent itself it has seen, whenever that was.
        return event.message_seq < self._first or event.sender == self._me

    def member(self, event: MemberUpdated) -> bool:
        if event.participant.id == self._me and event.change == "connected":
            return False
        self._newest["member", event.participant.id] = event.seq
        return True

    def poll(self, event: PollCreated) -> bool:
        if event.poll.gone:
            return False
        self._anew.add(event.poll.id)
        return True

    def vote(self, event: PollUpdated) -> bool:
        if event.poll.gone or event.poll.id in self._anew:
            return False
        self._newest["poll", event.poll.id] = event.seq
        return True

    def poll_deletion(self, event: PollDeleted) -> bool:
        return event.poll_seq < self._first

    def _is_last_word(self, event: Durable) -> bool:
        match event:
            case MemberUpdated():
                return self._newest["member", event.participant.id] == event.seq
            case MessageUpdated():
                return self._newest["edit", event.message.seq] == event.seq
            case PollUpdated():
                return self._newest["poll", event.poll.id] == event.seq
            case ReactionChanged():
                # Switched twice, it is as it was seen last.
                key = _reaction(event)
                return self._newest[key] == event.seq and self._toggles[key] % 2 == 1
        return True


def _reaction(event: ReactionChanged) -> tuple[int, str, str]:
    return event.message.seq, event.participant_id, event.emoji


def _always(_: _Replay, __: Kept) -> bool:
    return True


_IS_TOLD: dict[type, Callable[[_Replay, Any], bool]] = {
    Message: _Replay.message,
    MessageUpdated: _Replay.update,
    ReactionChanged: _Replay.reaction,
    MessageDeleted: _Replay.deletion,
    MemberUpdated: _Replay.member,
    PollCreated: _Replay.poll,
    PollUpdated: _Replay.vote,
    PollDeleted: _Replay.poll_deletion,
}
