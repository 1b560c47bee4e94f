"""The wall clock is set while people talk: only what is dated goes by it, and nobody is thrown out."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from server.app import LIFECYCLE
from server.clocks import Clocks
from storage.memory import MemoryStore
from tests.support.server import Client, Clock, Server, running

HOUR_S = 3_600.0
GRACE_S = 30.0
EMPTY_S = 300.0
MARGIN_S = 0.5


@dataclass
class Times:
    """Both clocks of a server, each under the test's hand."""

    wall: Clock = field(default_factory=lambda: Clock(1_800_000_000.0))
    monotonic: Clock = field(default_factory=lambda: Clock(5_000.0))

    def pass_by(self, seconds: float) -> None:
        self.wall.now += seconds
        self.monotonic.now += seconds

    def clocks(self) -> Clocks:
        return Clocks(self.wall, self.monotonic)


@pytest.fixture
def times() -> Times:
    return Times()


steps = pytest.mark.parametrize("step_s", [HOUR_S, -HOUR_S], ids=["forward", "back"])


async def swept(server: Server) -> None:
    await server.runner.app[LIFECYCLE].sweeper.sweep()


def of(server: Server, room_id: str) -> Any:
    return server.context.directory.rooms[room_id]


def seconds(iso: str) -> float:
    return datetime.fromisoformat(iso).astimezone(UTC).timestamp()


async def vanish(client: Client, witness: Client) -> None:
    """Let a connection vanish, and return once its seat is away."""
    await client.leave()
    await witness.wait_for("user-updated", lambda told: not told["participant"]["connected"])


@steps
async def test_nobody_loses_a_seat_and_who_is_away_has_exactly_the_grace(times: Times, step_s: float) -> None:
    async with running(clocks=times.clocks(), seat_grace_s=GRACE_S) as server:
        room_id, here, _, away, _ = await server.pair(expiresInS=86_400)
        await vanish(away, here)
        times.pass_by(10)
        times.wall.now += step_s
        await swept(server)
        assert len(of(server, room_id).seats) == 2
        times.pass_by(GRACE_S - 10 - MARGIN_S)
        await swept(server)
        assert len(of(server, room_id).seats) == 2
        times.pass_by(2 * MARGIN_S)
        await swept(server)
        assert (await here.wait_for("user-left"))["reason"] == "timeout"
        assert (await here.ok("send-message", roomId=room_id, text="still here"))["seq"] > 0


@steps
async def test_an_empty_room_stands_for_exactly_its_time(times: Times, step_s: float) -> None:
    async with running(clocks=times.clocks(), empty_room_ttl_s=EMPTY_S) as server:
        made = await server.room(expiresInS=86_400)
        only, _ = await server.seated(made["roomId"])
        await only.ok("leave-room", roomId=made["roomId"])
        times.wall.now += step_s
        times.pass_by(EMPTY_S - MARGIN_S)
        await swept(server)
        assert (await server.call("GET", f"/api/rooms/{made['roomId']}")).status == 200
        times.pass_by(2 * MARGIN_S)
        await swept(server)
        assert (await server.call("GET", f"/api/rooms/{made['roomId']}")).code == "ROOM_ENDED"


@steps
async def test_signals_and_history_keep_their_ages(times: Times, step_s: float) -> None:
    async with running(clocks=times.clocks(), seat_grace_s=GRACE_S) as server:
        room_id, first, _, second, two = await server.pair(expiresInS=86_400)
        await vanish(second, first)
        await first.ok("offer", roomId=room_id, description={"type": "offer", "sdp": "v=0"})
        await first.ok("send-message", roomId=room_id, text="meanwhile")
        times.wall.now += step_s
        times.pass_by(20)
        await swept(server)
        resume = {
            "participantId": two["self"]["id"],
            "resumeToken": two["resumeToken"],
            "epoch": two["epoch"],
            "lastSeq": two["seq"],
        }
        back, snapshot = await server.seated(room_id, resume=resume)
        assert snapshot["recovered"] is True
        assert "meanwhile" in [missed["payload"].get("text") for missed in snapshot["missed"]]
        assert not any(other.get("needsIceRestart") for other in snapshot["participants"])
        await back.wait_for("offer-received")


@steps
async def test_a_room_ends_when_the_wall_clock_says_so(times: Times, step_s: float) -> None:
    async with running(clocks=times.clocks()) as server:
        made = await server.room(expiresInS=2 * HOUR_S)
        client, _ = await server.seated(made["roomId"])
        ends_at = seconds(made["room"]["expiresAt"])
        times.pass_by(60)
        times.wall.now += step_s
        await swept(server)
        times.pass_by(ends_at - times.wall.now - MARGIN_S)
        await swept(server)
        assert (await server.call("GET", f"/api/rooms/{made['roomId']}")).status == 200
        assert (await client.wait_for("room-expiring"))["expiresAt"] == made["room"]["expiresAt"]
        times.pass_by(2 * MARGIN_S)
        await swept(server)
        await client.wait_for("room-left")
        assert (await server.call("GET", f"/api/rooms/{made['roomId']}")).code == "ROOM_EXPIRED"


async def test_a_step_beyond_the_expiry_ends_the_room_at_the_next_sweep(times: Times) -> None:
    async with running(clocks=times.clocks()) as server:
        made = await server.room(expiresInS=HOUR_S / 2)
        client, _ = await server.seated(made["roomId"])
        times.wall.now += HOUR_S
        # No sweep of the test's own: the server's comes by within a second.
        await client.wait_for("room-left")
        assert (await server.call("GET", f"/api/rooms/{made['roomId']}")).code == "ROOM_EXPIRED"


