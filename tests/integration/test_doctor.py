"""`python -m server doctor`, against a real coturn, MongoDB and server: what it finds, and that it shows no secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import redis

from server.doctor import checks
from server.doctor.shared import examine_redis
from server.doctor.turn import NoAnswer, bind
from server.settings import Settings
from storage.mongo import MongoStore
from tests.support.pace import PACE
from tests.support.processes import ROOT, free_port, server_process
from tests.support.redis import RedisServer
from tests.support.turn import TurnServer

SECRET = "hunter2hunter2"
QUIET = {"STUN_URLS": "stun:127.0.0.1:9"}


def doctor(folder: Path, *arguments: str, **env: str) -> tuple[int, str]:
    """Its exit code and what it printed."""
    clean = {name: value for name, value in os.environ.items() if name.upper() not in known()}
    told = subprocess.run(
        [sys.executable, "-m", "server", "doctor", *arguments],
        cwd=folder,
        env=clean | {"PYTHONPATH": str(ROOT)} | QUIET | env,
        capture_output=True,
        text=True,
        timeout=60 * PACE,
        check=False,
    )
    assert told.stderr == ""
    return told.returncode, told.stdout


def known() -> set[str]:
    return {name.upper() for name in Settings.model_fields} | {"RENDER"}


def checked(folder: Path, **env: str) -> dict[str, Any]:
    """check → finding; where a check has several, the worst."""
    code, text = doctor(folder, "--json", **env)
    told = json.loads(text)
    assert told["ok"] is (code == 0)
    assert all(set(one) <= {"check", "status", "message", "remedy"} for one in told["checks"])
    assert all("remedy" in one for one in told["checks"] if one["status"] in ("warning", "error"))
    order = ["skipped", "ok", "warning", "error"]
    return {one["check"]: one for one in sorted(told["checks"], key=lambda one: order.index(one["status"]))}


def test_a_deployment_that_works(
    tmp_path: Path, turn_server: TurnServer, mongo_uri: str, own_redis: RedisServer
) -> None:
    host, port = turn_server.urls[0].removeprefix("turn:").split("?")[0].split(":")
    with server_process() as process:
        found = checked(
            tmp_path,
            PUBLIC_URL=process.url,
            MONGODB_URI=mongo_uri,
            REDIS_URL=own_redis.url,
            FILE_STORE="off",
            TURN_URLS=",".join(turn_server.urls),
            TURN_SECRET=turn_server.secret,
            STUN_URLS=f"stun:{host}:{port}",
        )
    assert {one["status"] for one in found.values()} == {"ok"}, found
    assert set(found) >= {
        "settings",
        "origins",
        "proxies",
        "file limits",
        "memory",
        "database",
        "stun",
        "turn",
        "clock",
    }


def test_a_redis_that_is_fit_for_rooms(tmp_path: Path, own_redis: RedisServer) -> None:
    found = checked(tmp_path, REDIS_URL=own_redis.url)
    assert found["redis"]["status"] == "ok"
    assert found["clock"]["status"] == "ok"


async def test_a_database_that_is_not_that_of_the_processes(own_redis: RedisServer, mongo_uri: str) -> None:
    async def found(uri: str) -> tuple[str, str]:
        settings = Settings(_env_file=None, redis_url=own_redis.url, mongodb_uri=uri)  # type: ignore[call-arg,arg-type]
        every = [one async for one in examine_redis(settings, [])]
        return next(((one.status.value, one.message) for one in every if one.check == "one database"), ("", ""))

    assert await found("") == ("", ""), "nobody is there"
    with redis.Redis.from_url(own_redis.url) as connection:
        connection.sadd("mf:nodes", "a#1")
        connection.set("mf:db:a#1", await identity(mongo_uri))
        assert (await found(mongo_uri))[0] == "ok"
        for other in ("", mongo_uri.replace("mayfly_test_", "mayfly_test_other_")):
            status, message = await found(other)
            assert (status, "use another database than MONGODB_URI here" in message) == ("warning", True)
        connection.sadd("mf:nodes", "b#1")
        connection.set("mf:db:b#1", "none")
        assert "use 2 different databases" in (await found(mongo_uri))[1]
    assert (await found(f"mongodb://127.0.0.1:{free_port()}/mayfly"))[0] == "skipped"


async def identity(uri: str) -> str:
    store = MongoStore(uri)
    await store.open()
    try:
        return await store.identity()
    finally:
        await store.close()


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        (("appendonly", "yes"), "error", "it writes to a disk, where what is said would outlive its room"),
        (("save", "3600 1"), "error", "it writes to a disk, where what is said would outlive its room"),
        (("maxmemory-policy", "allkeys-lru"), "error", "maxmemory-policy is allkeys-lru"),
        (("maxmemory", "10mb"), "warning", "it has 10 MiB"),
    ],
)
def test_a_redis_that_is_not(
    tmp_path: Path, own_redis: RedisServer, settings: tuple[str, str], status: str, words: str
) -> None:
    with redis.Redis.from_url(own_redis.url) as connection:
        connection.config_set(*settings)
    found = checked(tmp_path, REDIS_URL=own_redis.url)["redis"]
    assert found["status"] == status
    assert words in found["message"]


def test_a_redis_that_is_not_there(tmp_path: Path) -> None:
    secret = f"redis://:{SECRET}@127.0.0.1:{free_port()}/0"
    assert checked(tmp_path, REDIS_URL=secret)["redis"]["message"].startswith("it cannot be used (")
    assert SECRET not in doctor(tmp_path, REDIS_URL=secret)[1]


def test_a_wrong_turn_secret_and_a_server_that_is_not_there(tmp_path: Path, turn_server: TurnServer) -> None:
    wrong = checked(tmp_path, TURN_URLS=",".join(turn_server.urls), TURN_SECRET=SECRET)["turn"]
    assert (wrong["status"], "refuses our credentials" in wrong["message"]) == ("error", True)
    for transport in ("udp", "tcp"):
        gone = checked(tmp_path, TURN_URLS=f"turn:127.0.0.1:{free_port()}?transport={transport}", TURN_SECRET=SECRET)
        assert gone["turn"]["status"] == "error"
    assert checked(tmp_path)["turn"]["status"] == "warning"


def test_what_is_not_there_is_an_error_with_a_remedy_and_shows_no_secret(tmp_path: Path) -> None:
    env = {
        "MONGODB_URI": f"mongodb://user:{SECRET}@127.0.0.1:{free_port()}/mayfly",
        "PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
        "JOIN_JWKS_URL": f"http://127.0.0.1:{free_port()}/jwks.json?{SECRET}",
        "TURN_URLS": "turn:127.0.0.1:9",
        "TURN_SECRET": SECRET,
        "ADMIN_KEY": SECRET,
        "API_KEYS": SECRET,
        "JOIN_JWT_SECRET": SECRET,
    }
    found = checked(tmp_path, **env)
    assert [found[name]["status"] for name in ("database", "deployment", "join tokens", "turn")] == ["error"] * 4
    code, text = doctor(tmp_path, **env)
    assert code == 1
    assert "FAIL  database" in text
    assert SECRET not in text
    assert SECRET not in json.dumps(found)


def test_settings_that_make_no_sense(tmp_path: Path) -> None:
    code, text = doctor(tmp_path, PORT="http", MONGODB_URI=SECRET)
    assert code == 2
    assert "PORT" in text
    assert "MONGODB_URI" in text
    assert SECRET not in text
    told = json.loads(doctor(tmp_path, "--json", PORT="http")[1])
    assert told["ok"] is False


def test_what_is_doubtful_in_production(tmp_path: Path) -> None:
    found = checked(
        tmp_path, ENVIRONMENT="production", CORS_ORIGINS="http://example.com", RENDER="true", MEMORY_BUDGET_MB="1000000"
    )
    assert found["origins"]["status"] == "warning"
    assert found["proxies"]["status"] == "error"
    assert found["memory"]["status"] == "warning"
    assert found["clock"]["status"] == "skipped"


@pytest.mark.parametrize(("ahead_s", "status"), [(0.0, "ok"), (4.0, "ok"), (60.0, "error"), (-60.0, "error")])
def test_clocks_that_are_apart(ahead_s: float, status: str) -> None:
    found = checks._clock([("PUBLIC_URL", 0.5), ("the database", ahead_s)])
    assert found.status.value == status


def test_file_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    monkeypatch.setattr(checks, "raise_limit", lambda: 1024)
    (found,) = checks._descriptors(settings)
    assert (found.status.value, "1024" in found.message) == ("warning", True)


def test_another_word_is_no_command(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "server", "nurse"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30 * PACE,
        check=False,
    )
    assert told.returncode == 2
    assert "doctor" in told.stderr


def test_what_answers_something_else_is_no_stun_server() -> None:
    with server_process() as process, pytest.raises(NoAnswer):
        bind(f"stun:127.0.0.1:{process.port}?transport=tcp")
