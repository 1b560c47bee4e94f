"""One thread that hashes passwords, and a fair queue before it.

Whoever was served longest ago, or never, comes first: of groups (rooms), then of addresses in the group. Among
addresses that were never served the newest comes first, so somebody new waits neither for the second try of anybody
else nor for a crowd that came before. The queue is bounded in all, by address and in time, and every caller is
answered: a full queue refuses whoever would have come last.
"""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from rooms.errors import Code, Refused

MAX_WAITING = 256
"""Hashes that wait in one queue; each takes some 50 to 80 ms of the thread, and a waiting one some 2 KiB."""

MAX_WAIT_S = 20.0
"""Nobody waits longer for an answer: as long as a full queue takes."""

MAX_SERVED = 10_000
"""Groups, and addresses, of which it is remembered when they were served; the least recent go first."""

RETRY_MS = 2_000

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Job:
    group: str
    address: str
    rank: int
    """How many of its address were under way when it came."""
    order: int
    work: Callable[[], Any]
    shortcut: Callable[[], Any]
    done: asyncio.Future[Any]


class HashQueue:
    """A thread and who waits for it. `under_way` counts, by `(name, address)`, what waits or is being hashed; of one
    address it is at most `of_one_address`.
    """

    def __init__(self, name: str, under_way: Counter[tuple[str, str]], of_one_address: int) -> None:
        self._name = name
        self._of_one_address = of_one_address
        self._under_way = under_way
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._waiting: list[_Job] = []
        self._busy = False
        self._asked = self._turns = 0
        self._served: OrderedDict[tuple[str, ...], int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    async def run(
        self, work: Callable[[], T], *, address: str, group: str = "", shortcut: Callable[[], T | None] = lambda: None
    ) -> T:
        """What `work` returns, off the event loop; refused with RATE_LIMITED or SERVER_DRAINING where it is not done.

        `shortcut` is asked, on the loop, when the turn has come: something other than None makes the work needless.
        """
        rank = self._under_way[self._name, address]
        if rank >= self._of_one_address:
            raise _crowded()
        self._asked += 1
        job = _Job(group, address, rank, self._asked, work, shortcut, asyncio.get_running_loop().create_future())
        if len(self._waiting) >= MAX_WAITING:
            self._make_place(job)
        self._waiting.append(job)
        self._under_way[self._name, address] += 1
        self._next()
        try:
            async with asyncio.timeout(MAX_WAIT_S):
                result: T = await job.done
                return result
        except TimeoutError:
            raise _crowded() from None
        finally:
            # What is being hashed counts until the thread is done with it, whether or not anybody waits for it still.
            if job in self._waiting:
                self._withdraw(job)

    def close(self) -> None:
        """Answer whoever waits, and let the thread go."""
        for job in list(self._waiting):
            self._refuse(job, _draining())
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _turn(self, job: _Job) -> tuple[int, int, int, int]:
        group, address = self._served.get((job.group,), 0), self._served.get((job.group, job.address), 0)
        return group, address, job.rank, job.order if address else -job.order

    def _make_place(self, job: _Job) -> None:
        last = max(self._waiting, key=self._turn)
        if self._turn(last) < self._turn(job):
            raise _crowded()
        self._refuse(last, _crowded())

    def _refuse(self, job: _Job, refused: Refused) -> None:
        self._withdraw(job)
        _settle(job, refused)

    def _withdraw(self, job: _Job) -> None:
        self._waiting.remove(job)
        self._uncount(job)

    def _uncount(self, job: _Job) -> None:
        key = (self._name, job.address)
        self._under_way[key] -= 1
        if not self._under_way[key]:
            del self._under_way[key]

    def _next(self) -> None:
        while self._waiting and not self._busy:
            job = min(self._waiting, key=self._turn)
            known = job.shortcut()
            if known is not None:
                self._withdraw(job)
                _settle(job, known)
                continue
            self._waiting.remove(job)
            self._serve(job)

    def _serve(self, job: _Job) -> None:
        self._busy = True
        self._turns += 1
        for key in ((job.group,), (job.group, job.address)):
            self._served[key] = self._turns
            self._served.move_to_end(key)
        while len(self._served) > 2 * MAX_SERVED:
            self._served.popitem(last=False)
        work = asyncio.get_running_loop().run_in_executor(self._thread, job.work)
        work.add_done_callback(lambda done: self._finished(job, done))

    def _finished(self, job: _Job, done: asyncio.Future[Any]) -> None:
        self._busy = False
        self._uncount(job)
        if done.cancelled():
            _settle(job, _draining())
        else:
            _settle(job, done.exception() or done.result())
        # After the caller, whose answer may be the shortcut of those who wait.
        asyncio.get_running_loop().call_soon(self._next)


def _settle(job: _Job, outcome: Any) -> None:
    if job.done.done():
        return  # the caller has given up
    if isinstance(outcome, BaseException):
        job.done.set_exception(outcome)
    else:
        job.done.set_result(outcome)


def _crowded() -> Refused:
    return Refused(Code.RATE_LIMITED, "Too many passwords are being hashed.", retry_after_ms=RETRY_MS)


def _draining() -> Refused:
    return Refused(Code.SERVER_DRAINING, retry_after_ms=RETRY_MS)
