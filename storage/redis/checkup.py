"""Whether a Redis is fit for rooms, asked by an operator before anything runs on it."""

from __future__ import annotations

import time
from typing import NamedTuple

from storage.redis.board import DATABASE, RedisBoard
from storage.redis.pipeline import RedisPipeline, RedisRefused

LEAST_VERSION = (6, 2)


class Examined(NamedTuple):
    """How it is set up."""

    version: tuple[int, int]
    persists: bool
    """Whether what is said could reach a disk."""
    policy: str
    """What becomes of keys where the memory is full (`maxmemory-policy`)."""
    max_memory_bytes: int
    """0: whatever the machine has."""
    used_bytes: int
    ask_s: float
    """How long one question takes."""
    clock_ahead_s: float
    """Its clock against ours."""
    databases: frozenset[str]
    """Which databases the processes on it say that they use (`server.cluster.one_database`)."""


async def examine(url: str) -> Examined:
    """Ask it. Raises `ConnectionError`, or `ValueError` where the URL is malformed."""
    redis = RedisPipeline(url, name="mayfly-doctor")
    try:
        await redis.open()
        began, asked_at = time.monotonic(), time.time()
        seconds, microseconds = await redis.send("TIME")
        ask_s = time.monotonic() - began
        ahead_s = int(seconds) + int(microseconds) / 1e6 - (asked_at + ask_s / 2)
        info = _fields(await redis.send("INFO"))
        major, minor = info.get("redis_version", "0.0").split(".")[:2]
        return Examined(
            version=(int(major), int(minor)),
            persists=info.get("aof_enabled") == "1" or await _saves(redis),
            policy=info.get("maxmemory_policy", ""),
            max_memory_bytes=int(info.get("maxmemory", 0)),
            used_bytes=int(info.get("used_memory", 0)),
            ask_s=ask_s,
            clock_ahead_s=ahead_s,
            databases=await _databases(redis),
        )
    except RedisRefused as refused:
        raise ConnectionError(str(refused)) from None
    finally:
        await redis.close()


async def _databases(redis: RedisPipeline) -> frozenset[str]:
    nodes = [node.decode() for node in await redis.send("SMEMBERS", "mf:nodes")]
    told = await RedisBoard(redis, DATABASE).read(nodes) if nodes else {}
    return frozenset(database.decode() for database in told.values())


async def _saves(redis: RedisPipeline) -> bool:
    """Whether it writes snapshots by itself. Managed ones do not say: they are believed."""
    try:
        found = await redis.send("CONFIG", "GET", "save")
    except RedisRefused:
        return False
    return len(found) == 2 and bool(found[1])


def _fields(info: bytes) -> dict[str, str]:
    return dict(line.split(":", 1) for line in info.decode().splitlines() if ":" in line)
