"""Trickled candidates as browsers send them (`RTCIceCandidateInit`), turned into what aiortc takes."""

from __future__ import annotations

import re
from typing import Any

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

MAX_CANDIDATE_CHARS = 1024
_UFRAG_LINE = re.compile(r"^a=ice-ufrag:(\S+)", re.MULTILINE)
_UFRAG_EXTENSION = re.compile(r" ufrag (\S+)")


class UnusableCandidate(ValueError):
    """Not a candidate. One that cannot be read is left out; the others may still connect."""


def parse_candidate(init: dict[str, Any] | None) -> RTCIceCandidate | None:
    """An `RTCIceCandidateInit` for aiortc; `None` for the end of candidates (`null` or an empty string).

    Raises `UnusableCandidate`. The text is RFC 8839, section 5.1, with or without `candidate:` before it.
    """
    if init is None:
        return None
    text = init.get("candidate")
    if not isinstance(text, str) or len(text) > MAX_CANDIDATE_CHARS:
        raise UnusableCandidate("no candidate text")
    text = text.removeprefix("a=").removeprefix("candidate:").strip()
    if not text:
        return None
    try:
        candidate = candidate_from_sdp(text)
    except (AssertionError, ValueError, IndexError) as error:
        raise UnusableCandidate("not a candidate line") from error
    mid, line = init.get("sdpMid"), init.get("sdpMLineIndex")
    candidate.sdpMid = mid if isinstance(mid, str) else None
    candidate.sdpMLineIndex = line if isinstance(line, int) else None
    if candidate.sdpMid is None and candidate.sdpMLineIndex is None:
        raise UnusableCandidate("neither sdpMid nor sdpMLineIndex")
    return candidate


def is_mdns(candidate: RTCIceCandidate) -> bool:
    """Whether a browser hid the address behind a `.local` name, which only its own network can resolve."""
    return candidate.ip.endswith(".local")


def candidate_ufrag(init: dict[str, Any]) -> str | None:
    """The ICE generation that a candidate belongs to, where it says so."""
    stated = init.get("usernameFragment")
    if isinstance(stated, str) and stated:
        return stated
    found = _UFRAG_EXTENSION.search(str(init.get("candidate", "")))
    return found[1] if found else None


def description_ufrags(sdp: str) -> frozenset[str]:
    """The ICE user name fragments of a description; a restart changes them (RFC 8839, section 4.4.1.1.1)."""
    return frozenset(_UFRAG_LINE.findall(sdp))
