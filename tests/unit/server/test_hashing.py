"""The queue before the hashing thread: fair, bounded, and nobody waits for an answer for ever."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest

from rooms.errors import Code, Refused
from server.security import hashing
from server.security.hashing import MAX_WAITING, HashQueue

MAX_OF_ONE_ADDRESS = 2


class Bench:
    """A queue whose thread stands until it is let go, and the order in which it did things."""

    def __init__(self) -> None:
        self.under_way: Counter[tuple[str, str]] = Counter()
        self.queue = HashQueue("test", self.under_way, MAX_OF_ONE_ADDRESS)
        self.gate = threading.Event()
        self.order: list[str] = []

    def work(self, name: str) -> Callable[[], str]:
        def run() -> str:
            self.gate.wait(5)
            self.order.append(name)
            return name

        return run

    def ask(self, address: str, group: str = "", name: str | None = None) -> asyncio.Task[str]:
        name = name or f"{group}/{address}"
        return asyncio.create_task(self.queue.run(self.work(name), address=address, group=group))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    yield bench
    bench.gate.set()
    bench.queue.close()
    await asyncio.sleep(0)


async def asked(*tasks: asyncio.Task[str]) -> None:
    await asyncio.sleep(0)


async def test_somebody_new_comes_before_the_second_try_of_anybody_else(bench: Bench) -> None:
    first = [bench.ask(f"a{n}") for n in range(20)]
    await asked()
    bench.gate.set()
    await asyncio.gather(*first)
    bench.gate.clear()
    again = [bench.ask(f"a{n}", name="again") for n in range(20)]
    await asked()
    fresh = bench.ask("fresh")
    await asked()
    bench.order.clear()
    bench.gate.set()
    await asyncio.gather(*again, fresh)
    assert bench.order[:2] == ["again", "/fresh"], "behind the one that was under way already"


async def test_somebody_new_comes_before_a_crowd_of_others_as_new(bench: Bench) -> None:
    crowd = [bench.ask(f"a{n}") for n in range(MAX_WAITING // 2) for _ in range(MAX_OF_ONE_ADDRESS)]
    await asked()
    assert bench.under_way.total() == MAX_WAITING
    more = [bench.ask(f"b{n}") for n in range(10)]
    await asked()
    fresh = bench.ask("fresh")
    await asked()
    bench.gate.set()
    outcomes = await asyncio.gather(*crowd, *more, fresh, return_exceptions=True)
    assert bench.order[1] == "/fresh"
    refused = [n for n, one in enumerate(outcomes) if isinstance(one, Refused)]
    assert refused
    assert all(n % 2 for n in refused), "second tries make place for first ones"


async def test_a_crowd_at_one_room_costs_another_room_one_turn(bench: Bench) -> None:
    crowd = [bench.ask(f"a{n}", "attacked") for n in range(100)]
    await asked()
    guest = bench.ask("guest", "quiet")
    await asked()
    bench.gate.set()
    await asyncio.gather(*crowd, guest)
    assert bench.order.index("quiet/guest") == 1


async def test_addresses_take_turns_whatever_each_asks_for(bench: Bench) -> None:
    tries = [bench.ask(address) for address in ("a", "a", "b", "b", "c")]
    await asked()
    bench.gate.set()
    await asyncio.gather(*tries)
    assert bench.order == ["/a", "/c", "/b", "/a", "/b"]


async def test_one_address_has_two_at_a_time(bench: Bench) -> None:
    tries = [bench.ask("a") for _ in range(MAX_OF_ONE_ADDRESS + 1)]
    await asked()
    bench.gate.set()
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [type(one) for one in outcomes] == [str] * MAX_OF_ONE_ADDRESS + [Refused]
    assert not bench.under_way, "and may ask again"


async def test_a_full_queue_refuses_whoever_would_come_last_and_never_somebody_new(bench: Bench) -> None:
    bench.gate.set()
    await asyncio.gather(*(bench.ask(f"a{n}", "attacked") for n in range(MAX_WAITING + 1)))
    bench.gate.clear()
    crowd = [bench.ask(f"a{n}", "attacked") for n in range(MAX_WAITING + 1)]
    await asked()
    assert bench.under_way.total() == MAX_WAITING + 1
    one_more = bench.ask("a0", "attacked")
    fresh = bench.ask("fresh", "attacked")
    await asked()
    assert bench.under_way.total() <= MAX_WAITING + 1
    bench.gate.set()
    outcomes = await asyncio.gather(*crowd, one_more, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, Refused)]
    assert await fresh == "attacked/fresh"
    assert {one.code for one in refused} == {Code.RATE_LIMITED}
    assert len(refused) == 2


async def test_nobody_waits_longer_than_the_bound(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "MAX_WAIT_S", 0.05)
    tries = [bench.ask(address) for address in "abc"]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert [getattr(one, "code", one) for one in outcomes] == [Code.RATE_LIMITED] * 3
    assert bench.under_way == {("test", "a"): 1}, "the thread is at it still"


async def test_whoever_gives_up_in_the_queue_is_out_of_it_and_on_the_thread_is_not(bench: Bench) -> None:
    tries = [bench.ask("a"), bench.ask("a")]
    await asked()
    for one in tries:
        one.cancel()
    await asyncio.wait(tries)
    assert bench.under_way == {("test", "a"): 1}
    other = bench.ask("b")
    bench.gate.set()
    assert await other == "/b"
    assert not bench.under_way


async def test_what_has_become_known_meanwhile_needs_no_work(bench: Bench) -> None:
    known: list[str] = []
    first = bench.ask("a")
    others = [
        asyncio.create_task(
            bench.queue.run(bench.work("needless"), address=str(n), shortcut=lambda: known[0] if known else None)
        )
        for n in range(50)
    ]
    await asked()
    known.append("known")
    bench.gate.set()
    assert await first == "/a"
    assert await asyncio.gather(*others) == ["known"] * 50
    assert bench.order == ["/a"]


async def test_work_that_fails_fails_its_caller_alone(bench: Bench) -> None:
    def fail() -> str:
        raise ValueError

    bench.gate.set()
    with pytest.raises(ValueError, match=r"^$"):
        await bench.queue.run(fail, address="a")
    assert await bench.ask("a") == "/a"


async def test_stopping_answers_everybody(bench: Bench) -> None:
    tries = [bench.ask(str(n)) for n in range(20)]
    await asked()
    bench.queue.close()
    bench.gate.set()
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert outcomes[0] == "/0"
    assert {getattr(one, "code", one) for one in outcomes[1:]} == {Code.SERVER_DRAINING}
