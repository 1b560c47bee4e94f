"""Which part of a file a request asks for (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

MAX_DIGITS = 15
ONE_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)", re.ASCII | re.IGNORECASE)


class Part(NamedTuple):
    """From `start` to before `stop`; `status` is 200 for all of it and 206 for a part.

    304 where the caller has it already, and 416 where there is no such part: then both are 0.
    """

    status: int
    start: int
    stop: int


def part_of(size: int, etag: str, headers: Mapping[str, str]) -> Part:
    """What to send of `size` bytes. Several ranges, and what is no range, are answered with all of it."""
    if _matches(headers.get("If-None-Match"), etag):
        return Part(304, 0, 0)
    whole = Part(200, 0, size)
    condition = headers.get("If-Range")
    # A validator that is not ours, or a date: the caller has a part of something else.
    if condition is not None and condition.strip() != etag:
        return whole
    asked = ONE_RANGE.fullmatch(headers.get("Range", "").strip())
    if asked is None or asked[1] == asked[2] == "" or max(len(asked[1]), len(asked[2])) > MAX_DIGITS:
        return whole
    if asked[1] == "":
        start, stop = max(0, size - int(asked[2])), size
    else:
        start, stop = int(asked[1]), min(size, int(asked[2] or size) + 1)
        if asked[2] and int(asked[2]) < start:
            return whole  # not a range at all
    return Part(206, start, stop) if start < stop else Part(416, 0, 0)


def _matches(given: str | None, etag: str) -> bool:
    if given is None:
        return False
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in given.split(","))
