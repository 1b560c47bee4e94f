"""The dispatcher: one answer to every request, whatever the handler does. No Socket.IO here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from rooms.errors import Code, Refused
from server.protocol.acknowledgements import EMPTY, Data, Outcome, Refusal, Reply
from server.protocol.acknowledgements import envelope as envelope_of
from server.protocol.requests import EndRoom
from server.security.throttles import TokenBucket, bucket
from server.usecases.commands import COMMANDS, Command
from server.usecases.connections import Connection, Transport
from server.usecases.context import Context
from server.usecases.dispatcher import Dispatcher

WORD = "xyzzyplugh"
ASKED = [{"roomId": "r"}]


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def connection(rate: float = 0, burst: float = 0) -> Connection:
    transport = Transport(bucket(rate, burst, 0.0))
    return Connection("c", "127.0.0.1", "private", transport, transport.bucket)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def dispatcher(time: Time) -> Dispatcher:
    # No handler of these tests looks at the context; compiled code wants a real one.
    return Dispatcher(Context.__new__(Context), monotonic=time)


@pytest.fixture
def answers_with(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let `end-room` be answered by this handler."""

    def put(handler: Any) -> None:
        monkeypatch.setitem(COMMANDS, "end-room", Command(EndRoom, handler))

    return put


async def envelope(outcome: Outcome | Awaitable[Outcome]) -> dict[str, Any]:
    return envelope_of(outcome if isinstance(outcome, (dict, Reply, Refusal)) else await outcome)


def code(found: dict[str, Any]) -> str:
    return str(found["error"]["code"])


async def test_a_plain_handler_is_answered_at_once(dispatcher: Dispatcher, answers_with: Callable[[Any], None]) -> None:
    answers_with(lambda *_: EMPTY)
    answer = dispatcher.handle(connection(), "end-room", ASKED)
    assert isinstance(answer, dict)
    assert envelope_of(answer) == {"ok": True, "data": {}}


async def test_a_handler_that_waits_is_awaited(dispatcher: Dispatcher, answers_with: Callable[[Any], None]) -> None:
    async def later(*_: Any) -> Data:
        await asyncio.sleep(0)
        return {"late": True}

    answers_with(later)
    assert await envelope(dispatcher.handle(connection(), "end-room", ASKED)) == {"ok": True, "data": {"late": True}}


async def test_what_is_to_follow_an_answer_comes_with_it(
    dispatcher: Dispatcher, answers_with: Callable[[Any], None]
) -> None:
    answers_with(lambda *_: Reply({}, ("what is to follow",)))
    answer = dispatcher.handle(connection(), "end-room", ASKED)
    assert isinstance(answer, Reply)
    assert answer.after == ("what is to follow",)


def refusing(*_: Any) -> Reply:
    raise Refused(Code.ROOM_FULL, "Full.", retry_after_ms=7)


async def refusing_later(*_: Any) -> Reply:
    await asyncio.sleep(0)
    raise Refused(Code.ROOM_FULL, "Full.", retry_after_ms=7)


@pytest.mark.parametrize("handler", [refusing, refusing_later])
async def test_a_refusal_becomes_the_error_object(
    dispatcher: Dispatcher, answers_with: Callable[[Any], None], handler: Any
) -> None:
    answers_with(handler)
    found = await envelope(dispatcher.handle(connection(), "end-room", ASKED))
    error = {"code": "ROOM_FULL", "message": "Full.", "retryable": True, "retryAfterMs": 7}
    assert found == {"ok": False, "error": error}


def failing(*_: Any) -> Reply:
    raise ValueError(WORD)


async def failing_later(*_: Any) -> Reply:
    await asyncio.sleep(0)
    raise ValueError(WORD)


@pytest.mark.parametrize("handler", [failing, failing_later])
async def test_a_failure_is_an_internal_error_and_its_words_stay_inside(
    dispatcher: Dispatcher, answers_with: Callable[[Any], None], handler: Any, caplog: pytest.LogCaptureFixture
) -> None:
    answers_with(handler)
    with caplog.at_level(logging.DEBUG):
        found = await envelope(dispatcher.handle(connection(), "end-room", ASKED))
    assert code(found) == "INTERNAL_ERROR"
    assert WORD not in str(found)
    assert WORD not in caplog.text
    assert "ValueError" in caplog.text
    assert "test_dispatcher.py" in caplog.text
    caplog.clear()


