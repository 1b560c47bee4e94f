"""Many large files at once, over slow links to us and to MongoDB: little memory for each, and the chat goes on."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.files import fetch, file_id
from tests.support.memory import MIB, PAGE
from tests.support.mongo import drop_database
from tests.support.pace import PACE
from tests.support.processes import ROOT, ServerProcess, server_process
from tests.support.proxy import tcp_proxy
from tests.support.server import Client, Server, talking_to

SECRET = "a secret of twenty-two characters"
PER_FILE_BYTES = 2 * MIB
ROUND_TRIPS = 300


@dataclass(frozen=True, slots=True)
class Load:
    """So many uploads of so many bytes at once; `link` and `database` are bytes a second."""

    count: int
    bytes: int
    link: float
    database: float


SHORT = Load(24, 4 * MIB, 4 * MIB, 24 * MIB)
WHOLE = Load(50, 50 * MIB, 1.5 * MIB, 10 * MIB)
"""More than four minutes: all that come share the slow link to the database."""

WHOLE_ALONE_ROUND_TRIPS = 3_000


def resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


async def p99(client: Client, room: str) -> float:
    return p99_of(await round_trips(client, room, lambda done: done == ROUND_TRIPS))


def p99_of(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=100)[-1]


async def round_trips(client: Client, room: str, is_enough: Callable[[int], bool]) -> list[float]:
    """What messages take until they are acknowledged, in seconds; `is_enough` is asked with how many there were."""
    taken: list[float] = []
    while not is_enough(len(taken)):
        began = time.perf_counter()
        await client.ok("send-message", roomId=room, text=str(len(taken)))
        taken.append(time.perf_counter() - began)
        await asyncio.sleep(0.005)
    return taken


async def heaviest(pid: int, while_running: asyncio.Task[object]) -> int:
    most = 0
    while not while_running.done():
        most = max(most, resident(pid))
        await asyncio.sleep(0.05)
    return most


async def uploads(url: str, room: str, key: str, load: Load) -> dict[str, object]:
    given = map(str, (url, room, key, load.count, load.bytes, load.link))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.support.uploads", *given, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    found: dict[str, object] = json.loads(out)
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """What the uploads were answered, how much the server grew, and the chat's p99: without them, with the same ones at
    another process (which is what they cost a machine that all share), and with them."""

    answered: dict[str, object]
    grown: int
    alone: float
    elsewhere: float
    beside: float


@contextmanager
def behind_a_link(load: Load, mongo_uri: str, *names: str) -> Iterator[list[ServerProcess]]:
    """Servers whose databases, one each with this at the end of its name, are behind one slow link."""
    parts = urlsplit(mongo_uri)
    with ExitStack() as stack:
        link = stack.enter_context(tcp_proxy(parts.port or 27_017, load.database))
        settings = {"FILE_STORE": "mongo", "STORAGE_SECRET": SECRET, "EVENTS_PER_S": "0"}
        found = []
        for name in names:
            uri = f"mongodb://127.0.0.1:{link.port}{parts.path}{name}?directConnection=true"
            found.append(stack.enter_context(server_process(MONGODB_URI=uri, **settings)))
            stack.callback(drop_database, f"{mongo_uri}{name}")
        yield found


async def under(load: Load, mongo_uri: str) -> Found:
    with behind_a_link(load, mongo_uri, "", "_other") as (process, other):
        async with talking_to(process.url) as server, talking_to(other.url) as second:
            room, client, key = await furnished(server)
            elsewhere_room, _, elsewhere_key = await furnished(second)
            alone = await p99(client, room)
            task = asyncio.create_task(uploads(other.url, elsewhere_room, elsewhere_key, load))
            await asyncio.sleep(1)
            elsewhere = await p99(client, room)
            await task
            before = resident(process.pid)
            task = asyncio.create_task(uploads(process.url, room, key, load))
            watch = asyncio.create_task(heaviest(process.pid, task))
            await asyncio.sleep(1)
            beside = await p99(client, room)
            answered = await task
            return Found(answered, await watch - before, alone, elsewhere, beside)


async def furnished(server: Server) -> tuple[str, Client, str]:
    """A room, somebody in it, who has laid down a file, and their token."""
    made = await server.room()
    room = made["roomId"]
    client, one = await server.seated(room)
    await file_id(server, room, one["resumeToken"], bytes(MIB))
    return room, client, one["resumeToken"]


async def check(load: Load, mongo_uri: str) -> None:
    # The better of two: of three hundred messages the three slowest are of whatever else the machine does.
    if not await is_chat_as_fast(load, mongo_uri):
        assert await is_chat_as_fast(load, mongo_uri), "the chat was held up, twice: the lines above"


async def is_chat_as_fast(load: Load, mongo_uri: str) -> bool:
    found = await under(load, mongo_uri)
    chat = " → ".join(f"{one * 1e3:.1f}" for one in (found.alone, found.elsewhere, found.beside))
    told = (
        f"{found.grown / MIB:.0f} MiB more, chat p99 {chat} ms (alone, beside another's, beside ours), {found.answered}"
    )
    print(told)
    assert found.answered["statuses"] == {"201": load.count}, told
    assert found.grown < load.count * PER_FILE_BYTES, told
    return found.beside < max(2 * found.elsewhere, 0.05 * PACE)


@pytest.mark.slow
async def test_many_uploads_at_once_take_little_memory_each_and_do_not_hold_up_the_chat(mongo_uri: str) -> None:
    await check(SHORT, mongo_uri)


@pytest.mark.soak
@pytest.mark.timeout(580)
async def test_while_fifty_files_of_fifty_megabytes_go_to_a_slow_database_the_chat_takes_less_than_twice_as_long(
    mongo_uri: str,
) -> None:
    with behind_a_link(WHOLE, mongo_uri, "") as (process,):
        async with talking_to(process.url) as server:
            room, client, key = await furnished(server)
            alone = await round_trips(client, room, lambda done: done == WHOLE_ALONE_ROUND_TRIPS)
            before = resident(process.pid)
            task = asyncio.create_task(uploads(process.url, room, key, WHOLE))
            watch = asyncio.create_task(heaviest(process.pid, task))
            beside = await round_trips(client, room, lambda _: task.done())
            answered, grown = await task, await watch - before
            # After them, too: what the machine does besides is then in both.
            alone += await round_trips(client, room, lambda done: done == WHOLE_ALONE_ROUND_TRIPS)
    told = (
        f"{grown / MIB:.0f} MiB more, chat p99 {p99_of(alone) * 1e3:.2f} ms alone ({len(alone)} messages), "
        f"{p99_of(beside) * 1e3:.2f} beside ({len(beside)}), {answered}"
    )
    print(told)
    assert answered["statuses"] == {"201": WHOLE.count}, told
    assert grown < WHOLE.count * PER_FILE_BYTES, told
    assert p99_of(beside) < 2 * p99_of(alone), told


async def test_a_large_download_to_a_slow_reader_takes_little_memory(mongo_uri: str) -> None:
    with server_process(MONGODB_URI=mongo_uri, FILE_STORE="mongo", STORAGE_SECRET=SECRET) as process:
        async with talking_to(process.url) as server:
            made = await server.room()
            room, key = made["roomId"], made["hostKey"]
            file = await file_id(server, room, key, bytes(30 * MIB))
            await fetch(server, room, key, file)
            before = resident(process.pid)
            url, headers = f"{process.url}/api/rooms/{room}/files/{file}", {"Authorization": f"Bearer {key}"}
            readers = [await server.http.get(url, headers=headers) for _ in range(10)]
            most = 0
            for _ in range(20):
                for reader in readers:
                    await reader.content.readexactly(65_536)
                most = max(most, resident(process.pid))
                await asyncio.sleep(0.05)
            assert most - before < len(readers) * PER_FILE_BYTES, f"{(most - before) / MIB:.0f} MiB"
            for reader in readers:
                reader.close()
