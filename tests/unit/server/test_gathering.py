"""Answers of several processes as one: lists in order, figures added up, samples that say of which process they are."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from server.transport.http.gathering import added, labelled, listed

ONE = b"""# HELP mayfly_rooms Rooms.
# TYPE mayfly_rooms gauge
mayfly_rooms 3.0
# HELP mayfly_joins_total Joins.
# TYPE mayfly_joins_total counter
mayfly_joins_total{result="ok"} 5.0
mayfly_joins_total{result="a b"} 1.0
"""
OTHER = ONE.replace(b"3.0", b"4.0") + b"# HELP mayfly_late Later.\n# TYPE mayfly_late gauge\nmayfly_late 1e-05\n"


def page(*ids: str) -> dict[str, Any]:
    return {"rooms": [{"id": one} for one in ids]}


def ids(merged: dict[str, Any]) -> list[str]:
    return [room["id"] for room in merged["rooms"]]


def test_a_page_is_the_first_of_all_in_the_order_of_their_ids() -> None:
    assert ids(listed([page("b", "d"), page("a", "c")], 3)) == ["a", "b", "c"]
    assert ids(listed([page("b"), page("a")], 0)) == ["a", "b"]
    assert (
        len(ids(listed([page(*(f"a{n:03}" for n in range(100))), page(*(f"b{n:03}" for n in range(100)))], 0))) == 100
    )


def test_a_room_on_its_way_from_one_node_to_another_is_listed_once() -> None:
    merged = listed([page("a") | {"total": 1}, page("a", "b") | {"total": 2}], 0)
    assert ids(merged) == ["a", "b"]
    assert merged["total"] == 3


def test_figures_are_added_but_for_those_of_one_process() -> None:
    one = {"processes": 1, "uptimeS": 5.0, "draining": True, "rooms": 2, "requests": {"ok": 1}, "loopLagP99Ms": 1.5}
    other = {"processes": 1, "uptimeS": 9.0, "draining": False, "rooms": 3, "requests": {"ok": 2, "BANNED": 1}}
    storage = {"storage": {"kind": "memory", "ok": True, "unwritten": 1}}
    broken = {"storage": {"kind": "memory", "ok": False, "unwritten": 2}}
    assert added([one | storage, other | broken | {"loopLagP99Ms": 7.5}]) == {
        "processes": 2,
        "uptimeS": 5.0,
        "draining": True,
        "rooms": 5,
        "requests": {"ok": 3, "BANNED": 1},
        "loopLagP99Ms": 7.5,
        "storage": {"kind": "memory", "ok": False, "unwritten": 3},
    }


def test_metrics_of_several_are_one_exposition() -> None:
    text = labelled({"host:1#a": ONE, "host:2#b": OTHER}).decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    rooms = {sample.labels["process"]: sample.value for sample in families["mayfly_rooms"].samples}
    assert rooms == {"host:1#a": 3.0, "host:2#b": 4.0}
    assert {sample.labels["result"] for sample in families["mayfly_joins"].samples} == {"ok", "a b"}
    assert len(families["mayfly_joins"].samples) == 4
    assert text.count("# TYPE mayfly_rooms ") == 1
    assert families["mayfly_late"].samples[0].value == 1e-05
