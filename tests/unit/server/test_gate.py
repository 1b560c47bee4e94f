"""What waits until a change is kept, in which order it leaves, and what becomes of it where the change is refused."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from rooms.errors import Refused
from server.cluster import gate as gate_module
from server.cluster.gate import MAX_HELD_BYTES, SILENT_S, Gate
from server.cluster.gated import GatedEngine
from tests.support.pace import PACE


class Wire:
    """An engine that notes what it is asked to do."""

    def __init__(self) -> None:
        self.done: list[tuple[Any, ...]] = []

    def send_text(self, sid: str, text: str | bytes) -> None:
        self.done.append(("one", sid, text))

    def send_answer(self, sid: str, text: str | bytes) -> None:
        self.done.append(("answer", sid, text))

    def broadcast(self, sids: Any, text: str | bytes, but: str | None = None) -> None:
        self.done.append(("all", [*sids], text, but))

    def recall(self, sids: Any) -> None:
        self.done.append(("recall", [*sids]))

    def close_session(self, sid: str, code: int, reason: str = "") -> None:
        self.done.append(("close", sid, code))

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def a_gate() -> tuple[Gate, GatedEngine, Wire, Clock]:
    wire, clock = Wire(), Clock()
    gate = Gate(clock)
    return gate, GatedEngine(wire, gate), wire, clock


def test_where_nothing_is_written_nothing_waits() -> None:
    _, engine, wire, _ = a_gate()
    engine.send_text("a", b"2[]")
    assert wire.done == [("one", "a", b"2[]")]


def test_what_is_sent_after_a_change_waits_until_it_is_kept() -> None:
    gate, engine, wire, _ = a_gate()
    gate.hold("r")
    here = {"p": "b"}
    engine.broadcast(here.values(), b"2[]", "a")
    engine.send_text("a", b"31[]")
    engine.close_session("a", 1008)
    here.clear()  # whoever leaves meanwhile was there when it was said
    batch = gate.close(1)
    assert batch is not None
    assert wire.done == []
    gate.confirm(batch, "r", kept=True)
    assert wire.done == [("all", ["b"], b"2[]", "a"), ("one", "a", b"31[]"), ("close", "a", 1008)]
    assert not gate.holds


def test_what_is_taken_back_is_called_back_once_that_is_kept() -> None:
    gate, engine, wire, _ = a_gate()
    engine.recall({"p": "a"}.values())
    gate.hold("r")
    here = {"p": "b"}
    engine.recall(here.values())
    here.clear()
    batch = gate.close(1)
    assert batch is not None
    assert wire.done == [("recall", ["a"])]
    gate.confirm(batch, "r", kept=True)
    assert wire.done == [("recall", ["a"]), ("recall", ["b"])]


def test_order_holds_over_turns() -> None:
    gate, engine, wire, _ = a_gate()
    gate.hold("r")
    engine.send_text("a", b"first")
    first = gate.close(1)
    engine.send_text("a", b"second")  # of a turn that changes nothing
    gate.hold("q")
    engine.send_text("a", b"third")
    second = gate.close(1)
    assert first is not None
    assert second is not None
    gate.confirm(second, "q", kept=True)
    assert wire.done == []
    gate.confirm(first, "r", kept=True)
    assert [text for _, _, text in wire.done] == [b"first", b"second", b"third"]


def test_of_a_refused_change_nothing_is_told_and_who_asked_is_refused() -> None:
    gate, engine, wire, _ = a_gate()
    gate.hold("r")
    engine.broadcast(["b"], b'2["message-received"]')
    engine.send_text("a", b'317[{"ok":true,"data":{}}]')
    gate.hold("q")
    engine.send_text("c", b'35[{"ok":true,"data":{}}]')
    batch = gate.close(2)
    assert batch is not None
    gate.confirm(batch, "r", kept=False)
    gate.confirm(batch, "q", kept=True)
    (_, sid, refused), other = wire.done
    assert sid == "a"
    assert refused[:3] == b"317"
    (answer,) = orjson.loads(refused[3:])
    assert (answer["ok"], answer["error"]["code"], answer["error"]["retryable"]) == (False, "UNAVAILABLE", True)
    assert other == ("one", "c", b'35[{"ok":true,"data":{}}]')


def test_who_has_waited_too_long_is_answered_and_the_rest_goes_on_waiting() -> None:
    gate, engine, wire, clock = a_gate()
    gate.hold("r")
    engine.send_text("b", b'2["message-received"]')
    engine.send_text("a", b'317[{"ok":true}]')
    batch = gate.close(1)
    assert batch is not None
    clock.now += SILENT_S - 0.1
    gate.refuse_late()
    assert wire.done == []
    clock.now += 0.2
    gate.refuse_late()
    assert [(sid, text[:3]) for _, sid, text in wire.done] == [("a", b"317")]
    gate.confirm(batch, "r", kept=True)
    assert wire.done[1:] == [("one", "b", b'2["message-received"]')], "and nobody is answered twice"


def test_a_long_answer_counts_as_unsent_while_it_waits() -> None:
    gate, engine, wire, _ = a_gate()
    wire.is_behind = lambda sid: False  # type: ignore[attr-defined]
    gate.hold("r")
    engine.send_answer("a", b"31[]")
    batch = gate.close(1)
    assert batch is not None
    assert engine.is_behind("a")
    assert not engine.is_behind("b")
    gate.confirm(batch, "r", kept=False)
    assert not engine.is_behind("a"), "also where it was refused"


def test_whether_an_answer_waits_is_known_without_a_look_at_all_that_waits() -> None:
    class Unseen(list[Any]):
        def __iter__(self) -> Any:
            raise AssertionError("looked through")

    gate, engine, wire, _ = a_gate()
    wire.is_behind = lambda sid: False  # type: ignore[attr-defined]
    gate.hold("r")
    engine.send_answer("a", b"31[]")
    gate.queue[-1].held = Unseen(gate.queue[-1].held)
    assert engine.is_behind("a")
    assert not engine.is_behind("b")


def test_an_answer_that_was_refused_late_is_not_waited_for() -> None:
    gate, engine, wire, clock = a_gate()
    wire.is_behind = lambda sid: False  # type: ignore[attr-defined]
    gate.hold("r")
    engine.send_answer("a", b"31[]")
    engine.send_answer("b", b"31[]")
    engine.send_answer("b", b'2["room-joined"]')
    gate.close(1)
    clock.now += SILENT_S + 0.1
    gate.refuse_late()
    assert not engine.is_behind("a")
    assert engine.is_behind("b"), "the rest of it waits"


async def test_what_is_kept_leaves_together_with_what_was_written_just_after_it() -> None:
    gate, engine, wire, _ = a_gate()
    batches = []
    for text in (b"first", b"second"):
        gate.hold("r")
        engine.send_text("a", text)
        batches.append(gate.close(1))
    gate.hold("r")
    engine.send_text("a", b"third")  # it is not under way yet, and nothing waits for it
    first, second = batches
    assert first is not None
    assert second is not None
    gate.confirm(first, "r", kept=True)
    assert wire.done == []
    gate.confirm(second, "r", kept=True)
    assert [text for _, _, text in wire.done] == [b"first", b"second"]


async def test_what_is_kept_does_not_wait_long_for_what_is_not() -> None:
    gate, engine, wire, _ = a_gate()
    batches = []
    for text in (b"first", b"second"):
        gate.hold("r")
        engine.send_text("a", text)
        batches.append(gate.close(1))
    first, second = batches
    assert first is not None
    assert second is not None
    gate.confirm(first, "r", kept=True)
    async with asyncio.timeout(1.0 * PACE):
        while not wire.done:
            await asyncio.sleep(gate_module.LINGER_S)
    assert [text for _, _, text in wire.done] == [b"first"]
    gate.confirm(second, "r", kept=True)
    assert [text for _, _, text in wire.done] == [b"first", b"second"]


async def test_a_call_waits_for_all_changes_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, _, _, _ = a_gate()
    await gate.settled()
    gate.hold("r")
    batch = gate.close(1)
    assert batch is not None
    waiting = asyncio.ensure_future(gate.settled())
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.confirm(batch, "r", kept=True)
    await waiting
    gate.hold("r")
    monkeypatch.setattr(gate_module, "SILENT_S", 0.01)
    with pytest.raises(Refused):
        await gate.settled()


def test_what_waits_is_weighed() -> None:
    gate, engine, _, _ = a_gate()
    gate.hold("r")
    message = b"2" + b"x" * 1_048_576
    while gate.held_bytes + len(message) <= MAX_HELD_BYTES:
        engine.send_text("a", message)
    assert not gate.is_full
    engine.broadcast(["a", "b"], message)
    assert gate.is_full
    batch = gate.close(1)
    assert batch is not None
    gate.confirm(batch, "r", kept=True)
    assert (gate.held_bytes, gate.is_full) == (0, False)


def test_who_is_alone_goes_on_without_and_waits_again_later() -> None:
    gate, engine, wire, _ = a_gate()
    gate.hold("r")
    engine.send_text("a", b"held")
    batch = gate.close(1)
    gate.hold("r")
    engine.send_text("a", b"held, too")
    gate.go_on()
    gate.hold("r")
    engine.send_text("a", b"at once")
    assert [what for _, _, what in wire.done] == [b"held", b"held, too", b"at once"]
    assert gate.close(1) is None, "nobody waits for it"
    gate.wait_again()
    assert batch is not None
    gate.confirm(batch, "r", kept=True)  # it comes late, and concerns nobody
    gate.hold("r")
    engine.send_text("a", b"after")
    assert len(wire.done) == 3
    later = gate.close(1)
    assert later is not None
    gate.confirm(later, "r", kept=True)
    assert len(wire.done) == 4
