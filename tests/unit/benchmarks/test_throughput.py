"""A load sends what it says it sends, against a socket pair that answers as a server would."""

from __future__ import annotations

import dataclasses
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from benchmarks import throughput
from benchmarks.clients import Client, Fleet
from benchmarks.plan import Scenario, by_name
from benchmarks.throughput import Load, load_of
from server.transport.engineio.frames import text_frame
from server.transport.engineio.parser import FrameParser

ACK = text_frame(b'431[{"ok":true,"data":{}}]')
DELIVERY = text_frame(b'42["message-received",{"text":"hello"}]')


class EchoRoom:
    """Two people; what the first says is acknowledged and reaches the second, unless it is the one to be lost."""

    def __init__(self, fleet: Fleet, lost: int = -1) -> None:
        self.most_under_way = 0
        self.heard = 0
        self._lost = lost
        self._near: list[socket.socket] = []
        self._far: list[socket.socket] = []
        for name in ("first", "second"):
            near, far = socket.socketpair()
            client = Client(0, "room", name)
            client.sock.close()
            near.setblocking(False)
            client.sock, client.fd = near, near.fileno()
            fleet.by_fd[client.fd] = client
            fleet.epoll.register(client.fd, 1)
            self._far.append(far)
        self.sender = next(iter(fleet.by_fd.values()))
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        parser = FrameParser(1_000_000)
        with suppress(OSError):
            while data := self._far[0].recv(1 << 16):
                parser.feed(data)
                messages = 0
                while parser.next_message() is not None:
                    messages += 1
                self.most_under_way = max(self.most_under_way, messages)
                for _ in range(messages):
                    if self.heard != self._lost:
                        self._far[1].sendall(DELIVERY)
                    self.heard += 1
                    self._far[0].sendall(ACK)

    def close(self) -> None:
        for far in self._far:
            far.shutdown(socket.SHUT_RDWR)
            far.close()
        self.thread.join(10)


def scenario(kind: str, window: int) -> Scenario:
    return dataclasses.replace(by_name("relay"), kind=kind, rooms=1, senders=1, window=window)  # type: ignore[arg-type]


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet() as fleet:
        yield fleet


def load_in(fleet: Fleet, kind: str, window: int, lost: int = -1) -> tuple[Load, EchoRoom]:
    room = EchoRoom(fleet, lost)
    return load_of(fleet, [room.sender], scenario(kind, window)), room


@pytest.mark.parametrize("kind", ["fan-out", "acked"])
@pytest.mark.parametrize("window", [1, 4])
def test_exactly_as_many_messages_leave_as_were_asked_for_again_and_again(fleet: Fleet, kind: str, window: int) -> None:
    load, room = load_in(fleet, kind, window)
    for count in (50, 3, 120):
        before = load.sent
        load.run_messages(count)
        assert load.sent - before == count
        assert load.delivered == load.acked == load.sent == room.heard
    room.close()


@pytest.mark.parametrize("kind", ["fan-out", "acked"])
def test_with_a_window_of_one_a_message_waits_for_the_acknowledgement_of_the_one_before(
    fleet: Fleet, kind: str
) -> None:
    load, room = load_in(fleet, kind, 1)
    load.run_messages(200)
    assert room.most_under_way == 1
    room.close()


@pytest.mark.parametrize("kind", ["fan-out", "acked"])
def test_a_message_that_is_lost_is_noticed(fleet: Fleet, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "DRAIN_S", 0.5)
    load, room = load_in(fleet, kind, 2, lost=7)
    with pytest.raises(AssertionError, match="19 deliveries and 20 acknowledgements of 20 messages"):
        load.run_messages(20)
    room.close()
