"""Random frames and bodies: no ghost, no task, no growth, whatever comes.

`ENGINE_FUZZ_COUNT` sets how many (100,000 take about a minute), `ENGINE_FUZZ_SEED` repeats a run.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import struct

import pytest

from server.transport.engineio import EngineLimits
from server.transport.engineio.complaints import REPEAT_AFTER_S
from tests.support.engine import (
    LIMIT_S,
    PATH,
    UPGRADE,
    Connection,
    Rig,
    client_frame,
    eventually,
)
from tests.support.memory import MIB, rss
from tests.support.socketio_rig import socketio_rig

COUNT = int(os.environ.get("ENGINE_FUZZ_COUNT", "3000"))
SEED = int(os.environ.get("ENGINE_FUZZ_SEED", "0")) or random.SystemRandom().getrandbits(32)
SESSIONS_AT_ONCE = 8
FRAMES_PER_SOCKET = 80
BODIES_PER_SESSION = 20
MAX_LOG_LINES = 60  # for each ten seconds

TEXTS = [
    "4", "40", "41", "42", "3", "2", "2probe", "5", "6", "1", "0", "7", "", "abc", "4abc", "4[[[[", "42{}", "43[]",
    '42["message"]', '42["message",{"a":1}]', '420["message-with-ack",1]',
    '431["x"]', "44", "40/custom,", "41/custom,", "40/none,", '42/custom,["message",1]', "45", "451-", "4\u20ac",
    "459999999999-[]", '451-["message",{"_placeholder":true,"num":0}]', '451-["m",{"_placeholder":true,"num":7}]',
    "42" + "9" * 200 + '["message"]', "42" + "[" * 2_000, '42["message"' + ',"x"' * 500 + "]", "\x1e", "4\x00",
]  # fmt: skip


class Fuzzer:
    """Makes inputs from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def text(self) -> bytes:
        """A packet: a known one, a damaged one, or noise."""
        choice = self.random
        packet = bytearray(choice.choice(TEXTS).encode())
        kind = choice.random()
        if kind < 0.4:
            return bytes(packet)
        if kind < 0.8:
            for _ in range(choice.randint(1, 3)):
                packet.insert(choice.randint(0, len(packet)), choice.randrange(256))
            return bytes(packet)
        return choice.randbytes(choice.choice([0, 1, 5, 130, 70_000]))

    def frame(self) -> bytes:
        """A WebSocket frame: mostly legal, sometimes not, sometimes only a part."""
        choice = self.random
        kind = choice.random()
        if kind < 0.80:
            return client_frame(self.text(), choice.choice([1, 1, 1, 1, 2]))
        if kind < 0.88:
            opcode = choice.choice([0, 1, 2, 8, 9, 10])
            return client_frame(self.text()[:130], opcode, fin=choice.random() < 0.5)
        if kind < 0.92:
            return client_frame(
                self.text(), choice.randrange(16), masked=choice.random() < 0.8, rsv=choice.randrange(8)
            )
        if kind < 0.95:
            return client_frame(struct.pack("!H", choice.randrange(6_000)) + self.text()[:50], 8)
        if kind < 0.97:
            return b"\x81\xff" + choice.randbytes(12)
        return choice.randbytes(choice.randint(1, 40))

    def body(self) -> bytes:
        """A polling body."""
        return b"\x1e".join(self.text() for _ in range(self.random.choice([0, 1, 1, 2, 5, 40])))


async def fuzz_websocket(rig: Rig, fuzzer: Fuzzer) -> int:
    """One socket with many frames, cut into random pieces, then dropped or closed."""
    upgraded = fuzzer.random.random() < 0.3
    if upgraded:
        sid = await rig.open_polling()
        ws = await rig.open_upgrading(sid)
        if fuzzer.random.random() < 0.7:
            await ws.send("2probe")
    else:
        ws, sid = await rig.open_websocket()
        await ws.send("40")
    reading = asyncio.create_task(ws.ended())
    frames = [fuzzer.frame() for _ in range(fuzzer.random.randint(1, FRAMES_PER_SOCKET))]
    data = b"".join(frames)
    try:
        while data:
            size = fuzzer.random.choice([7, 100, 5_000, 5_000, len(data)])
            await ws.send_raw(data[:size])
            data = data[size:]
    except ConnectionError:
        pass
    ws.abort()
    await reading
    if upgraded:
        await end_polling(rig, sid)
    return len(frames)


