"""Somebody who talks in a room of their own while others attack: how long each acknowledgement takes.

In a process of its own, so that what the attackers compute is not measured. `python -m benchmarks.bystander PORT` says
`ready`, and at the end of its input one line: a JSON array of pairs, when each message was sent (`time.monotonic`, one
clock for all processes) and the delay, both in seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from benchmarks.sockets import ANSWER_LIMIT_S, Wire, make_room
from tests.support.processes import LOOPBACK

PAUSE_S = 0.025
"""Forty messages a second: fewer than one connection may send."""


async def talk(port: int, stop: asyncio.Event) -> list[tuple[float, float]]:
    """When and how long, of all messages until then. Raises where one is refused or unanswered, or the socket lost."""
    wire = await Wire.connected(port, LOOPBACK)
    room = await make_room(port, LOOPBACK)
    answer = await wire.request("join-room", roomId=room)
    assert answer["ok"], answer
    print("ready", flush=True)
    delays_s = []
    while not stop.is_set():
        started = time.monotonic()
        answer = await asyncio.wait_for(wire.request("send-message", roomId=room, text="hi"), ANSWER_LIMIT_S)
        assert answer["ok"], answer
        delays_s.append((started, time.monotonic() - started))
        await asyncio.sleep(PAUSE_S)
    wire.abort()
    return delays_s


async def main() -> None:
    """Talk until the input ends."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    ending = loop.create_task(reader.read())
    ending.add_done_callback(lambda _: stop.set())
    print(json.dumps(await talk(int(sys.argv[1]), stop)), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
