"""Files over REST: laid down and read, in parts and broken off; hostile ones; who may; what they may take."""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
from collections.abc import AsyncIterator

import aiohttp
import pytest

from rooms.limits import MAX_FILE_NAME_CHARS, UNATTACHED_S
from rooms.ports import FILE_CHUNK_BYTES
from server.protocol import answers
from server.security.memory import FILES_SHARE
from server.transport.http import files as route
from server.usecases.context import Context
from tests.integration.contract.rest import granted
from tests.support.files import fetch, file_id, lay_down, nothing_kept, slowly
from tests.support.pace import PACE
from tests.support.server import Clock, Server, running

MIB = 1_048_576
SECRET = "a secret of twenty-two characters"
HTML = b"<!doctype html><script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
POLYGLOT = b"GIF89a/*" + b"\x00" * 32 + b"*/=1;alert(1)//" + HTML


@pytest.fixture(params=["memory", "mongo"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    """A server that keeps files in memory, and one that keeps them in MongoDB."""
    settings = {"file_store": request.param}
    if request.param == "mongo":
        settings |= {"mongodb_uri": request.getfixturevalue("mongo_uri"), "storage_secret": SECRET}
    async with running(events_per_s=0, **settings) as server:
        yield server


def context(server: Server) -> Context:
    return server.context


@pytest.mark.parametrize("size", [0, 1, FILE_CHUNK_BYTES - 1, FILE_CHUNK_BYTES, 3 * FILE_CHUNK_BYTES + 7])
async def test_a_file_is_read_as_it_was_laid_down(kept: Server, size: int) -> None:
    room, _, one, *_ = await kept.pair()
    data = os.urandom(size)
    answer = await lay_down(kept, room, one["resumeToken"], data, Content_Type="image/png", X_File_Name="caf%C3%A9.png")
    laid = granted(answer, answers.FileLaidDown, 201)
    assert laid["bytes"] == size
    got = await fetch(kept, room, one["resumeToken"], laid["fileId"])
    assert (got.status, got.data) == (200, data)
    assert got.headers["Content-Length"] == str(size)


async def test_a_file_without_a_length_is_taken_as_well(kept: Server) -> None:
    room, _, one, *_ = await kept.pair()
    data = os.urandom(2 * FILE_CHUNK_BYTES + 99)
    file = await file_id(kept, room, one["resumeToken"], slowly(data, 9))
    assert (await fetch(kept, room, one["resumeToken"], file)).data == data
    assert context(kept).file_quotas.bytes == len(data)


@pytest.mark.parametrize("content", [HTML, SVG, POLYGLOT, b""], ids=["html", "svg", "polyglot", "empty"])
@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "image/gif"])
async def test_no_browser_runs_what_somebody_has_laid_down(server: Server, content: bytes, kind: str) -> None:
    room, _, one, *_ = await server.pair()
    name = "x%22%0d%0aSet-Cookie:%20a=b.html"
    file = await file_id(server, room, one["resumeToken"], content, Content_Type=kind, X_File_Name=name)
    got = await fetch(server, room, one["resumeToken"], file)
    assert got.data == content
    assert got.headers["Content-Disposition"].startswith("attachment")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    policy = got.headers["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'"} <= set(policy)
    assert got.headers["Cache-Control"] == "no-store"
    assert got.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Set-Cookie" not in got.headers


async def test_a_name_comes_back_as_it_was_and_in_ascii(server: Server) -> None:
    room, _, one, *_ = await server.pair()
    file = await file_id(server, room, one["resumeToken"], X_File_Name="%F0%9F%8E%89%20a%22b.png")
    disposition = (await fetch(server, room, one["resumeToken"], file)).headers["Content-Disposition"]
    assert disposition == "attachment; filename=\"_ a_b.png\"; filename*=UTF-8''%F0%9F%8E%89%20a%22b.png"