async def fuzz_polling(rig: Rig, fuzzer: Fuzzer) -> int:
    """One session with several bodies over one connection, some cut short, then ended."""
    sid = await rig.open_polling()
    connection = await Connection.open(rig.port)
    count = fuzzer.random.randint(1, BODIES_PER_SESSION)
    for _ in range(count):
        kind = fuzzer.random.random()
        if kind < 0.05:
            await cut_short(rig, "POST", f"{PATH}polling&sid={sid}", {"Content-Length": "99"}, fuzzer.body()[:50])
        elif kind < 0.1:
            await cut_short(rig, "GET", f"{PATH}websocket&sid={sid}", UPGRADE, fuzzer.frame())
        else:
            body = fuzzer.body()
            path = f"{rig.root}?EIO=4&transport=polling&sid={sid}"
            connection.send_head("POST", path, {"Content-Length": str(len(body))})
            connection.writer.write(body)
            answer = await connection.answer()
            assert answer.status in (200, 400), answer
    connection.abort()
    await end_polling(rig, sid)
    return count


async def cut_short(rig: Rig, method: str, path: str, headers: dict[str, str], data: bytes) -> None:
    """A request whose client leaves without waiting for the answer."""
    connection = await Connection.open(rig.port)
    connection.send_head(method, path.replace("/engine.io/", rig.root), headers)
    connection.writer.write(data)
    await connection.writer.drain()
    connection.abort()


async def end_polling(rig: Rig, sid: str) -> None:
    """Leave as a client that closes its tab: the session ends whether or not the input ended it."""
    if rig.engine.open_session(sid) is not None:
        answer = await rig.post(sid, "1")
        assert answer.status in (200, 400)


async def run(rig: Rig, seed: int, count: int) -> None:
    """Keep several sessions busy until so many inputs were sent."""
    sent = 0
    number = 0

    async def worker() -> None:
        nonlocal sent, number
        while sent < count:
            number += 1
            fuzzer = Fuzzer(seed + number)
            fuzz = fuzz_websocket if fuzzer.random.random() < 0.6 else fuzz_polling
            sent += await fuzz(rig, fuzzer)

    async with asyncio.TaskGroup() as group:
        for _ in range(SESSIONS_AT_ONCE):
            group.create_task(worker())


@pytest.mark.timeout(600)
async def test_no_input_leaves_a_session_a_task_a_room_or_memory(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.get_running_loop().set_debug(False)  # its bookkeeping would be most of the time
    with capsys.disabled():
        print(f"\nfuzz: ENGINE_FUZZ_SEED={SEED} ENGINE_FUZZ_COUNT={COUNT}")
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    async with socketio_rig(limits=EngineLimits(upgrade_timeout_s=1, close_timeout_s=0.5)) as rig:
        await run(rig, SEED + 1_000_000, min(COUNT, 1_000))  # what is allocated once
        await nothing_left(rig)
        gc.collect()
        caplog.clear()
        before, loop = rss(), asyncio.get_running_loop()
        start = loop.time()
        await run(rig, SEED, COUNT)
        await nothing_left(rig)
        lines = len(caplog.records)
        caplog.clear()
        rig.events.clear()
        gc.collect()
        assert rss() - before < 30 * MIB, f"{(rss() - before) / MIB:.1f} MiB more"
        assert lines <= MAX_LOG_LINES * (1 + (loop.time() - start) / REPEAT_AFTER_S)
        ws, _ = await rig.open_websocket()
        await ws.send("40")
        assert (await ws.text()).startswith("4")
        await ws.finish()


async def nothing_left(rig: Rig) -> None:
    """All sessions have ended, and every connect has its disconnect."""
    await eventually(lambda: not rig.engine.sockets, "the end of all sessions", 4 * LIMIT_S)
    assert rig.engine.stats.opened == sum(rig.engine.stats.closed.values())
    connects = sorted(event[:2] for event in rig.told("connect"))
    disconnects = sorted(event[:2] for event in rig.told("disconnect"))
    assert connects == disconnects
    assert not rig.engine._core.tasks
