"""Which rooms a site has made."""

from __future__ import annotations

from rooms.directory import Directory
from rooms.makers import Makers
from rooms.model import RoomOptions
from rooms.runtime import Runtime


def test_pages_are_in_order_and_for_one_maker() -> None:
    makers = Makers()
    for room in ("c", "a", "d", "b"):
        makers.add("shop", room)
    makers.add("forum", "x")
    makers.add(None, "y")
    assert makers.page("shop", "", 3) == ["a", "b", "c"]
    assert makers.page("shop", "c", 3) == ["d"]
    assert makers.page("shop", "bb", 1) == ["c"]
    assert makers.page("nobody", "", 3) == []


def test_nothing_is_kept_of_rooms_that_have_gone() -> None:
    directory = Directory(Runtime(30, 300), tombstone_ttl_s=60)
    made = [directory.create(f"r{n}", "e", "key", RoomOptions(8, 3600, made_by="shop"), 0.0) for n in range(3)]
    directory.create("other", "e", "key", RoomOptions(8, 3600), 0.0)
    directory.end(made[0], "room-ended", 1.0)
    directory.discard(made[1])
    directory.discard(made[1])
    assert directory.makers.page("shop", "", 10) == ["r2"]
    directory.end(made[2], "room-expired", 2.0)
    assert directory.makers._rooms == {}
