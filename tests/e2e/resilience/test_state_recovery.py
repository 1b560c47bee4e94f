"""An unmodified socket.io-client that just reconnects finds its state recovered: same seat, nothing lost or twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from signaling.relay import MAILBOX_SIGNALS
from tests.e2e.resilience.api import Api, Member, OwnRoom
from tests.e2e.resilience.times import GRACE_S
from tests.support.js_client import JsClient, JsSocket
from tests.support.processes import ServerProcess
from tests.support.proxy import TcpProxy, tcp_proxy

AT_ONCE = {"reconnection": True, "reconnectionDelay": 100, "reconnectionDelayMax": 200}


@pytest.fixture
def proxy(shared_server: ServerProcess) -> Iterator[TcpProxy]:
    with tcp_proxy(shared_server.port) as proxy:
        yield proxy


async def back(socket: JsSocket) -> bool:
    """Wait for the next connect; whether the state was recovered."""
    return bool((await socket.wait_for("connect")).payload["recovered"])


async def away(watcher: Member, who: Member) -> None:
    """Wait until `watcher` is told that `who` is away."""
    await watcher.socket.wait_for(
        "user-updated", lambda p: p["participant"]["id"] == who.id and not p["participant"]["connected"]
    )


async def two(room: OwnRoom, js: JsClient, proxy: TcpProxy, **options: object) -> tuple[Member, Member]:
    """Ada, connected directly, and Ben, through the proxy and reconnecting by himself."""
    ada = await room.enter(js, name="Ada")
    ben = await room.enter(js, proxy.url, name="Ben", **{**AT_ONCE, **options})
    return ada, ben


async def test_a_cut_client_finds_its_state_recovered(api: Api, js: JsClient, proxy: TcpProxy) -> None:
    ada, ben = await two(await api.room(), js, proxy)
    proxy.refuse()
    proxy.cut()
    await away(ada, ben)
    sent = [(await ada.say(f"while you were away {n}"))["seq"] for n in range(3)]
    proxy.accept()
    assert await back(ben.socket)
    await ada.say("welcome back")
    await ben.socket.wait_for("message-received", lambda p: p["text"] == "welcome back")
    assert ben.texts() == ["while you were away 0", "while you were away 1", "while you were away 2", "welcome back"]
    assert [m["seq"] for m in ben.socket.received("message-received")][:3] == sent
    assert (await ben.say("here again"))["deliveredTo"] == 1
    assert {user["id"] for user in await ada.room.users()} == {ada.id, ben.id}


async def test_a_client_over_polling_is_recovered_too(api: Api, js: JsClient, proxy: TcpProxy) -> None:
    ada, ben = await two(await api.room(), js, proxy, transports=["polling"])
    await ben.socket.close_transport()
    assert await back(ben.socket)
    await ada.say("one")
    await ben.socket.wait_for("message-received", lambda p: p["text"] == "one")
    assert ben.texts() == ["one"]


async def test_state_recovered_beyond_the_grace_period_is_refused_openly(
    api: Api, js: JsClient, proxy: TcpProxy
) -> None:
    ada, ben = await two(await api.room(), js, proxy)
    proxy.refuse()
    proxy.cut()
    left = await ada.socket.wait_for("user-left", limit_s=GRACE_S + 3)
    assert left.payload["reason"] == "timeout"
    proxy.accept()
    assert not await back(ben.socket)
    assert await ben.refused("send-message", text="am I in?") == "NOT_IN_ROOM"
    assert await ben.socket.refused("join-room", ben.resume_fields()) == "RESUME_EXPIRED"


async def test_a_network_that_went_away_without_a_word_is_recovered_at_once(
    api: Api, js: JsClient, proxy: TcpProxy
) -> None:
    ada, ben = await two(await api.room(), js, proxy)
    proxy.freeze()
    await ada.say("into the void")
    await ben.socket.close_transport()
    assert await back(ben.socket), "the server held the old connection to be alive, and refused"
    await ben.socket.wait_for("message-received", lambda p: p["text"] == "into the void")
    proxy.resume()  # the goodbye of the old connection arrives late, and can hurt nobody
    await ada.say("after all")
    await ben.socket.wait_for("message-received", lambda p: p["text"] == "after all")
    assert ben.texts() == ["into the void", "after all"]
    assert not ada.socket.received("user-updated"), "nobody else noticed anything"


async def test_a_client_whose_signals_were_lost_is_sent_for_a_snapshot(api: Api, js: JsClient, proxy: TcpProxy) -> None:
    ada, ben = await two(await api.room(), js, proxy)
    proxy.refuse()
    proxy.cut()
    await away(ada, ben)
    candidate = ["ice-candidate", {"roomId": ada.room.id, "to": ben.id, "candidate": {"candidate": "candidate:1"}}]
    acks = await ada.socket.request_all([candidate] * (MAILBOX_SIGNALS + 1))
    assert {ack["data"]["delivery"] for ack in acks} == {"buffered"}
    proxy.accept()
    assert not await back(ben.socket)
    snapshot = await ben.socket.ok("join-room", ben.resume_fields())
    assert snapshot["recovered"] is True, "of durable events nothing is missing"
    assert [(p["id"], p["needsIceRestart"]) for p in snapshot["participants"]] == [(ada.id, True)]
    assert not ben.socket.received("ice-candidate-received"), "half a negotiation only confuses"


async def test_signals_that_waited_arrive_in_order_after_a_recovery(api: Api, js: JsClient, proxy: TcpProxy) -> None:
    ada, ben = await two(await api.room(), js, proxy)
    proxy.refuse()
    proxy.cut()
    await away(ada, ben)
    await ada.ok("offer", description={"type": "offer", "sdp": "v=0\r\n"})
    for n in range(20):
        await ada.ok("ice-candidate", candidate={"candidate": f"candidate:{n}"})
    proxy.accept()
    assert await back(ben.socket)
    await ben.socket.wait_for("ice-candidate-received", lambda p: p["candidate"]["candidate"] == "candidate:19")
    signals = [e.name for e in ben.socket.events if e.name.endswith("-received")]
    assert signals == ["offer-received"] + ["ice-candidate-received"] * 20


async def test_a_replay_that_is_cut_again_and_again_arrives_whole(api: Api, js: JsClient, proxy: TcpProxy) -> None:
    ada, ben = await two(await api.room(), js, proxy)
    proxy.refuse()
    proxy.cut()
    await away(ada, ben)
    said = [f"{n} {'x' * 3_000}" for n in range(80)]
    acks = await ada.socket.request_all([["send-message", {"roomId": ada.room.id, "text": text}] for text in said])
    assert all(ack["ok"] for ack in acks)
    proxy.accept()
    for _ in range(5):
        await ada.socket.wait_for(
            "user-updated", lambda p: p["participant"]["id"] == ben.id and p["participant"]["connected"]
        )
        proxy.cut()
        await away(ada, ben)
    await ada.socket.wait_for(
        "user-updated", lambda p: p["participant"]["id"] == ben.id and p["participant"]["connected"]
    )
    await ada.say("end")
    await ben.socket.wait_for("message-received", lambda p: p["text"] == "end")
    assert ben.texts() == [*said, "end"]
    recovered = [event.payload["recovered"] for event in ben.socket.events if event.name == "connect"]
    assert recovered == [False] + [True] * (len(recovered) - 1)


async def test_two_rooms_of_one_client_are_recovered_in_the_order_of_events(
    api: Api, js: JsClient, proxy: TcpProxy
) -> None:
    first, second = await api.room(), await api.room()
    ada, ben = await two(first, js, proxy)
    ada_too = Member(second, ada.socket, await second.join(ada.socket, name="Ada"))
    await second.join(ben.socket, name="Ben")
    proxy.refuse()
    proxy.cut()
    await away(ada, ben)
    for n in range(10):
        await (ada, ada_too)[n % 2].say(f"number {n}")
    proxy.accept()
    assert await back(ben.socket)
    await ada.say("end")
    await ben.socket.wait_for("message-received", lambda p: p["text"] == "end")
    assert ben.texts() == [*(f"number {n}" for n in range(10)), "end"]


async def test_a_host_whose_state_is_recovered_still_hears_the_knocks(api: Api, js: JsClient, proxy: TcpProxy) -> None:
    room = await api.room(lobby=True)
    ben = await room.enter(js, proxy.url, name="Ben", hostKey=room.host_key, **AT_ONCE)
    proxy.refuse()
    proxy.cut()
    guest = await js.connect(api.url)
    await guest.ok("knock", {"roomId": room.id, "name": "Cleo"})
    proxy.accept()
    assert await back(ben.socket)
    assert (await ben.socket.wait_for("knock-received")).payload["name"] == "Cleo"


async def test_a_page_that_joins_on_every_connect_keeps_its_seat(api: Api, js: JsClient, proxy: TcpProxy) -> None:
    room = await api.room(inviteOnly=True)
    invite = await room.invite()
    ada = await room.enter(js, name="Ada", hostKey=room.host_key)
    ben = await room.enter(js, proxy.url, name="Ben", invite=invite, **AT_ONCE)
    proxy.cut()
    assert await back(ben.socket)
    again = await room.join(ben.socket, name="Ben", invite=invite)
    assert again["self"]["id"] == ben.id
    assert len(await room.users()) == 2
    assert (await ada.say("hello"))["deliveredTo"] == 1
