"""What is looked at of a Redis, where several processes share rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from rooms.ports import StoreUnavailable
from server.doctor.findings import Finding, error, ok, skipped, warning
from server.settings import Settings

if TYPE_CHECKING:
    from storage.redis.checkup import Examined

SLOW_ASK_S = 0.01
MIB = 1_048_576
LITTLE_BYTES = 25 * MIB
"""Less than that is full with some thousand rooms."""


async def examine_redis(settings: Settings, clocks: list[tuple[str, float]]) -> AsyncIterator[Finding]:
    """The findings about `REDIS_URL`; its clock is added to `clocks`."""
    url = settings.redis_url.get_secret_value()
    if not url:
        yield skipped("redis", "REDIS_URL is empty: one process has all rooms")
        return
    from storage.redis.checkup import examine

    try:
        found = await examine(url)
    except ValueError as problem:
        yield error("redis", f"REDIS_URL {problem}", "Copy the connection string from your provider again.")
        return
    except (ConnectionError, TimeoutError) as problem:
        yield error("redis", f"it cannot be used ({problem})", "Is it running, reachable, and the password right?")
        return
    clocks.append(("Redis", found.clock_ahead_s))
    wrong = list(_problems(settings, found))
    for one in wrong:
        yield one
    if not wrong:
        held = f"{found.used_bytes // MIB} of {found.max_memory_bytes // MIB or 'any number of'} MiB in use"
        yield ok("redis", f"version {_dotted(found.version)}, an answer takes {found.ask_s * 1000:.1f} ms, {held}")
    if found.databases:
        yield await _one_database(settings, found.databases)


async def _one_database(settings: Settings, used: frozenset[str]) -> Finding:
    """Whether the processes that run, and these settings, mean one MongoDB, or none."""
    from storage.redis.board import NO_DATABASE

    uri = settings.mongodb_uri.get_secret_value()
    try:
        mine = await _identity(uri) if uri else NO_DATABASE.decode()
    except (StoreUnavailable, ValueError):
        return skipped("one database", "MONGODB_URI does not answer: whether it is that of the others is not known")
    if used == {mine}:
        return ok("one database", "the processes on this Redis use the database of MONGODB_URI, or none, as here")
    if len(used) > 1:
        message = f"the processes on this Redis use {len(used)} different databases, or some use none"
    else:
        message = "the processes on this Redis use another database than MONGODB_URI here, or one of both uses none"
    return warning(
        "one database", message, "Give all the same MONGODB_URI: else logs and files are found at some processes only."
    )


async def _identity(uri: str) -> str:
    from storage.mongo.identity import known_identity

    return await known_identity(uri)


def _problems(settings: Settings, found: Examined) -> Iterator[Finding]:
    from storage.redis.checkup import LEAST_VERSION

    if found.version < LEAST_VERSION:
        yield error(
            "redis", f"it is version {_dotted(found.version)}", f"Use {_dotted(LEAST_VERSION)} or later, or Valkey."
        )
    if found.persists:
        yield error(
            "redis",
            "it writes to a disk, where what is said would outlive its room",
            'Turn persistence off (save "", appendonly no), or set REDIS_ALLOW_PERSISTENCE=on.',
        )
    if found.policy not in ("noeviction", ""):
        yield error(
            "redis",
            f"maxmemory-policy is {found.policy}: it would forget rooms when it is full",
            "Set noeviction: then what does not fit is refused.",
        )
    if 0 < found.max_memory_bytes < LITTLE_BYTES:
        yield warning("redis", f"it has {found.max_memory_bytes // MIB} MiB", "Give it 25 MiB or more.")
    if found.ask_s > SLOW_ASK_S:
        yield warning(
            "redis", f"an answer takes {found.ask_s * 1000:.0f} ms", "Run it in the same region as the server."
        )


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
