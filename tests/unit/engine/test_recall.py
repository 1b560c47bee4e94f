"""Who has to take what was taken back, and by when."""

from __future__ import annotations

import asyncio
import time

from server.transport.engineio.polling import PollingCarrier
from server.transport.engineio.recall import Recalls

LOOK_S = 0.01
LOOKS = 4
LEAST = 100


class Client:
    def __init__(self) -> None:
        self.sent = 0
        self.taken = 0
        self.looks = 0
        self.cut_at = 0
        """The look by which it was cut."""

    @property
    def is_cut(self) -> bool:
        return self.cut_at > 0

    def has_sent(self, mark: int) -> bool:
        self.looks += 1
        return self.sent >= mark

    def progress(self) -> int:
        return self.taken

    def stalled(self) -> None:
        self.cut_at = self.looks


def recalls() -> Recalls:
    return Recalls(LOOK_S, LOOKS, LEAST)


async def looks(client: Client, count: int) -> None:
    """So many looks at a client, or until it is cut: however long that takes on a busy machine."""
    until = client.looks + count
    while client.looks < until and not client.is_cut:
        await asyncio.sleep(LOOK_S / 4)


async def test_whoever_takes_nothing_is_cut() -> None:
    subject, client = recalls(), Client()
    subject.watch(client, 1_000)
    await looks(client, LOOKS + 1)
    assert client.cut_at == LOOKS
    assert (len(subject), subject.cut_count) == (0, 1)


async def test_nobody_is_looked_at_for_whom_all_of_it_has_left() -> None:
    subject, client = recalls(), Client()
    subject.watch(client, 1_000)
    client.sent = 1_000
    await looks(client, 1)
    assert len(subject) == 0
    await asyncio.sleep(2 * LOOKS * LOOK_S)
    assert (client.looks, client.is_cut) == (1, False)


async def test_whoever_takes_some_of_it_is_let_be_and_whoever_stops_is_cut() -> None:
    subject, client = recalls(), Client()
    subject.watch(client, 1_000_000)
    for _ in range(4 * LOOKS):
        client.taken += LEAST
        await looks(client, 1)
        assert not client.is_cut
    await looks(client, LOOKS)
    assert client.is_cut


async def test_next_to_nothing_is_nothing() -> None:
    subject, client = recalls(), Client()
    subject.watch(client, 1_000)
    for _ in range(LOOKS):
        client.taken += (LEAST - 1) // LOOKS
        await looks(client, 1)
    assert client.is_cut


async def test_what_is_taken_back_later_gives_no_more_time() -> None:
    subject, client = recalls(), Client()
    subject.watch(client, 1_000)
    for mark in range(LOOKS):
        subject.watch(client, 2_000 + mark)
        await looks(client, 1)
    assert client.is_cut


async def test_what_is_taken_back_later_has_to_leave_too() -> None:
    subject, client = recalls(), Client()
    subject.watch(client, 1_000)
    subject.watch(client, 2_000)
    client.sent = 1_000
    await looks(client, LOOKS + 3)
    assert client.is_cut


async def test_whoever_takes_each_of_many_is_let_be() -> None:
    subject, client = recalls(), Client()
    for mark in range(1, 4 * LOOKS):
        subject.watch(client, mark)  # before the one before it has been looked after
        await looks(client, 1)
        client.sent = mark
    assert not client.is_cut
    await looks(client, 1)
    assert len(subject) == 0


async def test_while_the_process_stands_still_nobody_is_slow() -> None:
    subject, client = recalls(), Client()
    subject.watch(client, 1_000)
    time.sleep(3 * LOOKS * LOOK_S)
    await asyncio.sleep(LOOK_S)
    assert not client.is_cut
    subject.discard(client)


async def test_of_whoever_has_ended_nothing_is_left() -> None:
    subject, client = recalls(), Client()
    subject.watch(client, 1_000)
    assert subject.discard(client)
    assert not subject.discard(client)
    await asyncio.sleep(2 * LOOKS * LOOK_S)
    assert (client.looks, client.is_cut) == (0, False)


class Connection:
    impatient = False
    unsent_bytes = 1

    def __init__(self) -> None:
        self.recalls = 0

    def recall(self) -> None:
        self.recalls += 1


def test_answers_to_polls_are_called_back_where_their_session_is_over() -> None:
    carrier, before, newest = PollingCarrier(None, lambda *_: None), Connection(), Connection()  # type: ignore[arg-type]
    for connection in (before, newest, object()):
        carrier._answers_on(connection)
    carrier.over()
    assert [(one.impatient, one.recalls) for one in (before, newest)] == [(True, 1), (True, 1)]
