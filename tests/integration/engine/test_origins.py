"""Cross-origin requests: the Fetch standard's CORS protocol, and the Origin check of RFC 6455 section 10.2."""

from __future__ import annotations

import pytest

from tests.support.engine import PATH, UPGRADE, engine_rig

SITE = "https://site.example"


@pytest.mark.parametrize(
    ("allowed", "origin", "welcome"),
    [
        (None, SITE, False),
        ([], SITE, False),
        ([SITE], SITE, True),
        ([SITE + "/"], SITE, True),
        (SITE, SITE, True),
        ([SITE], "https://site.example.evil", False),
        ([SITE], "http://site.example", False),
        ([SITE], "null", False),
        ("*", SITE, True),
        (["https://*.example"], SITE, True),
        (["https://app-*-team.host.app"], "https://app-git-x1-team.host.app", True),
        (["https://app-*-team.host.app"], "https://app-a.evil.com/-team.host.app", False),
        (["https://*.host.app"], "https://a.b.host.app", False),
        (["https://*.host.app"], "https://evilhost.app", False),
        (["http://localhost:*"], "http://localhost:3000", True),
        (["http://localhost:*"], "http://localhost:3000.evil.com", False),
        (lambda origin, request: origin == SITE and request.path == "/engine.io/", SITE, True),
        (lambda origin, request: False, SITE, False),
    ],
)
async def test_an_origin_is_welcome_or_not_on_both_transports(allowed: object, origin: str, welcome: bool) -> None:
    async with engine_rig(cors_allowed_origins=allowed) as rig:
        answer = await rig.request("GET", PATH + "polling", headers={"Origin": origin})
        ws, status, _ = await rig.handshake(PATH + "websocket", {"Origin": origin})
        if welcome:
            assert answer.status == 200
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["access-control-allow-credentials"] == "true"
            assert answer.headers["vary"] == "Origin"
            assert status == 101
            await ws.finish()
        else:
            assert (answer.status, answer.code) == (403, 4)
            assert "access-control-allow-origin" not in answer.headers
            assert status == 403
            ws.abort()
            assert not rig.engine.sockets


async def test_the_servers_own_origin_is_always_welcome() -> None:
    async with engine_rig(cors_allowed_origins=[SITE]) as rig:
        own = f"http://127.0.0.1:{rig.port}"
        assert (await rig.request("GET", PATH + "polling", headers={"Origin": own})).status == 200


async def test_the_own_origin_behind_a_proxy_is_the_forwarded_one() -> None:
    async with engine_rig(cors_allowed_origins=None) as rig:
        forwarded = {"Origin": SITE, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "site.example"}
        assert (await rig.request("GET", PATH + "polling", headers=forwarded)).status == 200


async def test_a_request_without_origin_is_no_browsers_and_welcome() -> None:
    async with engine_rig(cors_allowed_origins=[SITE]) as rig:
        assert (await rig.request("GET", PATH + "polling")).status == 200


async def test_a_preflight_is_answered_without_a_session() -> None:
    async with engine_rig(cors_allowed_origins=[SITE]) as rig:
        asked = {
            "Origin": SITE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,x-token",
        }
        answer = await rig.request("OPTIONS", PATH + "polling", headers=asked)
        assert answer.status == 204
        assert answer.headers["access-control-allow-origin"] == SITE
        assert answer.headers["access-control-allow-methods"] == "GET, POST, OPTIONS"
        assert answer.headers["access-control-allow-headers"] == "content-type,x-token"
        assert not rig.engine.sockets
        stranger = await rig.request("OPTIONS", PATH + "polling", headers={**asked, "Origin": "https://evil"})
        assert stranger.status == 403


async def test_refusals_to_welcome_origins_carry_the_cors_headers_too() -> None:
    async with engine_rig(cors_allowed_origins=[SITE]) as rig:
        answer = await rig.request("GET", PATH + "polling&sid=x", headers={"Origin": SITE})
        assert answer.code == 1
        assert answer.headers["access-control-allow-origin"] == SITE


async def test_credentials_may_be_left_out() -> None:
    async with engine_rig(cors_allowed_origins="*", cors_credentials=False) as rig:
        answer = await rig.request("GET", PATH + "polling", headers={"Origin": SITE})
        assert "access-control-allow-credentials" not in answer.headers


async def test_the_upgrade_of_a_stolen_sid_from_another_site_is_refused() -> None:
    async with engine_rig(cors_allowed_origins=[SITE]) as rig:
        sid = await rig.open_polling({"Origin": SITE})
        headers = {**UPGRADE, "Origin": "https://evil.example"}
        answer = await rig.request("GET", f"{PATH}websocket&sid={sid}", headers=headers)
        assert answer.status == 403
