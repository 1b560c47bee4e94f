"""Says where a call got stuck, in the order in which things have to work."""

from __future__ import annotations

from collections.abc import Sequence

from peer.call import Call
from peer.report import Problem
from peer.turn_check import TurnResult


def diagnose(calls: Sequence[Call], turn: Sequence[TurnResult], *, relay_only: bool) -> Problem | None:
    """Why no media came, from the call that got furthest; `None` where one had pictures and sound."""
    if any(call.measured.media_flowed for call in calls):
        return None
    if not calls:
        return Problem("alone", "the room was joined, but nobody else came")
    if relay_only and not any(result.ok for result in turn):
        return Problem("turn", _turn_problem(turn))
    connected = [call for call in calls if call.measured.connected_after_s is not None]
    if connected:
        return Problem("media", _media_problem(connected[0]))
    if any(call.answered for call in calls):
        return Problem("ice", _ice_problem(turn))
    stated = next((f" ({call.problem})" for call in calls if call.problem), "")
    if any(call.offers_sent for call in calls):
        return Problem("signaling", f"an offer was sent, but no answer came back{stated}")
    return Problem("signaling", f"somebody else is there, but no offer came{stated}")


def _turn_problem(turn: Sequence[TurnResult]) -> str:
    if not turn:
        return "the server names no TURN server: set TURN_URLS and TURN_SECRET"
    return "no TURN server gave an allocation: " + "; ".join(f"{r.url}: {r.problem}" for r in turn)


def _ice_problem(turn: Sequence[TurnResult]) -> str:
    told = "signaling works, but ICE found no way between the two"
    if not turn:
        return f"{told}; the server names no TURN server, which networks that block direct UDP need"
    working = sum(result.ok for result in turn)
    return f"{told}; {working} of {len(turn)} TURN servers gave an allocation"


def _media_problem(call: Call) -> str:
    measured = call.measured
    missing = [kind for kind, meter in (("video", measured.video), ("audio", measured.audio)) if not meter.frames]
    return f"connected, but no {' and no '.join(missing)} could be decoded"
