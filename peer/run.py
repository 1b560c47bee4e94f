"""The three modes: `send` and `echo` take one seat, `probe` two."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mayfly_client.channel import Refused, Unreachable
from mayfly_client.credentials import Credentials
from mayfly_client.link import Link
from peer.call import Call
from peer.client import RoomClient
from peer.connection import ConnectionSettings, MediaMode
from peer.diagnosis import diagnose
from peer.own_room import own_room
from peer.picture import TAG_BITS
from peer.recording import Recordings
from peer.report import Problem, Report, seat_report
from peer.transport import use_loopback_where_there_is_nothing_else
from peer.turn_check import check_turn

CHECK_INTERVAL_S = 0.1
LINGER_S = 3.0
"""How long a peer stays once it has seen and heard enough itself, for the sake of the others."""
ENOUGH_VIDEO_FRAMES, ENOUGH_AUDIO_FRAMES, ENOUGH_PINGS = 20, 50, 5
"""A second of pictures and of sound, and a few round trips."""

MEDIA = {"audio": True, "video": True}

_HINTS = {
    "INVITE_REQUIRED": "; give the whole link, with what stands behind the #, in quotes",
    "KEY_MISSING": "; give the whole link, with what stands behind the #, in quotes",
    "KEY_WRONG": "; copy the link once more, whole",
    "PASSWORD_REQUIRED": "; give the password with --password",
    "PASSWORD_INVALID": "; the password given with --password is not the room's",
}


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asked for. `seconds` `None`: until interrupted."""

    link: Link
    mode: str
    seconds: float | None
    name: str
    password: str | None = field(default=None, repr=False)
    host_key: str | None = field(default=None, repr=False)
    relay_only: bool = False
    record: Path | None = None
    calls: int | None = None


async def run(options: Options, stop: asyncio.Event) -> Report:
    """Run until the mode is done, the time is over, the seat is gone, or `stop` is set."""
    use_loopback_where_there_is_nothing_else()
    try:
        return await (_run_probe if options.mode == "probe" else _run_one)(options, stop)
    except Unreachable as error:
        problem = Problem("reach", f"could not reach the server: {error}")
    except Refused as refused:
        hint = _HINTS.get(refused.code, "")
        if options.mode == "probe" and refused.code in ("ROOM_FULL", "INVITE_USED"):
            hint = "; a probe needs two free seats, or the server's address alone to make a room of its own"
        problem = Problem("join", f"the server answered: {refused}{hint}", refused.code)
    return Report(options.mode, options.relay_only, [], [], problem)


async def _run_one(options: Options, stop: asyncio.Event) -> Report:
    recordings = Recordings(options.record) if options.record else None
    mode = MediaMode(options.mode)
    client = _client(options, ConnectionSettings(mode, options.relay_only, recordings))

    def left_alone() -> bool:
        return mode is MediaMode.ECHO and bool(client.past) and not client.calls

    def enough() -> bool:
        return options.calls is not None and _well_heard(client) >= options.calls

    async with _seated(client):
        turn = await check_turn(client.ice_servers)
        # Without a time limit an echo stays, for whoever comes next.
        done = left_alone if options.seconds is not None else _never
        await _wait(options, stop, lambda: client.ended.is_set() or done() or enough())
        if enough() and not stop.is_set():
            await _wait(replace(options, seconds=LINGER_S), stop, client.ended.is_set)
    problem = diagnose(client.every_call(), turn, relay_only=options.relay_only)
    made = recordings.made if recordings else []
    return Report(options.mode, options.relay_only, [seat_report(client)], turn, problem, made)


async def _run_probe(options: Options, stop: asyncio.Event) -> Report:
    clients: list[RoomClient] = []

    def is_ours(participant_id: str) -> bool:
        return participant_id in {client.self_id for client in clients}

    async with contextlib.AsyncExitStack() as stack:
        if options.link.room_id is None:
            options = replace(options, link=await stack.enter_async_context(own_room(options.link)))
        for number in (1, 2):
            numbered = replace(options, name=f"{options.name} {number}")
            settings = ConnectionSettings(MediaMode.SEND, options.relay_only)
            clients.append(_client(numbered, settings, is_ours))
            await stack.enter_async_context(_seated(clients[-1]))
        turn = await check_turn(clients[0].ice_servers)
        await _wait(options, stop, lambda: _satisfied(clients))
    problems = [diagnose(client.every_call(), turn, relay_only=options.relay_only) for client in clients]
    problem = next(filter(None, problems), None)
    seats = [seat_report(client) for client in clients]
    return Report(options.mode, options.relay_only, seats, turn, problem)


def _client(
    options: Options, settings: ConnectionSettings, wants: Callable[[str], bool] = lambda participant_id: True
) -> RoomClient:
    link = options.link
    host_key = options.host_key or link.host_key
    credentials = Credentials(options.name, link.invite, options.password, host_key, media=MEDIA)
    return RoomClient(link, credentials, settings, secrets.randbelow(1 << TAG_BITS), wants)


@contextlib.asynccontextmanager
async def _seated(client: RoomClient) -> AsyncIterator[None]:
    try:
        await client.open()
        yield
    finally:
        await client.close()


async def _wait(options: Options, stop: asyncio.Event, done: Callable[[], bool]) -> None:
    deadline = None if options.seconds is None else time.monotonic() + options.seconds
    while not done() and (deadline is None or time.monotonic() < deadline):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CHECK_INTERVAL_S):
                await stop.wait()
            return


def _never() -> bool:
    return False


def _satisfied(clients: Sequence[RoomClient]) -> bool:
    if any(client.ended.is_set() for client in clients):
        return True
    calls = [call for client in clients for call in client.calls.values()]
    pinged = all(call.measured.pings.received >= ENOUGH_PINGS for call in calls)
    return pinged and all(_well_heard(client) for client in clients)


def _well_heard(client: RoomClient) -> int:
    return sum(_is_enough(call) for call in client.every_call())


def _is_enough(call: Call) -> bool:
    if call.left_reason is not None:
        return call.measured.media_flowed  # more will not come
    return call.measured.video.frames >= ENOUGH_VIDEO_FRAMES and call.measured.audio.frames >= ENOUGH_AUDIO_FRAMES
