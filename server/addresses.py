"""Who is calling: the network address of a client, also behind proxies."""

from __future__ import annotations

import hashlib
import hmac


def client_address(remote: str | None, forwarded_for: str | None, trusted_hops: int) -> str:
    """The address of the client, believing the last `trusted_hops` entries of X-Forwarded-For.

    Each proxy appends the address it was called from, so what lies further left may have been invented by the client.
    """
    if trusted_hops and forwarded_for:
        hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
        if hops:
            return hops[-min(trusted_hops, len(hops))]
    return remote or ""


def origin_digest(address: str, room_key: bytes) -> bytes:
    """What a room keeps of an address to recognise a banned one: a keyed digest, useless outside this room."""
    return hmac.new(room_key, address.encode(), hashlib.sha256).digest()[:16]
