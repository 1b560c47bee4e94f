"""What was taken back is gone: from memory, from what is replayed, from the log; a planted word is looked for."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rooms.limits import VIEW_AGAIN_S
from server.settings import Settings
from tests.support.pace import PACE
from tests.support.server import Client, Clock, Server, running

GONE_WITHIN_S = 2.0 * PACE
PARTS = ("quok", "kaflort")
LOGGED = {"message_log": "on", "events_per_s": 0}


def word() -> str:
    """Made anew, so that nothing but what is looked for holds it."""
    return "".join(PARTS)


def holders() -> list[str]:
    """The kinds of live objects that hold the word, frames and this test's own left out."""
    gc.collect()
    wanted = word()
    found = []
    for thing in gc.get_objects():
        if type(thing).__name__ in ("frame", "Client", "Heard", "ClientWebSocketResponse"):
            continue
        for held in gc.get_referents(thing):
            kind = type(held)  # not `isinstance`, which asks a weak proxy for what may be gone
            text = held if issubclass(kind, str) else held.decode("utf-8", "replace") if issubclass(kind, bytes) else ""
            if text is not wanted and wanted in text:
                found.append(f"{type(thing).__module__}.{type(thing).__name__}")
    return found


async def gone(*clients: Client) -> None:
    """Fail unless the word is nowhere within two seconds, but in what these clients of the test have heard.

    A look stops the server that is looked at, so what looks take does not count.
    """
    waited_s = 0.0
    while True:
        began = time.monotonic()
        await asyncio.sleep(0.2)
        await forget(*clients)
        waited_s += time.monotonic() - began
        left = holders()
        if not left:
            return
        assert waited_s < GONE_WITHIN_S, f"the word is still held by {left}"


async def forget(*clients: Client) -> None:
    for client in clients:
        await client.sync()
        client.heard.clear()
        client.acks.clear()


@pytest.fixture
async def timed(clock: Clock) -> AsyncIterator[Server]:
    async with running(clock=clock, **LOGGED) as server:
        yield server


async def say(client: Client, room: str, **more: Any) -> str:
    sent = await client.ok("send-message", roomId=room, **{"text": f"so {word()}", "data": {"w": word()}, **more})
    return str(sent["id"])


async def test_the_word_is_found_while_it_is_there(timed: Server) -> None:
    room, first, *_ = await timed.pair()
    await say(first, room)
    await forget(*timed.clients)
    assert holders()


@pytest.mark.parametrize("how", ["deleted", "moderated", "edited", "expired", "viewed", "over REST"])
async def test_a_word_that_was_taken_back_is_in_no_live_object(timed: Server, clock: Clock, how: str) -> None:
    made = await timed.room(log=True)
    room = made["roomId"]
    host, _ = await timed.seated(room, hostKey=made["hostKey"])
    author, _ = await timed.seated(room)
    more: dict[str, Any] = {"expired": {"ttlS": 5}, "viewed": {"viewOnce": True}}.get(how, {})
    message = await say(author, room, **more)
    about = {"roomId": room, "id": message}
    if how != "viewed":
        await author.ok("edit-message", **about, text=f"again {word()}")
        await host.ok("react", **about, emoji="+" if how == "edited" else word(), on=True)
    match how:
        case "deleted" | "moderated":
            await (author if how == "deleted" else host).ok("delete-message", **about)
        case "edited":
            await author.ok("edit-message", **about, text="nothing", data=0)
        case "expired":
            clock.now += 6
        case "viewed":
            await host.ok("view-message", **about)
            await author.wait_for("message-deleted")
            clock.now += VIEW_AGAIN_S + 1
        case _:
            path = f"/api/rooms/{room}/messages/{message}"
            assert (await timed.call("DELETE", path, key=made["hostKey"])).status == 200
    await gone(host, author)


@pytest.mark.parametrize("event", ["create-poll", "update-self"])
async def test_a_poll_that_was_deleted_is_in_no_live_object(timed: Server, event: str) -> None:
    room, first, _, second, _ = await timed.pair()
    if event == "create-poll":
        poll = await first.ok("create-poll", roomId=room, question=word(), options=["a", word()])
        await second.ok("vote", roomId=room, pollId=poll["pollId"], choices=[0])
        await first.ok("delete-poll", roomId=room, pollId=poll["pollId"])
    else:
        await first.ok("broadcast", roomId=room, type="t", data=word())
    await gone(first, second)


async def test_what_was_taken_back_is_in_no_snapshot_no_page_and_nothing_that_was_missed(timed: Server) -> None:
    made = await timed.room(log=True)
    room, key = made["roomId"], made["hostKey"]
    await timed.seated(room, hostKey=key)
    author, seat = await timed.seated(room)
    away, then = await timed.seated(room)
    await away.leave()
    message = await say(author, room)
    await author.ok("edit-message", roomId=room, id=message, text=word())
    await author.ok("delete-message", roomId=room, id=message)
    back = await timed.connect()
    resume = {"participantId": then["self"]["id"], "resumeToken": then["resumeToken"], "epoch": then["epoch"]}
    told = await back.ok("join-room", roomId=room, resume={**resume, "lastSeq": then["seq"]})
    _, late = await timed.seated(room)
    pages = [(await timed.call("GET", f"/api/rooms/{room}/messages", key=k)).text for k in (key, seat["resumeToken"])]
    for found in (str(told), str(late), *pages):
        assert word() not in found
        assert message not in found


def test_the_settings_of_this_page_keep_a_log() -> None:
    assert Settings(_env_file=None, **LOGGED).message_log == "on"  # type: ignore[call-arg,arg-type]
