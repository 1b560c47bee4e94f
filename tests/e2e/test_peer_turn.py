"""TURN credentials and relayed calls, judged by a real coturn."""

from __future__ import annotations

import re
import subprocess
import time

from peer.turn_check import check_turn
from signaling.ice import IceSettings, ice_servers
from tests.support.pace import PACE
from tests.support.peer_wire import flows, until, wired
from tests.support.processes import LOOPBACK, free_port
from tests.support.turn import TurnServer

UCLIENT_LIMIT_S = 60 * PACE


def given_by(turn_server: TurnServer, now: float, secret: str | None = None) -> list[dict[str, object]]:
    settings = IceSettings((), tuple(turn_server.urls), turn_server.secret if secret is None else secret, 60)
    return [dict(server) for server in ice_servers(settings, "p-1", now).as_json()]


async def test_coturn_takes_our_credentials_over_udp_and_tcp(turn_server: TurnServer) -> None:
    results = await check_turn(given_by(turn_server, time.time()))
    assert [(result.url, result.ok, result.problem) for result in results] == [
        (url, True, None) for url in turn_server.urls
    ]


async def test_coturn_refuses_what_another_secret_made(turn_server: TurnServer) -> None:
    results = await check_turn(given_by(turn_server, time.time(), secret="another"))
    assert [result.ok for result in results] == [False, False]
    assert all("401" in str(result.problem) and "TURN_SECRET" in str(result.problem) for result in results)


async def test_coturn_refuses_credentials_that_have_expired(turn_server: TurnServer) -> None:
    results = await check_turn(given_by(turn_server, time.time() - 120))
    assert [result.ok for result in results] == [False, False]


async def test_a_turn_server_that_is_not_there_is_said_to_be_silent() -> None:
    urls = [f"turn:{LOOPBACK}:{free_port()}?transport={transport}" for transport in ("udp", "tcp")]
    results = await check_turn([{"urls": urls, "username": "u", "credential": "c"}])
    assert [result.ok for result in results] == [False, False]
    assert all(result.problem for result in results)


def test_the_client_that_comes_with_coturn_can_use_our_credentials(turn_server: TurnServer) -> None:
    entry = given_by(turn_server, time.time())[0]
    command = ["turnutils_uclient", "-y", "-m", "1", "-n", "5", "-p", str(turn_server.port)]
    command += ["-u", str(entry["username"]), "-w", str(entry["credential"]), LOOPBACK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=UCLIENT_LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout
    sent, received = re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", done.stdout)[-1]
    assert int(sent) == int(received) > 0, done.stdout


async def test_a_call_restricted_to_relays_goes_through_coturn(turn_server: TurnServer) -> None:
    async with wired(relay_only=True, ice_servers=given_by(turn_server, time.time())) as wire:
        one, two = wire.calls
        one.start_offer()
        await until(lambda: flows(one) and flows(two), "media through the relay")
        descriptions = [fields["description"]["sdp"] for _, _, fields in wire.sent if "description" in fields]
    assert len(descriptions) == 2
    for sdp in descriptions:
        candidates = [line for line in sdp.splitlines() if line.startswith("a=candidate:")]
        assert candidates
        assert all(" typ relay" in line for line in candidates)
    for call in (one, two):
        assert call.measured.pair is not None
        assert (call.measured.pair.local.type, call.measured.pair.remote.type) == ("relay", "relay")


async def test_with_expired_credentials_a_relayed_call_has_nothing_to_connect_with(
    turn_server: TurnServer,
) -> None:
    async with wired(relay_only=True, ice_servers=given_by(turn_server, time.time() - 120)) as wire:
        one, two = wire.calls
        one.start_offer()
        await until(lambda: one.answered and two.answered, "offer and answer")
        assert (one.state, two.state) == ("new", "new")
        assert not any("a=candidate:" in str(fields) for _, _, fields in wire.sent)
