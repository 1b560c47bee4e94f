"""Files through a process in which their room does not run: two real processes, one real Redis, files in MongoDB.

They go from one process to the other in parts, so that whoever comes to either has them whole, or knows that they do
not, and neither process nor Redis ever holds much of one.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import os
import secrets
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from rooms.limits import VIEW_AGAIN_S
from tests.e2e.resilience.api import Api, Member, OwnRoom
from tests.support.files import all_gone, left_in
from tests.support.js_client import JsClient, js_client
from tests.support.memory import MIB, PAGE
from tests.support.mongo import drop_database
from tests.support.nodes import NodeProcess, nodes
from tests.support.pace import PACE
from tests.support.redis import RedisServer, ask

SECRET = "a secret of both of the processes"
LARGE = 50 * MIB
PER_STREAM_BYTES = 2 * MIB
APART_S = 10.0 * PACE
"""Time for two processes to agree that one is gone, or that a client is."""


@dataclass(frozen=True, slots=True)
class Place:
    """A room that runs in `owner`, and a process that runs nothing of it."""

    owner: NodeProcess
    edge: NodeProcess
    redis: RedisServer
    mongo_uri: str
    room: OwnRoom
    ada: Member
    js: JsClient

    @property
    def http(self) -> aiohttp.ClientSession:
        return self.room.api.session

    def files(self, node: NodeProcess | None = None) -> str:
        return f"{(node or self.edge).url}/api/rooms/{self.room.id}/files"

    @property
    def key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.ada.token}"}

    async def lay_down(self, data: bytes, node: NodeProcess | None = None) -> str:
        async with self.http.post(self.files(node), data=io.BytesIO(data), headers=self.key) as answer:
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["fileId"])

    @contextlib.asynccontextmanager
    async def reading(
        self, file: str, node: NodeProcess | None = None, **headers: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self.http.get(f"{self.files(node)}/{file}", headers={**self.key, **headers}) as answer:
            yield answer


@dataclass(frozen=True, slots=True)
class Pair:
    """Two processes on one Redis and one database."""

    nodes: list[NodeProcess]
    redis: RedisServer
    mongo_uri: str


@contextlib.contextmanager
def started(redis: RedisServer, mongo_base: str) -> Iterator[Pair]:
    uri = mongo_base % f"mayfly_test_{secrets.token_hex(6)}"
    settings = {"MONGODB_URI": uri, "FILE_STORE": "mongo", "STORAGE_SECRET": SECRET, "SEAT_GRACE_S": "60"}
    with nodes(redis, 2, **settings) as both:
        yield Pair(both, redis, uri)
    drop_database(uri)


@pytest.fixture(scope="module")
def lasting(redis_server: RedisServer, _mongo_base: str) -> Iterator[Pair]:
    with started(redis_server, _mongo_base) as pair:
        yield pair


@contextlib.asynccontextmanager
async def placed(pair: Pair) -> AsyncIterator[Place]:
    """A new room of the first process, with somebody in it who came through the other."""
    owner, edge = pair.nodes
    timeout = aiohttp.ClientTimeout(total=110 * PACE)
    async with js_client() as js, aiohttp.ClientSession(timeout=timeout) as session:
        room = await Api(owner.url, session).room()
        ada = await room.enter(js, edge.url, reconnection=False)
        yield Place(owner, edge, pair.redis, pair.mongo_uri, room, ada, js)
        await js.leave()


@pytest_asyncio.fixture
async def place(node: str, lasting: Pair) -> AsyncIterator[Place]:
    async with placed(lasting) as made:
        yield made
        assert (await made.room.call("DELETE")).status == 200
        await all_gone(made.mongo_uri, APART_S)


@pytest_asyncio.fixture
async def mortal(node: str, own_redis: RedisServer, _mongo_base: str) -> AsyncIterator[Place]:
    """One whose processes are killed. Others on the same Redis, with another database, would take the room over."""
    with started(own_redis, _mongo_base) as pair:
        async with placed(pair) as made:
            yield made


def resident(node: NodeProcess) -> int:
    return int(Path(f"/proc/{node.pid}/statm").read_text().split()[1]) * PAGE


class Watched:
    """How much two processes and their Redis grow meanwhile."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._before = self._now()
        self.most = [0] * len(self._before)

    def _now(self) -> list[int]:
        used = ask(self._place.redis, "INFO", "memory")
        return [resident(self._place.owner), resident(self._place.edge), used["used_memory"]]

    async def __aenter__(self) -> Watched:
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        print("MiB more at owner, edge and Redis:", [round(one / MIB, 1) for one in self.most])

    async def _watch(self) -> None:
        while True:
            now = await asyncio.to_thread(self._now)
            self.most = [max(most, one - first) for most, one, first in zip(self.most, now, self._before, strict=True)]
            await asyncio.sleep(0.02)


