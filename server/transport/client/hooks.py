"""Sending webhooks: one POST for each try, signed, to public addresses only."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from server.outbound.hook_queue import Gone, Hook, HookQueue, NotTaken
from server.outbound.outbox import address_id
from server.security.signatures import signatures
from server.transport.client.pinned import PrivateTarget, PublicResolver, public_socket

CONNECT_TIMEOUT_S = 5.0
POST_TIMEOUT_S = 15.0
"""From the look-up of the name to the head of the answer, whose body nobody reads."""

MAX_RETRY_AFTER_DIGITS = 6
HTTP_GONE = 410


class Poster:
    """One address. `__call__` is a `server.outbound.hook_queue.Post`."""

    def __init__(self, url: str, secrets: Sequence[str], *, allow_private: bool) -> None:
        self._url = url
        self._secrets = tuple(secrets)
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, hook: Hook) -> None:
        """Send one message. Raises `NotTaken`, or `Gone`."""
        at = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "mayfly",
            "webhook-id": hook.id,
            "webhook-timestamp": str(at),
            "webhook-signature": signatures(self._secrets, hook.id, at, hook.body),
        }
        try:
            async with self._open().post(self._url, data=hook.body, headers=headers, allow_redirects=False) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                response.close()  # whatever it goes on to say
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            raise NotTaken(_why(error)) from None
        if status == HTTP_GONE:
            raise Gone
        if not 200 <= status < 300:
            raise NotTaken(f"status {status}", _seconds(retry_after))

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                resolver=None if self._allow_private else PublicResolver(),
                socket_factory=None if self._allow_private else public_socket,
                use_dns_cache=False,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=POST_TIMEOUT_S, sock_connect=CONNECT_TIMEOUT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()


def _why(error: BaseException) -> str:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, PrivateTarget):
            return "a private address, which WEBHOOK_ALLOW_PRIVATE=on would allow"
        seen = getattr(seen, "os_error", None) or seen.__cause__
    return type(error).__name__


def _seconds(retry_after: str) -> float:
    return float(retry_after) if retry_after.isdecimal() and len(retry_after) <= MAX_RETRY_AFTER_DIGITS else 0.0


class HookSender:
    """The connections that the webhooks of one application go over. `queues`: by the id of their address."""

    def __init__(self, urls: Sequence[str], secrets: Sequence[str], *, allow_private: bool) -> None:
        self._posters = [Poster(url, secrets, allow_private=allow_private) for url in urls]
        self.queues = {
            address_id(url): HookQueue(poster, f"address {number} ({urlsplit(url).hostname})")
            for number, (poster, url) in enumerate(zip(self._posters, urls, strict=True), start=1)
        }

    async def alive(self, _: web.Application) -> AsyncIterator[None]:
        """While the application runs, and a little longer."""
        yield
        for poster in self._posters:
            await poster.close()
