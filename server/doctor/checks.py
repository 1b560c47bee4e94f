"""What is looked at: settings, database, Redis (`shared`), TURN and STUN, origins, proxies, the deployment itself,
clock, descriptors, memory.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp

from rooms.ports import StoreUnavailable
from server.doctor.findings import Finding, error, ok, skipped, warning
from server.doctor.shared import examine_redis
from server.doctor.turn import NoAnswer, allocate, bind
from server.security.descriptors import RESERVE, raise_limit
from server.security.key_sets import read_keys
from server.settings import Settings
from server.transport.client.fetching import Fetcher
from signaling.ice import IceSettings, ice_servers

ASK_TIMEOUT_S = 5.0
CLOCK_APART_S = 5.0
"""Tokens, credentials of TURN and webhooks are refused by others beyond a difference of seconds or minutes."""

SLOW_WRITE_S = 0.25
RENDER_HOPS = 3
MIB = 1_048_576


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Every check, one after the other."""
    for one in (*_settings(settings), *_origins(settings), *_proxies(settings), *_descriptors(settings)):
        yield one
    for one in _memory(settings):
        yield one
    clocks: list[tuple[str, float]] = []
    async for one in _database(settings, clocks):
        yield one
    async for one in examine_redis(settings, clocks):
        yield one
    async for one in _relays(settings):
        yield one
    async for one in _keys(settings):
        yield one
    async for one in _deployment(settings, clocks):
        yield one
    yield _clock(clocks)


def _settings(settings: Settings) -> Iterator[Finding]:
    doubts = settings.doubts()
    for doubt in doubts:
        yield warning("settings", doubt, "Change the variable, or leave it if that is what you mean.")
    if not doubts:
        yield ok("settings", "every variable makes sense")


def _origins(settings: Settings) -> Iterator[Finding]:
    plain = [one for one in settings.cors_origins if one.lower().startswith("http://") and "localhost" not in one]
    if settings.production and plain:
        yield warning(
            "origins",
            f"{len(plain)} of CORS_ORIGINS are not https: browsers give such pages no camera",
            "Serve the site over https, and name its https origin.",
        )
    elif settings.production and settings.public_url.startswith("http://"):
        yield warning(
            "origins", "PUBLIC_URL is not https: browsers give no camera to its page", "Use an https address."
        )
    else:
        named = ", ".join(settings.cors_origins + settings.own_origins) or "its own page alone"
        yield ok("origins", f"allowed: {named}")


def _proxies(settings: Settings) -> Iterator[Finding]:
    hops, on_render = settings.trusted_proxy_hops, bool(os.environ.get("RENDER"))
    if on_render and hops != RENDER_HOPS:
        yield error(
            "proxies",
            f"TRUSTED_PROXY_HOPS is {hops}, and Render has {RENDER_HOPS} in front of a service",
            f"Set TRUSTED_PROXY_HOPS={RENDER_HOPS}: else all your users count as one address.",
        )
    elif settings.production and hops == 0 and settings.public_url.startswith("https:"):
        yield warning(
            "proxies",
            "TRUSTED_PROXY_HOPS is 0, and something in front of this server ends TLS for PUBLIC_URL",
            "Set it to the number of proxies: else limits and bans take all your users for one.",
        )
    else:
        yield ok("proxies", f"{hops} are believed")


def _descriptors(settings: Settings) -> Iterator[Finding]:
    limit = raise_limit()
    if limit and limit < settings.max_connections + RESERVE:
        yield warning(
            "file limits",
            f"the process may open {limit} files, and MAX_CONNECTIONS is {settings.max_connections}",
            f"Raise it (ulimit -n, LimitNOFILE=) above {settings.max_connections + RESERVE}, or lower MAX_CONNECTIONS.",
        )
    else:
        yield ok("file limits", f"{limit or 'any number of'} files")


def _memory(settings: Settings) -> Iterator[Finding]:
    there = _memory_mb()
    if there is None:
        yield skipped("memory", "how much there is cannot be told here")
    elif not settings.memory_budget_mb or settings.memory_budget_mb > there:
        budget = settings.memory_budget_mb or "without bound"
        yield warning(
            "memory",
            f"MEMORY_BUDGET_MB is {budget}, and there are {there} MiB",
            f"Set it to some {there * 3 // 4}: else the system ends the process before it can bound itself.",
        )
    else:
        yield ok("memory", f"{settings.memory_budget_mb} of {there} MiB")


def _memory_mb() -> int | None:
    """Of the container where there is one, else of the machine."""
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            text = Path(name).read_text().strip()
        except OSError:
            continue
        if text.isdecimal() and int(text) < 1 << 50:
            return int(text) // MIB
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
    except (ValueError, OSError, AttributeError):
        return None


