"""People whose machine dies or freezes: found in time, waited for, and gone once and for one reason."""

from __future__ import annotations

import time

from tests.e2e.resilience.api import Api, Member
from tests.e2e.resilience.times import GRACE_S, LATE_S, PING_INTERVAL_S, PING_TIMEOUT_S
from tests.support.js_client import JsClient, JsEvent, js_client
from tests.support.pace import PACE

NOTICED_WITHIN_S = 1.0 * PACE


async def told_away(watcher: Member, who: Member, limit_s: float) -> JsEvent:
    return await watcher.socket.wait_for(
        "user-updated",
        lambda p: p["participant"]["id"] == who.id and not p["participant"]["connected"],
        limit_s=limit_s,
    )


async def told_gone(watcher: Member, who: Member) -> JsEvent:
    return await watcher.socket.wait_for("user-left", lambda p: p["participantId"] == who.id, limit_s=GRACE_S + 5)


async def test_a_killed_client_is_missed_at_once_and_gone_at_the_end_of_its_grace(api: Api, js: JsClient) -> None:
    room = await api.room()
    ada = await room.enter(js, name="Ada")
    async with js_client() as doomed:
        ben = await room.enter(doomed, name="Ben")
        killed = time.monotonic()
        doomed.kill()
        away = await told_away(ada, ben, limit_s=5)
        noticed = time.monotonic() - killed
    assert [user["connected"] for user in await room.users()] == [True, False]
    gone = await told_gone(ada, ben)
    kept = time.monotonic() - killed
    waited = (gone.at_ms - away.at_ms) / 1000
    assert noticed < NOTICED_WITHIN_S
    assert gone.payload["reason"] == "timeout"
    assert kept >= GRACE_S
    assert waited < GRACE_S + LATE_S
    await ada.say("alone")
    assert len(ada.socket.received("user-left")) == 1
    assert len(ada.socket.received("user-updated")) == 1
    print(f"\nSIGKILL: away after {noticed * 1000:.0f} ms; left {waited:.2f} s later, grace {GRACE_S} s")


async def test_a_frozen_client_is_found_by_the_heartbeat(api: Api, js: JsClient) -> None:
    room = await api.room()
    ada = await room.enter(js, name="Ada")
    bound = PING_INTERVAL_S + PING_TIMEOUT_S + LATE_S
    async with js_client() as frozen:
        ben = await room.enter(frozen, name="Ben")
        frozen.pause()
        stopped = time.monotonic()
        await told_away(ada, ben, limit_s=bound + 5)
        found = time.monotonic() - stopped
        assert found < bound
        gone = await told_gone(ada, ben)
        frozen.resume()
        # It wakes up, and learns that it was away for too long.
        await ben.socket.wait_for("disconnect")
        await ben.socket.reconnect()
        await ben.socket.wait_for("connect", lambda state: state["recovered"] is False)
        assert await ben.socket.refused("join-room", ben.resume_fields()) == "RESUME_EXPIRED"
    assert gone.payload["reason"] == "timeout"
    assert len(ada.socket.received("user-left")) == 1
    print(f"\nSIGSTOP: found after {found:.2f} s; bound {bound} s")


async def test_a_client_that_thaws_within_its_grace_keeps_its_seat(api: Api, js: JsClient) -> None:
    room = await api.room()
    ada = await room.enter(js, name="Ada")
    async with js_client() as frozen:
        ben = await room.enter(frozen, name="Ben", reconnection=True, reconnectionDelay=50)
        frozen.pause()
        await told_away(ada, ben, limit_s=10)
        await ada.say("are you there?")
        frozen.resume()
        await ben.socket.wait_for("connect", lambda state: state["recovered"] is True)
        await ben.socket.wait_for("message-received", lambda p: p["text"] == "are you there?")
        assert (await ben.say("yes"))["deliveredTo"] == 1
    assert not ada.socket.received("user-left")


async def test_the_host_s_death_makes_the_longest_seated_host_once(api: Api, js: JsClient) -> None:
    room = await api.room()
    async with js_client() as doomed:
        host = await room.enter(doomed, name="Host", hostKey=room.host_key)
        ada, ben = await room.enter(js, name="Ada"), await room.enter(js, name="Ben")
        doomed.kill()
        await told_away(ben, host, limit_s=5)
        assert (await api.call("GET", f"/api/rooms/{room.id}")).body["room"]["hostId"] == host.id, "not before it left"
        await told_gone(ben, host)
    updated = await ben.socket.wait_for("room-updated")
    assert updated.payload["room"]["hostId"] == ada.id
    assert await ben.refused("update-room", locked=True) == "FORBIDDEN"
    assert (await ada.ok("update-room", locked=True))["status"] == "locked"
    await js.barrier()
    hosts = [p["room"]["hostId"] for p in ben.socket.received("room-updated")]
    assert hosts == [ada.id, ada.id], "announced once, and then the lock"
    roles = [(p["participant"]["id"], p["participant"]["role"]) for p in ben.socket.received("user-updated")]
    assert roles.count((ada.id, "host")) == 1
