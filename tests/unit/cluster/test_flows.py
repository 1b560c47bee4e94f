"""Bodies between nodes: whole and in order, as far as their receivers take them, in turns, and little at a time."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.cluster import links as links_module
from server.cluster.flows import PART_BYTES, WINDOW_BYTES, Flows, Inflow, Outflow
from server.cluster.frames import BadBatch, Frame, Kind
from server.cluster.links import Links
from tests.support.cluster import MemoryWire, Network
from tests.support.pace import PACE

LIMIT_S = 10 * PACE


class Pair:
    """Two nodes: `one` sends bodies, `other` receives them, and may be a slow reader of some."""

    def __init__(self, **delays: float) -> None:
        network = Network(**delays)  # type: ignore[arg-type]
        self.one, self.other = (Links(name, MemoryWire(network, name)) for name in ("one", "other"))
        network.listen("one", self.one.take)
        network.listen("other", self.other.take)
        self.flows = Flows(self.one)
        self.out: dict[int, Outflow] = {}
        self.inflows: dict[int, Inflow] = {}
        self.order: list[int] = []
        self.most_unread = 0
        self.one.on_frame = lambda _, frame: self.out[frame.handle].grant(frame.number)
        self.other.on_frame = lambda _, frame: self._came(frame)

    def open(self, handle: int) -> Outflow:
        self.inflows[handle] = Inflow(WINDOW_BYTES, lambda more: self.other.tell("one", Kind.MORE_ANSWER, handle, more))
        self.out[handle] = Outflow(self.flows, "other", Kind.PART, handle, WINDOW_BYTES)
        return self.out[handle]

    def _came(self, frame: Frame) -> None:
        if frame.kind == Kind.PART:
            self.order.append(frame.handle)
            self.most_unread = max(self.most_unread, self.one._peers["other"].unread_bytes)
            self.inflows[frame.handle].put(frame.number, frame.body)

    async def read(self, handle: int) -> bytes:
        body = bytearray()
        while part := await self.inflows[handle].next():
            body += part
        return bytes(body)


async def test_bodies_come_whole_in_turns_and_with_little_on_their_way() -> None:
    pair, chance = Pair(seed=3, longest_s=0.002), random.Random(3)
    bodies = {handle: chance.randbytes(chance.randrange(20) * PART_BYTES + handle) for handle in range(12)}
    for handle, body in bodies.items():
        out = pair.open(handle)
        out.write(body)
        out.end()
    async with asyncio.timeout(LIMIT_S):
        read = await asyncio.gather(*map(pair.read, bodies))
    assert dict(zip(bodies, read, strict=True)) == bodies
    assert all(out.over for out in pair.out.values())
    assert pair.most_unread < links_module.PLACE_BYTES + 2 * PART_BYTES
    assert len(set(pair.order[:40])) == 12, "each has had a turn before one has had many"


async def test_one_that_is_not_read_holds_up_no_other() -> None:
    pair = Pair()
    still, body = pair.open(1), random.Random(1).randbytes(4 * links_module.PLACE_BYTES)
    still.write(body)
    await asyncio.sleep(0.05)
    assert pair.inflows[1].held == WINDOW_BYTES
    assert still.waiting == len(body) - WINDOW_BYTES
    other = pair.open(2)
    other.write(body)
    other.end()
    async with asyncio.timeout(LIMIT_S):
        assert await pair.read(2) == body
        still.end()
        assert await pair.read(1) == body


async def test_what_was_dropped_is_sent_no_more() -> None:
    pair = Pair()
    out = pair.open(1)
    out.write(bytes(3 * WINDOW_BYTES))
    out.drop()
    sent = pair.one.frames_out
    out.grant(WINDOW_BYTES)
    out.write(b"more")
    await asyncio.sleep(0.01)
    assert out.waiting == 0
    assert pair.one.frames_out - sent <= WINDOW_BYTES / PART_BYTES, "but for what had left"


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=20), st.data())
def test_a_part_that_is_missing_or_comes_twice_is_noticed(parts: list[bytes], data: st.DataObject) -> None:
    sent, before = [], 0
    for part in [*parts, b""]:
        sent.append((before, part))
        before += len(part)
    at = data.draw(st.integers(0, len(sent) - 1))
    changed = data.draw(st.sampled_from([sent[:at] + sent[at + 1 :], sent[: at + 1] + sent[at:]]))
    inflow, noticed = Inflow(1_000, lambda more: None), False
    for number, part in changed:
        try:
            inflow.put(number, part)
        except BadBatch:
            noticed = True
            break
    assert noticed or not inflow.ended


async def test_more_than_was_asked_for_is_refused_and_a_failure_is_told() -> None:
    asked: list[int] = []
    inflow = Inflow(100, asked.append)
    inflow.put(0, bytes(60))
    with pytest.raises(BadBatch):
        inflow.put(60, bytes(41))
    inflow.allow(10)
    inflow.put(60, bytes(50))
    assert asked == [10]
    assert (await inflow.next(), await inflow.next()) == (bytes(60), bytes(50))
    waiting = asyncio.create_task(inflow.next())
    await asyncio.sleep(0)
    inflow.fail(ConnectionError("gone"))
    with pytest.raises(ConnectionError):
        await waiting
