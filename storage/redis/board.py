"""Where nodes leave what they tell each other: a key for each node and subject, which expires soon after its node."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from storage.redis.pipeline import RedisPipeline, RedisRefused

BOARD_MS = 5_000
"""How long what a node told counts after it has told nothing more."""

ADDRESSES, DATABASE = "q", "db"
"""What is told: what each address has and guesses at a node; which database a node uses."""

NO_DATABASE = b"none"
"""What a node tells that uses none."""


class RedisBoard:
    """`server.cluster.shared_limits.Board`."""

    def __init__(self, redis: RedisPipeline, subject: str = ADDRESSES) -> None:
        self._redis = redis
        self._subject = subject

    async def post(self, node: str, told: bytes) -> None:
        """Replace what a node tells. Raises `ConnectionError`."""
        try:
            await self._redis.send("SET", board_key(self._subject, node), told, "PX", BOARD_MS)
        except RedisRefused as refused:
            raise ConnectionError(str(refused)) from None

    async def read(self, nodes: Collection[str]) -> Mapping[str, bytes]:
        """node → what it tells. Raises `ConnectionError`."""
        asked = list(nodes)
        try:
            found = await self._redis.send("MGET", *(board_key(self._subject, node) for node in asked))
        except RedisRefused as refused:
            raise ConnectionError(str(refused)) from None
        return {node: told for node, told in zip(asked, found, strict=True) if told is not None}


def board_key(subject: str, node: str) -> str:
    """The key of what a node tells of something."""
    return f"mf:{subject}:{node}"
