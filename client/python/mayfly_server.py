"""For a site's own server: mints join tokens, makes rooms, verifies webhooks. One file, the standard library alone.

Copy it, or put its folder on your path. In an async application call `create_room` and its kin in a thread.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LIFETIME_S = 300
TOLERANCE_S = 300
TIMEOUT_S = 10.0


class MayflyError(Exception):
    """A refusal of the Mayfly server: its HTTP status and error code."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        super().__init__(error.get("message", f"The server answered with status {status}."))
        self.status = status
        self.code = str(error.get("code", "UNAVAILABLE"))
        self.retryable = bool(error.get("retryable", status >= 500))
        self.retry_after_ms: int | None = error.get("retryAfterMs")


class WebhookError(Exception):
    """A webhook that is not to be believed."""


def mint_token(
    sub: str,
    room: str,
    *,
    secret: str,
    name: str | None = None,
    role: str | None = None,
    attributes: Mapping[str, str] | None = None,
    once: bool = False,
    share_sub: bool = False,
    can_speak: bool = True,
    can_call: bool = True,
    can_invite: bool = True,
    expires_in_s: float = LIFETIME_S,
    issuer: str | None = None,
    audience: str | None = None,
) -> str:
    """A join token (HS256) for a room, or `*`: good for five minutes unless told otherwise; `once`: it admits once."""
    now = int(time.time())
    own = {"shareSub": share_sub, "canSpeak": can_speak, "canCall": can_call, "canInvite": can_invite}
    claims = {"sub": sub, "room": room, "name": name, "role": role, "attributes": attributes, "iss": issuer}
    claims |= {"aud": audience, "iat": now, "exp": int(now + expires_in_s), "mayfly": own}
    claims |= {"jti": str(uuid.uuid4()) if once else None}
    said = {key: value for key, value in claims.items() if value is not None}
    signed = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, said))
    return f"{signed}.{_base64url(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


@dataclass(frozen=True)
class Site:
    """The Mayfly server, such as https://rooms.example.com, and a secret of its `API_KEYS`. Methods raise
    `MayflyError`.
    """

    server: str
    api_key: str

    def create_room(self, *, idempotency_key: str | None = None, **options: Any) -> dict[str, Any]:
        """Make a room: `{roomId, url, hostKey, room}`. Options are those of the REST call, such as `capacity`."""
        more = {"Idempotency-Key": idempotency_key} if idempotency_key is not None else {}
        return self._call("POST", "/api/rooms", options, more)

    def list_rooms(self, after: str = "", limit: int = 100) -> list[dict[str, Any]]:
        """A page of the rooms that the key has made, in the order of their ids, from above `after`."""
        query = urllib.parse.urlencode({"after": after, "limit": limit})
        rooms: list[dict[str, Any]] = self._call("GET", f"/api/rooms?{query}")["rooms"]
        return rooms

    def end_room(self, room_id: str) -> None:
        """End a room that the key has made."""
        self._call("DELETE", f"/api/rooms/{urllib.parse.quote(room_id, safe='')}")

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, more: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json", **(more or {})}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.server.rstrip("/") + path, data, headers, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - the site's own setting
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as refused:
            try:
                error = json.load(refused)["error"]
            except (ValueError, KeyError, TypeError):
                error = {}
            raise MayflyError(refused.code, error) from None


def verify_webhook(
    body: bytes, headers: Mapping[str, str], secret: str, *, tolerance_s: float = TOLERANCE_S
) -> dict[str, Any]:
    """The message of a webhook, once its signature and time are right; else `WebhookError`.

    `body` is what was received, unchanged; `secret` one or several, separated by spaces.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, at, signatures = (given.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not message_id or not signatures or not at.isdecimal():
        raise WebhookError("A header is missing.")
    if abs(time.time() - int(at)) > tolerance_s:
        raise WebhookError("It is too old, or of the future.")
    signed = f"{message_id}.{at}.".encode() + body
    for one in secret.replace(",", " ").split():
        try:
            key = base64.b64decode(one.removeprefix("whsec_") + "==")
        except binascii.Error:
            continue
        right = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if any(hmac.compare_digest(right, signature) for signature in signatures.split(" ")):
            message: dict[str, Any] = json.loads(body)
            return message
    raise WebhookError("No signature is right.")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
