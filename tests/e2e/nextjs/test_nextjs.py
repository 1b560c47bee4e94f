"""The Next.js example in real Chromium, as built for production and in development under React Strict Mode."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.e2e.nextjs.site import Site, build, current_client, installed_client, require_example, site
from tests.support.node import run_node
from tests.support.processes import ServerProcess, server_process

SCRIPT = Path(__file__).with_name("rooms.mjs")
SCENARIO_LIMIT_S = 120.0

# The first test waits for the build, too.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    require_example()
    # The default STUN server is out in the world. A seat taken by mistake must stay listed until somebody counts.
    # Strict Mode gives up a connection before its CONNECT; over polling, that one is gone after the connect timeout.
    with server_process(
        STUN_URLS="stun:127.0.0.1:9", SEAT_GRACE_S="600", CONNECT_TIMEOUT_S="5", ENVIRONMENT="development"
    ) as running:
        yield running


@pytest.fixture(scope="module", params=["start", "dev"])
def served(request: pytest.FixtureRequest, server: ServerProcess) -> Iterator[Site]:
    """The example, in production and in development."""
    if request.param == "start":
        build(server.url)
    with site(request.param, server.url) as running:
        yield running


async def play(scenario: str, served: Site, server: ServerProcess) -> dict[str, Any]:
    """What people saw at the example."""
    (seen,) = await run_node(SCRIPT, scenario, served.url, server.url, limit_s=SCENARIO_LIMIT_S)
    assert isinstance(seen, dict)
    return seen


def test_the_example_has_the_client_as_it_is_now() -> None:
    require_example()
    assert installed_client() == current_client(), "run `make install-dev`"


@pytest.mark.parametrize("served", ["start", pytest.param("dev", marks=pytest.mark.soak)], indirect=True)
async def test_two_pages_chat_and_call_and_a_reload_keeps_the_participant(served: Site, server: ServerProcess) -> None:
    seen = await play("call", served, server)
    assert not {"Ada", "Ben"} & {p["name"] for p in seen["participants"]}, "a name left the browser in the clear"
    assert sorted(p["id"] for p in seen["participants"]) == sorted(seen["after"])
    assert seen["after"] == seen["before"]
    assert sorted(seen["host"]) == sorted(seen["after"])
    assert all(p["connected"] for p in seen["participants"])
    assert set(parse_qs(urlsplit(seen["address"]).fragment)) == {"e2e"}, "the address bar shows who is the host"
    assert seen["errors"] == []


@pytest.mark.parametrize("served", ["start", pytest.param("dev", marks=pytest.mark.soak)], indirect=True)
async def test_a_link_for_one_person_is_spent_once(served: Site, server: ServerProcess) -> None:
    seen = await play("invite", served, server)
    assert [(i["uses"], i["used"]) for i in seen["invites"]] == [(1, 1)]
    assert len(seen["participants"]) == 2
    assert "used" in seen["refusal"]
    assert seen["errors"] == []


async def test_the_plain_page_chats_through_a_lost_connection_with_one_participant_for_each_page(
    served: Site, server: ServerProcess
) -> None:
    seen = await play("plain", served, server)
    assert len(seen["participants"]) == 2
    assert all(p["connected"] for p in seen["participants"])
    said = [line.partition(": ")[2] for line in seen["shown"].splitlines()]
    assert said == ["Hello Ben", "Hello Ada", "Hm", "Are you still there?", "I am"], "lost, doubled or out of order"
    heard = [line.partition(": ")[2] for line in seen["heard"].splitlines()]
    assert heard[2:] == ["Hm", "Are you still there?", "I am", "on its way", "typed", "while away"]
    # Strict Mode, in development only: connect, disconnect, connect.
    assert (seen["connects"] > 1) == (served.mode == "dev")
    assert seen["lost"] == "There is no such room."
    assert seen["errors"] == []


@pytest.mark.parametrize("served", ["start"], indirect=True)
async def test_every_page_is_accessible_and_fits(served: Site, server: ServerProcess) -> None:
    seen = await play("accessibility", served, server)
    assert seen["violations"] == []
    assert seen["errors"] == []