@pytest.mark.parametrize("name", ["x" * 4_096, "%41" * 1_300, "é" * (MAX_FILE_NAME_CHARS + 1)])
async def test_a_name_of_four_kilobytes_is_refused_and_breaks_nothing(server: Server, name: str) -> None:
    room, _, one, *_ = await server.pair()
    answer = await lay_down(server, room, one["resumeToken"], X_File_Name=name)
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")
    assert list(answer.json["error"]["details"]) == ["X-File-Name"]
    assert name not in answer.text
    await nothing_kept(server)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content_Type": "nonsense"},
        {"Content_Type": "multipart/form-data; boundary=x"},
        {"Content_Encoding": "gzip"},
    ],
)
async def test_what_cannot_be_meant_is_refused(server: Server, headers: dict[str, str]) -> None:
    room, _, one, *_ = await server.pair()
    answer = await lay_down(server, room, one["resumeToken"], gzip.compress(b"0" * MIB), **headers)
    assert (answer.status, answer.code) == (400, "INVALID_PAYLOAD")
    assert await server.call("GET", "/health")
    await nothing_kept(server)


async def test_a_part_is_sent_and_a_broken_download_goes_on(kept: Server) -> None:
    room, _, one, *_ = await kept.pair()
    data, token = os.urandom(2 * FILE_CHUNK_BYTES + 500), one["resumeToken"]
    file = await file_id(kept, room, token, data)
    first = await fetch(kept, room, token, file, Range=f"bytes=0-{FILE_CHUNK_BYTES + 99}")
    assert (first.status, first.headers["Accept-Ranges"]) == (206, "bytes")
    assert first.headers["Content-Range"] == f"bytes 0-{FILE_CHUNK_BYTES + 99}/{len(data)}"
    etag = first.headers["ETag"]
    rest = await fetch(kept, room, token, file, Range=f"bytes={len(first.data)}-", If_Range=etag)
    assert (rest.status, first.data + rest.data) == (206, data)
    other = await fetch(kept, room, token, file, Range="bytes=9-", If_Range='"another"')
    assert (other.status, other.data) == (200, data)
    behind = await fetch(kept, room, token, file, Range=f"bytes={len(data)}-")
    assert (behind.status, behind.headers["Content-Range"]) == (416, f"bytes */{len(data)}")
    assert (await fetch(kept, room, token, file, If_None_Match=etag)).status == 304
    head = await fetch(kept, room, token, file, "HEAD")
    assert (head.status, head.headers["Content-Length"], head.data) == (200, str(len(data)), b"")


async def test_pages_of_allowed_origins_may_do_all_this(server: Server) -> None:
    made = await server.room()
    path, origin = f"/api/rooms/{made['roomId']}/files", {"Origin": "http://localhost:3000"}
    asked = {"Access-Control-Request-Method": "POST", **origin}
    answer = await server.call("OPTIONS", path, headers=asked)
    allowed = answer.headers["Access-Control-Allow-Headers"]
    assert {"X-File-Name", "Range", "If-Range", "Content-Type"} <= set(allowed.split(", "))
    file = await file_id(server, made["roomId"], made["hostKey"], **origin)
    got = await fetch(server, made["roomId"], made["hostKey"], file, **origin)
    assert got.headers["Access-Control-Allow-Origin"] == origin["Origin"]
    exposed = set(got.headers["Access-Control-Expose-Headers"].split(", "))
    assert {"ETag", "Content-Range", "Content-Disposition"} <= exposed
    refused = await lay_down(server, made["roomId"], made["hostKey"], Origin="https://evil.example")
    assert (refused.status, refused.code) == (403, "FORBIDDEN")


async def test_a_key_is_needed_for_everything(server: Server) -> None:
    room, _, one, *_ = await server.pair()
    file = await file_id(server, room, one["resumeToken"])
    for method, path in (("POST", ""), ("GET", f"/{file}"), ("DELETE", f"/{file}")):
        for key, status in ((None, 401), ("wrong", 403)):
            answer = await server.call(method, f"/api/rooms/{room}/files{path}", key=key)
            assert answer.status == status
        gone = await server.call(method, f"/api/rooms/nowhere/files{path}", key="wrong")
        assert (gone.status, gone.code) == (404, "ROOM_NOT_FOUND")
    other = await server.room()
    answer = await server.call("GET", f"/api/rooms/{other['roomId']}/files/{file}", key=other["hostKey"])
    assert (answer.status, answer.code) == (404, "NOT_FOUND")


