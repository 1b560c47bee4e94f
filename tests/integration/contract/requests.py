"""Requests that several tests make."""

from __future__ import annotations

from typing import Any

OFFER = {"type": "offer", "sdp": "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"}
ANSWER = {"type": "answer", "sdp": "v=0\r\no=- 2 2 IN IP4 127.0.0.1\r\n"}
CANDIDATE = {"candidate": "candidate:1 1 udp 1 127.0.0.1 9 typ host", "sdpMid": "0", "sdpMLineIndex": 0}

HOST_REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("answer-knock", {"knockId": "k", "admit": True}),
    ("kick", {"participantId": "p"}),
    ("ban", {"participantId": "p"}),
    ("update-room", {"locked": True}),
    ("transfer-host", {"participantId": "p"}),
    ("pin-message", {"id": None}),
    ("end-room", {}),
]
