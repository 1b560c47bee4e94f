"""Trickled candidates as browsers send them (`RTCIceCandidateInit`), turned into what aiortc takes."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Any

from aiortc import RTCIceCandidate, RTCPeerConnection
from aiortc.sdp import candidate_from_sdp

MAX_CANDIDATE_CHARS = 1024
MAX_EARLY_CANDIDATES = 256
MDNS_WAIT_S = 2.0
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


class RemoteCandidates:
    """The other side's candidates: held until there is a description, then given to the connection, in order."""

    def __init__(self) -> None:
        self._early: list[dict[str, Any] | None] = []
        self._resolving: set[asyncio.Task[None]] = set()

    def hold(self, init: dict[str, Any] | None) -> None:
        """Keep a candidate that came before its description; beyond `MAX_EARLY_CANDIDATES` it is dropped."""
        if len(self._early) < MAX_EARLY_CANDIDATES:
            self._early.append(init)

    def forget(self) -> None:
        """A new connection begins: what was held was for another one."""
        self._early.clear()

    async def release(self, pc: RTCPeerConnection) -> None:
        """Give the connection what was held for it."""
        early, self._early = self._early, []
        for init in early:
            await self.add(pc, init)

    async def add(self, pc: RTCPeerConnection, init: dict[str, Any] | None) -> None:
        """Give the connection one candidate, or their end. What cannot be used is left out quietly."""
        try:
            candidate = parse_candidate(init)
        except UnusableCandidate:
            return
        if candidate is None:
            # aiortc takes no candidate after the end: those that are being looked up come first.
            if self._resolving:
                await asyncio.wait(self._resolving, timeout=MDNS_WAIT_S)
            await pc.addIceCandidate(None)
            return
        ufrag, known = candidate_ufrag(init or {}), description_ufrags(pc.remoteDescription.sdp)
        if ufrag is not None and known and ufrag not in known:
            return  # of an ICE generation that has been replaced
        if not is_mdns(candidate):
            await pc.addIceCandidate(candidate)
            return
        task = asyncio.create_task(_add_mdns(pc, candidate))
        self._resolving.add(task)
        task.add_done_callback(self._resolving.discard)

    async def close(self) -> None:
        """Stop looking up names."""
        for task in tuple(self._resolving):
            task.cancel()
        await asyncio.gather(*self._resolving, return_exceptions=True)


async def _add_mdns(pc: RTCPeerConnection, candidate: RTCIceCandidate) -> None:
    # A host without multicast cannot look such a name up; the other candidates are what is left then.
    with contextlib.suppress(OSError, ValueError):
        await pc.addIceCandidate(candidate)
