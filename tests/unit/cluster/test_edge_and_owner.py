"""Edges and owners over links with delays: order, one answer each, and rooms that move or lose their owner."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from rooms.errors import Refused
from server.cluster import commands as commands_module
from server.cluster import edge as edge_module
from server.cluster import owner as owner_module
from server.cluster.edge import Edge
from server.cluster.frames import Frame, Kind
from server.cluster.links import Links
from server.cluster.owner import Owner, is_visitor
from server.cluster.requests import addressed
from tests.support.cluster import MemoryRooms, MemoryWire, Network, Owners
from tests.support.pace import PACE

LIMIT_S = 20 * PACE


class Node:
    """A node whose rooms are lists of what was said in them, which all members hear."""

    def __init__(self, network: Network, owners: Owners, name: str, said: dict[str, list[str]], wait_s: float) -> None:
        self.name = name
        self.network = network
        self.said = said
        self.rooms = MemoryRooms(owners, name, wait_s=wait_s)
        self.links = Links(name, MemoryWire(network, name))
        self.owner = Owner(self.rooms, self.links, self)
        self.edge = Edge(self.rooms, self.links, self)
        self.members: dict[str, dict[str, str]] = defaultdict(dict)  # room → connection → participant
        self.told: dict[str, list[bytes]] = defaultdict(list)  # connection → packets
        self.refused: dict[str, list[tuple[str, str]]] = defaultdict(list)  # connection → (acknowledgement id, code)
        self.closed: list[tuple[str, int]] = []
        self.recalled: list[tuple[str, int]] = []
        """Connections, and how many packets they had been told."""
        self.slow: set[str] = set()
        """Event names whose answer takes a while."""
        self.links.on_frame = self._frame
        self.links.on_gap = lambda node: (self.edge.missed(node), self.owner.missed(node))  # type: ignore[assignment]
        self.links.on_nobody = self._nobody
        self.rooms.on_node_gone(self.edge.node_gone)
        self.rooms.on_node_gone(self.owner.node_gone)
        self.rooms.on_moved(self._moved)
        network.listen(name, self.links.take)
        self.links.start()
        self.edge.start()

    def _frame(self, source: str, frame: Frame) -> None:
        (self.owner if frame.kind < Kind.ONE else self.edge).take(source, frame)

    def _nobody(self, node: str, untaken: list[Frame]) -> None:
        self.edge.not_taken(node, [frame.number for frame in untaken if frame.kind == Kind.COMMAND])
        self.rooms.node_gone(node)

    def _moved(self, room_id: str) -> None:
        held = self.members.pop(room_id, {})
        self.owner.moved(room_id, {visitor.split("/")[0][1:] for visitor in held if is_visitor(visitor)})
        mine = [(sid, participant) for sid, participant in held.items() if not is_visitor(sid)]
        if mine:
            self.edge.hold_up(room_id, room_id, len(self.said[room_id]), mine)

    # Of the test

    def ask(self, sid: str, event: str, room_id: str, ack_id: str = "") -> None:
        packet = f"2{ack_id}{orjson.dumps([event, {'roomId': room_id, 'text': ack_id}]).decode()}"
        asked = addressed(packet)
        assert asked is not None
        if self.edge.is_here(room_id):
            waits = self.run(sid, packet)
            assert waits is None
        else:
            self.edge.command(sid, asked, packet)

    def acks(self, sid: str) -> list[str]:
        return [packet[1 : packet.index(b"[")].decode() for packet in self.told[sid] if packet[:1] == b"3"]

    def heard(self, sid: str) -> list[str]:
        return [orjson.loads(packet[1:])[1] for packet in self.told[sid] if packet[:1] == b"2"]

    # As the application of the owner, and the sockets of the edge

    def run(self, one: str, caller: Any, packet: str | None = None) -> Awaitable[None] | None:
        text = packet if packet is not None else caller
        asked = addressed(text)
        assert asked is not None
        event, _ = orjson.loads(text[text.index("[") :])
        if event in self.slow:
            return self._run_slowly(one, asked.room_id, asked.ack_id, event)
        self._run(one, asked.room_id, asked.ack_id, event)
        return None

    async def _run_slowly(self, one: str, room_id: str, ack_id: str, event: str) -> None:
        await asyncio.sleep(0.01)
        self._run(one, room_id, ack_id, event)

    def _run(self, one: str, room_id: str, ack_id: str, event: str) -> None:
        assert self.rooms.is_here(room_id) or event in self.slow
        if event == "join":
            self.members[room_id][one] = f"p-{ack_id}"
            if is_visitor(one):
                self.owner.seated(one, room_id, f"p-{ack_id}", room_id, len(self.said[room_id]))
        else:
            self.said[room_id].append(ack_id)
            packet = b"2" + orjson.dumps(["said", ack_id, f"{room_id}.{len(self.said[room_id])}"])
            to = list(self.members[room_id])
            self.owner.broadcast(to, packet, one)
            self.deliver_all([sid for sid in to if sid != one and not is_visitor(sid)], packet)
        if ack_id:
            answer = f'3{ack_id}[{{"ok":true}}]'.encode()
            if is_visitor(one):
                self.owner.send_text(one, answer)
            else:
                self.deliver(one, answer)

    def arrived(self, visitor_id: str, facts: bytes) -> Any:
        return orjson.loads(facts)

    def recovered(self, visitor_id: str, asked: bytes) -> tuple[Any, Any]:
        said = orjson.loads(asked)
        if said["pid"] != "known":
            return said, None
        self.owner.seated(visitor_id, "room", "p-back", "room", 3)
        return said, "missed"

    def follow(self, visitor_id: str, missed: Any) -> None:
        self.owner.send_text(visitor_id, b'2["missed"]')

    def departed(self, visitor_id: str) -> None:
        for members in self.members.values():
            members.pop(visitor_id, None)

    def hold(self, one: str, room_id: str, participant_id: str, seen: tuple[str, int]) -> bool:
        epoch, position = seen
        if epoch != room_id:
            return False
        self.members[room_id][one] = participant_id
        for number in range(position, len(self.said[room_id])):
            text = self.said[room_id][number]
            packet = b"2" + orjson.dumps(["said", text, f"{room_id}.{number + 1}"])
            (self.owner.send_text if is_visitor(one) else self.deliver)(one, packet)
        if is_visitor(one):
            self.owner.seated(one, room_id, participant_id, room_id, len(self.said[room_id]))
        return True

    def in_room(self, room_id: str) -> Iterable[str]:
        return list(self.members[room_id])

    def refuse(self, sid: str, packet: str, why: Refused) -> None:
        asked = addressed(packet)
        assert asked is not None
        self.refused[sid].append((asked.ack_id, why.code.value))

    def deliver(self, sid: str, packet: bytes) -> None:
        self.told[sid].append(packet)

    deliver_long = deliver

    def deliver_all(self, sids: Iterable[str], packet: bytes) -> None:
        for sid in sids:
            self.told[sid].append(packet)

    def recall_here(self, sids: Iterable[str]) -> None:
        self.recalled += [(sid, len(self.told[sid])) for sid in sids]

    def close(self, sid: str, code: int) -> None:
        self.closed.append((sid, code))

    def close_later(self, sid: str) -> None:
        self.closed.append((sid, 0))

    def facts(self, sid: str) -> bytes:
        return orjson.dumps({"sid": sid})

    def seats_changed(self, sid: str) -> None:
        pass


class Cluster:
    def __init__(self, seed: int = 0, longest_s: float = 0.0, wait_s: float = 0.0) -> None:
        self.network = Network(seed, longest_s)
        self.owners = Owners()
        self.said: dict[str, list[str]] = defaultdict(list)
        self.nodes: list[Node] = []
        self._wait_s = wait_s

    def node(self, name: str) -> Node:
        self.nodes.append(Node(self.network, self.owners, name, self.said, self._wait_s))
        return self.nodes[-1]


@asynccontextmanager
async def cluster(seed: int = 0, longest_s: float = 0.0, wait_s: float = 0.0) -> AsyncIterator[Cluster]:
    made = Cluster(seed, longest_s, wait_s)
    yield made
    for node in made.nodes:
        node.edge.stop()
        node.owner.stop()
        node.links.stop()
    await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():
            await asyncio.sleep(0.001)


async def test_a_request_goes_to_where_its_room_is_and_is_answered() -> None:
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        other.ask("b", "join", "room", "1")
        one.run("a", '21["join",{"roomId":"room"}]')
        await until(lambda: other.acks("b") == ["1"])
        assert other.edge.has_seats("b")
        for number in range(2, 30):
            other.ask("b", "say", "room", str(number))
        await until(lambda: len(other.acks("b")) == 29)
        assert one.heard("a") == [str(number) for number in range(2, 30)]
        assert other.rooms.asked == 1


async def test_the_first_who_asks_has_the_room() -> None:
    async with cluster() as made:
        one = made.node("one")
        one.ask("a", "join", "room", "1")
        one.ask("a", "say", "room", "2")
        await until(lambda: one.acks("a") == ["1", "2"])
        assert one.edge.is_here("room")


async def test_a_packet_for_many_is_one_frame_for_each_node() -> None:
    async with cluster() as made:
        one, other, third = made.node("one"), made.node("other"), made.node("third")
        made.owners.owner["room"] = "one"
        for number in range(40):
            (other if number % 2 else third).ask(f"s{number}", "join", "room", str(number))
        await until(lambda: len(made.nodes[0].members["room"]) == 40)
        await until(lambda: one.links.frames_out == 80)  # a seat and an acknowledgement for each
        before = one.links.frames_out
        one.run("a", '2["say",{"roomId":"room","text":""}]')
        await until(lambda: all((other if n % 2 else third).heard(f"s{n}") for n in range(40)))
        assert one.links.frames_out - before == 2


@pytest.mark.parametrize("others", [(), ("c",)])
async def test_what_is_taken_back_is_called_back_before_that_is_told(others: tuple[str, ...]) -> None:
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        for sid in ("b", *others):
            other.ask(sid, "join", "room", "1")
            await until(lambda sid=sid: other.acks(sid) == ["1"])  # type: ignore[misc]
        visitors = list(one.members["room"])
        one.owner.broadcast(visitors, b'2["message-received",{"id":"x"},"room.1"]')
        one.owner.broadcast(visitors, b'2["message-deleted",{"id":"x"},"room.2"]')
        await until(lambda: len(other.told["b"]) == 3)
        assert sorted(other.recalled) == sorted((sid, 2) for sid in ("b", *others))


async def test_who_has_left_is_to_read_what_it_was_sent() -> None:
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        other.ask("b", "join", "room", "1")
        await until(lambda: other.acks("b") == ["1"])
        one.owner.unseated(next(iter(one.members["room"])), "room", "p-1")
        await until(lambda: other.recalled == [("b", 1)])


async def test_while_one_room_is_looked_for_requests_about_others_go_on() -> None:
    async with cluster(wait_s=0.05) as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["here"], made.owners.owner["there"] = "one", "other"
        one.ask("a", "say", "there", "1")
        one.ask("a", "say", "here", "2")
        assert one.acks("a") == ["2"]
        await until(lambda: one.acks("a") == ["2", "1"])
        assert other.owner.ran == 1


async def test_what_takes_its_time_holds_back_the_same_connection_alone() -> None:
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        one.slow.add("join")
        other.ask("b", "join", "room", "1")
        other.ask("b", "say", "room", "2")
        other.ask("c", "say", "room", "3")
        await until(lambda: len(other.acks("b")) == 2)
        assert made.said["room"] == ["3", "2"]
        assert other.acks("b") == ["1", "2"]


async def test_members_of_a_room_whose_owner_died_hold_their_seats_and_miss_nothing() -> None:
    async with cluster() as made:
        one, other, third = made.node("one"), made.node("other"), made.node("third")
        made.owners.owner["room"] = "one"
        other.ask("b", "join", "room", "1")
        third.ask("c", "join", "room", "1")
        await until(lambda: other.acks("b") == ["1"] and third.acks("c") == ["1"])
        other.ask("b", "say", "room", "2")
        await until(lambda: third.heard("c") == ["2"])
        # Said and kept, but the owner dies before it has told anybody.
        made.said["room"].append("3")
        made.network.listen("one", lambda batch: None)
        other.ask("b", "say", "room", "4")
        await asyncio.sleep(0.01)
        made.owners.kill("one")
        await until(lambda: bool(other.refused["b"]))
        await until(lambda: third.heard("c") == ["2", "3"] and other.heard("b")[-1:] == ["3"])
        assert other.refused["b"] == [("4", "UNAVAILABLE")]
        other.ask("b", "say", "room", "5")
        await until(lambda: third.heard("c") == ["2", "3", "5"])
        assert other.closed == third.closed == []
        assert one.name not in made.owners.owner.values()


async def test_what_an_owner_that_died_may_have_done_is_asked_again_where_that_does_no_harm() -> None:
    async with cluster() as made:
        _one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        other.ask("b", "join", "room", "1")
        await until(lambda: other.acks("b") == ["1"])
        made.network.listen("one", lambda batch: None)  # takes everything, and does nothing any more
        for number, event in enumerate(("typing", "say", "react"), start=2):
            other.ask("b", event, "room", str(number))
        await asyncio.sleep(0.01)
        made.owners.kill("one")
        await until(lambda: other.acks("b") == ["1", "2", "4"])
        assert other.refused["b"] == [("3", "UNAVAILABLE")]


async def test_a_request_is_not_sent_anew_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_module, "MAX_REPEATS", 1)
    async with cluster() as made:
        other = made.node("other")
        for name in ("one", "two"):
            made.node(name)
            made.network.listen(name, lambda batch: None)
        made.owners.owner["room"] = "one"
        other.ask("b", "typing", "room", "1")
        await asyncio.sleep(0.01)
        made.owners.owner["room"] = "two"
        other.rooms.node_gone("one")
        await until(lambda: other.edge._routes["room"].node == "two")
        other.rooms.node_gone("two")
        await until(lambda: other.refused["b"] == [("1", "UNAVAILABLE")])


async def test_what_has_not_reached_an_owner_that_is_gone_is_asked_of_the_next() -> None:
    async with cluster() as made:
        _one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        other.ask("b", "say", "room", "1")
        await until(lambda: other.acks("b") == ["1"])
        made.network.unplug("one")
        made.owners.live.discard("one")
        made.owners.owner.clear()
        other.ask("b", "say", "room", "2")
        other.ask("b", "say", "room", "3")
        await until(lambda: other.acks("b") == ["1", "2", "3"])
        assert not other.refused["b"]


async def test_a_room_that_is_handed_over_takes_its_own_connections_along() -> None:
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        one.run("a", '21["join",{"roomId":"room"}]')
        other.ask("b", "join", "room", "1")
        await until(lambda: other.acks("b") == ["1"])
        made.owners.move("room", "other")
        other.ask("b", "say", "room", "2")
        await until(lambda: one.heard("a") == ["2"])
        one.ask("a", "say", "room", "3")
        await until(lambda: other.heard("b") == ["3"])
        assert one.closed == other.closed == []


async def test_what_was_missed_is_not_gone_without_a_word() -> None:
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        other.ask("b", "join", "room", "1")
        await until(lambda: other.acks("b") == ["1"])
        made.network.drop_next = 1
        one.run("a", '2["say",{"roomId":"room","text":"lost"}]')
        await asyncio.sleep(0.005)
        one.run("a", '2["say",{"roomId":"room","text":"next"}]')
        await until(lambda: bool(other.closed))
        assert other.closed == [("b", 1012)]


async def test_an_owner_that_missed_something_has_the_connections_presented_again() -> None:
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        other.ask("b", "join", "room", "1")
        await until(lambda: other.acks("b") == ["1"])
        made.network.drop_next = 1
        other.ask("b", "say", "room", "2")
        await asyncio.sleep(0.005)
        other.ask("b", "say", "room", "3")
        await until(lambda: len(other.refused["b"]) == 2)
        await until(lambda: one.owner.count == 1)
        other.ask("b", "say", "room", "4")
        await until(lambda: other.acks("b")[-1] == "4")
        assert other.edge.has_seats("b")
        assert list(one.members["room"].values()) == ["p-1"]


async def test_who_is_presented_again_is_another_visitor() -> None:
    """What was to be told to the former, and still waits to be kept, is among what the new one is told it missed."""
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        other.ask("b", "join", "room", "1")
        await until(lambda: other.acks("b") == ["1"])
        (before,) = one.owner.visitors
        one.owner.missed("other")
        await until(lambda: one.owner.count == 1)
        one.owner.broadcast([before], b'2["held back"]')
        one.owner.send_text(before, b'2["held back"]')
        (after,) = one.owner.visitors
        one.owner.send_text(after, b'2["said","x"]')
        await until(lambda: other.heard("b") == ["x"])
        assert not [packet for packet in other.told["b"] if b"held back" in packet]


async def test_a_connection_is_recovered_by_the_node_that_has_its_seats(monkeypatch: pytest.MonkeyPatch) -> None:
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        answers: list[tuple[str, bool, int]] = []

        def ask(sid: str, node: str, pid: str) -> None:
            def answered(recovered: bool) -> None:
                answers.append((sid, recovered, len(other.told[sid])))

            other.edge.recover(sid, node, orjson.dumps({"pid": pid}), answered)

        ask("a", "one", "known")
        ask("b", "one", "unknown")
        await until(lambda: len(answers) == 2)
        assert answers == [("a", True, 0), ("b", False, 0)], "before anything that follows"
        await until(lambda: bool(other.told["a"]))
        assert other.edge.has_seats("a")
        other.ask("a", "say", "room", "1")
        other.ask("b", "say", "room", "2")
        await until(lambda: other.acks("a") == ["1"] and other.acks("b") == ["2"])
        assert one.owner.count == 2
        made.network.listen("one", lambda batch: None)
        monkeypatch.setattr(edge_module, "RECOVER_S", 0.01)
        ask("c", "one", "known")
        await until(lambda: len(answers) == 3)
        assert answers[2] == ("c", False, 0)
        ask("d", "one", "known")
        other.edge.gone("d")
        assert answers[3] == ("d", False, 0)


async def test_a_room_that_nobody_has_is_refused_and_so_is_one_that_ended() -> None:
    async with cluster() as made:
        one = made.node("one")
        one.edge.may_claim = False
        made.owners.ended.add("over")
        one.ask("a", "say", "nowhere", "1")
        one.ask("a", "say", "over", "2")
        await until(lambda: len(one.refused["a"]) == 2)
        assert sorted(one.refused["a"]) == [("1", "ROOM_NOT_FOUND"), ("2", "ROOM_ENDED")]
        assert not one.edge._routes


async def test_a_request_waits_no_longer_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_module, "HOLD_S", 0.05)
    monkeypatch.setattr(commands_module, "TICK_S", 0.01)
    async with cluster(wait_s=10) as made:
        one = made.node("one")
        one.ask("a", "say", "room", "1")
        await until(lambda: one.refused["a"] == [("1", "UNAVAILABLE")])


async def test_an_answer_that_comes_after_the_refusal_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_module, "ANSWER_S", 0.02)
    monkeypatch.setattr(commands_module, "TICK_S", 0.005)
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        one.slow.add("say")
        monkeypatch.setattr(one, "_run_slowly", lambda *args: _late(one, *args))
        other.ask("b", "say", "room", "1")
        await until(lambda: made.said["room"] == ["1"])
        await asyncio.sleep(0.02)
        assert other.acks("b") == []
        assert other.refused["b"] == [("1", "UNAVAILABLE")]


async def _late(node: Node, one: str, room_id: str, ack_id: str, event: str) -> None:
    await asyncio.sleep(0.1)
    node._run(one, room_id, ack_id, event)


async def test_one_connection_has_no_more_under_way_than_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands_module, "MAX_FLIGHTS", 5)
    monkeypatch.setattr(commands_module, "MAX_ROUTES", 2)
    async with cluster(wait_s=0.02) as made:
        one = made.node("one")
        for number in range(8):
            one.ask("a", "say", "room", str(number))
        assert [code for _, code in one.refused["a"]] == ["UNAVAILABLE"] * 3
        await until(lambda: one.acks("a") == list("01234"))
        monkeypatch.setattr(commands_module, "MAX_HELD_BYTES", 10)
        one.ask("a", "say", "another", "9")
        assert len(one.refused["a"]) == 4


async def test_visitors_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_module, "MAX_VISITORS", 2)
    monkeypatch.setattr(owner_module, "MAX_BOUNCED", 1)
    async with cluster() as made:
        one, other = made.node("one"), made.node("other")
        made.owners.owner["room"] = "one"
        for number in range(3):
            other.ask(f"s{number}", "join", "room", str(number))
        await until(lambda: len(one.members["room"]) == 2)
        assert one.owner.count == 2
        other.edge.gone("s0")
        await until(lambda: one.owner.count == 1)


@pytest.mark.parametrize("seed", range(12))
async def test_whatever_moves_each_request_is_answered_once_and_in_order(seed: int) -> None:
    """Three nodes, rooms that are handed over under the load, links of different speed."""
    draw = random.Random(seed)
    async with cluster(seed, longest_s=0.004, wait_s=0.002) as made:
        nodes = [made.node(f"node{number}") for number in range(3)]
        rooms = ["r0", "r1", "r2"]
        for room in rooms:
            made.owners.owner[room] = draw.choice(nodes).name
        asked: dict[tuple[str, str], list[str]] = defaultdict(list)
        for step in range(300):
            node, room = draw.choice(nodes), draw.choice(rooms)
            sid = f"{node.name}-{draw.randrange(2)}"
            node.ask(sid, "say", room, str(step))
            asked[sid, room].append(str(step))
            if draw.random() < 0.05:
                made.owners.move(draw.choice(rooms), draw.choice(nodes).name)
            if draw.random() < 0.5:
                await asyncio.sleep(draw.random() * 0.003)
        sids = {sid: node for node in nodes for sid in (f"{node.name}-0", f"{node.name}-1")}
        total = sum(map(len, asked.values()))
        await until(lambda: sum(len(n.acks(s)) + len(n.refused[s]) for s, n in sids.items()) == total)
        for sid, node in sids.items():
            answered = Counter(node.acks(sid)) + Counter(ack_id for ack_id, _ in node.refused[sid])
            assert set(answered.values()) <= {1}
            assert not node.refused[sid], "rooms that move lose nothing"
        for (_, room), numbers in asked.items():
            mine = set(numbers)
            assert [one for one in made.said[room] if one in mine] == numbers
