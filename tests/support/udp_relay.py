"""A UDP relay under a test's control: between clients and one server, until the network is cut, or loses some.

A network that fails without a word, and without privileges: where a TURN server stands behind it and a call may use
nothing else (`iceTransportPolicy: "relay"`), all media of the call passes here.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from tests.support.processes import LOOPBACK

Address = tuple[str, int]


class _ToServer(asyncio.DatagramProtocol):
    """One client's way to the server: a socket of its own, by which the server tells clients apart."""

    def __init__(self, relay: UdpRelay, client: Address) -> None:
        self._relay, self._client = relay, client

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._relay.back(data, self._client)


class UdpRelay(asyncio.DatagramProtocol):
    """Forwards `port` of 127.0.0.1 to `target_port`.

    Attributes: `passed`, datagrams both ways; `loss`, the share of them that gets lost, from 0; `is_cut`, set by `cut`.
    """

    def __init__(self, target_port: int) -> None:
        self.loss = 0.0
        self._chance = random.Random(16)
        self._target = (LOOPBACK, target_port)
        self._own: asyncio.DatagramTransport | None = None
        self._ways: dict[Address, asyncio.Task[asyncio.DatagramTransport]] = {}
        self.port = 0
        self.passed = 0
        self.is_cut = False

    def cut(self) -> None:
        """Lose every datagram from now on, both ways."""
        self.is_cut = True

    def mend(self) -> None:
        self.is_cut = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own = cast(asyncio.DatagramTransport, transport)  # asyncio's own is no subclass before Python 3.12
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if self._is_lost():
            return
        if addr not in self._ways:
            self._ways[addr] = asyncio.create_task(self._open(addr))
        way = self._ways[addr]
        if way.done():
            self._forward(way, data)
        else:
            way.add_done_callback(lambda opened: self._forward(opened, data))

    def back(self, data: bytes, client: Address) -> None:
        if self._own is None or self._is_lost():
            return
        self.passed += 1
        self._own.sendto(data, client)

    async def close(self) -> None:
        if self._own is not None:
            self._own.close()
        for transport in await asyncio.gather(*self._ways.values()):
            transport.close()

    def _is_lost(self) -> bool:
        return self.is_cut or self._chance.random() < self.loss

    async def _open(self, client: Address) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _ToServer(self, client), remote_addr=self._target)
        return transport

    def _forward(self, way: asyncio.Task[asyncio.DatagramTransport], data: bytes) -> None:
        if way.cancelled() or way.exception() is not None:
            return
        self.passed += 1
        way.result().sendto(data)


@asynccontextmanager
async def udp_relay(target_port: int) -> AsyncIterator[UdpRelay]:
    """A running relay, ended on the way out."""
    loop = asyncio.get_running_loop()
    _, relay = await loop.create_datagram_endpoint(lambda: UdpRelay(target_port), local_addr=(LOOPBACK, 0))
    try:
        yield relay
    finally:
        await relay.close()
