"""Names to addresses for requests to targets that somebody has named: none of ours, looked up once and connected to.

What is looked up is what is connected to: a name that answers with a public address when it is checked and with a
private one when it is used gains nothing.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp import AddrInfoType, abc
from aiohttp.resolver import ThreadedResolver

TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""IPv4 addresses in the last 32 bits (RFC 6052, RFC 8215)."""


class PrivateTarget(OSError):
    """The target is, or resolves to, an address that is not public."""


class PublicResolver(abc.AbstractResolver):
    """Resolves names to public addresses only: one that is not among them spoils the name."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[abc.ResolveResult]:
        """The addresses of a name. Raises `PrivateTarget`."""
        found = await self._resolver.resolve(host, port, family)
        if not found or not all(is_public(one["host"]) for one in found):
            raise PrivateTarget(host)
        return found

    async def close(self) -> None:
        """Nothing to do."""
        await self._resolver.close()


def public_socket(address: AddrInfoType) -> socket.socket:
    """A socket for one address, as `aiohttp.TCPConnector` wants one. Raises `PrivateTarget`.

    However a URL spells it: digits of other scripts, hexadecimal, octal, fewer than four numbers.
    """
    family, kind, protocol, _, where = address
    if not is_public(str(where[0])):
        raise PrivateTarget(str(where[0]))
    return socket.socket(family, kind, protocol)


def is_public(address: str) -> bool:
    """Whether an address is one of the internet: not private, link-local, loopback, multicast or reserved."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        if found.is_site_local:  # RFC 3879: no more, and still in use
            return False
        found = _embedded(found) or found
    return found.is_global and not found.is_multicast and not found.is_reserved


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 one leads to."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in TRANSLATED):
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