async def test_a_file_that_is_not_attached_is_its_authors_alone(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    _, one = await server.seated(room)
    _, two = await server.seated(room)
    file = await file_id(server, room, one["resumeToken"])
    for key, status in ((two["resumeToken"], 404), (made["hostKey"], 404), (one["resumeToken"], 200)):
        assert (await fetch(server, room, key, file)).status == status
        if status == 404:
            answer = await server.call("DELETE", f"/api/rooms/{room}/files/{file}", key=key)
            assert (answer.status, answer.code) == (404, "NOT_FOUND")
    answer = await server.call("DELETE", f"/api/rooms/{room}/files/{file}", key=one["resumeToken"])
    assert granted(answer, answers.Empty) == {}
    assert (await fetch(server, room, one["resumeToken"], file)).status == 404
    await nothing_kept(server)


async def test_a_file_above_the_bound_is_refused_before_it_comes(kept: Server) -> None:
    room, _, one, *_ = await kept.pair()
    url = f"{kept.url}/api/rooms/{room}/files"
    host, port = kept.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"POST /api/rooms/{room}/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {one['resumeToken']}\r\n"
    writer.write(f"{head}Content-Length: {50 * MIB + 1}\r\n\r\n".encode())
    assert b" 413 " in await asyncio.wait_for(reader.readline(), 3 * PACE)
    writer.close()
    assert url
    await nothing_kept(kept)


async def test_a_file_that_grows_above_the_bound_is_refused_and_leaves_nothing() -> None:
    async with running(events_per_s=0, max_file_mb=1) as server:
        room, _, one, *_ = await server.pair()
        assert one["limits"]["fileBytes"] == MIB
        answer = await lay_down(server, room, one["resumeToken"], slowly(bytes(MIB + 1), 20))
        assert (answer.status, answer.code) == (413, "FILE_TOO_LARGE")
        await nothing_kept(server)
        assert (await lay_down(server, room, one["resumeToken"], bytes(MIB))).status == 201


async def broken_off(server: Server, room: str, token: str, head: str, sent: bytes) -> None:
    """An upload whose sender goes away."""
    host, port = server.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    start = f"POST /api/rooms/{room}/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    writer.write(f"{start}{head}\r\n\r\n".encode() + sent)
    await writer.drain()
    await asyncio.sleep(0.2)
    assert context(server).file_quotas.under_way["upload"] == 1
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("head", [f"Content-Length: {MIB}", "Transfer-Encoding: chunked"])
async def test_an_upload_that_is_broken_off_leaves_nothing(
    kept: Server, head: str, caplog: pytest.LogCaptureFixture
) -> None:
    room, _, one, *_ = await kept.pair()
    half = os.urandom(MIB // 2)
    sent = half if "Length" in head else f"{len(half):x}\r\n".encode() + half + b"\r\n"
    await broken_off(kept, room, one["resumeToken"], head, sent)
    await nothing_kept(kept)
    assert [record.message for record in caplog.records if record.levelno >= logging.ERROR] == [], (
        "nothing of ours failed"
    )
    assert (await lay_down(kept, room, one["resumeToken"])).status == 201


async def test_what_is_longer_than_it_says_is_no_file(server: Server) -> None:
    room, _, one, *_ = await server.pair()
    host, port = server.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    start = f"POST /api/rooms/{room}/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {one['resumeToken']}\r\n"
    writer.write(f"{start}Content-Length: 5\r\n\r\n".encode() + b"hello, and more")
    assert b" 400 " in await asyncio.wait_for(reader.read(), 5 * PACE)
    writer.close()
    await nothing_kept(server)


async def test_an_upload_that_stands_still_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (route.SILENCE_S, route.CHUNK_S) == (30.0, 120.0)
    monkeypatch.setattr(route, "SILENCE_S", 0.2)
    room, _, one, *_ = await server.pair()
    answer = await lay_down(server, room, one["resumeToken"], slowly(b"xy", 2, 1.0))
    assert (answer.status, answer.code) == (408, "TIMEOUT")
    await nothing_kept(server)


async def test_an_upload_that_dribbles_is_given_up(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(route, "CHUNK_S", 0.4)
    room, _, one, *_ = await server.pair()
    answer = await lay_down(server, room, one["resumeToken"], slowly(b"x" * 100, 100, 0.05))
    assert (answer.status, answer.code) == (408, "TIMEOUT")
    await nothing_kept(server)


async def test_files_in_memory_have_a_quarter_of_the_budget() -> None:
    assert FILES_SHARE == 0.25
    async with running(events_per_s=0, memory_budget_mb=32) as server:
        room, _, one, *_ = await server.pair()
        token = one["resumeToken"]
        memory = context(server).memory
        memory.budget_bytes, memory.over = 0, False  # this process holds the tests as well
        answered = await asyncio.gather(*(lay_down(server, room, token, bytes(3 * MIB)) for _ in range(5)))
        assert sorted(one.status for one in answered) == [201, 201, 503, 503, 503]
        refused = next(one for one in answered if one.status == 503)
        assert refused.code == "QUOTA_EXCEEDED"
        assert int(refused.headers["Retry-After"]) > 0
        kept_id = next(one.json["fileId"] for one in answered if one.status == 201)
        await server.call("DELETE", f"/api/rooms/{room}/files/{kept_id}", key=token)
        assert (await lay_down(server, room, token, bytes(3 * MIB))).status == 201


async def test_what_files_in_memory_take_is_not_there_for_others() -> None:
    async with running(events_per_s=0, memory_budget_mb=4_096) as server:
        memory = context(server).memory
        before = memory.rooms.limit_bytes
        room, _, one, *_ = await server.pair()
        await file_id(server, room, one["resumeToken"], bytes(10 * MIB))
        async with asyncio.timeout(3 * PACE):
            while memory.rooms.limit_bytes >= before:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("quota", ["max_files_mb", "max_files_mb_per_room"])
async def test_the_quotas_of_the_process_and_of_a_room_are_settings(quota: str) -> None:
    async with running(events_per_s=0, **{quota: 1}) as server:
        room, _, one, *_ = await server.pair()
        assert (await lay_down(server, room, one["resumeToken"], bytes(MIB))).status == 201
        answer = await lay_down(server, room, one["resumeToken"])
        assert (answer.status, answer.code) == (429 if quota.endswith("room") else 503, "QUOTA_EXCEEDED")
    async with running(events_per_s=0, memory_budget_mb=0, **{quota: 0}) as server:
        room, _, one, *_ = await server.pair()
        assert (await lay_down(server, room, one["resumeToken"], bytes(2 * MIB))).status == 201


async def test_the_quota_of_an_address_counts_what_it_has_laid_down() -> None:
    settings = {"environment": "production", "max_files_mb_per_address": 1, "cors_origins": ("https://x.example",)}
    async with running(events_per_s=0, room_creation="open", **settings) as server:
        room, _, one, *_ = await server.pair()
        assert (await lay_down(server, room, one["resumeToken"], bytes(MIB))).status == 201
        answer = await lay_down(server, room, one["resumeToken"])
        assert (answer.status, answer.code) == (429, "QUOTA_EXCEEDED")


async def test_where_files_are_off_there_are_none() -> None:
    async with running(events_per_s=0, file_store="off") as server:
        room, first, one, *_ = await server.pair()
        assert one["limits"]["fileBytes"] == 0
        for method, path in (("POST", ""), ("GET", "/x"), ("DELETE", "/x")):
            answer = await server.call(method, f"/api/rooms/{room}/files{path}", key=one["resumeToken"])
            assert (answer.status, answer.code) == (404, "NOT_FOUND")
        refused = await first.refused("send-message", roomId=room, text="", attachments=[{"fileId": "x"}])
        assert refused == "NOT_FOUND"


async def test_nothing_of_a_sealed_file_is_told(kept: Server) -> None:
    room, first, one, second, two = await kept.pair(encrypted=True)
    token = one["resumeToken"]
    file = await file_id(kept, room, token, b"sealed", Content_Type="image/png", X_File_Name="secret.png")
    sealed = {"text": "", "encrypted": True}
    await first.ok("send-message", roomId=room, attachments=[{"fileId": file}], **sealed)
    heard = await second.wait_for("message-received")
    assert heard["attachments"] == [{"fileId": file, "bytes": 6}]
    got = await fetch(kept, room, two["resumeToken"], file)
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"] == "attachment"


async def test_what_nobody_attaches_is_erased_after_ten_minutes(clock: Clock) -> None:
    async with running(events_per_s=0, clock=clock, seat_grace_s=3_000) as server:
        room, _, one, *_ = await server.pair()
        file = await file_id(server, room, one["resumeToken"])
        clock.now += UNATTACHED_S - 1
        assert (await fetch(server, room, one["resumeToken"], file)).status == 200
        clock.now += 1
        assert (await fetch(server, room, one["resumeToken"], file)).status == 404
        await nothing_kept(server)


async def test_it_goes_with_its_room_and_an_upload_that_comes_too_late_does_too(kept: Server) -> None:
    made = await kept.room()
    room, key = made["roomId"], made["hostKey"]
    await file_id(kept, room, key)

    async def body() -> AsyncIterator[bytes]:
        yield bytes(FILE_CHUNK_BYTES)
        await kept.call("DELETE", f"/api/rooms/{room}", key=key)
        yield bytes(FILE_CHUNK_BYTES)

    answer = await lay_down(kept, room, key, body())
    assert (answer.status, answer.code) == (410, "ROOM_ENDED")
    await nothing_kept(kept)


async def test_whoever_is_put_out_lays_nothing_down_any_more(server: Server) -> None:
    made = await server.room()
    room = made["roomId"]
    host, _ = await server.seated(room, hostKey=made["hostKey"])
    _, guest = await server.seated(room)

    async def body() -> AsyncIterator[bytes]:
        yield bytes(FILE_CHUNK_BYTES - 1)
        await host.ok("kick", roomId=room, participantId=guest["self"]["id"])
        yield bytes(FILE_CHUNK_BYTES)

    await file_id(server, room, guest["resumeToken"])
    answer = await lay_down(server, room, guest["resumeToken"], body())
    assert (answer.status, answer.code) == (403, "FORBIDDEN")
    await nothing_kept(server)


async def test_a_download_of_what_is_erased_is_cut(kept: Server) -> None:
    room, first, one, _, two = await kept.pair()
    data = os.urandom(20 * MIB)
    file = await file_id(kept, room, one["resumeToken"], data)
    sent = await first.ok("send-message", roomId=room, text="", attachments=[{"fileId": file}])
    url = f"{kept.url}/api/rooms/{room}/files/{file}"
    async with kept.http.get(url, headers={"Authorization": f"Bearer {two['resumeToken']}"}) as response:
        assert await response.content.readexactly(1_000) == data[:1_000]
        await first.ok("delete-message", roomId=room, id=sent["id"])
        with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
            await response.read()
    await nothing_kept(kept)


async def test_a_reader_that_goes_away_costs_nothing(kept: Server) -> None:
    room, _, one, *_ = await kept.pair()
    file = await file_id(kept, room, one["resumeToken"], os.urandom(20 * MIB))
    url = f"{kept.url}/api/rooms/{room}/files/{file}"
    response = await kept.http.get(url, headers={"Authorization": f"Bearer {one['resumeToken']}"})
    await response.content.readexactly(1_000)
    assert context(kept).file_quotas.under_way["download"] == 1
    response.close()
    async with asyncio.timeout(3 * PACE):
        while context(kept).file_quotas.under_way["download"]:
            await asyncio.sleep(0.01)


async def test_figures_tell_of_files(server: Server) -> None:
    room, _, one, *_ = await server.pair()
    await file_id(server, room, one["resumeToken"], bytes(100))
    await lay_down(server, room, one["resumeToken"], slowly(bytes(51 * MIB), 60))
    text = (await server.call("GET", "/metrics")).text
    assert "mayfly_files 1.0" in text
    assert "mayfly_file_bytes 100.0" in text
    assert f"mayfly_file_bytes_limit {96.0 * MIB:.7e}".partition("e")[0] in text
    assert 'mayfly_file_refusals_total{quota="file"} 1.0' in text