@pytest.mark.parametrize("args", [[], [1], [None], ["text"], [[]], [{}, {}]])
async def test_anything_but_one_object_is_refused(dispatcher: Dispatcher, args: list[Any]) -> None:
    assert code(await envelope(dispatcher.handle(connection(), "end-room", args))) == "INVALID_PAYLOAD"


@pytest.mark.parametrize("name", ["", "no-such-event", "Join-Room", "join_room", "__init__"])
async def test_an_unknown_event_is_refused(dispatcher: Dispatcher, name: str) -> None:
    assert code(await envelope(dispatcher.handle(connection(), name, ASKED))) == "UNKNOWN_EVENT"


async def test_the_limit_counts_every_request_also_refused_ones(
    dispatcher: Dispatcher, answers_with: Callable[[Any], None], time: Time
) -> None:
    answers_with(lambda *_: EMPTY)
    caller = connection(rate=2, burst=3)
    for _ in range(3):
        assert code(await envelope(dispatcher.handle(caller, "no-such-event", ASKED))) == "UNKNOWN_EVENT"
    limited = await envelope(dispatcher.handle(caller, "end-room", ASKED))
    assert code(limited) == "RATE_LIMITED"
    assert limited["error"]["retryAfterMs"] == 501
    time.now += 0.5
    assert (await envelope(dispatcher.handle(caller, "end-room", ASKED)))["ok"]
    assert code(await envelope(dispatcher.handle(caller, "end-room", ASKED))) == "RATE_LIMITED"


async def test_what_is_not_even_read_is_counted(dispatcher: Dispatcher, answers_with: Callable[[Any], None]) -> None:
    answers_with(lambda *_: EMPTY)
    for name in ("end-room", "end-room", "no-such-event"):
        dispatcher.handle(connection(), name, ASKED)
    dispatcher.too_large(connection())
    dispatcher.unreadable(connection())
    assert dispatcher.not_run == {"PAYLOAD_TOO_LARGE": 1, "INVALID_PAYLOAD": 1}, "the meter has the others"


async def test_what_is_too_large_or_unreadable_counts_like_any_request(dispatcher: Dispatcher) -> None:
    caller = connection(rate=1, burst=2)
    answers = [dispatcher.too_large(caller), dispatcher.unreadable(caller)]
    answers += [dispatcher.too_large(caller), dispatcher.unreadable(caller)]
    codes = [code(await envelope(answer)) for answer in answers]
    assert codes == ["PAYLOAD_TOO_LARGE", "INVALID_PAYLOAD", "RATE_LIMITED", "RATE_LIMITED"]


def test_whoever_goes_on_too_fast_is_closed_and_whoever_is_twice_as_fast_as_it_may_be_is_not(
    dispatcher: Dispatcher, time: Time
) -> None:
    """`handle` is asked so many times a second, for a minute; where it is final, the connection is closed behind it."""
    for per_s, closed in ((100, False), (200, True)):
        time.now = 0.0
        caller, finals = connection(rate=50, burst=50), 0
        for number in range(60 * per_s):
            time.now = number / per_s
            outcome = dispatcher.too_large(caller)
            assert isinstance(outcome, Refusal)
            finals += outcome.final
        assert bool(finals) is closed


def test_a_bucket_refills_at_its_rate_and_never_above_its_burst() -> None:
    tokens = bucket(10, 2, 0.0)
    assert [tokens.take(0.0) for _ in range(3)] == [0.0, 0.0, pytest.approx(0.1)]
    assert tokens.take(0.1) == 0.0
    assert tokens.take(0.1) == pytest.approx(0.1)
    assert [tokens.take(1000.0) for _ in range(3)] == [0.0, 0.0, pytest.approx(0.1)]


def test_a_rate_of_nothing_is_no_limit() -> None:
    tokens = TokenBucket(0, 0, 0, 0.0)
    assert {tokens.take(0.0) for _ in range(1000)} == {0.0}
