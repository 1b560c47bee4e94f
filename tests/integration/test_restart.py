"""`kill -9` and a restart on MongoDB: everybody takes back the same seat, under a new epoch, and chat is gone."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import Any

from tests.support.js_client import JsClient, JsSocket, js_client
from tests.support.processes import ServerProcess, http_answers, server_process, wait_until

ROOMS = 50
PEOPLE = 4
RESUMING_AT_ONCE = 20

Seat = dict[str, Any]


def ready(server: ServerProcess) -> bool:
    return http_answers(f"{server.url}/ready") and _status(f"{server.url}/ready") == 200


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except OSError:
        return 0


def make_room(server: ServerProcess, **wish: Any) -> str:
    body = json.dumps({"capacity": PEOPLE, **wish}).encode()
    request = urllib.request.Request(f"{server.url}/api/rooms", data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["roomId"])


async def fill(js: JsClient, server: ServerProcess, room_id: str) -> list[Seat]:
    """Seat `PEOPLE` people in a room; the snapshots they got, as people need them to come back."""
    seats = []
    for number in range(PEOPLE):
        socket = await js.connect(server.url)
        snapshot = await socket.ok("join-room", {"roomId": room_id, "name": f"Person {number}"})
        seats.append(snapshot)
    return seats


async def resume(js: JsClient, server: ServerProcess, seat: Seat) -> tuple[JsSocket, Seat]:
    socket = await js.connect(server.url)
    claim = {
        "participantId": seat["self"]["id"],
        "resumeToken": seat["resumeToken"],
        "epoch": seat["epoch"],
        "lastSeq": seat["seq"],
    }
    return socket, await socket.ok("join-room", {"roomId": seat["room"]["id"], "resume": claim})


async def test_every_seat_of_fifty_rooms_is_taken_back_after_kill_9(node: str, mongo_uri: str) -> None:
    with server_process(MONGODB_URI=mongo_uri, SEAT_GRACE_S="60") as server:
        wait_until(lambda: ready(server), "readiness")
        room_ids = [make_room(server) for _ in range(ROOMS)]
        async with js_client() as js:
            filled = await asyncio.gather(*(fill(js, server, room_id) for room_id in room_ids))
            before = [seat for seats in filled for seat in seats]
            first = js.sockets["s0"]
            await first.ok("send-message", {"roomId": before[0]["room"]["id"], "text": "before"})

            server.kill()
            await asyncio.to_thread(server.restart)
            await asyncio.to_thread(wait_until, lambda: ready(server), "readiness")

            at_once = asyncio.Semaphore(RESUMING_AT_ONCE)

            async def come_back(seat: Seat) -> Seat:
                async with at_once:
                    return (await resume(js, server, seat))[1]

            after = await asyncio.gather(*map(come_back, before))

            assert [seat["self"]["id"] for seat in after] == [seat["self"]["id"] for seat in before]
            assert [seat["self"]["role"] for seat in after] == [seat["self"]["role"] for seat in before]
            assert [seat["self"]["name"] for seat in after] == [seat["self"]["name"] for seat in before]
            assert all(new["epoch"] != old["epoch"] for new, old in zip(after, before, strict=True))
            assert not any(seat["recovered"] for seat in after)
            assert not any(seat["messages"] for seat in after)
            for room_id in room_ids:
                users = f"{server.url}/api/rooms/{room_id}/users"
                with urllib.request.urlopen(users, timeout=5) as answer:
                    people = json.load(answer)["participants"]
                assert len({person["id"] for person in people}) == len(people) == PEOPLE
                assert all(person["connected"] for person in people)
            print(f"{len(after)} of {ROOMS * PEOPLE} seats resumed in {ROOMS} rooms")


async def test_a_full_room_admits_nobody_else_after_a_restart(node: str, mongo_uri: str) -> None:
    with server_process(MONGODB_URI=mongo_uri, SEAT_GRACE_S="60") as server:
        wait_until(lambda: ready(server), "readiness")
        async with js_client() as js:
            seats = await fill(js, server, make_room(server))
            server.kill()
            await asyncio.to_thread(server.restart)
            await asyncio.to_thread(wait_until, lambda: ready(server), "readiness")
            stranger = await js.connect(server.url)
            room_id = seats[0]["room"]["id"]
            assert await stranger.refused("join-room", {"roomId": room_id}) == "ROOM_FULL"
            forged = {**seats[0], "resumeToken": seats[1]["resumeToken"]}
            thief = await js.connect(server.url)
            claim = {"participantId": forged["self"]["id"], "resumeToken": forged["resumeToken"]}
            assert await thief.refused("join-room", {"roomId": room_id, "resume": claim}) == "RESUME_INVALID"
            socket, snapshot = await resume(js, server, seats[0])
            assert snapshot["self"]["id"] == seats[0]["self"]["id"]
            assert (await socket.state())["connected"]


async def test_a_room_stays_encrypted_over_a_restart(node: str, mongo_uri: str) -> None:
    with server_process(MONGODB_URI=mongo_uri, SEAT_GRACE_S="60") as server:
        wait_until(lambda: ready(server), "readiness")
        room_id = make_room(server, encrypted=True, keyCheck="abc")
        async with js_client() as js:
            socket = await js.connect(server.url)
            seat = await socket.ok("join-room", {"roomId": room_id})
            server.kill()
            await asyncio.to_thread(server.restart)
            await asyncio.to_thread(wait_until, lambda: ready(server), "readiness")
            back, snapshot = await resume(js, server, seat)
            assert (snapshot["room"]["encrypted"], snapshot["room"]["keyCheck"]) == (True, "abc")
            assert await back.refused("send-message", {"roomId": room_id, "text": "hello"}) == "ENCRYPTION_REQUIRED"
