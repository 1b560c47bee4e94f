"""`python -m storage.audit`: what is held is told, and never what it says."""

from __future__ import annotations

import asyncio
import json

import pytest

from rooms import snapshots
from rooms.records import FileRecord, HookRecord, RoomRecord
from rooms.runtime import Runtime
from storage import audit
from storage.mongo import GridFiles, MongoHooks, MongoStore
from storage.mongo.holdings import session_id
from storage.sealing import Sealer
from tests.contract.records import HOUR_S, NOW, full_room, message, session, tombstone

WORD = "Xylophonzebra"


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert audit.main(arguments) == 0
    return capsys.readouterr().out


@pytest.fixture
def room() -> RoomRecord:
    return full_room("a", word=WORD)


async def filled(uri: str, room: RoomRecord) -> MongoStore:
    store = MongoStore(uri, secret="x" * 32)
    await store.open()
    await store.create_room(room)
    await store.append_messages([message(number, "a", text=WORD) for number in range(3)])
    await store.spend("use", "p1", NOW + HOUR_S, NOW)
    return store


def test_all_that_is_held_is_told_by_kind_and_number(
    mongo_uri: str, room: RoomRecord, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONGODB_URI", mongo_uri)
    monkeypatch.setenv("STORAGE_SECRET", "x" * 32)

    async def fill() -> None:
        await (await filled(mongo_uri, room)).close()
        files = GridFiles(mongo_uri, Sealer("x" * 32))
        await files.open()
        for number, name in enumerate(("a", "b")):
            await files.add_chunk(f"f{number}", 0, b"7 bytes", NOW + HOUR_S)
            await files.finish(FileRecord(f"f{number}", name, "p1", 7, name=f"{WORD}.png"), NOW + HOUR_S)
        await files.close()
        hooks = MongoHooks(mongo_uri, ["whsec_x"])
        await hooks.open()
        for number, name in enumerate("aab"):
            body = f'{{"name":"{WORD}"}}'.encode()
            await hooks.keep([HookRecord("address", number, f"msg_{number}", name, body, NOW, NOW + HOUR_S)])
        await hooks.close()

    asyncio.run(fill())
    found = json.loads(told(capsys, "a", "--json"))
    kept = found["room"]
    assert (kept["state"], kept["seats"], kept["namesSealed"], kept["namesReadable"]) == ("live", 2, 2, 0)
    assert (kept["invites"], kept["bannedSeats"], kept["digestsReadable"], kept["digestsSealed"]) == (2, 1, 0, True)
    assert (found["messages"]["documents"], found["messages"]["sealed"], found["messages"]["readable"]) == (3, 3, 0)
    assert found["spentTokens"]["documents"] == 1
    assert found["files"] == {"documents": 1, "bytes": 7}
    assert found["webhooks"]["documents"] == 2
    monkeypatch.delenv("STORAGE_SECRET")
    assert json.loads(told(capsys, "a", "--json"))["files"] == {"documents": 0, "bytes": 0, "ofWhicheverRoom": 2}
    assert found["sessionLog"] is None
    text = told(capsys, "a")
    assert "namesSealed 2" in text
    assert WORD not in text + json.dumps(found)
    assert "Grace" not in text


def test_of_an_ended_room_its_tombstone_and_its_line_are_left_and_of_no_room_nothing(
    mongo_uri: str, room: RoomRecord, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MONGODB_URI", mongo_uri)
    monkeypatch.setenv("STORAGE_SECRET", "x" * 32)

    async def fill() -> None:
        store = await filled(mongo_uri, room)
        await store.end_room(tombstone("a"), session(session_id("a")))
        await store.close()

    asyncio.run(fill())
    found = json.loads(told(capsys, "a", "--json"))
    assert (found["room"]["state"], found["messages"]["documents"]) == ("ended", 0)
    assert found["sessionLog"]["fields"]
    assert told(capsys, "unknown").count(": nothing") == 6


def test_the_line_of_the_log_is_found_by_the_id_that_it_is_written_under() -> None:
    live = snapshots.room_from(full_room("a"), Runtime(30, 300), "", NOW)
    assert snapshots.session_of(live, tombstone("a")).id == session_id("a")


def test_without_a_database_or_an_answer_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.chdir(str(tmp_path))
    monkeypatch.delenv("MONGODB_URI", raising=False)
    assert audit.main(["a"]) == 2
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1/x")
    assert audit.main(["a"]) == 1
    monkeypatch.setenv("MONGODB_URI", f"http://{WORD}")
    assert audit.main(["a"]) == 2
    assert WORD not in capsys.readouterr().err
