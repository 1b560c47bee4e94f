"""Whatever people say, change, take back, react to and vote on, and however often they are cut off: what each of them
puts together from what it is told is what the server has, message by message (seeded runs over rules and views).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from rooms import expiry, messages, polls, viewing
from rooms.errors import Refused
from rooms.events import Durable, Event, MessageDeleted, MessageUpdated, ReactionChanged
from rooms.extras import Extras
from rooms.message import Message, seq_in
from rooms.messages import Options
from rooms.model import RoomOptions, Seat
from rooms.replay import replayable
from rooms.schedule import Task
from server.protocol import views
from tests.support.rooms import Stage

PEOPLE = 20
STEPS = 3_000
ON_OFF = (True, False)
EMOJIS = ("+", "-", "?")


def shown(payload: Any) -> Any:
    """What a client reads."""
    return json.loads(orjson.dumps(payload))


class Picture:
    """What one client has put together."""

    def __init__(self, seat: Seat) -> None:
        self.seat = seat
        self.online = True
        self.last_seq = 0
        self.since = 0
        """It was told of everything after this `seq`."""
        self.messages: dict[str, dict[str, Any]] = {}
        self.polls: dict[str, dict[str, Any]] = {}

    def take(self, name: str, payload: dict[str, Any]) -> None:
        self.last_seq = max(self.last_seq, payload.get("seq", 0))
        match name:
            case "message-received":
                self.messages[payload["id"]] = told(payload)
            case "message-updated":
                if payload["id"] in self.messages:
                    self.messages[payload["id"]] |= {k: payload.get(k) for k in ("text", "editedAt", "data")}
            case "message-deleted":
                self.messages.pop(payload["id"], None)
            case "reaction-changed":
                self.react(**{k: payload[k] for k in ("id", "participantId", "emoji", "on")})
            case "poll-created":
                self.polls[payload["poll"]["pollId"]] = payload["poll"]
            case "poll-updated":
                self.polls[payload["pollId"]] |= {k: payload[k] for k in ("counts", "votes", "closed")}
            case "poll-deleted":
                del self.polls[payload["pollId"]]

    def react(self, id: str, participantId: str, emoji: str, on: bool) -> None:
        message = self.messages.get(id)
        if message is None:
            return
        people = message["reactions"].setdefault(emoji, set())
        # Not as a set would take it: one who counts without names must come out right, too.
        assert (participantId in people) is not on, "a reaction that is told twice, or taken back unseen"
        people.symmetric_difference_update({participantId})
        if not people:
            del message["reactions"][emoji]


def told(payload: dict[str, Any]) -> dict[str, Any]:
    """A message as a client keeps it."""
    kept = {name: payload.get(name) for name in ("text", "sender", "seq", "editedAt", "data", "viewOnce", "expiresAt")}
    reactions = {one["emoji"]: set(one["participantIds"]) for one in payload.get("reactions", ())}
    assert all(len(reactions[one["emoji"]]) == one["count"] for one in payload.get("reactions", ()))
    return {**kept, "reactions": reactions}


class Chat:
    """Twenty people in one room, each with a picture; whatever they do is drawn by lot."""

    def __init__(self, seed: int) -> None:
        self.lot = random.Random(seed)
        self.stage = Stage(RoomOptions(PEOPLE, 1e6))
        self.room = self.stage.room
        self.pictures = [Picture(self.stage.sit(f"p{n}")) for n in range(PEOPLE)]
        self.deleted: set[str] = set()
        self.cuts = self.continued = self.polls_made = 0
        for picture in self.pictures:
            self.snapshot(picture)

    # The wire

    def commit(self, events: list[Event], author: Seat) -> None:
        for event in events:
            if isinstance(event, MessageDeleted):
                self.deleted.add(event.message_id)
            for picture in self.pictures:
                if picture.online and isinstance(event, Durable) and self.concerns(event, picture.seat):
                    if isinstance(event, Message):
                        if event.sender != picture.seat.id:
                            picture.take(*self.frame(event, None))
                        else:
                            self.acknowledged(picture, event)
                    else:
                        picture.take(*self.frame(event, None))

    def concerns(self, event: Durable, seat: Seat) -> bool:
        if isinstance(event, Message):
            return event.is_for(seat.id)
        if isinstance(event, MessageUpdated | ReactionChanged):
            return event.message.is_for(seat.id)
        return not isinstance(event, MessageDeleted) or event.audience is None or seat.id in event.audience

    def acknowledged(self, picture: Picture, message: Message) -> None:
        """Its author knows what it has sent, and learns its place."""
        picture.messages[message.id] = told(shown(views.message(message, picture.seat.id)))
        picture.last_seq = max(picture.last_seq, message.seq)

    def frame(self, event: Durable, viewer: str | None) -> tuple[str, Any]:
        name, payload = views.durable(event, viewer)
        return name, shown(payload)

    def snapshot(self, picture: Picture) -> None:
        me = picture.seat.id
        said = self.room.history.backlog(me)
        picture.messages = {one.id: told(shown(views.message(one, me))) for one in said}
        picture.polls = {p.id: shown(views.poll(p, shows_votes=True)) for p in self.room.polls.values()}
        picture.last_seq = picture.since = self.room.seq

    def come_back(self, picture: Picture) -> None:
        picture.online = True
        events = self.room.history.since(picture.last_seq, self.stage.now)
        if events is None:
            self.snapshot(picture)
            return
        self.continued += 1
        for event in replayable(events, picture.seat.id):
            picture.take(*self.frame(event, picture.seat.id))
        picture.last_seq = self.room.seq

    # What people do

    def step(self) -> None:
        picture = self.lot.choice(self.pictures)
        if self.lot.random() < 0.15:
            self.cuts += picture.online
            if picture.online:
                picture.online = False
            else:
                self.come_back(picture)
            return
        self.pass_time()
        if picture.online:
            try:
                self.commit(self.act(picture), picture.seat)
            except Refused:
                return

    def pass_time(self) -> None:
        self.stage.now += self.lot.choice((0.01, 0.2, 1.0))
        for room, due in self.stage.directory.due(self.stage.now):
            match due.task:
                case Task.MESSAGES:
                    self.commit(expiry.expire(room, self.stage.now), self.pictures[0].seat)
                case Task.SHOWN:
                    viewing.hide(room, int(due.key))
                case Task.POLL:
                    self.commit(polls.is_over(room, due.key, self.stage.now), self.pictures[0].seat)

    def act(self, picture: Picture) -> list[Event]:
        seat, room, now, lot = picture.seat, self.room, self.stage.now, self.lot
        known = list(picture.messages) or ["nothing"]
        message, emoji, on = lot.choice(known[-30:]), lot.choice(EMOJIS), lot.choice(ON_OFF)
        poll = lot.choice(list(room.polls) or ["nothing"])
        doing: list[tuple[int, Callable[[], list[Event]]]] = [
            (10, lambda: self.say(seat)),
            (
                6,
                lambda: messages.edit(room, seat, message, f"edited {lot.random()}", now, data=lot.choice((None, "1"))),
            ),
            (3, lambda: messages.delete(room, seat, message, now)),
            (12, lambda: messages.react(room, seat, message, emoji, now, on=on)),
            (2, lambda: viewing.view(room, seat, message, now)[1]),
            (1, lambda: self.ask(seat)),
            (6, lambda: polls.vote(room, seat, poll, lot.choice(([0], [1], [])), now)),
            (1, lambda: polls.close(room, seat, poll, now)),
            (1, lambda: polls.delete(room, seat, poll, now)),
        ]
        return lot.choices([one for _, one in doing], [weight for weight, _ in doing])[0]()

    def say(self, seat: Seat) -> list[Event]:
        lot = self.lot
        to = lot.choice(self.pictures).seat.id if lot.random() < 0.2 else None
        options = Options(
            Extras(data=lot.choice((None, '{"a":1}'))), lot.choice((None, None, 7.0)), view_once=lot.random() < 0.1
        )
        message, more = messages.post(self.room, seat, f"said {lot.random()}", self.stage.now, to=to, options=options)[
            1:
        ]
        assert message is not None
        return [message, *more]

    def ask(self, seat: Seat) -> list[Event]:
        self.polls_made += 1
        closes = self.lot.choice((None, 30.0))
        poll_id = f"poll {self.polls_made}"
        return polls.create(self.room, seat, poll_id, "?", ["a", "b"], self.stage.now, closes_in_s=closes)

    # What must be

    def check(self, picture: Picture) -> None:
        me = picture.seat.id
        assert picture.polls == {p.id: shown(views.poll(p, shows_votes=True)) for p in self.room.polls.values()}
        for message_id, kept in picture.messages.items():
            assert message_id not in self.deleted, "what was deleted is still shown"
            held = self.room.history.find(seq_in(message_id))
            if held is not None:
                assert kept == told(shown(views.message(held, me))), "what is shown is not what there is"
        wanted = {one.id for one in self.room.history.backlog(me) if one.seq > picture.since}
        assert wanted <= picture.messages.keys(), "something is missing"


@pytest.mark.parametrize("seed", range(6))
def test_all_end_with_the_picture_of_the_server(seed: int) -> None:
    chat = Chat(seed)
    for _ in range(STEPS):
        chat.step()
    for picture in chat.pictures:
        if not picture.online:
            chat.come_back(picture)
        chat.check(picture)
    assert chat.cuts > 100
    assert chat.continued > 100
    assert len(chat.deleted) > 50
    ledger, history = chat.room.runtime.ledger, chat.room.history
    assert ledger.used_bytes == history.held_bytes


def test_each_cut_alone_leads_to_the_same_picture() -> None:
    """Looked at after each return, so that no later event hides a difference."""
    chat = Chat(99)
    for _ in range(1_000):
        chat.step()
        for picture in chat.pictures:
            if picture.online:
                chat.check(picture)
