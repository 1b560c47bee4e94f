"""Who is calling: the network address of a client, also behind proxies."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address

IPV6_HOST_BITS = 64
"""A client chooses the rest of an IPv6 address by itself (RFC 4291, section 2.5.1), anew as often as it likes."""

# Some proxies append the port too: `203.0.113.7:1234`, `[2001:db8::1]:1234`.
HOP = re.compile(r"\[(?P<v6>[^\]]+)\](:\d+)?|(?P<v4>[\d.]+)(:\d+)?|(?P<bare>.*)")


@lru_cache(maxsize=8_192)
def client_address(remote: str | None, forwarded_for: str | None, trusted_hops: int) -> str:
    """The address of the client for limits and bans, believing the last `trusted_hops` entries of X-Forwarded-For.

    Each proxy appends the address it was called from, so what lies further left may have been invented by the client.
    `forwarded_for` is all lines of the header, joined by commas. Of an IPv6 address it is the /64; an IPv4 address in
    an IPv6 one counts as itself. An entry that is no address is not believed.
    """
    if trusted_hops and forwarded_for:
        hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
        if hops:
            believed = _network(hops[-min(trusted_hops, len(hops))])
            if believed is not None:
                return believed
    return _network(remote or "") or remote or ""


def _network(hop: str) -> str | None:
    found = HOP.fullmatch(hop)
    text = found and (found["v6"] or found["v4"] or found["bare"])
    if not text:
        return None
    try:
        if ":" not in text:
            return str(IPv4Address(text))
        address = IPv6Address(text.partition("%")[0])
    except AddressValueError:
        return None
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return f"{IPv6Address(int(address) >> IPV6_HOST_BITS << IPV6_HOST_BITS)}/64"


def origin_digest(address: str, room_key: bytes) -> bytes:
    """What a room keeps of an address to recognise a banned one: a keyed digest, useless outside this room."""
    # Keyed BLAKE2b (RFC 7693), a part of Python: OpenSSL's HMAC costs twenty times as much, and this is in each join.
    return hashlib.blake2b(address.encode(), key=room_key, digest_size=16).digest()
