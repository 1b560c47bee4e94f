"""What was taken back is in no live object two seconds later, also where a client does not read what it was sent: then
its connection is cut. One that reads, however slowly, is not.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import math
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.transport.engineio import EngineLimits
from tests.support.engine import LIMIT_S
from tests.support.lurker import Lurker, LurkerInRoom
from tests.support.mongo import drop_database
from tests.support.pace import PACE
from tests.support.processes import launch
from tests.support.redis import RedisServer
from tests.support.searched import SearchedNode, SearchedServer
from tests.support.server import Client, Server, talking_to

PROMISED_S = 2.0
CUT_LIMIT_S = 5.0 * PACE
"""Generous: the looks are counted by the server, and end in time where it does not stand still. Without them nobody is
cut for thirty seconds."""
SETTINGS = {"EVENTS_PER_S": "0", "MEMORY_BUDGET_MB": "512", "STUN_URLS": "stun:127.0.0.1:9", "WS_COMPRESSION": "on"}
CUT = 'mayfly_drops_total{reason="unread"'
FILLING = "-" * 4_000
"""Of a message; a compressed one would be too short to fill anything."""

KERNEL_BYTES = int(Path("/proc/sys/net/ipv4/tcp_wmem").read_text().split()[2])
FILLINGS_AT_ONCE = 8
MOST_FILLINGS = 100 + 2 * KERNEL_BYTES // (2 * len(FILLING) * FILLINGS_AT_ONCE)
"""Twice what the kernel takes for one connection at most, and some."""

TRIES = 3
LIMITS = EngineLimits()

Host = SearchedServer | SearchedNode


@pytest.fixture(scope="module")
def alone() -> Iterator[list[Host]]:
    process = launch(lambda port: SearchedServer(port, SETTINGS))
    yield [process, process]
    process.close()


@pytest.fixture(scope="module")
def two(redis_server: RedisServer, _mongo_base: str) -> Iterator[list[Host]]:
    uri = _mongo_base % f"mayfly_test_{secrets.token_hex(6)}"
    settings = {**SETTINGS, "MONGODB_URI": uri, "FILE_STORE": "mongo", "STORAGE_SECRET": "of both of the processes"}
    with ExitStack() as stack:
        stack.callback(drop_database, uri)
        made: list[Host] = []
        for _ in range(2):
            made.append(launch(lambda port: SearchedNode(port, redis_server, settings)))
            stack.callback(made[-1].close)
        yield made


@pytest.fixture(params=["alone", "two"])
def processes(request: pytest.FixtureRequest) -> list[Host]:
    """Where the room is, and where those are who do not read."""
    found: list[Host] = request.getfixturevalue(request.param)
    return found


class Place:
    """A room with an author, and somebody who reads."""

    def __init__(self, processes: list[Host], server: Server, elsewhere: Server, room: dict[str, Any]) -> None:
        self.processes = processes
        self.port = processes[1].port
        self.server = server
        self.elsewhere = elsewhere
        self.id, self.key = str(room["roomId"]), str(room["hostKey"])
        self.author: Client
        self.reader: Client

    async def waiting_bytes(self) -> float:
        """What waits for slow readers, where they are."""
        return await self.metric('mayfly_budget_used_bytes{share="output')

    async def metric(self, start: str) -> float:
        """Of the process where the slow readers are."""
        text = (await self.elsewhere.call("GET", "/metrics")).text
        line = next(one for one in text.splitlines() if one.startswith(start))
        return float(line.split()[1])

    async def say(self, text: str, **more: Any) -> str:
        return str((await self.author.ok("send-message", roomId=self.id, text=text, **more))["id"])

    async def fill(self, noise: bool = False) -> None:
        """Until the kernel takes nothing more for somebody."""
        for _ in range(MOST_FILLINGS):
            await self.say_much(noise)
            if await self.is_stuck():
                return
        raise AssertionError(f"the kernel takes more and more, of {KERNEL_BYTES} bytes that it should")

    async def is_stuck(self) -> bool:
        """Whether something waits, and still does a moment later: the kernel may just have made room for it."""
        if await self.waiting_bytes():
            await asyncio.sleep(0.3)
        return bool(await self.waiting_bytes())

    async def say_much(self, noise: bool = False) -> None:
        for _ in range(FILLINGS_AT_ONCE):
            filling = secrets.token_hex(len(FILLING) // 2) if noise else FILLING
            await self.say(filling, data=filling)

    async def cuts(self) -> int:
        """How many were cut where the slow readers are."""
        return await asyncio.to_thread(self.processes[1].cuts)

    async def until_behind(self, cuts: int | None = None) -> None:
        """Until something waits for somebody; given how many were cut before, also where that is over already."""
        async with asyncio.timeout(LIMIT_S):
            while not await self.is_stuck():
                if cuts is not None and await self.cuts() > cuts:
                    return
                await asyncio.sleep(0.02)

    async def plant(self, **more: Any) -> tuple[str, str]:
        """A message with a word, that has reached the process where the slow readers are."""
        word = secrets.token_hex(8)
        message = await self.say(f"so {word}", data=word * 100, **more)
        await self.reader.wait_for("message-received", lambda told: told["id"] == message)
        return message, word

    async def plant_unread(self, **more: Any) -> tuple[str, str]:
        """One that waits: it is behind all that was said before."""
        planted = await self.plant(**more)
        assert await self.waiting_bytes(), "it has left already"
        return planted

    async def found(self, word: str) -> list[str]:
        self.forget()
        every = {process.pid: process for process in self.processes}.values()
        found = await asyncio.gather(*(asyncio.to_thread(each.holders, word) for each in every))
        return [one for each in found for one in each]

    def forget(self) -> None:
        for one in (self.author, self.reader):
            one.heard.clear()
            one.acks.clear()

    async def until_gone(self, word: str, cuts: int | None = None) -> None:
        """Fail where it is long until nothing waits, or one more was cut, or the word is found then. Nobody searches
        before: the server would stand still meanwhile, and look later."""
        async with asyncio.timeout(CUT_LIMIT_S):
            while await self.waiting_bytes() and (cuts is None or await self.cuts() == cuts):
                await asyncio.sleep(0.05)
        for _ in range(TRIES):
            await asyncio.sleep(0.1 * PACE)
            found = await self.found(word)
            if not found:
                return
        raise AssertionError(found)

    async def takes_back(self, message: str) -> None:
        await self.author.ok("delete-message", roomId=self.id, id=message)


@asynccontextmanager
async def placed(processes: list[Host]) -> AsyncIterator[Place]:
    async with talking_to(processes[0].url) as server, talking_to(processes[1].url) as elsewhere:
        place = Place(processes, server, elsewhere, await server.room(capacity=20))
        place.author, _ = await server.seated(place.id, hostKey=place.key)
        place.reader, _ = await elsewhere.seated(place.id)
        yield place
        for one in (place.author, place.reader):
            await one.leave()


@asynccontextmanager
async def lurking(place: Place, **how: Any) -> AsyncIterator[LurkerInRoom]:
    lurker = await LurkerInRoom.open(place.port)
    try:
        await lurker.enter(place.id, name="Lou", **how)
        await place.reader.wait_for("user-joined")
        yield lurker
    finally:
        lurker.close()


def test_the_looks_are_over_in_the_time_that_is_promised() -> None:
    assert LIMITS.recall_look_s * (LIMITS.recall_looks + 1) < PROMISED_S


@pytest.mark.parametrize("how", ["deleted", "edited", "expired"])
async def test_what_was_taken_back_waits_for_nobody_who_does_not_read(processes: list[Host], how: str) -> None:
    async with placed(processes) as place, lurking(place) as lurker:
        cut_before = await place.metric(CUT)
        await place.fill()
        message, word = await place.plant_unread(**({"ttlS": math.ceil(5 * PACE)} if how == "expired" else {}))
        match how:
            case "deleted":
                assert await place.found(word), "the search finds what is there"
                await place.takes_back(message)
            case "edited":
                await place.author.ok("edit-message", roomId=place.id, id=message, text="nothing", data=0)
            case _:
                await place.reader.wait_for("message-deleted", lambda told: told["id"] == message)
        await place.until_gone(word)
        assert await lurker.is_cut()
        assert await place.metric(CUT) == cut_before + 1
        await place.reader.sync()


async def test_nor_where_it_was_compressed(alone: list[Host]) -> None:
    async with placed(alone) as place, lurking(place, deflate=True) as lurker:
        await place.fill(noise=True)
        message, word = await place.plant_unread()
        await place.takes_back(message)
        await place.until_gone(word)
        assert await lurker.is_cut()


async def test_nor_where_whoever_it_was_for_has_left_since(processes: list[Host]) -> None:
    async with placed(processes) as place, lurking(place) as lurker:
        await place.fill()
        message, word = await place.plant_unread()
        await lurker.emit("leave-room", roomId=place.id)
        await place.reader.wait_for("user-left")
        await place.takes_back(message)
        await place.until_gone(word)
        assert await lurker.is_cut()


async def test_nor_for_a_client_that_polls_no_more(processes: list[Host]) -> None:
    async with placed(processes) as place, aiohttp.ClientSession() as http:
        poller = Poller(http, f"{processes[1].url}/socket.io/?EIO=4&transport=polling")
        await poller.enter(place.id)
        message, word = await place.plant_unread()
        await place.takes_back(message)
        await place.until_gone(word)
        assert await poller.status() == 400


async def test_nor_for_one_that_does_not_read_what_it_polled_for(processes: list[Host]) -> None:
    async with placed(processes) as place, aiohttp.ClientSession() as http, AsyncExitStack() as left:
        poller = Poller(http, f"{processes[1].url}/socket.io/?EIO=4&transport=polling")
        await poller.enter(place.id)
        lurker = await Lurker.open(place.port)
        left.push_async_callback(poller.leave)
        left.callback(lurker.close)
        for _ in range(MOST_FILLINGS):
            await place.say_much()
            message, word = await place.plant_unread()
            before = await place.waiting_bytes()
            await lurker.ask("GET", f"{poller.path}&sid={poller.sid}")
            async with asyncio.timeout(LIMIT_S):
                while await place.waiting_bytes() == before:
                    await asyncio.sleep(0.005)
            # It has taken all that waited: what is counted now lies on its connection, and has the word at its end.
            if await place.is_stuck():
                break
        else:
            raise AssertionError("the kernel takes more and more")
        cuts = await place.cuts()
        await place.takes_back(message)
        await place.until_gone(word, cuts)  # that it is gone waits for the next poll
        assert await lurker.is_cut()


async def test_nor_in_an_answer_over_http(processes: list[Host]) -> None:
    async with placed(processes) as place:
        for _ in range(40):
            await place.say(FILLING, data=FILLING)
        message, word = await place.plant()
        path = f"/api/rooms/{place.id}/messages"
        assert word in (await place.elsewhere.call("GET", path, key=place.key)).text
        cuts = await place.cuts()
        lurker = await Lurker.open(place.port)
        for _ in range(400):
            await lurker.ask("GET", path, Authorization=f"Bearer {place.key}")
        # It is cut from then on, whatever is taken back: maybe sooner than this test sees it.
        await place.until_behind(cuts)
        await place.takes_back(message)
        await place.until_gone(word)
        assert await lurker.is_cut()
        lurker.close()


async def test_nor_of_a_file(processes: list[Host]) -> None:
    async with placed(processes) as place:
        word = secrets.token_hex(8)
        path = f"/api/rooms/{place.id}/files"
        laid = await place.server.call("POST", path, key=place.key, data=io.BytesIO(word.encode() * 500_000))
        file = laid.json["fileId"]
        lurker = await Lurker.open(place.port)
        await lurker.ask("GET", f"{path}/{file}", Authorization=f"Bearer {place.key}")
        await lurker.until(word.encode())
        await place.until_behind()
        assert (await place.server.call("DELETE", f"{path}/{file}", key=place.key)).status == 200
        await place.until_gone(word)
        assert await lurker.is_cut()
        lurker.close()


async def test_whoever_reads_slowly_is_not_cut_however_much_is_taken_back(processes: list[Host]) -> None:
    """At 20 kB a second, of which the server's buffer sees nothing for seconds: the kernel holds more than that."""
    looks_s = LIMITS.recall_look_s * LIMITS.recall_looks
    for _ in range(TRIES):
        is_cut, longest_s = await read_slowly(processes, 3 * looks_s * PACE)
        if not is_cut:
            return
        assert longest_s > looks_s / 2, f"it was cut, though it has always read within {longest_s:.2f} s"
    raise AssertionError("each time this machine has not let it read for long")


