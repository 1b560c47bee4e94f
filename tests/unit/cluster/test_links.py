"""Links between nodes: in order, once, in one batch a turn, within a bound, and no loss that nobody notices."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from server.cluster import links as module
from server.cluster.frames import Frame, Kind
from server.cluster.links import Links
from tests.support.cluster import MemoryWire, Network, Posted
from tests.support.pace import PACE

LIMIT_S = 10 * PACE


class Node:
    def __init__(self, network: Network, name: str) -> None:
        self.wire = MemoryWire(network, name)
        self.links = Links(name, self.wire)
        self.came: list[tuple[str, Frame]] = []
        self.gaps: list[str] = []
        self.nobody: list[tuple[str, list[int]]] = []
        self.links.on_frame = lambda source, frame: self.came.append((source, frame))
        self.links.on_gap = self.gaps.append
        self.links.on_nobody = lambda node, untaken: self.nobody.append((node, [frame.number for frame in untaken]))
        network.listen(name, self.links.take)
        self.links.start()

    def numbers(self) -> list[int]:
        return [frame.number for _, frame in self.came]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0)


async def test_what_is_sent_in_one_turn_leaves_in_one_batch() -> None:
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    for number in range(100):
        assert one.links.send("other", Kind.ONE, 7, number, b"x")
    await until(lambda: len(other.came) == 100)
    assert one.links.batches_out == 1
    assert other.numbers() == list(range(100))
    assert other.came[0] == ("one", Frame(Kind.ONE, 7, 0, b"x"))


async def test_order_is_kept_whatever_the_delays() -> None:
    network = Network(seed=4, longest_s=0.01)
    one, other = Node(network, "one"), Node(network, "other")
    for number in range(200):
        one.links.send("other", Kind.ONE, 0, number)
        await asyncio.sleep(0)
    await until(lambda: len(other.came) == 200)
    assert other.numbers() == list(range(200))


@pytest.mark.parametrize("in_doubt", [0, 1, 7])
async def test_while_the_wire_was_down_nothing_is_lost_and_nothing_comes_twice(in_doubt: int) -> None:
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    for number in range(50):
        if number == 10:
            network.down, network.in_doubt = True, in_doubt
        if number == 40:
            network.down = False
            one.wire.on_up()
        one.links.send("other", Kind.ONE, 0, number)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    await until(lambda: len(other.came) >= 50)
    assert other.numbers() == list(range(50))
    assert other.gaps == []


async def test_what_was_lost_is_noticed() -> None:
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    one.links.send("other", Kind.ONE, 0, 1)
    await until(lambda: other.numbers() == [1])
    network.drop_next = 1
    one.links.send("other", Kind.ONE, 0, 2)
    await asyncio.sleep(0.01)
    one.links.send("other", Kind.ONE, 0, 3)
    await until(lambda: other.numbers() == [1, 3])
    assert other.gaps == ["one"]


async def test_a_node_that_takes_nothing_is_sent_no_more_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNREAD_BYTES", 10_000)
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    lost: list[bytes] = []
    network.listen("other", lost.append)
    sent = 0
    while one.links.send("other", Kind.ONE, 0, 0, bytes(1_000)):
        sent += 1
        await asyncio.sleep(0)
    assert sent == 9
    await until(lambda: len(lost) == 9)
    one.links.tell("other", Kind.ONE, 0, 0, bytes(1_000))
    network.listen("other", other.links.take)
    monkeypatch.setattr(module, "MAX_UNREAD_BYTES", 100_000)
    one.links.send("other", Kind.ONE, 0, 5)
    await until(lambda: other.numbers() == [5])
    assert other.gaps == ["one"], "what did not fit is known to be missing"


async def test_what_was_taken_makes_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_UNREAD_BYTES", 10_000)
    monkeypatch.setattr(module, "SEEN_EVERY_BYTES", 1_000)
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    for number in range(100):
        assert one.links.send("other", Kind.ONE, 0, number, bytes(1_000))
        for _ in range(6):
            await asyncio.sleep(0)
    await until(lambda: len(other.came) == 100)


async def test_little_that_was_taken_is_told_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.01)
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    one.links.send("other", Kind.ONE, 0, 1, b"a few bytes")
    await until(lambda: other.numbers() == [1])
    assert one.links._peers["other"].unread_bytes > 0
    await until(lambda: one.links._peers["other"].unread_bytes == 0)


async def test_there_is_place_for_parts_of_bodies_while_little_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PLACE_BYTES", 10_000)
    monkeypatch.setattr(module, "SEEN_EVERY_BYTES", 5_000)
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    told: list[str] = []
    one.links.on_taken = told.append
    assert one.links.has_place("other")
    one.links.send("other", Kind.PART, 0, 0, bytes(6_000))
    assert one.links.has_place("other")
    one.links.send("other", Kind.PART, 0, 0, bytes(6_000))
    assert not one.links.has_place("other"), "before it has left"
    await asyncio.sleep(0)
    assert not one.links.has_place("other"), "and before it was taken"
    assert one.links.send("other", Kind.ONE, 0, 7), "whatever else there is goes on"
    await until(lambda: 7 in other.numbers())
    await until(lambda: told == ["other"])
    assert one.links.has_place("other")


async def test_whoever_sends_to_nobody_is_told_so() -> None:
    one = Node(Network(), "one")
    one.links.send("nobody", Kind.ONE, 0, 1)
    await asyncio.sleep(0)
    one.links.send("nobody", Kind.ONE, 0, 2)
    await until(lambda: bool(one.nobody))
    assert one.nobody == [("nobody", [1, 2])], "and of what it has not taken"


async def test_hostile_bytes_do_nothing() -> None:
    network = Network()
    one = Node(network, "one")
    one.links.take(b"\x01\xff\x00")
    one.links.take(b"")
    assert one.came == []
    assert one.gaps == []


async def test_many_strangers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PEERS", 3)
    network = Network()
    other = Node(network, "other")
    for number in range(5):
        Node(network, f"node{number}").links.send("other", Kind.ONE, 0, number)
    await until(lambda: len(other.came) == 5)
    assert len(other.links._peers) == 3


async def test_what_was_lost_with_the_data_of_the_wire_comes_again() -> None:
    """A batch lay in an inbox, and nobody had read it when the data went: its sender knows that it was not taken."""
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    one.links.send("other", Kind.ONE, 0, 1)
    await until(lambda: other.numbers() == [1])
    network.drop_next = 2
    for number in (2, 3):
        one.links.send("other", Kind.ONE, 0, number)
        await asyncio.sleep(0)
    await until(lambda: not network.drop_next)
    one.wire.on_up()
    await until(lambda: other.numbers() == [1, 2, 3])
    one.wire.on_up()
    one.links.send("other", Kind.ONE, 0, 4)
    await until(lambda: other.numbers() == [1, 2, 3, 4])
    assert other.gaps == []


async def test_what_was_taken_is_kept_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEEN_EVERY_BYTES", 1)
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    for number in range(50):
        one.links.send("other", Kind.ONE, 0, number)
        await asyncio.sleep(0)
    await until(lambda: len(other.came) == 50)
    (peer,) = one.links._peers.values()
    await until(lambda: not peer.unconfirmed)
    assert (peer.posted, peer.doubted, peer.unread_bytes) == (set(), set(), 0)


async def test_a_node_that_was_taken_for_gone_notices_that_it_missed_something() -> None:
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    for number in range(5):
        one.links.send("other", Kind.ONE, 0, number)
        other.links.send("one", Kind.ONE, 0, number)
        await asyncio.sleep(0)
    await until(lambda: len(other.came) == len(one.came) == 5)
    one.links.forget("other")
    one.links.send("other", Kind.ONE, 0, 7)
    other.links.send("one", Kind.ONE, 0, 8)
    await until(lambda: (one.numbers()[-1], other.numbers()[-1]) == (8, 7))
    assert (other.gaps, one.gaps) == (["one"], []), "what it was sent is not passed over as if it were known"


async def test_a_node_that_may_be_about_to_return_is_not_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_S", 0.001)
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    returning = True
    one.links.may_return = lambda: returning
    network.unplug("other")
    for number in range(3):
        one.links.send("other", Kind.ONE, 0, number)
        await asyncio.sleep(0.005)
    network.listen("other", other.links.take)
    await until(lambda: other.numbers() == [0, 1, 2])
    assert (one.nobody, other.gaps) == ([], [])
    network.unplug("other")
    returning = False
    one.links.send("other", Kind.ONE, 0, 3)
    await until(lambda: one.nobody == [("other", [3])])


async def test_what_may_have_been_taken_before_is_not_said_to_be_untaken() -> None:
    """Else it would be asked of another node, and done twice."""
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    one.links.send("other", Kind.COMMAND, 0, 1)
    await until(lambda: other.numbers() == [1])
    network.down, network.in_doubt = True, 1
    one.links.send("other", Kind.COMMAND, 0, 2)
    await until(lambda: other.numbers() == [1, 2])
    one.links.send("other", Kind.COMMAND, 0, 3)  # waits, and has certainly not left
    await asyncio.sleep(0)
    network.down = False
    network.unplug("other")
    one.wire.on_up()
    await until(lambda: one.nobody == [("other", [3])])


async def test_whoever_may_return_is_tried_with_one_batch_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_S", 0.01)
    network = Network()
    one, names = Node(network, "one"), ("a", "b", "c")
    others = {name: Node(network, name) for name in names}
    one.links.may_return = lambda: True
    for name in names:
        network.unplug(name)
    posts = []
    real = one.wire.post
    one.wire.post = lambda node, batch, on_posted: (posts.append(node), real(node, batch, on_posted))[1]  # type: ignore[method-assign, func-returns-value]
    for number in range(100):
        for name in names:
            one.links.send(name, Kind.ONE, 0, number)
        await asyncio.sleep(0)
    began = asyncio.get_running_loop().time()
    posts.clear()
    await asyncio.sleep(0.1)
    tries = (asyncio.get_running_loop().time() - began) / 0.01 + 2
    assert len(names) <= len(posts) <= len(names) * tries, "one for each, at each try"
    for name, node in others.items():
        network.listen(name, node.links.take)
    await until(lambda: all(node.numbers() == list(range(100)) for node in others.values()))
    assert not any(node.gaps for node in others.values())


async def test_a_doubt_that_is_told_after_the_way_is_there_again_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_S", 0.001)
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    told: list[Callable[[Posted], None]] = []
    real = one.wire.post
    one.wire.post = lambda node, batch, on_posted: told.append(on_posted)  # type: ignore[method-assign]
    one.links.send("other", Kind.ONE, 0, 1)
    await until(lambda: bool(told))
    one.wire.post = real  # type: ignore[method-assign]
    one.wire.on_up()
    told[0](Posted.UNKNOWN)
    for number in range(2, 6):
        one.links.send("other", Kind.ONE, 0, number)
        await asyncio.sleep(0)
    await until(lambda: other.numbers() == [1, 2, 3, 4, 5])
    assert other.gaps == []


async def test_what_was_taken_is_said_again_to_whoever_has_not_heard_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TICK_S", 0.01)
    network = Network()
    one, other = Node(network, "one"), Node(network, "other")
    one.links.send("other", Kind.ONE, 0, 1)
    await until(lambda: other.numbers() == [1])
    other.links._peers["one"].owed_bytes = 0  # it was said, and lost on the way
    one.wire.on_up()
    await until(lambda: not one.links._peers["other"].unconfirmed)
    assert other.numbers() == [1]


async def test_whoever_has_stopped_tries_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE_S", 0.001)
    network = Network()
    one = Node(network, "one")
    network.down = True
    one.links.send("other", Kind.ONE, 0, 1)
    one.links.stop()
    posts: list[str] = []
    one.wire.post = lambda node, batch, on_posted: posts.append(node)  # type: ignore[method-assign]
    await asyncio.sleep(0.02)
    assert posts == []
