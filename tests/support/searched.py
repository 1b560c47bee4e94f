"""The server, with a thread beside it that looks for a word in all that is alive in its process.

    python -m tests.support.searched

It looks when `wanted` appears in its folder (the word written backwards, so that nothing holds it because of the
search), and writes `found`: a list of what holds it. `SearchedServer` and `SearchedNode` ask. Without a word it is
asked how many connections were cut for not reading.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from server.__main__ import main
from server.transport.engineio.recall import Recalls
from tests.support.nodes import NodeProcess
from tests.support.pace import PACE
from tests.support.processes import Program, ServerProcess
from tests.support.redis import RedisServer

POLL_S = 0.02
SEARCH_LIMIT_S = 20.0 * PACE
WANTED, FOUND = Path("wanted"), Path("found")
FRAME = type(sys._getframe())
RECALLS: list[Recalls] = []


class Searched(Program):
    """A server whose live objects can be searched."""

    def holders(self, word: str) -> list[str]:
        """The kinds of its live objects that hold the word. Blocks."""
        holders: list[str] = self._ask(word)
        return holders

    def cuts(self) -> int:
        """How many connections it has cut as what was taken back, or soon may be, was not read. Blocks."""
        return int(self._ask(""))

    def _ask(self, word: str) -> Any:
        found = self.folder / FOUND
        found.unlink(missing_ok=True)
        (self.folder / "new").write_text(word[::-1])
        (self.folder / "new").rename(self.folder / WANTED)
        deadline = time.monotonic() + SEARCH_LIMIT_S
        while not found.exists():
            assert time.monotonic() < deadline, f"no search was made:\n{self.log()[-2_000:]}"
            time.sleep(POLL_S)
        return json.loads(found.read_text())


class SearchedServer(Searched, ServerProcess):
    """One that is alone."""

    def __init__(self, port: int, settings: dict[str, str]) -> None:
        super().__init__(port, settings)
        self.command = [sys.executable, "-m", "tests.support.searched"]


class SearchedNode(Searched, NodeProcess):
    """A node."""

    def __init__(self, port: int, redis: RedisServer, settings: dict[str, str]) -> None:
        super().__init__(port, redis, settings)
        self.command = [sys.executable, "-m", "tests.support.searched"]


def search(word: str) -> list[str]:
    gc.collect()
    raw = word.encode()
    found = []
    for thing in gc.get_objects():
        if type(thing) is FRAME or thing is found:
            continue
        for held in _texts(thing):
            if held is word or held is raw:
                continue
            if raw in bytes(held) if not isinstance(held, str) else word in held:
                found.append(f"{type(thing).__module__}.{type(thing).__name__}")
    return found


def _remember_recalls() -> None:
    """Those that are made from now on. The collector shows nothing of what the server has frozen."""
    make = Recalls.__init__

    def remembered(self: Recalls, *given: Any) -> None:
        make(self, *given)
        RECALLS.append(self)

    Recalls.__init__ = remembered  # type: ignore[method-assign]


def count_cuts() -> int:
    return sum(one.cut_count for one in RECALLS)


def _texts(thing: Any) -> Iterator[Any]:
    """What a thing holds, also in containers that the collector does not track, as nothing but texts is in them."""
    for held in gc.get_referents(thing):
        if type(held) in (str, bytes, bytearray, memoryview):
            yield held
        elif type(held) in (tuple, dict, list) and not gc.is_tracked(held):
            yield from _texts(held)


def _watch() -> None:
    while True:
        time.sleep(POLL_S)
        if WANTED.exists():
            # Not in one expression: no constant and no leftover of it is to hold the word.
            found = search(WANTED.read_text()[::-1]) if WANTED.stat().st_size else count_cuts()
            WANTED.unlink()
            Path("news").write_text(json.dumps(found))
            Path("news").rename(FOUND)


if __name__ == "__main__":
    _remember_recalls()
    threading.Thread(target=_watch, daemon=True).start()
    main()
