"""Who is calling, also behind proxies."""

from __future__ import annotations

import pytest

from server.security.addresses import client_address, origin_digest

CLIENT, PROXY, EDGE = "203.0.113.7", "10.0.0.1", "198.51.100.2"


@pytest.mark.parametrize(
    ("remote", "forwarded", "hops", "address"),
    [
        (PROXY, None, 0, PROXY),
        (None, None, 0, ""),
        (PROXY, CLIENT, 0, PROXY),
        (PROXY, CLIENT, 1, CLIENT),
        (PROXY, f"{CLIENT}, {EDGE}", 2, CLIENT),
        # What lies further left than the trusted hops may have been invented by the client.
        (PROXY, f"1.1.1.1, {CLIENT}", 1, CLIENT),
        (PROXY, f"1.1.1.1, {CLIENT}, {EDGE}", 2, CLIENT),
        # Fewer entries than proxies: the leftmost is the best there is.
        (PROXY, CLIENT, 3, CLIENT),
        (PROXY, "", 1, PROXY),
        (PROXY, " , ,", 1, PROXY),
        (PROXY, f" {CLIENT} ", 1, CLIENT),
        # An IPv6 host may call from any address of its /64.
        ("2001:db8:1:2:aaaa::1", None, 0, "2001:db8:1:2::/64"),
        (PROXY, "2001:db8:1:2:bbbb:cccc:dddd:eeee", 1, "2001:db8:1:2::/64"),
        (PROXY, "2001:0DB8:1:3::1", 1, "2001:db8:1:3::/64"),
        ("fe80::1%eth0", None, 0, "fe80::/64"),
        (f"::ffff:{CLIENT}", None, 0, CLIENT),
        # Some proxies append the port as well, which changes with each connection.
        (PROXY, f"{CLIENT}:5123", 1, CLIENT),
        (PROXY, "[2001:db8:1:2::9]:5123", 1, "2001:db8:1:2::/64"),
        (PROXY, "[2001:db8:1:2::9]", 1, "2001:db8:1:2::/64"),
        # What is no address is nobody's.
        (PROXY, "unknown", 1, PROXY),
        (PROXY, "_hidden", 1, PROXY),
        (PROXY, "999.1.1.1", 1, PROXY),
        (PROXY, "x" * 5_000, 1, PROXY),
        (PROXY, "[]:1", 1, PROXY),
        ("a unix socket", None, 0, "a unix socket"),
    ],
)
def test_the_address_of_the_client(remote: str | None, forwarded: str | None, hops: int, address: str) -> None:
    assert client_address(remote, forwarded, hops) == address


def test_a_digest_recognises_an_address_in_its_own_room_only() -> None:
    digest = origin_digest(CLIENT, b"one room")
    assert digest == origin_digest(CLIENT, b"one room")
    assert digest != origin_digest(EDGE, b"one room")
    assert digest != origin_digest(CLIENT, b"another room")
    assert CLIENT.encode() not in digest