async def sum_of(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    async for part in answer.content.iter_any():
        size += len(part)
        digest.update(part)
    return size, digest.hexdigest()


async def test_fifty_megabytes_go_up_and_come_down_through_the_process_that_has_not_the_room(place: Place) -> None:
    data = os.urandom(LARGE)
    await place.lay_down(os.urandom(MIB))  # so that what is there once, is
    began = time.monotonic()
    async with Watched(place) as up:
        file = await place.lay_down(data)
    print(f"up {LARGE / MIB / (time.monotonic() - began):.0f} MiB/s")
    began = time.monotonic()
    async with Watched(place) as down, place.reading(file) as answer:
        assert (answer.status, answer.content_length) == (200, LARGE)
        assert await sum_of(answer) == (LARGE, hashlib.sha256(data).hexdigest())
    print(f"down {LARGE / MIB / (time.monotonic() - began):.0f} MiB/s")
    for grown in (*up.most[:2], *down.most[:2]):
        assert grown < 8 * MIB
    assert max(up.most[2], down.most[2]) < PER_STREAM_BYTES


async def test_a_part_comes_as_from_the_owner_and_a_broken_download_goes_on(place: Place) -> None:
    data = os.urandom(3 * MIB)
    file = await place.lay_down(data)
    for node in (place.owner, place.edge):
        async with place.reading(file, node, Range="bytes=1000000-2999999") as answer:
            assert (answer.status, answer.headers["Content-Range"]) == (206, f"bytes 1000000-2999999/{len(data)}")
            assert await answer.read() == data[1_000_000:3_000_000]
        async with place.reading(file, node, Range=f"bytes={len(data)}-") as answer:
            assert answer.status == 416
        async with place.reading(file, node, **{"If-None-Match": "*"}) as answer:
            assert (answer.status, await answer.read()) == (304, b"")
        async with place.http.head(f"{place.files(node)}/{file}", headers=place.key) as answer:
            assert (answer.status, answer.content_length, await answer.read()) == (200, len(data), b"")
    async with place.reading(file) as answer:
        etag = answer.headers["ETag"]
        had = await answer.content.readexactly(1_234_567)
    more = {"Range": f"bytes={len(had)}-", "If-Range": etag}
    async with place.reading(file, **more) as answer:
        assert answer.status == 206
        assert had + await answer.read() == data


async def test_who_may_not_hears_so_before_the_file_comes(place: Place) -> None:
    too_large = {**place.key, "Content-Length": str(LARGE + 1)}

    async def never() -> AsyncIterator[bytes]:
        yield bytes(200_000)
        await asyncio.sleep(3 * APART_S)

    began = time.monotonic()
    async with place.http.post(place.files(), data=never(), headers=too_large) as answer:
        assert (await answer.json())["error"]["code"] == "FILE_TOO_LARGE"
        assert answer.status == 413
    async with place.http.post(place.files(), data=never()) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (401, "UNAUTHORIZED")
    assert time.monotonic() - began < APART_S
    grows = io.BytesIO(bytes(LARGE + MIB))
    async with place.http.post(place.files(), data=chunked(grows), headers=place.key) as answer:
        assert (await answer.json())["error"]["code"] == "FILE_TOO_LARGE"
    await all_gone(place.mongo_uri, APART_S)  # of those that were begun


async def chunked(data: io.BytesIO) -> AsyncIterator[bytes]:
    while piece := data.read(MIB):
        yield piece


async def breaks_off(place: Place, how: Callable[[asyncio.Task[aiohttp.ClientResponse]], Awaitable[object]]) -> None:
    """An upload of which some lies in the database, and then no more comes."""
    stopped = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        yield bytes(3 * MIB)
        await stopped.wait()

    async with aiohttp.ClientSession() as own:
        sending = asyncio.create_task(own.post(place.files(), data=half(), headers=place.key))
        async with asyncio.timeout(APART_S):
            while not await asyncio.to_thread(left_in, place.mongo_uri):
                await asyncio.sleep(0.05)
        await how(sending)
        await all_gone(place.mongo_uri, APART_S)
        stopped.set()
        with contextlib.suppress(aiohttp.ClientError, asyncio.CancelledError):
            await sending


async def test_an_upload_whose_client_goes_leaves_nothing(place: Place) -> None:
    async def go(sending: asyncio.Task[aiohttp.ClientResponse]) -> None:
        sending.cancel()

    await breaks_off(place, go)


async def test_an_upload_through_a_process_that_dies_leaves_nothing(mortal: Place) -> None:
    await breaks_off(mortal, lambda _: asyncio.to_thread(mortal.edge.kill))


async def read_into(had: bytearray, answer: aiohttp.ClientResponse) -> None:
    while part := await answer.content.readany():
        had += part


async def test_an_owner_that_dies_half_way_leaves_no_short_file(mortal: Place) -> None:
    data = os.urandom(LARGE)
    file = await mortal.lay_down(data)
    async with mortal.reading(file) as answer:
        had = bytearray(await answer.content.readexactly(MIB))
        waiting = asyncio.create_task(mortal.http.get(f"{mortal.files()}/{file}", headers=mortal.key))
        async with await waiting as other:
            assert other.status == 200
            await asyncio.to_thread(mortal.owner.kill)
            for one in (answer, other):
                with pytest.raises(aiohttp.ClientPayloadError):
                    await asyncio.wait_for(read_into(had if one is answer else bytearray(), one), APART_S)
    assert len(had) < LARGE
    # The room goes on at the other process, and so does the download.
    async with asyncio.timeout(2 * APART_S):
        while True:
            async with mortal.reading(file, Range=f"bytes={len(had)}-") as answer:
                assert answer.status in (206, 503), "a file that nobody knows of yet is not said to be gone"
                if answer.status == 206:
                    had += await answer.read()
                    break
            await asyncio.sleep(0.2)
    assert had == data


async def test_an_upload_whose_owner_dies_is_refused(mortal: Place) -> None:
    going = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        for number in range(LARGE // MIB):
            yield bytes(MIB)
            if number == 5:
                going.set()
            await asyncio.sleep(0.2)

    sending = asyncio.create_task(mortal.http.post(mortal.files(), data=endless(), headers=mortal.key))
    await asyncio.wait_for(going.wait(), APART_S)
    await asyncio.to_thread(mortal.owner.kill)
    async with await asyncio.wait_for(sending, APART_S) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (503, "UNAVAILABLE")


async def test_slow_readers_hold_little_and_hold_up_nobody(place: Place) -> None:
    data = os.urandom(LARGE)
    file = await place.lay_down(data)
    async with contextlib.AsyncExitStack() as stack, Watched(place) as watched:
        slow = [await stack.enter_async_context(place.reading(file)) for _ in range(20)]
        for one in slow:
            await one.content.readexactly(65_536)
        began = time.monotonic()
        async with place.reading(file, Range=f"bytes=0-{10 * MIB - 1}") as answer:
            assert await answer.read() == data[: 10 * MIB]
        assert time.monotonic() - began < APART_S
        for grown in watched.most:
            assert grown < len(slow) * PER_STREAM_BYTES
        for one in slow:
            one.close()


async def p99(place: Place, count: int) -> float:
    """Of what a message takes, through the process that has not the room, until it is acknowledged, in seconds."""
    taken = []
    for number in range(count):
        began = time.monotonic()
        await place.ada.say(str(number))
        taken.append(time.monotonic() - began)
        await asyncio.sleep(0.005)
    return statistics.quantiles(taken, n=100)[-1]


async def test_chat_goes_on_beside_ten_files_each_way(place: Place) -> None:
    asyncio.get_running_loop().set_debug(False)  # it moves the files as well as it measures
    data = os.urandom(10 * MIB)
    file = await place.lay_down(data)
    alone = await p99(place, 200)
    done = asyncio.Event()
    moved = 0

    async def down() -> None:
        nonlocal moved
        while not done.is_set():
            async with place.reading(file) as answer:
                async for part in answer.content.iter_any():
                    moved += len(part)

    async def up() -> None:
        nonlocal moved
        while not done.is_set():
            await place.lay_down(data)
            moved += len(data)

    tasks = [asyncio.create_task(one()) for one in [down] * 5 + [up] * 5]
    await asyncio.sleep(0.5)
    beside = await p99(place, 200)
    done.set()
    await asyncio.gather(*tasks)
    print(f"chat p99 {alone * 1e3:.1f} → {beside * 1e3:.1f} ms beside {moved / MIB:.0f} MiB")
    assert beside < max(20 * alone, 0.5 * PACE)
    streams = ask(place.redis, "KEYS", "mf:in:*")
    assert streams
    async with asyncio.timeout(APART_S):  # nothing of what was sent stays in Redis
        while any(ask(place.redis, "MEMORY", "USAGE", key) > 10_000 for key in streams):
            await asyncio.sleep(0.1)


@pytest.mark.slow
async def test_what_is_seen_once_through_another_process_is_gone_after_its_minute(place: Place) -> None:
    bob = await place.room.enter(place.js, place.owner.url, name="Bob")
    cyd = await place.room.enter(place.js, place.edge.url, name="Cyd")
    data = os.urandom(200_000)
    file = await place.lay_down(data)
    sent = await place.ada.say("seen once", viewOnce=True, attachments=[{"fileId": file}])

    async def opened(who: Member) -> set[object]:
        """What each of the processes answers."""
        headers, urls = {"Authorization": f"Bearer {who.token}"}, (place.files(place.owner), place.files(place.edge))
        found: set[object] = set()
        for url in urls:
            async with place.http.get(f"{url}/{file}", headers=headers) as answer:
                found.add(await answer.read() if answer.status == 200 else answer.status)
        return found

    for viewer in (cyd, bob):
        heard = await viewer.socket.wait_for("message-received", lambda one: one["id"] == sent["id"])
        assert (heard.payload["text"], "attachments" in heard.payload) == ("", False)
        assert await opened(viewer) == {404}, "nobody opens it who has not seen it"
        seen = await viewer.ok("view-message", id=sent["id"])
        assert (seen["text"], [one["fileId"] for one in seen["attachments"]]) == ("seen once", [file])
        assert await opened(viewer) == {data}
        assert await opened(place.ada) == {data} if viewer is cyd else True
    began = time.monotonic()
    for member in (place.ada, cyd):
        gone = await member.socket.wait_for("message-deleted", lambda one: one["id"] == sent["id"])
        assert gone.payload["reason"] == "viewed"
    while await opened(bob) != {404}:
        assert time.monotonic() - began < VIEW_AGAIN_S + 5 * PACE
        await asyncio.sleep(0.5)
    assert time.monotonic() - began > VIEW_AGAIN_S - 5 * PACE
    for viewer in (cyd, bob):
        assert await opened(viewer) == {404}
        assert await viewer.refused("view-message", id=sent["id"]) == "MESSAGE_NOT_FOUND"
    await all_gone(place.mongo_uri, APART_S)
