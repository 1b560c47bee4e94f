"""A limit is a transport's: connecting again and again on the same one wins nothing."""

from __future__ import annotations

import contextlib

import pytest

from server.app import SOCKETS
from server.transport.socketio.gateway import Gateway
from tests.support.engine import eventually
from tests.support.server import Client, Server, running


def remembered(server: Server) -> int:
    """How many transports the gateway knows of."""
    gateway = server.runner.app[SOCKETS].application
    assert isinstance(gateway, Gateway)
    return len(gateway._transports)


async def connect_again(client: Client) -> None:
    """DISCONNECT and CONNECT on the transport that is there."""
    client.connected = {}
    await client.send("41")
    await client.send("40")
    await client._until(lambda: "sid" in client.connected, "CONNECT")


async def test_a_connection_made_anew_on_the_same_transport_has_no_fresh_burst() -> None:
    async with running(events_per_s=1) as server:
        client = await server.connect()
        codes = [await client.refused("no-such-event") for _ in range(3)]
        await connect_again(client)
        codes += [await client.refused("no-such-event") for _ in range(3)]
        # Three requests and one more CONNECT are the burst of four.
        assert codes[:3] == ["UNKNOWN_EVENT"] * 3
        assert "RATE_LIMITED" in codes[3:]


@pytest.mark.parametrize("cycle", [("41", "40"), ("40/other,",), ("43[]",), ("40",)], ids="".join)
async def test_whoever_goes_on_connecting_is_closed(cycle: tuple[str, ...]) -> None:
    async with running(events_per_s=1) as server:
        client = await server.connect()
        other = await server.connect()
        for _ in range(10):
            for frame in cycle:
                with contextlib.suppress(ConnectionError):  # closed meanwhile, as it should be
                    await client.send(frame)
        assert await client.closed() == 1008
        await other.sync()
        assert len(server.context.connections) == 1


async def test_a_transport_is_forgotten_when_it_closes(server: Server) -> None:
    stays, *others = [await server.connect() for _ in range(3)]
    await connect_again(stays)
    silent = await server.open()
    await silent.send("43[]")
    await eventually(lambda: remembered(server) == 4)
    for client in (*others, silent):
        await client.leave()
    await eventually(lambda: remembered(server) == 1)


async def test_who_was_put_out_is_closed_also_after_a_disconnect_of_its_own(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    await first.ok("kick", roomId=room, participantId=two["self"]["id"])
    await second.wait_for("room-left")
    await second.send("41")
    assert await second.closed() == 1008


async def test_who_was_put_out_cannot_come_back_by_connecting_again_on_the_same_transport(server: Server) -> None:
    room, first, _, second, two = await server.pair()
    elsewhere = await server.room()
    await second.ok("join-room", roomId=elsewhere["roomId"])
    await first.ok("kick", roomId=room, participantId=two["self"]["id"])
    await second.wait_for("room-left")
    await connect_again(second)
    assert await second.refused("join-room", roomId=room) == "FORBIDDEN"
    assert await second.refused("knock", roomId=room) == "FORBIDDEN"


@pytest.mark.parametrize(("switch", "agreed"), [("off", False), ("on", True)])
async def test_compression_is_the_operators_choice(switch: str, agreed: bool) -> None:
    async with running(ws_compression=switch) as server:
        url = f"{server.url}/socket.io/?EIO=4&transport=websocket"
        async with server.http.ws_connect(url, compress=15) as ws:
            assert (ws.compress > 0) is agreed
            assert (await ws.receive_str()).startswith("0")
            await ws.send_str("40")
            assert (await ws.receive_str()).startswith("40")
            request = '420["no-such-event","%s"]' % ("x" * 5_000)
            await ws.send_str(request)
            assert "UNKNOWN_EVENT" in await ws.receive_str()


async def test_requests_behind_a_new_connect_are_answered_to_the_new_connection(server: Server) -> None:
    made = await server.room(password="sesame")
    client = await server.connect()
    asked = await client.begin("join-room", {"roomId": made["roomId"], "password": "sesame"})
    # The password is being checked; what follows waits for it, and then meets another connection.
    client.connected = {}
    await client.send("41")
    await client.send("40")
    behind = await client.begin("send-message", {"roomId": made["roomId"], "text": "hi"})
    assert (await client.answer(asked))["ok"]
    assert (await client.answer(behind))["error"]["code"] == "NOT_IN_ROOM"
    assert "sid" in client.connected
    assert len(server.context.connections) == 1


@pytest.mark.pure
async def test_a_connect_that_fails_on_our_side_leaves_nothing_behind(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("planted")

    client = await server.open()
    with monkeypatch.context() as patched:
        # By then the application knows the connection.
        patched.setattr(server.context.recovery, "connected", fails)
        await client.send("40")
        await eventually(lambda: "RuntimeError" in caplog.text, "the failure")
    assert not server.context.connections
    assert server.runner.app[SOCKETS].live_count == 0
    assert "planted" not in caplog.text
    caplog.clear()
    await client.send("40")
    await client._until(lambda: "sid" in client.connected, "CONNECT")