async def _database(settings: Settings, clocks: list[tuple[str, float]]) -> AsyncIterator[Finding]:
    uri = settings.mongodb_uri.get_secret_value()
    if not uri:
        yield skipped("database", "MONGODB_URI is empty: rooms end with the process")
        return
    from storage.mongo.checkup import examine as examine_database

    try:
        found = await examine_database(uri)
    except ValueError as problem:
        yield error("database", str(problem), "Copy the connection string from your provider again.")
        return
    except StoreUnavailable as problem:
        yield error(
            "database",
            f"it cannot be used ({problem})",
            "Is it running, is this address allowed in, is the password right, may the user write (readWrite)?",
        )
        return
    clocks.append(("the database", found.clock_ahead_s))
    took = f"a write takes {found.write_s * 1000:.0f} ms"
    if found.write_s > SLOW_WRITE_S:
        yield warning("database", took, "Run it in the same region as the server.")
    else:
        yield ok("database", took)


async def _relays(settings: Settings) -> AsyncIterator[Finding]:
    for url in settings.stun_urls:
        try:
            await asyncio.to_thread(bind, url)
            yield ok("stun", f"{url} answers")
        except NoAnswer as problem:
            yield warning("stun", f"{url}: {problem}", "Name another one, or open UDP to it.")
    secret = settings.turn_secret.get_secret_value()
    if not settings.turn_urls or not secret:
        yield warning(
            "turn", "there is none: some calls will not connect", "Set TURN_URLS and TURN_SECRET (docs/turn.md)."
        )
        return
    ice = IceSettings(turn_urls=settings.turn_urls, turn_secret=secret, turn_ttl_s=settings.turn_ttl_s)
    server = ice_servers(ice, "doctor", time.time()).servers[-1]
    for url in settings.turn_urls:
        yield await asyncio.to_thread(_allocated, url, server.username or "", server.credential or "")


def _allocated(url: str, username: str, credential: str) -> Finding:
    try:
        refused = allocate(url, username, credential)
    except NoAnswer as problem:
        return error("turn", f"{url}: {problem}", "Is coturn running, and are its port and relay ports open?")
    if refused == 401:
        return error("turn", f"{url} refuses our credentials", "TURN_SECRET must be coturn's static-auth-secret.")
    if refused:
        return error("turn", f"{url} refuses an allocation (error {refused})", "See coturn's log, and docs/turn.md.")
    return ok("turn", f"{url} relays with our credentials")


async def _keys(settings: Settings) -> AsyncIterator[Finding]:
    if not settings.join_jwks_url:
        return
    fetch = Fetcher(settings.join_jwks_url)
    try:
        yield ok("join tokens", f"{len(read_keys(await fetch()))} keys at JOIN_JWKS_URL")
    except (OSError, TimeoutError, ValueError) as problem:
        yield error(
            "join tokens",
            f"JOIN_JWKS_URL cannot be read ({problem})",
            "It must answer with a JWKS of RS256, ES256 or EdDSA keys, without a redirect.",
        )
    finally:
        await fetch.close()


async def _deployment(settings: Settings, clocks: list[tuple[str, float]]) -> AsyncIterator[Finding]:
    if not settings.public_url:
        yield skipped("deployment", "PUBLIC_URL is empty: whether it can be reached is not known")
        return
    timeout = aiohttp.ClientTimeout(total=ASK_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"{settings.public_url}/health") as answer,
        ):
            date, status, health = answer.headers.get("Date"), answer.status, await answer.json()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as problem:
        yield error(
            "deployment",
            f"PUBLIC_URL does not answer at /health ({type(problem).__name__})",
            "Is the server running there, and does its proxy pass requests on?",
        )
        return
    if date is not None:
        clocks.append(("PUBLIC_URL", parsedate_to_datetime(date).timestamp() - time.time()))
    if status != 200 or health.get("status") != "ok":
        yield warning("deployment", f"it is {health.get('status', status)}", "Look at /health and at its log.")
    else:
        yield ok("deployment", f"it serves, with rooms in {health['storage']['kind']}")


def _clock(clocks: list[tuple[str, float]]) -> Finding:
    if not clocks:
        return skipped("clock", "there is no other clock to compare with")
    who, ahead_s = max(clocks, key=lambda one: abs(one[1]))
    if abs(ahead_s) > CLOCK_APART_S:
        return error(
            "clock",
            f"that of {who} is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} ours",
            "Let NTP set both: tokens, TURN credentials and webhooks go by the time.",
        )
    return ok("clock", f"within {CLOCK_APART_S:g} s of {who}")
