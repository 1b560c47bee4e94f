"""When `mayfly_client` tries again to reach a server that it has lost."""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest

from mayfly_client import channel
from mayfly_client.channel import Channel
from mayfly_client.link import parse_link
from tests.support.pace import PACE
from tests.support.proxy import TcpProxy, tcp_proxy
from tests.support.server import running

LIMIT_S = 15.0 * PACE
FIRST_S, LONGEST_S = 0.2, 0.6
HUNDREDTHS = 0.006
"""The library says how long it waits in hundredths of a second."""


@pytest.fixture
async def proxy() -> AsyncIterator[TcpProxy]:
    async with running(stun_urls=()) as server:
        with tcp_proxy(urlsplit(server.url).port or 0) as proxy:
            yield proxy


@pytest.fixture
async def lost(proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Channel]:
    monkeypatch.setattr(channel, "RECONNECT_DELAY_S", FIRST_S)
    monkeypatch.setattr(channel, "MAX_RECONNECT_DELAY_S", LONGEST_S)
    lost = Channel(parse_link(proxy.url))
    await lost.open()
    yield lost
    await lost.close()


async def lose(proxy: TcpProxy, caplog: pytest.LogCaptureFixture, tries: int) -> list[float]:
    """The delays before so many tries of a client whose connection is cut, while nobody answers."""
    caplog.clear()
    proxy.refuse()
    proxy.cut()
    async with asyncio.timeout(LIMIT_S):
        while len(found := re.findall(r"new attempt in (-?[\d.]+) seconds", caplog.text)) < tries:
            await asyncio.sleep(0.01)
    proxy.accept()
    return [float(delay) for delay in found]


async def back(lost: Channel, times: int) -> None:
    async with asyncio.timeout(LIMIT_S):
        while lost.reconnects < times:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(("drawn", "of_it"), [(0.0, 0.5), (0.999, 1.5)], ids=["shortest", "longest"])
async def test_a_delay_is_off_by_at_most_half_of_itself(
    caplog: pytest.LogCaptureFixture,
    proxy: TcpProxy,
    lost: Channel,
    drawn: float,
    of_it: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO, "socketio.client")
    monkeypatch.setattr(random, "random", lambda: drawn)
    wanted = [of_it * delay for delay in (FIRST_S, 2 * FIRST_S, LONGEST_S)]
    assert await lose(proxy, caplog, 3) == pytest.approx(wanted, abs=HUNDREDTHS)
    await back(lost, 1)
    assert await lose(proxy, caplog, 1) == pytest.approx(wanted[:1], abs=HUNDREDTHS), "it begins anew"
    await back(lost, 2)
