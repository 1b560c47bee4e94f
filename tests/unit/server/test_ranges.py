"""Which part of a file a request asks for."""

from __future__ import annotations

import pytest

from server.transport.http.ranges import Part, part_of

ETAG = '"abc"'
WHOLE = Part(200, 0, 100)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", Part(206, 0, 10)),
        ("bytes=90-", Part(206, 90, 100)),
        ("bytes=-10", Part(206, 90, 100)),
        ("bytes=-1000", Part(206, 0, 100)),
        ("bytes=0-1000", Part(206, 0, 100)),
        ("bytes=99-99", Part(206, 99, 100)),
        ("BYTES = 1 - 2", Part(206, 1, 3)),
        ("bytes=100-", Part(416, 0, 0)),
        ("bytes=-0", Part(416, 0, 0)),
        ("bytes=5-4", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=0-1,5-6", WHOLE),
        ("items=0-1", WHOLE),
        ("bytes=a-b", WHOLE),
        ("bytes=²-", WHOLE),
        ("bytes=" + "9" * 5_000 + "-", WHOLE),
        ("", WHOLE),
    ],
)
def test_a_range_is_one_of_bytes_and_all_else_is_the_whole(asked: str, part: Part) -> None:
    assert part_of(100, ETAG, {"Range": asked}) == part


def test_of_nothing_there_is_no_part() -> None:
    assert part_of(0, ETAG, {}) == Part(200, 0, 0)
    assert part_of(0, ETAG, {"Range": "bytes=0-"}).status == 416


@pytest.mark.parametrize(
    ("condition", "status"),
    [(ETAG, 206), ('"other"', 200), ('W/"abc"', 200), ("Sun, 29 Nov 2026 02:00:42 GMT", 200)],
)
def test_a_part_of_something_else_is_not_added_to_this(condition: str, status: int) -> None:
    assert part_of(100, ETAG, {"Range": "bytes=50-", "If-Range": condition}).status == status


@pytest.mark.parametrize(("given", "status"), [(ETAG, 304), ('"x", W/"abc"', 304), ("*", 304), ('"x"', 200)])
def test_who_has_it_is_told_so(given: str, status: int) -> None:
    assert part_of(100, ETAG, {"If-None-Match": given}).status == status
