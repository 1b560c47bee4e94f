"""HTTP long-polling: Engine.IO v4 protocol, "HTTP long-polling"."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from server.transport.engineio import EngineLimits
from tests.support.engine import PATH, Connection, Rig, engine_rig, eventually


async def test_a_posted_message_reaches_the_handler_and_its_echo_the_next_poll(rig: Rig) -> None:
    sid = await rig.open_polling()
    answer = await rig.post(sid, "4héllo €")
    assert (answer.status, answer.text) == (200, "ok")
    assert (await rig.poll(sid)).text == "4héllo €"


async def test_several_packets_in_one_body_are_handled_in_order(rig: Rig) -> None:
    sid = await rig.open_polling()
    await rig.post(sid, "4test1\x1e4test2\x1e4test3")
    assert (await rig.poll(sid)).text == "4test1\x1e4test2\x1e4test3"


async def test_forty_packets_in_one_body_all_arrive(rig: Rig) -> None:
    sid = await rig.open_polling()
    await rig.post(sid, "\x1e".join(f"4{i}" for i in range(40)))
    await eventually(lambda: len(rig.told("message")) == 40, "all of them")
    assert [data for _, data in rig.told("message")] == [str(i) for i in range(40)]


async def test_binary_messages_travel_in_base64(rig: Rig) -> None:
    sid = await rig.open_polling()
    await rig.post(sid, "bAQIDBA==")
    assert rig.told("message") == [(sid, b"\x01\x02\x03\x04")]
    assert (await rig.poll(sid)).text == "bAQIDBA=="


async def test_a_body_that_comes_in_pieces_is_read_whole(rig: Rig) -> None:
    sid = await rig.open_polling()
    body = b"4" + b"x" * 50_000 + b"\x1e4end"
    connection = await Connection.open(rig.port)
    connection.send_head("POST", f"{PATH}polling&sid={sid}", {"Content-Length": str(len(body))})
    for start in range(0, len(body), 7_001):
        connection.writer.write(body[start : start + 7_001])
        await connection.writer.drain()
        await asyncio.sleep(0.002)  # a segment of its own
    assert (await connection.answer()).status == 200
    await connection.close()
    assert [len(data) for _, data in rig.told("message")] == [50_000, 3]


async def test_a_chunked_body_is_read_whole(rig: Rig) -> None:
    sid = await rig.open_polling()
    connection = await Connection.open(rig.port)
    connection.send_head("POST", f"{PATH}polling&sid={sid}", {"Transfer-Encoding": "chunked"})
    for piece in (b"4one\x1e4t", b"wo\x1e4", b"three"):
        connection.writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await asyncio.sleep(0.002)
    connection.writer.write(b"0\r\n\r\n")
    assert (await connection.answer()).status == 200
    await connection.close()
    assert [data for _, data in rig.told("message")] == ["one", "two", "three"]


async def test_a_poll_waits_for_the_next_message_and_takes_all_of_one_turn(rig: Rig) -> None:
    sid = await rig.open_polling()
    poll = asyncio.create_task(rig.poll(sid))
    await eventually(lambda: rig.engine.sockets[sid].carrier.polled, "the pending poll")
    rig.engine.send_text(sid, "a")
    rig.engine.send_text(sid, "b")
    assert (await poll).text == "4a\x1e4b"


@pytest.mark.parametrize("body", ["abc", "", "8", "4ok\x1e", "4ok\x1e\x1e4ok", "b!!!", b"4\xff\xfe", "0", "2"])
async def test_an_invalid_body_is_refused_and_ends_the_session_at_once(rig: Rig, body: str | bytes) -> None:
    sid = await rig.open_polling()
    assert (await rig.post(sid, body)).status == 400
    assert await rig.gone(sid) == "transport error"
    assert not rig.engine.sockets


async def test_after_an_invalid_body_the_sid_is_unknown(rig: Rig) -> None:
    sid = await rig.open_polling()
    assert (await rig.post(sid, "abc")).status == 400
    answer = await rig.poll(sid)
    assert (answer.status, answer.code) == (400, 1)


async def test_a_body_beyond_the_limit_is_refused_with_413_and_ends_the_session() -> None:
    async with engine_rig(max_http_buffer_size=1000) as rig:
        sid = await rig.open_polling()
        assert (await rig.post(sid, "4" + "x" * 999)).status == 200
        assert (await rig.post(sid, "4" + "x" * 1000)).status == 413
        assert await rig.gone(sid) == "transport error"


async def test_a_chunked_body_beyond_the_limit_is_refused_with_413() -> None:
    async with engine_rig(max_http_buffer_size=1000) as rig:
        sid = await rig.open_polling()
        connection = await Connection.open(rig.port)
        connection.send_head("POST", f"{PATH}polling&sid={sid}", {"Transfer-Encoding": "chunked"})
        for _ in range(3):
            connection.writer.write(b"190\r\n" + b"4" * 0x190 + b"\r\n")
        assert (await connection.answer()).status == 413
        connection.abort()
        assert await rig.gone(sid) == "transport error"


async def test_a_body_that_does_not_come_is_given_up() -> None:
    async with engine_rig(limits=EngineLimits(body_timeout_s=0.1)) as rig:
        sid = await rig.open_polling()
        connection = await Connection.open(rig.port)
        connection.send_head("POST", f"{PATH}polling&sid={sid}", {"Content-Length": "10"})
        connection.writer.write(b"4")
        assert (await connection.answer()).status == 408
        connection.abort()
        assert await rig.gone(sid) == "transport error"


async def test_a_client_that_leaves_in_the_middle_of_a_body_ends_the_session(rig: Rig) -> None:
    sid = await rig.open_polling()
    connection = await Connection.open(rig.port)
    connection.send_head("POST", f"{PATH}polling&sid={sid}", {"Content-Length": "10"})
    connection.writer.write(b"4")
    await eventually(lambda: rig.engine.sockets[sid].carrier.posting, "the POST")
    connection.abort()
    assert await rig.gone(sid) == "transport error"


async def test_too_many_packets_in_one_body_are_refused() -> None:
    async with engine_rig(limits=EngineLimits(packets_per_payload=3)) as rig:
        sid = await rig.open_polling()
        assert (await rig.post(sid, "4a\x1e4b\x1e4c")).status == 200
        assert (await rig.post(sid, "4a\x1e4b\x1e4c\x1e4d")).status == 400
        assert await rig.gone(sid) == "transport error"


async def test_a_second_poll_ends_the_session_and_the_first_hears_of_it(rig: Rig) -> None:
    sid = await rig.open_polling()
    first = asyncio.create_task(rig.poll(sid))
    await eventually(lambda: rig.engine.sockets[sid].carrier.polled, "the pending poll")
    second = await rig.poll(sid)
    assert second.status == 400
    assert (await first).text == "1"
    assert (await rig.poll(sid)).code == 1
    assert await rig.gone(sid) == "transport error"


async def test_a_second_post_at_the_same_time_ends_the_session(rig: Rig) -> None:
    sid = await rig.open_polling()
    connection = await Connection.open(rig.port)
    connection.send_head("POST", f"{PATH}polling&sid={sid}", {"Content-Length": "10"})
    await eventually(lambda: rig.engine.sockets[sid].carrier.posting, "the first POST")
    assert (await rig.post(sid, "4x")).status == 400
    assert await rig.gone(sid) == "transport error"
    connection.abort()


async def test_a_client_that_gives_up_its_poll_ends_the_session_at_once(rig: Rig) -> None:
    sid = await rig.open_polling()
    connection = await Connection.open(rig.port)
    connection.send_head("GET", f"{PATH}polling&sid={sid}")
    await eventually(lambda: rig.engine.sockets[sid].carrier.polled, "the pending poll")
    connection.abort()
    assert await rig.gone(sid) == "transport close"
    assert (await rig.poll(sid)).code == 1


async def test_one_kept_connection_serves_one_poll_after_the_other(rig: Rig) -> None:
    sid = await rig.open_polling()
    connection = await Connection.open(rig.port)
    for number in range(3):
        connection.send_head("GET", f"{PATH}polling&sid={sid}")
        await eventually(lambda: rig.engine.sockets[sid].carrier.polled, "the pending poll")
        rig.engine.send_text(sid, str(number))
        assert (await connection.answer()).text == f"4{number}"
    await connection.close()
    assert rig.engine.open_session(sid) is not None


async def test_the_close_packet_of_a_client_ends_the_session_and_its_poll(rig: Rig) -> None:
    sid = await rig.open_polling()
    poll = asyncio.create_task(rig.poll(sid))
    await eventually(lambda: rig.engine.sockets[sid].carrier.polled, "the pending poll")
    assert (await rig.post(sid, "1")).text == "ok"
    assert (await poll).text == "6"
    assert await rig.gone(sid) == "client disconnect"
    assert (await rig.poll(sid)).code == 1


async def test_messages_in_front_of_the_close_packet_are_still_handled(rig: Rig) -> None:
    sid = await rig.open_polling()
    await rig.post(sid, "4last\x1e4words\x1e1\x1e4never")
    assert await rig.gone(sid) == "client disconnect"
    assert [data for _, data in rig.told("message")] == ["last", "words"]


async def test_other_methods_are_not_allowed_on_a_session(rig: Rig) -> None:
    sid = await rig.open_polling()
    assert (await rig.request("PUT", f"{PATH}polling&sid={sid}", b"4x")).status == 405


async def test_a_long_answer_is_compressed_where_the_client_takes_it(rig: Rig) -> None:
    sid = await rig.open_polling()
    rig.engine.send_text(sid, "x" * 5_000)
    answer = await rig.request("GET", f"{PATH}polling&sid={sid}", headers={"Accept-Encoding": "gzip, br"})
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"4" + b"x" * 5_000
    rig.engine.send_text(sid, "x" * 5_000)
    assert "content-encoding" not in (await rig.poll(sid)).headers


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        # aiohttp does not tell the reader of a broken chunk: the time-out of the body ends the wait.
        ({"Transfer-Encoding": "chunked"}, b"zz\r\nno chunk\r\n", 408),
        ({"Content-Encoding": "gzip", "Content-Length": "9"}, b"not gzip!", 400),
    ],
)
async def test_a_body_whose_coding_is_broken_ends_the_session(
    headers: dict[str, str], body: bytes, status: int
) -> None:
    async with engine_rig(limits=EngineLimits(body_timeout_s=0.5)) as rig:
        sid = await rig.open_polling()
        connection = await Connection.open(rig.port)
        connection.send_head("POST", f"{PATH}polling&sid={sid}", headers)
        await eventually(lambda: rig.engine.sockets[sid].carrier.posting, "the POST")
        connection.writer.write(body)
        assert (await connection.answer()).status == status
        assert await rig.gone(sid) == "transport error"
        connection.abort()
        assert not rig.told("message")


async def test_a_body_that_grows_beyond_the_limit_when_it_is_unpacked_is_refused() -> None:
    async with engine_rig(max_http_buffer_size=10_000) as rig:
        sid = await rig.open_polling()
        body = gzip.compress(b"4" + b"x" * 5_000_000)
        headers = {"Content-Encoding": "gzip", "Content-Length": str(len(body))}
        answer = await rig.request("POST", f"{PATH}polling&sid={sid}", body, headers)
        assert answer.status == 413
        assert await rig.gone(sid) == "transport error"
