"""The test peer as an operator runs it: real processes, a real server."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from mayfly_client.keys import key_check
from tests.e2e.peer_process import STAY, Done, Rooms, peer, run_peer
from tests.support.pace import PACE
from tests.support.processes import LOOPBACK, ROOT, free_port, server_process, wait_until
from tests.support.proxy import tcp_proxy
from tests.support.turn import TurnServer

UNTIL_HEARD = (*STAY, "--calls", "1")
PROBE = ("--mode", "probe", "--seconds", f"{20 * PACE:g}")


@pytest.fixture(scope="module")
def rooms() -> Iterator[Rooms]:
    with server_process(STUN_URLS="", SEAT_GRACE_S=f"{5 * PACE:g}") as server:
        yield Rooms(server)


def assert_media_flowed(call: dict[str, Any]) -> None:
    assert call["mediaFlowed"], call
    assert call["video"]["numberedFrames"] > 0
    assert call["audio"]["level"] > 0.01
    assert call["audio"]["packets"] > 0
    assert call["video"]["packets"] > 0
    assert call["bytesReceived"] > 1000
    assert call["connectedMs"] > 0
    assert call["pair"]["local"]["type"] in ("host", "prflx", "srflx", "relay")


def test_two_peers_in_one_room_see_and_hear_each_other(rooms: Rooms) -> None:
    url = rooms.create()["url"]
    with peer(url, *UNTIL_HEARD) as one, peer(url, *UNTIL_HEARD) as two:
        ends = [one.finish(), two.finish()]
    for done in ends:
        assert (done.code, done.told["problem"], done.stderr) == (0, None, "")
        (call,) = done.calls
        assert_media_flowed(call)
        assert call["video"]["ownFrames"] == 0
        assert call["dataChannel"]["minMs"] <= call["dataChannel"]["medianMs"] < 1000
    assert sorted(call["offersSent"] for done in ends for call in done.calls) == [0, 1]
    assert ends[0].told["seats"][0]["participantId"] == ends[1].calls[0]["participantId"]


def test_an_echo_sends_back_the_others_own_frames_and_goes_when_everybody_has_left(rooms: Rooms) -> None:
    room = rooms.create()
    with peer(room["url"], "--mode", "echo", *STAY) as echo:
        rooms.wait_for_participants(room, 1)
        connection = run_peer(room["url"], *UNTIL_HEARD)
        echoed = echo.finish(limit_s=20)
    assert (connection.code, echoed.code) == (0, 0)
    assert connection.calls[0]["video"]["ownFrames"] > 10
    assert connection.calls[0]["dataChannel"]["pingsReceived"] > 3
    assert connection.calls[0]["audio"]["frequencyHz"] == pytest.approx(440, abs=30)
    assert echoed.calls[0]["leftReason"] == "left"
    assert echoed.calls[0]["dataChannel"]["echoedMessages"] > 3


def test_an_echo_that_comes_later_calls_and_echoes_as_well(rooms: Rooms) -> None:
    room = rooms.create()
    with peer(room["url"], *UNTIL_HEARD) as connection:
        rooms.wait_for_participants(room, 1)
        with peer(room["url"], "--mode", "echo") as echo:
            done = connection.finish()
            echo.interrupt()
            echoed = echo.finish()
    assert done.calls[0]["video"]["ownFrames"] > 10
    assert (done.code, done.calls[0]["offersSent"]) == (0, 0)
    assert (echoed.code, echoed.calls[0]["offersSent"]) == (0, 1)


def test_four_peers_hold_all_twelve_directions_of_a_mesh(rooms: Rooms) -> None:
    room = rooms.create()
    with (
        peer(room["url"], *STAY, "--calls", "3") as one,
        peer(room["url"], *STAY, "--calls", "3") as two,
        peer(room["url"], *STAY, "--calls", "3") as three,
        peer(room["url"], *STAY, "--calls", "3") as four,
    ):
        ends = [running.finish() for running in (one, two, three, four)]
    assert [done.code for done in ends] == [0, 0, 0, 0]
    assert [len(done.calls) for done in ends] == [3, 3, 3, 3]
    for done in ends:
        for call in done.calls:
            assert_media_flowed(call)
    # Exactly one side of each of the six pairs called.
    assert sum(call["offersSent"] for done in ends for call in done.calls) == 6


def test_a_probe_with_a_link_takes_two_seats_and_gives_them_back(rooms: Rooms) -> None:
    room = rooms.create()
    done = run_peer(room["url"], *PROBE)
    assert (done.code, len(done.told["seats"]), done.told["turn"]) == (0, 2, [])
    for call in done.calls:
        assert_media_flowed(call)
    assert rooms.participants(room) == []


def test_a_probe_with_a_servers_address_makes_a_room_and_ends_it(rooms: Rooms) -> None:
    before = rooms.count()
    done = run_peer(rooms.server.url, *PROBE)
    assert done.code == 0
    assert rooms.count() == before


def test_a_probe_leaves_others_in_the_room_alone(rooms: Rooms) -> None:
    room = rooms.create()
    with peer(room["url"], "--mode", "echo") as bystander:
        rooms.wait_for_participants(room, 1)
        done = run_peer(room["url"], *PROBE)
        bystander.interrupt()
        watched = bystander.finish()
    assert done.code == 0
    assert [len(seat["calls"]) for seat in done.told["seats"]] == [1, 1]
    assert all(call["offersSent"] == 0 for call in watched.calls)
    assert watched.told["problem"]["stage"] == "signaling"


def test_a_relay_only_probe_says_that_turn_works_and_shows_the_pair(turn_server: TurnServer) -> None:
    settings = {"TURN_URLS": ",".join(turn_server.urls), "TURN_SECRET": turn_server.secret}
    with server_process(STUN_URLS="", **settings) as server:
        done = run_peer(server.url, *PROBE, "--relay-only")
    assert (done.code, done.told["problem"]) == (0, None)
    assert [result["ok"] for result in done.told["turn"]] == [True, True]
    for call in done.calls:
        assert_media_flowed(call)
        assert call["pair"]["relayed"]
        assert (call["pair"]["local"]["type"], call["pair"]["remote"]["type"]) == ("relay", "relay")


def test_a_relay_only_probe_says_when_the_secret_is_not_the_turn_servers(turn_server: TurnServer) -> None:
    settings = {"TURN_URLS": ",".join(turn_server.urls), "TURN_SECRET": "not-the-secret"}
    with server_process(STUN_URLS="", **settings) as server:
        done = run_peer(server.url, "--mode", "probe", "--relay-only", "--seconds", "3")
    assert (done.code, done.told["problem"]["stage"]) == (1, "turn")
    assert "TURN_SECRET differs" in done.stderr


def test_a_relay_only_probe_says_when_the_server_names_no_turn(rooms: Rooms) -> None:
    done = run_peer(rooms.server.url, "--mode", "probe", "--relay-only", "--seconds", "2")
    assert (done.code, done.told["problem"]["stage"]) == (1, "turn")
    assert "TURN_URLS" in done.stderr


def refused(done: Done) -> tuple[int, str, str | None]:
    return done.code, done.told["problem"]["stage"], done.told["problem"]["code"]


def test_a_link_to_no_room_is_told_with_the_servers_code(rooms: Rooms) -> None:
    done = run_peer(f"{rooms.server.url}/r/nosuchroomnosuchroomnosuch")
    assert refused(done) == (2, "join", "ROOM_NOT_FOUND")
    assert "no such room" in done.stderr


def test_an_ended_room_is_told_with_the_servers_code(rooms: Rooms) -> None:
    room = rooms.create()
    rooms.end(room)
    assert refused(run_peer(room["url"])) == (2, "join", "ROOM_ENDED")


def test_a_full_room_a_missing_invite_and_a_wrong_password_are_told(rooms: Rooms) -> None:
    assert refused(run_peer(rooms.create(capacity=1)["url"], *PROBE)) == (2, "join", "ROOM_FULL")
    assert refused(run_peer(rooms.create(inviteOnly=True)["url"])) == (2, "join", "INVITE_REQUIRED")
    locked = rooms.create(password="right")["url"]
    assert refused(run_peer(locked)) == (2, "join", "PASSWORD_REQUIRED")
    assert refused(run_peer(locked, "--password", "wrong")) == (2, "join", "PASSWORD_INVALID")


def test_an_invite_a_password_and_a_host_key_open_their_rooms(rooms: Rooms) -> None:
    invited = rooms.create(inviteOnly=True)
    invite = rooms.invite(invited, uses=2)
    assert run_peer(invite["url"], *PROBE).code == 0
    assert refused(run_peer(invite["url"])) == (2, "join", "INVITE_USED")
    assert run_peer(invited["url"], *PROBE, "--host-key", invited["hostKey"]).code == 0
    secured = rooms.create(password="right")
    assert run_peer(secured["url"], *PROBE, "--password", "right").code == 0


def test_a_server_that_is_not_there_is_told() -> None:
    done = run_peer(f"http://{LOOPBACK}:{free_port()}/r/abcdefghijklmnopqrstuvwxyz")
    assert refused(done) == (2, "reach", None)
    assert "could not reach the server" in done.stderr


def test_nobody_else_is_no_media(rooms: Rooms) -> None:
    done = run_peer(rooms.create()["url"], "--seconds", "1")
    assert (done.code, done.told["problem"]["stage"]) == (1, "alone")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_peer_leaves_the_room_at_once(rooms: Rooms, number: signal.Signals) -> None:
    room = rooms.create()
    with peer(room["url"], "--mode", "echo") as echo:
        rooms.wait_for_participants(room, 1)
        echo.interrupt(number)
        done = echo.finish(limit_s=10)
        assert rooms.participants(room) == []  # the seat is not kept for the grace period
    assert (done.code, done.told["problem"]["stage"], done.stderr.count("Traceback")) == (1, "alone", 0)


def test_a_room_that_ends_ends_the_peer(rooms: Rooms) -> None:
    room = rooms.create()
    with peer(room["url"], "--mode", "echo") as echo:
        rooms.wait_for_participants(room, 1)
        rooms.end(room)
        done = echo.finish(limit_s=10)
    assert done.told["seats"][0]["endReason"] == "room-ended"


def test_a_cut_connection_is_resumed_and_the_call_goes_on(rooms: Rooms) -> None:
    room = rooms.create()
    with tcp_proxy(rooms.server.port) as proxy:
        through_proxy = room["url"].replace(str(rooms.server.port), str(proxy.port))
        until_two = (*STAY, "--calls", "2")
        with peer(through_proxy, *until_two) as cut, peer(room["url"], *until_two) as other:
            rooms.wait_for_participants(room, 2)
            proxy.refuse()  # until the drop was seen
            proxy.cut()  # the two are negotiating, or have just done so
            wait_until(lambda: not all(p["connected"] for p in rooms.participants(room)), "the drop")
            proxy.accept()
            wait_until(lambda: all(p["connected"] for p in rooms.participants(room)), "the resumed seat")
            with peer(room["url"], *until_two) as third:
                ends = [cut.finish(), other.finish(), third.finish()]
    assert [done.code for done in ends] == [0, 0, 0]
    assert [done.told["seats"][0]["reconnects"] for done in ends] == [1, 0, 0]
    assert [len(done.calls) for done in ends] == [2, 2, 2]
    for done in ends:
        assert done.told["seats"][0]["breach"] is None
        for call in done.calls:
            assert_media_flowed(call)


def test_what_is_received_is_in_the_recorded_file(rooms: Rooms, tmp_path: Path) -> None:
    room, path = rooms.create(), tmp_path / "seen.mp4"
    with peer(room["url"], "--mode", "echo") as echo:
        rooms.wait_for_participants(room, 1)
        done = run_peer(room["url"], *UNTIL_HEARD, "--record", str(path))
        echo.interrupt()
    assert done.told["recordings"][0]["problem"] is None
    with av.open(str(path)) as container:
        assert len(list(container.decode(video=0))) > 20
    with av.open(str(path)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) > 48_000


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["not a link"],
        ["https://a.org"],
        ["https://a.org/r/abcdefgh", "--seconds", "0"],
        ["https://a.org/r/abcdefgh", "--mode", "other"],
        ["https://a.org/r/abcdefgh", "--record", "seen.txt"],
        ["https://a.org/r/abcdefgh", "--calls", "0"],
        ["https://a.org/r/abcdefgh", "--calls", "1", "--mode", "probe"],
        ["https://a.org/r/abcdefgh", "--record", "/no/such/folder/seen.mp4"],
        ["https://a.org/r/abcdefgh", "--mode", "probe", "--record", "seen.mp4"],
        ["https://a.org/r/abcdefgh#e2e=short"],
        ["https://a.org/r/abcdefgh", "--name", "x" * 100],
    ],
)
def test_wrong_usage_is_exit_code_2_with_a_reason(arguments: list[str]) -> None:
    done = run_peer(*arguments)
    assert done.code == 2
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("fragment", "code"), [("", "KEY_MISSING"), (f"e2e={'A' * 43}", "KEY_WRONG")])
def test_a_link_without_the_key_of_its_room_spends_nothing_and_says_so(rooms: Rooms, fragment: str, code: str) -> None:
    room = rooms.create(encrypted=True, inviteOnly=True, keyCheck=key_check("B" * 42 + "A"))
    path, key = f"/api/rooms/{room['roomId']}/invites", room["hostKey"]
    invite = rooms.invite(room)["invite"]
    done = run_peer(f"{room['url']}#invite={invite}&{fragment}", "--seconds", "5")
    assert (done.code, done.told["problem"]["code"]) == (2, code)
    assert "link" in done.stderr
    (kept,) = rooms.call("GET", path, None, key)["invites"]
    assert kept["used"] == 0


def test_the_text_for_people_tells_the_same(rooms: Rooms) -> None:
    command = [sys.executable, "-m", "signaling.peer", rooms.server.url, *PROBE]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60 * PACE, check=False)
    assert done.returncode == 0
    for part in ("probe", "connected after", "host/udp", "video:", "audio:", "pings came back", "OK"):
        assert part in done.stdout
