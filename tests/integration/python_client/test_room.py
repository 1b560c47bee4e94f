"""`mayfly_client`, the client for Python, against the server, and with the JavaScript client in one room."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from mayfly_client import Event, LinkError, Refused, Room
from mayfly_client.keys import base16384, from_base16384
from mayfly_client.room import MAX_EVENTS_HELD, MAX_SEEN
from mayfly_client.seals import Keyring, Unreadable
from tests.support.pace import PACE
from tests.support.processes import ROOT
from tests.support.server import Server, running

LIMIT_S = 15.0 * PACE
SOON = f"{round(1_000 * PACE)}ms"
"""When a fault happens, counted from CONNECT: what is to be before it has to be there by then."""

ROOM = "room-0123456789abcdef"
SECRET = "A" * 42 + "A"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with running(faults="on", stun_urls=()) as server:
        yield server


async def until(room: Room, name: str, where: Callable[[Any], bool] = lambda payload: True) -> Event:
    """The next event of that name."""
    async with asyncio.timeout(LIMIT_S):
        async for event in room:
            if event.name == name and where(event.payload):
                return event
    raise AssertionError(f"the seat ended before {name}: {room.end_reason}")


async def test_people_come_talk_and_go(server: Server) -> None:
    made = await server.room(capacity=2)
    async with Room(made["url"], name="Ada") as ada:
        async with Room(made["url"], name="Ben", media={"audio": True}) as ben:
            came = (await until(ada, "user-joined")).payload["participant"]
            assert (came["name"], came["media"]["audio"]) == ("Ben", True)
            with pytest.raises(Refused) as full:
                async with Room(made["url"]):
                    pass
            assert full.value.code == "ROOM_FULL"
            said = await ben.send_message("Hello")
            heard = (await until(ada, "message-received")).payload
            assert (heard["id"], heard["text"], heard["senderName"]) == (said["id"], "Hello", "Ben")
            await ada.send_message("Psst", to=ben.self_id, reply_to=heard["id"])
            private = (await until(ben, "message-received")).payload
            assert (private["to"], private["replyTo"]) == (ben.self_id, said["id"])
            await ada.signal(
                "offer", ben.self_id or "", description={"type": "offer", "sdp": "v=0"}, negotiationId="n1"
            )
            offer = (await until(ben, "offer-received")).payload
            assert (offer["from"], offer["negotiationId"]) == (ada.self_id, "n1")
        assert (await until(ada, "user-left")).payload["reason"] == "left"
        assert ada.participants == {}


async def test_a_lost_connection_comes_back_and_is_told_what_it_missed_once(server: Server) -> None:
    made = await server.room()
    async with (
        Room(made["url"], name="Ada") as ada,
        Room(made["url"], name="Ben", query=f"fault=drop-after:{SOON}*1&faultRun=python") as ben,
    ):
        first = ben.self_id
        await ada.send_message("before")
        await until(ben, "message-received")
        await until(ada, "user-updated", lambda payload: not payload["participant"]["connected"])
        await ada.send_message("missed")
        assert (await until(ben, "joined")).payload["newcomer"] is False
        assert (await until(ben, "message-received")).payload["text"] == "missed"
        await ada.send_message("after")
        assert (await until(ben, "message-received")).payload["text"] == "after"
        assert ben.self_id == first


async def test_answers_that_are_lost_double_nothing(server: Server) -> None:
    made = await server.room(capacity=2)
    faults = "fault=drop-answer:join-room*1,drop-answer:send-message*1&faultRun=lost-answers"
    async with Room(made["url"], name="Ada") as ada, Room(made["url"], name="Ben", query=faults) as ben:
        await ben.send_message("once")
        await ben.send_message("the end")
        assert (await until(ada, "message-received")).payload["text"] == "once"
        assert (await until(ada, "message-received")).payload["text"] == "the end"
        assert list(ben.participants) == [ada.self_id]


async def test_after_a_restart_the_seat_is_the_same_one(server: Server) -> None:
    made = await server.room()
    async with Room(made["url"], name="Ada", query=f"fault=restart-after:{SOON}*1&faultRun=restarts") as ada:
        first, before = (await until(ada, "joined")).payload, ada.self_id
        again = (await until(ada, "joined")).payload
        assert ada.self_id == before
        assert again["epoch"] != first["epoch"]


async def test_who_is_put_out_hears_why_and_no_more(server: Server) -> None:
    made = await server.room()
    link = f"{made['url']}#key={made['hostKey']}"
    async with Room(link, name="Ada") as ada, Room(made["url"], name="Ben") as ben:
        await ada.request("kick", participantId=ben.self_id)
        async with asyncio.timeout(LIMIT_S):
            names = [event.name async for event in ben]
        assert names[-1] == "room-left"
        assert ben.end_reason == "kicked"
        with pytest.raises(Refused) as refused:
            await ben.request("typing")
        assert refused.value.code == "NOT_IN_ROOM"


async def test_a_lobby_is_knocked_at(server: Server) -> None:
    made = await server.room(lobby=True)
    link = f"{made['url']}#key={made['hostKey']}"
    async with Room(link, name="Ada") as ada:
        ben = Room(made["url"], name="Ben")
        opening = asyncio.create_task(ben.open())
        knock = (await until(ada, "knock-received")).payload
        await ada.request("answer-knock", knockId=knock["knockId"], admit=True)
        await opening
        assert ada.self_id in ben.participants
        await ben.leave()


ANSWERING = """
import { createRoom, joinRoom } from "./client/index.js";
const { link, hostLink } = await createRoom({ server: process.argv[1], capacity: 2 });
const room = await joinRoom(hostLink, { name: "Zoë" });
room.on("message", async ({ text, senderName, unreadable, key }) => {
  if (unreadable) throw new Error("unreadable");
  room.sendMessage(`${senderName} said ${text} 🦋`, { replyTo: key });
});
room.on("user-left", async () => { await room.leave(); });
console.log(link);
"""


async def test_in_an_encrypted_room_it_and_the_javascript_client_understand_each_other(
    server: Server, node: str
) -> None:
    command = ("node", "--input-type=module", "-e", ANSWERING, server.url)
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    link = (await asyncio.wait_for(process.stdout.readline(), LIMIT_S)).decode().strip()
    with pytest.raises(Refused) as refused:
        async with Room(link.partition("#")[0]):
            pass
    assert refused.value.code == "KEY_MISSING"
    async with Room(link, name="Ada") as ada:
        assert [one["name"] for one in ada.participants.values()] == ["Zoë"]
        said = await ada.send_message("grüße")
        answer = (await until(ada, "message-received")).payload
        assert (answer["text"], answer["senderName"]) == ("Ada said grüße 🦋", "Zoë")
        assert answer["replyTo"] == said["id"]
    assert await asyncio.wait_for(process.wait(), LIMIT_S) == 0


def test_a_message_opens_for_nobody_else_and_nowhere_else() -> None:
    keys = Keyring(SECRET, ROOM)
    sealed = keys.seal_message("ada", {"id": "1", "name": "Ada", "text": "🦋", "to": "ben"})
    assert keys.open_message("ada", sealed, "ben")["text"] == "🦋"
    for wrong in (
        lambda: keys.open_message("ben", sealed, "ben"),
        lambda: keys.open_message("ada", sealed),
        lambda: keys.open_message("ada", sealed[:-1], "ben"),
        lambda: Keyring(SECRET, "another-room").open_message("ada", sealed, "ben"),
    ):
        with pytest.raises(Unreadable):
            wrong()
    assert keys.open_name(keys.seal_name("Zoë")) == "Zoë"
    assert keys.open_name("Zoë") is None


@pytest.mark.parametrize("size", range(30))
def test_base16384_is_read_as_it_is_written(size: int) -> None:
    content = bytes(range(size))
    assert from_base16384(base16384(content)) == content


@pytest.mark.parametrize("text", ["", "a", "一", "丁丁丁丁", "🦋🦋"])
def test_what_is_no_base16384_is_refused(text: str) -> None:
    if text == "一":
        assert from_base16384(text) == b""
    else:
        with pytest.raises(ValueError, match="base16384"):
            from_base16384(text)


async def test_what_nobody_reads_is_bounded() -> None:
    room = Room(f"http://localhost/r/{ROOM}")
    message = {"roomId": ROOM, "text": "", "sender": "x"}
    for number in range(MAX_SEEN + 1):
        await room._told("message-received", {**message, "id": str(number)})
    assert room._events.qsize() == MAX_EVENTS_HELD
    assert len(room._seen) == MAX_SEEN
    await room.leave()


def test_an_address_without_a_room_is_none() -> None:
    with pytest.raises(LinkError):
        Room("https://rooms.example.org")


async def test_the_example_of_its_readme_runs(server: Server) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "mayfly_client" / "README.md").read_text(), re.DOTALL)
    made = await server.room()
    async with Room(f"{made['url']}#key={made['hostKey']}", name="Ada") as ada:
        command = (sys.executable, "-c", code.replace("https://rooms.example.org/r/…", made["url"]))
        process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
        assert (await until(ada, "message-received")).payload["text"] == "Hello"
        await ada.send_message("Hello, Bot")
        assert process.stdout is not None
        assert await asyncio.wait_for(process.stdout.readline(), LIMIT_S) == b"Ada Hello, Bot\n"
        await ada.request("end-room")
        assert await asyncio.wait_for(process.wait(), LIMIT_S) == 0


def test_it_is_a_package_of_its_own(tmp_path: Path) -> None:
    """It runs from a copy of its folder, and needs nothing of this repository."""
    (tmp_path / "mayfly_client").symlink_to(ROOT / "mayfly_client")
    script = "import sys, json, mayfly_client; mayfly_client.Room; ours = ('server', 'rooms', 'signaling', 'peer');"
    script += "print(json.dumps([name for name in sys.modules if name.split('.')[0] in ours]))"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60 * PACE, check=True)
    assert json.loads(done.stdout) == []
    about, server = ((ROOT / path).read_text() for path in ("mayfly_client/pyproject.toml", "pyproject.toml"))
    assert tomllib.loads(about)["project"]["version"] == tomllib.loads(server)["project"]["version"]
