"""Fixtures for all tests: the real parts that they run against. See `tests/support/`."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import secrets
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from pymongo.uri_parser import parse_uri

from server import BUILD  # first of all: it chooses the build
from tests.support.mongo import Mongod, drop_database, start_mongod
from tests.support.pace import PACE
from tests.support.parts import requires
from tests.support.redis import RedisServer, start_redis
from tests.support.turn import TurnServer, start_turn

pytest_plugins = ["tests.support.lanes"]

# How long one example takes, or making it, says how busy the machine is; what bounds time is in the lane `alone`.
settings.register_profile("mayfly", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mayfly")
# So does what asyncio's debug mode says of a slow callback, among the log lines that a test counts.
logging.getLogger("asyncio").addFilter(lambda record: not str(record.msg).startswith("Executing "))
# Of the stack at every call that is scheduled, debug mode keeps one frame, which says where, after the loop's own:
# ten, as by itself, took a fifth of all the CPU time of tests that have a server in their process.
asyncio.constants.DEBUG_STACK_DEPTH = 2


def pytest_collection_finish() -> None:
    """What the tests themselves are made of no collection looks at again: with it, each took half a second."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    return f"build: {BUILD}, pace: {PACE}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if BUILD == "compiled":
        left_out = [item for item in items if item.get_closest_marker("pure") is not None]
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
def _mongo_base() -> Iterator[str]:
    """`mongodb://host:port/%s`, or the like, of the mongod that the whole session shares."""
    if given := os.environ.get("TEST_MONGODB_URI"):
        yield _with_database_left_open(given)
        return
    requires("mongod")
    mongod = start_mongod()
    yield mongod.uri("%s")
    mongod.close()


@pytest.fixture
def mongo_uri(_mongo_base: str) -> Iterator[str]:
    """The URI of a database of this test's own in a real MongoDB; dropped afterwards."""
    uri = _mongo_base % f"mayfly_test_{secrets.token_hex(6)}"
    yield uri
    drop_database(uri)


@pytest.fixture
def own_mongod() -> Iterator[Mongod]:
    """A mongod that the test may pause, kill and restart."""
    requires("mongod")
    mongod = start_mongod()
    yield mongod
    mongod.close()


@pytest.fixture
def replica_set() -> Iterator[Mongod]:
    """A replica set of one, which the test may pause, kill and restart."""
    requires("mongod")
    mongod = start_mongod(replica_set=True)
    yield mongod
    mongod.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that the test may pause, kill and restart, and in which there is nothing of others."""
    requires("redis-server")
    server = start_redis()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    requires("redis-server")
    server = start_redis()
    yield server
    server.close()


@pytest.fixture(scope="session")
def turn_server() -> Iterator[TurnServer]:
    """coturn with a static auth secret: `.urls`, `.secret`."""
    requires("turnserver")
    server = start_turn()
    yield server
    server.close()


@pytest.fixture(scope="session")
def node() -> str:
    """The path of Node.js, with the packages of tests/node_modules at hand."""
    requires("node", "node packages")
    return "node"


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of Chromium."""
    from tests.support.chromium import chromium_path

    requires("node", "node packages", "chromium")
    return chromium_path()


@pytest.fixture(scope="session")
def firefox() -> None:
    """A Firefox, and the packages that drive it."""
    requires("node", "node packages", "firefox")


def _with_database_left_open(uri: str) -> str:
    """The URI with `%s` for its database name, whatever it names now."""
    scheme, _, rest = uri.partition("://")
    hosts, _, path = rest.partition("/")
    options = path.partition("?")[2]
    parse_uri(uri)  # refuses nonsense before a test does
    escaped_hosts, escaped_options = hosts.replace("%", "%%"), options.replace("%", "%%")
    return f"{scheme}://{escaped_hosts}/%s" + (f"?{escaped_options}" if options else "")
