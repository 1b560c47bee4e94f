"""The command line of the test peer."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from mayfly_client.link import Link, LinkError, parse_link
from peer.vouch import Voucher

DEFAULT_SECONDS: dict[str, float | None] = {"send": 15.0, "probe": 20.0, "echo": None}
MAX_SECONDS = 86_400.0
MAX_NAME_CHARS = 64 - 2  # a probe's two seats put a number behind the name
RECORDING_ENDINGS = (".mp4", ".webm", ".mkv")

_EPILOG = """
modes:
  send    sends a synthetic picture, a tone and pings, and receives (15 s unless told otherwise)
  echo    sends everybody their own picture, sound and messages back, until interrupted;
          with --seconds until then, or until everybody who came has left
  probe   takes two seats and calls itself through the server, to see whether a deployment works (at most 20 s);
          given a server's address in place of a link, it makes a room of its own and ends it afterwards

exit code: 0 pictures and sound arrived · 1 they did not · 2 wrong usage, or no seat to be had
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the test peer and return its exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    link = _checked_link(parser, given)
    if given.calls is not None and given.mode == "probe":
        parser.error("--calls is for send and echo: a probe calls nobody but itself")
    if given.record is not None:
        _check_recording(parser, given)
    # Here, so that wrong usage is told at once and not after the second that aiortc takes to load.
    from peer.run import Options, run

    seconds = DEFAULT_SECONDS[given.mode] if given.seconds is None else given.seconds
    options = Options(
        link,
        given.mode,
        seconds,
        given.name or f"Test peer ({given.mode})",
        given.password,
        given.host_key,
        given.relay_only,
        given.record,
        given.calls,
    )

    async def until_interrupted() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        report = await run(options, stop)
        print(json.dumps(report.as_json(), indent=2) if given.json else report.as_text())
        if given.json and report.problem is not None:
            print(report.problem.message, file=sys.stderr)
        return report.exit_code

    return asyncio.run(until_interrupted())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m signaling.peer",
        description="Join a room as any client would, hold a call with everybody there, and say how it went.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("link", help="a room's link, in quotes; for --mode probe also a server's address")
    parser.add_argument("--mode", choices=tuple(DEFAULT_SECONDS), default="send")
    parser.add_argument("--seconds", type=_seconds, help="how long to stay")
    parser.add_argument("--calls", type=_calls, metavar="N", help="leave early, once N others came through")
    parser.add_argument("--json", action="store_true", help="print the measurements as JSON")
    parser.add_argument("--name", type=_name, help="the name that others see")
    parser.add_argument("--password", help="the room's password")
    parser.add_argument("--host-key", help="join as a host")
    parser.add_argument("--relay-only", action="store_true", help="send media through TURN alone")
    parser.add_argument("--record", type=Path, metavar="FILE", help="write what is received: .mp4, .webm or .mkv")
    return parser


def _checked_link(parser: argparse.ArgumentParser, given: argparse.Namespace) -> Link:
    try:
        link = parse_link(given.link)
    except LinkError as error:
        parser.error(str(error))
    if link.e2e and link.room_id:
        try:
            Voucher(link.e2e, link.room_id)
        except ValueError as error:
            parser.error(str(error))
    if link.room_id is None and given.mode != "probe":
        parser.error("this is a server's address, not a room's link (only --mode probe makes a room of its own)")
    return link


def _check_recording(parser: argparse.ArgumentParser, given: argparse.Namespace) -> None:
    if given.mode == "probe":
        parser.error("--record is for send and echo")
    if given.record.suffix.lower() not in RECORDING_ENDINGS:
        parser.error(f"--record takes a file ending in {', '.join(RECORDING_ENDINGS)}")
    if not given.record.absolute().parent.is_dir():
        parser.error("the folder of --record does not exist")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {MAX_SECONDS:.0f}")
    return seconds


def _calls(text: str) -> int:
    calls = int(text)
    if calls < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return calls


def _name(text: str) -> str:
    if not 0 < len(text) <= MAX_NAME_CHARS:
        raise argparse.ArgumentTypeError(f"must have 1 to {MAX_NAME_CHARS} characters")
    return text