async def test_what_people_are_told_follows_the_wall_clock(times: Times) -> None:
    async with running(clocks=times.clocks()) as server:
        room_id, first, _, second, _ = await server.pair(expiresInS=86_400)
        for step_s in (HOUR_S, -2 * HOUR_S):
            times.wall.now += step_s
            await swept(server)
            told = await first.ok(
                "send-message", roomId=room_id, text="what time is it?", clientMessageId=f"at {step_s}"
            )
            assert abs(seconds(told["timestamp"]) - times.wall.now) < MARGIN_S
            made = await server.room(expiresInS=100)
            assert abs(seconds(made["room"]["createdAt"]) - times.wall.now) < MARGIN_S
            _, snapshot = await server.seated(made["roomId"])
            assert abs(seconds(snapshot["self"]["joinedAt"]) - times.wall.now) < MARGIN_S
        # Told once, told always: a repetition and the backlog say the same as the first time.
        again = await first.ok("send-message", roomId=room_id, text="…", clientMessageId=f"at {HOUR_S}")
        heard = second.all("message-received")
        assert (again["duplicate"], again["timestamp"]) == (True, heard[0]["timestamp"])
        assert again["id"] == heard[0]["id"]


@pytest.mark.parametrize("with_log", [False, True], ids=["backlog", "log"])
async def test_ids_and_offsets_go_on_upwards_when_the_clock_goes_back(times: Times, with_log: bool) -> None:
    async with running(clocks=times.clocks(), message_log="on") as server:
        made = await server.room(log=with_log)
        client, snapshot = await server.seated(made["roomId"])
        other, _ = await server.seated(made["roomId"])
        sent = []
        for number, step_s in enumerate([0, HOUR_S, -HOUR_S, -HOUR_S, 1.0, HOUR_S]):
            times.wall.now += step_s
            times.pass_by(0.001)
            await swept(server)
            sent.append((await client.ok("send-message", roomId=made["roomId"], text=str(number)))["id"])
        assert sent == sorted(sent)
        await other.wait_for_count("message-received", len(sent))
        offsets = [int(one.args[1].rpartition(".")[2]) for one in other.heard if one.name == "message-received"]
        assert offsets == sorted(set(offsets))
        paged: list[str] = []
        while True:
            before = f"&before={paged[-1]}" if paged else ""
            path = f"/api/rooms/{made['roomId']}/messages?limit=2{before}"
            page = (await server.call("GET", path, key=snapshot["resumeToken"])).json["messages"]
            paged += [message["id"] for message in page]
            if not page:
                break
        assert paged == sent[::-1]


async def test_what_is_said_after_a_restart_with_an_earlier_clock_sorts_behind_what_was_said_before(
    mongo_uri: str,
) -> None:
    from storage.mongo import MongoStore

    times = Times()
    async with running(clocks=times.clocks(), store=MongoStore(mongo_uri), message_log="on") as server:
        made = await server.room(log=True, expiresInS=86_400)
        client, _ = await server.seated(made["roomId"])
        before = (await client.ok("send-message", roomId=made["roomId"], text="before"))["id"]
        await server.context.journal.flush_messages()
        server.context.directory.rooms.clear()  # as if it had been killed: the room is not ended
        server.context.journal._written.clear()
    later = Times(wall=Clock(times.wall.now - HOUR_S), monotonic=Clock(1.0))
    async with running(clocks=later.clocks(), store=MongoStore(mongo_uri), message_log="on") as server:
        client, snapshot = await server.seated(made["roomId"])
        told = await client.ok("send-message", roomId=made["roomId"], text="after")
        assert told["id"] > before
        assert abs(seconds(told["timestamp"]) - later.wall.now) < MARGIN_S
        path = f"/api/rooms/{made['roomId']}/messages"
        page = (await server.call("GET", path, key=snapshot["resumeToken"])).json["messages"]
        assert [message["text"] for message in page] == ["after", "before"]


async def test_the_operator_is_told_of_a_step_once(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "server.clocks")
    async with running(clocks=times.clocks(), store=MemoryStore()) as server:
        times.wall.now -= HOUR_S
        for _ in range(3):
            await swept(server)
    assert [one.message for one in caplog.records if one.name == "server.clocks"] == [
        "The wall clock was set back by 3600 s."
    ]


@steps
async def test_a_call_lasted_as_long_as_it_did(times: Times, step_s: float) -> None:
    store = MemoryStore()
    async with running(clocks=times.clocks(), store=store) as server:
        made = await server.room(expiresInS=86_400)
        first, _ = await server.seated(made["roomId"])
        second, _ = await server.seated(made["roomId"])
        await first.ok("offer", roomId=made["roomId"], description={"type": "offer", "sdp": "v=0"})
        await second.ok("answer", roomId=made["roomId"], description={"type": "answer", "sdp": "v=0"})
        times.pass_by(10)
        times.wall.now += step_s
        await swept(server)
        times.pass_by(20)
        ended_at = times.wall.now
        await server.call("DELETE", f"/api/rooms/{made['roomId']}", key=made["hostKey"])
        (line,) = await store.sessions(limit=10, now=ended_at)
        (call,) = line.calls
        assert abs(call.ended_at - call.started_at - 30) < MARGIN_S
        assert abs(call.ended_at - ended_at) < MARGIN_S
        assert line.ended_at == pytest.approx(ended_at)
