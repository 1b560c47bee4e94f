"""Redis must hold what is said in memory only: else the server does not start, unless its operator says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.parts import requires
from tests.support.processes import LOOPBACK, ServerProcess, free_port, launch, server_process
from tests.support.redis import RedisServer


@pytest.fixture(params=[("--appendonly", "yes"), ("--save", "60 1")], ids=["append-only", "snapshots"])
def writing_redis(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    requires("redis-server")

    def make(port: int) -> RedisServer:
        server = RedisServer(port)
        server.command += request.param
        return server

    server = launch(make)
    yield server
    server.close()


def test_a_redis_that_writes_to_a_disk_is_refused(writing_redis: RedisServer) -> None:
    server = ServerProcess(free_port(), {"REDIS_URL": writing_redis.url})
    try:
        with pytest.raises(RuntimeError, match="ended with 2"):
            server.start()
        assert "REDIS_URL: writes what it holds to a disk" in server.log()
        assert LOOPBACK not in server.log(), "a URL may hold a password"
        assert "Traceback" not in server.log()
    finally:
        server.close()


def test_unless_its_operator_allows_it(writing_redis: RedisServer) -> None:
    with server_process(REDIS_URL=writing_redis.url, REDIS_ALLOW_PERSISTENCE="on") as server:
        assert "REDIS_ALLOW_PERSISTENCE=on allows it" in server.log()


@pytest.mark.parametrize("url", ["localhost", "http://localhost", "redis://"])
def test_a_url_that_makes_no_sense_stops_the_server(url: str) -> None:
    server = ServerProcess(free_port(), {"REDIS_URL": url})
    try:
        with pytest.raises(RuntimeError, match="ended with 2"):
            server.start()
        assert "REDIS_URL: must be a URL" in server.log()
    finally:
        server.close()
