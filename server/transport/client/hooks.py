"""Sending webhooks: one POST for each try, signed, to public addresses only."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from server.outbound.hook_queue import Gone, Hook, HookQueue, NotTaken
from server.outbound.webhooks import Webhooks
from server.security.signatures import signatures
from server.transport.client.pinned import PrivateTarget, PublicResolver, is_literal, is_public

CONNECT_TIMEOUT_S = 5.0
POST_TIMEOUT_S = 15.0
"""From the look-up of the name to the head of the answer, whose body nobody reads."""

CLOSE_S = 2.0
"""How long what is left is sent when the process stops."""

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
            self._check_literal()
            async with self._open().post(self._url, data=hook.body, headers=headers, allow_redirects=False) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
                response.close()  # whatever it goes on to say
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            raise NotTaken(_why(error)) from None
        if status == HTTP_GONE:
            raise Gone
        if not 200 <= status < 300:
            raise NotTaken(f"status {status}", _seconds(retry_after))

    def _check_literal(self) -> None:
        host = urlsplit(self._url).hostname or ""
        if not self._allow_private and is_literal(host) and not is_public(host):
            raise PrivateTarget(host)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = None if self._allow_private else PublicResolver()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False),
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
    """The webhooks of one application, with the connections that they go over."""

    def __init__(
        self,
        urls: Sequence[str],
        secrets: Sequence[str],
        new_id: Callable[[int], str],
        wall: Callable[[], float],
        *,
        allow_private: bool,
        with_names: bool,
    ) -> None:
        self._posters = [Poster(url, secrets, allow_private=allow_private) for url in urls]
        queues = [
            HookQueue(poster, f"address {number} ({urlsplit(url).hostname})")
            for number, (poster, url) in enumerate(zip(self._posters, urls, strict=True), start=1)
        ]
        self.webhooks = Webhooks(queues, new_id, wall, with_names=with_names)

    async def alive(self, _: web.Application) -> AsyncIterator[None]:
        """While the application runs, and a little longer."""
        yield
        await self.webhooks.close(CLOSE_S)
        for poster in self._posters:
            await poster.close()
