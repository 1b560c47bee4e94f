"""Pages of other origins: who may read, who may write, who may make rooms, and what the operator is told."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.support.server import Server, running

SITE = "https://site.example"
FOREIGN = "https://foreign.example"
WRITES = [
    ("POST", "/api/rooms"),
    ("PATCH", "/api/rooms/{room}"),
    ("DELETE", "/api/rooms/{room}"),
    ("POST", "/api/rooms/{room}/messages"),
    ("POST", "/api/rooms/{room}/invites"),
    ("DELETE", "/api/rooms/{room}/invites/x"),
]
ELSEWHERE: list[dict[str, str]] = [
    {"Origin": FOREIGN},
    {"Origin": "null"},
    {"Origin": "http://site.example"},
    {"Origin": FOREIGN, "Content-Type": "text/plain"},  # a "simple request": no preflight asks before it
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
POLL = "/socket.io/?EIO=4&transport=polling"


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
@pytest.mark.parametrize(("method", "path"), WRITES)
async def test_nothing_is_written_for_a_foreign_page(method: str, path: str, headers: dict[str, str]) -> None:
    async with running(cors_origins=(SITE,), room_creation="open", api_keys="site:a-secret-of-a-site") as server:
        made = await server.room()
        whole = path.format(room=made["roomId"])
        for key in (made["hostKey"], "a-secret-of-a-site", None):
            answer = await server.call(method, whole, key=key, headers=headers, data=b'{"text":"x"}')
            assert (answer.status, answer.code) == (403, "FORBIDDEN")
            assert "Access-Control-Allow-Origin" not in answer.headers
        assert list(server.context.directory.rooms) == [made["roomId"]]


async def test_looking_at_a_room_changes_nothing_and_is_for_all(server: Server) -> None:
    made = await server.room()
    answer = await server.call("GET", f"/api/rooms/{made['roomId']}", headers={"Origin": FOREIGN})
    assert answer.status == 200
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    ("creation", "headers", "key", "status"),
    [
        ("open", {}, None, 201),
        ("open", {"Origin": SITE}, None, 201),
        ("open", {"Origin": FOREIGN}, None, 403),
        ("open", {}, "a secret of a site", 201),
        ("open", {}, "wrong", 403),
        ("sites", {"Origin": SITE}, None, 201),
        ("sites", {"Origin": "own"}, None, 201),
        ("sites", {"Origin": "own", "Sec-Fetch-Site": "same-origin"}, None, 201),
        ("sites", {}, None, 201),  # a script, which could send any Origin: `key` is what stops it
        ("sites", {"Origin": FOREIGN}, None, 403),
        ("sites", {"Origin": "null"}, None, 403),
        ("sites", {"Sec-Fetch-Site": "cross-site"}, None, 403),
        ("sites", {}, "a secret of a site", 201),
        ("sites", {}, "wrong", 403),
        ("key", {}, None, 401),
        ("key", {"Origin": SITE}, None, 401),
        ("key", {"Origin": "own"}, None, 401),
        ("key", {}, "a secret of a site", 201),
        ("key", {}, "another secret", 201),
        ("key", {"Origin": SITE}, "a secret of a site", 201),
        ("key", {}, "a secret of a sitf", 403),
        ("key", {}, "site", 403),
        ("key", {}, "", 401),
    ],
)
async def test_who_makes_rooms(creation: str, headers: dict[str, str], key: str | None, status: int) -> None:
    keys = "site:a-secret-of-a-site,another-secret"
    async with running(cors_origins=(SITE,), room_creation=creation, api_keys=keys, environment="production") as server:
        sent = {name: server.url if value == "own" else value for name, value in headers.items()}
        secret = key.replace(" ", "-") if key is not None else None
        answer = await server.call("POST", "/api/rooms", key=secret, headers=sent)
        assert answer.status == status, answer.text
        if status != 201:
            assert answer.code == {401: "UNAUTHORIZED", 403: "FORBIDDEN"}[status]


@pytest.mark.parametrize(
    ("environment", "creation"),
    [("production", "sites"), ("staging", "sites"), ("development", "open"), ("test", "open")],
)
async def test_in_production_rooms_are_made_by_sites_unless_said_otherwise(environment: str, creation: str) -> None:
    async with running(environment=environment) as server:
        assert server.context.settings.who_makes_rooms == creation


async def test_a_page_behind_a_proxy_that_ends_tls_silently_makes_rooms() -> None:
    async with running(environment="production") as server:
        own = server.url.replace("http:", "https:")
        silent = {"Origin": own}
        assert (await server.call("POST", "/api/rooms", headers=silent)).status == 403
        assert (
            await server.call("POST", "/api/rooms", headers=silent | {"Sec-Fetch-Site": "same-origin"})
        ).status == 201
        assert (
            await server.call("POST", "/api/rooms", headers={"Origin": FOREIGN, "Sec-Fetch-Site": "same-origin"})
        ).status == 403


async def test_the_origin_of_the_public_url_is_our_own() -> None:
    async with running(environment="production", public_url="https://rooms.example/at/a/path") as server:
        answer = await server.call("POST", "/api/rooms", headers={"Origin": "https://rooms.example"})
        assert answer.status == 201
        assert answer.json["url"].startswith("https://rooms.example/at/a/path/r/")


@pytest.mark.parametrize("path", ["/api/rooms/unknown", "/health", "/openapi.json", f"{POLL}&sid=unknown"])
async def test_allowed_origins_may_use_credentials(path: str) -> None:
    async with running(cors_origins=(SITE,)) as server:
        answer = await server.call("GET", path, headers={"Origin": SITE})
        assert answer.headers["Access-Control-Allow-Origin"] == SITE
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        assert "Origin" in answer.headers["Vary"]
        foreign = await server.call("GET", path, headers={"Origin": FOREIGN})
        assert not [name for name in foreign.headers if name.lower().startswith("access-control-")]


async def test_a_preflight_allows_what_libraries_send() -> None:
    async with running(cors_origins=(SITE,)) as server:
        asked = {
            "Origin": SITE,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,x-requested-with",
        }
        answer = await server.call("OPTIONS", "/api/rooms", headers=asked)
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        methods = set(answer.headers["Access-Control-Allow-Methods"].split(", "))
        assert methods >= {"GET", "POST", "PUT", "PATCH", "DELETE"}
        allowed = {name.lower() for name in answer.headers["Access-Control-Allow-Headers"].split(", ")}
        assert allowed >= set(asked["Access-Control-Request-Headers"].split(","))


async def test_a_refused_origin_leaves_one_line(caplog: pytest.LogCaptureFixture) -> None:
    async with running(cors_origins=(SITE,)) as server:
        for _ in range(3):
            for method, path in (("POST", "/api/rooms"), ("GET", POLL)):
                assert (await server.call(method, path, headers={"Origin": FOREIGN})).status in (400, 403)
    lines = [record for record in caplog.records if FOREIGN in record.getMessage()]
    assert [(one.levelno, "CORS_ORIGINS" in one.getMessage()) for one in lines] == [(logging.WARNING, True)]


async def test_refused_origins_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with running(events_per_s=0) as server:
        odd: list[Any] = ["https://a b c", "not an origin", "https://x.example/" + "y" * 200]
        for origin in [*odd, *(f"https://site{n}.example" for n in range(60))]:
            assert (await server.call("POST", "/api/rooms", headers={"Origin": origin})).status == 403
    lines = [record.getMessage() for record in caplog.records if "was refused" in record.getMessage()]
    assert len(lines) == 20
    assert sum("none" in line for line in lines) == 1
    assert not [line for line in lines if "a b c" in line or "not an" in line or "yyy" in line]
