"""Cuts in a chat in which everybody sends, edits, deletes, reacts and votes at random: one picture, message by message.

What everybody ends with is held against a model of what was acknowledged (`chat_model.py`), against what the server
says to whoever comes back with nothing, and against its log. Sealed and plain; in memory, with MongoDB, and over two
processes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.e2e.resilience.chat_model import Model, Report
from tests.e2e.resilience.times import FAST
from tests.support.balancer import Balancer, balancer
from tests.support.mongo import drop_database
from tests.support.node import NodeScript, node_script
from tests.support.pace import PACE
from tests.support.processes import ServerProcess, launch
from tests.support.redis import RedisServer, start_redis

PEOPLE = Path(__file__).parent / "busy.mjs"
SEED = int(os.environ.get("BUSY_SEED", "20261129"))
"""Of what people do and of when they are cut off: another one is another story."""
SETTLED_WITHIN_S = 30.0 * PACE
EXPIRES_S = 5.0
"""The shortest time that a message may be given."""
STEADY = {
    **FAST,
    "SEAT_GRACE_S": "600",  # whoever is cut comes back, however slow the machine: seats that end are tested elsewhere
    "PING_INTERVAL_S": "2",
    "PING_TIMEOUT_S": f"{4 * PACE:g}",
    "STORAGE_SECRET": "a secret of all the processes",
}


@dataclass(frozen=True, slots=True)
class Measure:
    """How many people, how many cuts, in how many seconds, and how long each pauses between two deeds."""

    people: int
    cuts: int
    seconds: float
    pause_ms: int


SHORT = Measure(6, 30, 3.0, 60)
WHOLE = Measure(20, 500, 60.0, 500)


@dataclass(slots=True)
class Chat:
    """A room, everybody in it, and the way there."""

    script: NodeScript
    proxy: Balancer
    processes: list[ServerProcess]
    made: dict[str, Any]

    @property
    def path(self) -> str:
        return f"{self.proxy.url}/api/rooms/{self.made['roomId']}"

    async def settled(self) -> None:
        deadline = time.monotonic() + SETTLED_WITHIN_S
        while not await self.script.call("settled"):
            assert time.monotonic() < deadline, await self.state()
            await asyncio.sleep(0.1)

    async def state(self) -> str:
        """What everybody waits for, and the last that the servers have written: for whoever reads of a failure."""
        logs = "\n".join(process.log()[-3_000:] for process in self.processes)
        return f"{await self.script.call('waiting')}\n{logs}"


@asynccontextmanager
async def servers(kind: str, mongo_uri: str) -> AsyncIterator[list[ServerProcess]]:
    """One process, or two on one Redis."""
    settings = {**STEADY, "ROOM_CAPACITY": "20"}
    async with AsyncExitStack() as stack:
        if kind != "memory":
            settings |= {"MONGODB_URI": mongo_uri, "FILE_STORE": "mongo", "MESSAGE_LOG": "on"}
        if kind == "redis":
            store: RedisServer = start_redis()
            stack.callback(store.close)
            settings["REDIS_URL"] = store.url
        made = []
        for _ in range(2 if kind == "redis" else 1):
            made.append(launch(lambda port: ServerProcess(port, settings)))
            stack.callback(made[-1].close)
        yield made


@asynccontextmanager
async def chat(kind: str, encrypt: bool, measure: Measure, mongo_uri: str) -> AsyncIterator[Chat]:
    async with servers(kind, mongo_uri) as processes, AsyncExitStack() as stack:
        proxy = stack.enter_context(balancer([process.port for process in processes]))
        script = await stack.enter_async_context(node_script(PEOPLE))
        wish = {"server": proxy.url, "encrypt": encrypt, "log": kind != "memory" and not encrypt}
        made = await script.call("make", **wish)
        links = {"link": made["link"], "hostLink": made["hostLink"], "server": proxy.url}
        await script.call("join", count=measure.people, files=True, seed=SEED, **links)
        yield Chat(script, proxy, processes, made)


async def cut_at_random(chat: Chat, measure: Measure, rng: random.Random) -> None:
    """Reset one to four connections at a time, whatever they are in the middle of."""
    done, began = 0, time.monotonic()
    last = began
    while done < measure.cuts:
        if cut := chat.proxy.cut(min(rng.randint(1, 4), measure.cuts - done), rng):
            done, last = done + cut, time.monotonic()
        assert time.monotonic() - last < SETTLED_WITHIN_S, await chat.state()
        await asyncio.sleep(max(0.01, began + measure.seconds * done / measure.cuts - time.monotonic()))


async def live_through(chat: Chat, measure: Measure) -> list[Report]:
    """What everybody reports after all the cuts, when all that is to expire has expired."""
    await chat.script.call("live", pauseMs=measure.pause_ms)
    await cut_at_random(chat, measure, random.Random(SEED))
    await chat.script.call("stop", limit_s=SETTLED_WITHIN_S)
    await chat.settled()
    await asyncio.sleep(EXPIRES_S + 1.0)  # what was said last may have been long on its way
    reports: list[Report] = await chat.script.call("report")
    return reports


def check_person(report: Report, model: Model) -> None:
    """One person's whole picture, message by message."""
    who = f"person {report['number']}"
    assert (report["faults"], report["forgotten"]) == ([], 0), who
    shown = [bare(message) for message in report["messages"]]
    assert [m["seq"] for m in report["messages"]] == sorted({m["seq"] for m in report["messages"]}), who
    wanted = {message["id"]: message for message in model.messages_of(report["id"])}
    for message in shown:
        assert message == wanted.pop(message["id"], None), f"{who} sees {message}"
    assert not wanted, f"{who} misses {list(wanted.values())[:3]}"
    assert report["pinned"] == model.pinned, who
    for poll in report["polls"]:
        right = model.poll(poll["pollId"], poll["question"])
        assert {name: poll.get(name, right[name]) for name in right} == right, f"{who} sees {poll}"
    for person, change in model.selves.items():
        assert report["people"][person] | change == report["people"][person], who
    kept = [text for text in model.unsaid if json.dumps(text, ensure_ascii=False) in report["saved"]]
    assert kept == [], f"in the session of {who}"