async def read_slowly(processes: list[Host], for_s: float) -> tuple[bool, float]:
    """Whether somebody was cut who reads slowly, and the longest that they did not read at all."""
    async with placed(processes) as place, lurking(place) as lurker:
        await place.fill()
        enough = threading.Event()
        reading = asyncio.create_task(asyncio.to_thread(lurker.sip, 2_048, 0.1, enough))
        was_behind = 0
        try:
            async with asyncio.timeout(for_s):
                while not reading.done():
                    message, _ = await place.plant()
                    await place.takes_back(message)
                    was_behind += bool(await place.waiting_bytes())
                    await asyncio.wait([reading], timeout=0.5)
        except TimeoutError:
            pass
        finally:
            enough.set()
            found = await reading
        assert was_behind
        await place.reader.sync()
        return found


class Poller:
    """A client that polls when it is told to."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self._url = url
        self.path = url[url.index("/socket.io") :]
        self.sid = ""

    async def _poll(self) -> str:
        async with self._http.get(f"{self._url}&sid={self.sid}") as answer:
            return await answer.text()

    async def _post(self, packet: str) -> None:
        async with self._http.post(f"{self._url}&sid={self.sid}", data=packet) as answer:
            assert await answer.text() == "ok"

    async def enter(self, room_id: str) -> None:
        async with self._http.get(self._url) as answer:
            self.sid = (await answer.text()).split('"sid":"')[1].split('"')[0]
        await self._post("40")
        await self._poll()
        await self._post(f'42["join-room",{{"roomId":"{room_id}","name":"Pola"}}]')
        told = ""
        while "room-joined" not in told:
            told += await self._poll()

    async def status(self) -> int:
        async with self._http.get(f"{self._url}&sid={self.sid}") as answer:
            return answer.status

    async def leave(self) -> None:
        with contextlib.suppress(aiohttp.ClientError):
            async with self._http.post(f"{self._url}&sid={self.sid}", data="1") as answer:
                await answer.read()
