"""Which addresses a webhook may go to."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from aiohttp.abc import ResolveResult

from server.transport.client.pinned import PrivateTarget, PublicResolver, is_public, public_socket


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.1.2.3",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:db8::1",
        "fec0::1",
        "::ffff:0:7f00:1",
        "fe80::1%lo",
        "not an address",
        "",
    ],
)
def test_what_is_not_of_the_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_what_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "169.254.169.254"), (socket.AF_INET6, "::1")],
)
def test_no_socket_is_made_for_what_is_not_of_the_internet(family: socket.AddressFamily, address: str) -> None:
    with pytest.raises(PrivateTarget):
        public_socket((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443)))


def test_a_socket_is_made_for_what_is() -> None:
    with public_socket((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("8.8.8.8", 443))) as made:
        assert (made.family, made.type) == (socket.AF_INET, socket.SOCK_STREAM)


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        (["8.8.8.8"], True),
        (["8.8.8.8", "1.1.1.1"], True),
        (["8.8.8.8", "127.0.0.1"], False),
        (["10.0.0.1"], False),
        ([], False),
    ],
)
async def test_one_private_address_spoils_a_name(
    addresses: list[str], allowed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(*_: Any) -> list[ResolveResult]:
        return [ResolveResult(hostname="x", host=one, port=443, family=2, proto=0, flags=0) for one in addresses]

    resolver = PublicResolver()
    monkeypatch.setattr(resolver._resolver, "resolve", resolve)
    if allowed:
        assert [one["host"] for one in await resolver.resolve("x", 443)] == addresses
    else:
        with pytest.raises(PrivateTarget):
            await resolver.resolve("x", 443)
