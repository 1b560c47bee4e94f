"""What people see of their connections, in Chromium and Firefox: bars and numbers in the room, and `/check`."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.support.node import node_script, run_node
from tests.support.parts import requires
from tests.support.processes import server_process
from tests.support.turn import TurnServer
from tests.support.udp_relay import udp_relay

HERE = Path(__file__).parent
LIMIT_S = 150.0
LOSS = 0.3
ADMIN_KEY = "a-key-for-this-test-alone"
BROWSERS = pytest.mark.parametrize("browser", ["chromium", "firefox"])
CHROMIUM_FIRST = pytest.mark.parametrize("browser", ["chromium", pytest.param("firefox", marks=pytest.mark.soak)])

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]


async def run(script: str, *arguments: str) -> dict[str, Any]:
    result = (await run_node(HERE / script, *arguments, limit_s=LIMIT_S))[-1]
    assert isinstance(result, dict)
    return result


def rooms_of(url: str) -> list[Any]:
    request = urllib.request.Request(f"{url}/api/admin/rooms", headers={"Authorization": f"Bearer {ADMIN_KEY}"})
    with urllib.request.urlopen(request) as response:
        rooms: list[Any] = json.load(response)["rooms"]
    return rooms


@BROWSERS
async def test_the_check_page_tries_everything_and_its_report_has_no_address_and_no_secret(
    browser: str, turn_server: TurnServer
) -> None:
    requires("node", "node packages", browser)
    turn = {"TURN_URLS": ",".join(turn_server.urls), "TURN_SECRET": turn_server.secret}
    stun = f"stun:127.0.0.1:{turn_server.port}"
    with server_process(STUN_URLS=stun, ADMIN_KEY=ADMIN_KEY, **turn) as server:
        seen = await run("check.mjs", server.url, browser)
        left = rooms_of(server.url)
    states = {row["label"]: row["state"] for row in seen["rows"]}
    # On one machine STUN tells no other address than the one that is known already.
    assert states.pop("STUN") in ("good", "unsure")
    # Firefox's fake microphone hums evenly, which its noise suppression takes out.
    assert states.pop("Microphone") in ("good", "unsure" if browser == "firefox" else "good")
    assert set(states.values()) == {"good"}, seen["report"]
    assert {"TURN over UDP", "TURN over TCP", "Server, by polling", "Server, by WebSocket"} <= set(states)
    assert seen["verdict"] == "Everything that could be tried works."
    assert all(row["words"] in seen["report"] for row in seen["rows"])
    for secret in ("127.0.0.1", str(turn_server.port), str(server.port), "/r/", "host_key", "credential"):
        assert secret not in seen["report"], secret
    assert seen["back"] == "Play a sound", "the focus goes back to the button that is still there"
    assert seen["without"] == "Something that a call needs does not work here."
    assert left == [], "the room of the check is over"
    assert not seen["faults"], "\n".join(seen["faults"])
    assert seen["errors"] == []


@CHROMIUM_FIRST
async def test_wrong_turn_credentials_and_a_server_that_makes_no_rooms_are_told(
    browser: str, turn_server: TurnServer
) -> None:
    requires("node", "node packages", browser)
    turn = {"TURN_URLS": turn_server.urls[0], "TURN_SECRET": "not the secret of that server"}
    with server_process(STUN_URLS="", **turn) as server:
        seen = await run("check.mjs", server.url, browser)
    states = {row["label"]: row["state"] for row in seen["rows"]}
    assert states["TURN over UDP"] == "bad"
    assert seen["verdict"] == "Calls should work, though not everything does."
    with server_process(STUN_URLS="", ROOM_CREATION="key", API_KEYS=f"site:{'k' * 32}") as server:
        seen = await run("check.mjs", server.url, browser)
    [ice] = [row for row in seen["rows"] if row["id"] == "ice"]
    assert ice["state"] == "unsure"
    assert ice["words"].startswith("Not known")


@CHROMIUM_FIRST
async def test_each_tile_shows_how_good_its_connection_is_and_a_press_tells_the_numbers(browser: str) -> None:
    requires("node", "node packages", browser)
    with server_process(STUN_URLS="") as server:
        seen = await run("quality.mjs", server.url, browser)
    assert 1 <= seen["level"] <= 4
    assert seen["label"].startswith("Connection with Ben: ")
    assert seen["covered"] == [], "a pointer meets the bars, not what lies over them"
    assert seen["numbers"]["Way"].startswith("Direct")
    assert seen["back"] == "tile-bars", "the focus goes back to the bars"
    assert not seen["faults"], "\n".join(seen["faults"])
    assert seen["errors"] == []


async def test_where_a_third_gets_lost_the_page_offers_to_switch_the_camera_off(turn_server: TurnServer) -> None:
    requires("node", "node packages", "chromium")
    async with udp_relay(turn_server.port) as relay:
        turn = {"TURN_URLS": f"turn:127.0.0.1:{relay.port}?transport=udp", "TURN_SECRET": turn_server.secret}
        with server_process(STUN_URLS="", **turn) as server:
            async with node_script(HERE / "weak.mjs", server.url) as pages:
                before = await pages.call("meet", limit_s=LIMIT_S)
                assert relay.passed > 0
                relay.loss = LOSS
                seen = await pages.call("lose", limit_s=LIMIT_S)
    assert before["advised"] is False, "nothing has been lost yet"
    assert seen["advice"].startswith("Your network is weak.")
    assert seen["over"] == [], "it covers nothing that can be pressed"
    assert "for-camera" in seen["focus"]
    assert seen["advised"] is False
    assert not seen["faults"], "\n".join(seen["faults"])
