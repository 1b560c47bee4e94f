"""A client may ask for events of one argument: handlers in other languages are called with what the event carries."""

from __future__ import annotations

from server.protocol.events import DURABLE, WITH_OFFSET
from tests.support.server import Client, Server


def arguments(client: Client, names: frozenset[str] = DURABLE | WITH_OFFSET) -> set[int]:
    return {len(heard.args) for heard in client.heard if heard.name in names}


async def test_offsets_are_left_out_for_whoever_asked_and_for_nobody_else(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    usual, _ = await server.seated(room)
    spared = await server.connect({"offsets": False})
    joined = await spared.ok("join-room", roomId=room)
    other, three = await server.seated(room)
    await other.ok("send-message", roomId=room, text="to all")
    await other.ok("send-message", roomId=room, text="to one", to=joined["self"]["id"])
    await other.ok("update-media", roomId=room, audio=True)
    await other.ok("leave-room", roomId=room)
    for client, said in ((usual, ["to all"]), (spared, ["to all", "to one"])):
        await client.sync()
        assert [message["text"] for message in client.all("message-received")] == said
        left = client.all("user-left")
        assert [gone["participantId"] for gone in left] == [three["self"]["id"]]
    assert arguments(usual) == {2}
    assert arguments(spared) == {1}
    assert usual.faults == []
    # These two keep what they were told with their faults; without an offset is what was asked for.
    assert all("string offset" in fault for fault in spared.faults)
    spared.faults.clear()


async def test_an_own_message_is_not_heard_without_offsets_either(server: Server) -> None:
    made = await server.room()
    spared = await server.connect({"offsets": False})
    await spared.ok("join-room", roomId=made["roomId"])
    await spared.ok("send-message", roomId=made["roomId"], text="hello")
    await spared.sync()
    assert spared.all("message-received") == []
    spared.faults.clear()


async def test_nothing_is_kept_of_a_connection_that_is_gone(server: Server) -> None:
    spared = await server.connect({"offsets": False})
    assert len(server.context.delivery.without_offsets) == 1
    await spared.leave()
    other = await server.connect({"offsets": True})
    await other.sync()
    assert server.context.delivery.without_offsets == set()