def bare(message: dict[str, Any]) -> dict[str, Any]:
    """Without what no model can know."""
    left = {name: value for name, value in message.items() if name not in ("seq", "kind")}
    if "files" in left:
        left["files"] = [{name: file[name] for name in ("name", "size")} for file in left["files"]]
    return left


def check_same(reports: list[Report]) -> None:
    """What is the same for everybody: people, polls, and what they have read."""
    for name in ("people", "polls"):
        assert all(report[name] == reports[0][name] for report in reports), name


def check_picture(report: Report, picture: Report) -> None:
    """What the server says to whoever comes back with nothing: its end of the list, and all the rest."""
    who = f"person {report['number']}"
    assert picture["messages"] == report["messages"][-len(picture["messages"]) or len(report["messages"]) :], who
    for name in ("id", "pinned", "polls", "reads"):
        assert picture[name] == report[name], f"{name} of {who}"
    assert {id_: name_of(one) for id_, one in picture["people"].items()} == {
        id_: name_of(one) for id_, one in report["people"].items()
    }, who


def name_of(person: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Who somebody is. Who is asked for a picture of the server has come back, and is not idle."""
    return person["name"], person["attributes"]


async def check_files(chat: Chat, reports: list[Report], model: Model) -> None:
    """Files are what was sent, and those of messages that are gone are gone."""
    sums = {said.options["file"]["name"]: said.options["file"]["sum"] for said in model.said.values() if file_of(said)}
    opened = await chat.script.call("opened", share=0.15)
    assert [one for one in opened if sums[one["name"]] != one["sum"]] == []
    lying = {file: tag for report in reports for file, tag in report["fileIds"].items()}
    headers = {"Authorization": f"Bearer {chat.made['hostKey']}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        for file, tag in lying.items():
            said = model.said[tag]
            if said.gone or not (said.options.get("to") or said.options.get("viewOnce")):
                async with http.head(f"{chat.path}/files/{file}") as answer:
                    assert answer.status == (404 if said.gone else 200), said


def file_of(said: Any) -> dict[str, Any] | None:
    found: dict[str, Any] | None = said.options.get("file")
    return found


async def check_log(chat: Chat, model: Model) -> None:
    """The log, page by page: what was said to everybody and is there still, as it is now."""
    found: list[dict[str, Any]] = []
    headers = {"Authorization": f"Bearer {chat.made['hostKey']}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        before = ""
        while True:
            async with http.get(f"{chat.path}/messages?limit=50{before}") as answer:
                page = (await answer.json())["messages"]
            if not page:
                break
            found += page
            before = f"&before={page[-1]['id']}"
    wanted = {
        said.id: said.texts[-1]
        for said in model.said.values()
        if not (said.gone or said.options.get("to") or said.options.get("viewOnce"))
    }
    assert {message["id"]: message["text"] for message in found} == wanted
    assert len(found) == len(wanted), "twice in the log"


async def run(kind: str, encrypt: bool, measure: Measure, mongo_uri: str) -> None:
    async with chat(kind, encrypt, measure, mongo_uri) as there:
        reports = await live_through(there, measure)
        model = Model(reports)
        assert model.faults == []
        for report in reports:
            check_person(report, model)
        check_same(reports)
        await check_files(there, reports, model)
        if kind != "memory" and not encrypt:
            await check_log(there, model)
        for report, picture in zip(reports, await there.script.call("pictures"), strict=True):
            check_picture(report, picture)
        print(f"\n{kind}, {'sealed' if encrypt else 'plain'}: seed {SEED}, {told(reports, model, measure)}")


def told(reports: list[Report], model: Model, measure: Measure) -> str:
    deeds = sum(len(report["log"]) for report in reports)
    left = [said for said in model.said.values() if not said.gone]
    rejoined = sum(report["joins"] for report in reports) - len(reports)
    pairs = sum(len(report["messages"]) for report in reports)
    return (
        f"{measure.cuts} cuts, {rejoined} ways back, {deeds} deeds, {len(model.said)} messages of which {len(left)} "
        f"are left, {len(model.polls)} polls; {pairs} messages on {len(reports)} screens, all as they must be"
    )


def test_the_model_knows_a_poll_whose_answer_was_lost_and_none_that_nobody_asked() -> None:
    entry = {"what": "ask", "question": "1.7;?", "options": ["a", "b", "c"], "outcome": "CONNECTION_LOST"}
    model = Model([{"id": "ada", "ids": {}, "messages": [], "log": [entry]}])
    assert model.poll("p1", "1.7;?") == {"counts": [0, 0, 0], "votes": {}, "closed": False}
    with pytest.raises(KeyError):
        model.poll("p2", "1.8;?")


def test_the_model_knows_what_was_seen_before_its_author_was_answered() -> None:
    text = "1.11;0 hello"
    said = {"what": "say", "tag": "1.11", "text": text, "to": "ben", "viewOnce": True, "outcome": "done"}
    look = {"what": "look", "id": "m1", "seen": text, "outcome": "done"}
    ada, ben = ({"id": who, "ids": {}, "messages": [], "log": [entry]} for who, entry in (("ada", said), ("ben", look)))
    model = Model([ada, ben])
    assert (model.faults, model.messages_of("ada"), model.messages_of("ben")) == ([], [], [])


@pytest.fixture
def another_uri(mongo_uri: str) -> Iterator[str]:
    """Of a second database, also dropped afterwards."""
    uri = f"{mongo_uri}_2"
    yield uri
    drop_database(uri)


async def test_cuts_in_busy_chats_leave_everybody_with_the_same_picture(
    node: str, mongo_uri: str, another_uri: str
) -> None:
    # At once: most of it is waiting. Plain where there is a log, which says what was said.
    async with asyncio.TaskGroup() as all_three:
        all_three.create_task(run("memory", True, SHORT, ""))
        all_three.create_task(run("mongo", False, SHORT, mongo_uri))
        all_three.create_task(run("redis", True, SHORT, another_uri))


@pytest.mark.soak
@pytest.mark.timeout(580)
@pytest.mark.parametrize("encrypt", [False, True], ids=["plain", "sealed"])
@pytest.mark.parametrize("kind", ["memory", "mongo", "redis"])
async def test_five_hundred_cuts_in_a_busy_chat_of_twenty(node: str, kind: str, encrypt: bool, mongo_uri: str) -> None:
    await run(kind, encrypt, WHOLE, mongo_uri)
