"""What nodes leave for each other in a real Redis."""

from __future__ import annotations

import redis

from storage.redis.board import BOARD_MS, DATABASE, RedisBoard
from storage.redis.pipeline import RedisPipeline
from tests.support.redis import RedisServer


async def test_what_a_node_tells_is_read_by_the_others_and_expires(redis_server: RedisServer) -> None:
    pipeline = RedisPipeline(redis_server.url)
    await pipeline.open()
    try:
        board = RedisBoard(pipeline)
        await board.post("a#1", b"one")
        await board.post("a#1", b"two")
        assert dict(await board.read(["a#1", "b#1"])) == {"a#1": b"two"}
        assert dict(await RedisBoard(pipeline, DATABASE).read(["a#1"])) == {}, "another subject has other keys"
        with redis.Redis.from_url(redis_server.url) as plain:
            assert 0 < plain.pttl("mf:q:a#1") <= BOARD_MS
    finally:
        await pipeline.close()
