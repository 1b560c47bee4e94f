"""Query parameters that several routes share."""

from __future__ import annotations

from aiohttp import web

from rooms.errors import Code, Refused

MAX_LIMIT_DIGITS = 9


def limit_of(request: web.Request, most: int) -> int:
    """How many things on one page: as asked for, and at most so many."""
    limit = request.query.get("limit", str(most))
    if not (limit.isdecimal() and len(limit) <= MAX_LIMIT_DIGITS and int(limit) >= 1):
        raise Refused(Code.INVALID_PAYLOAD, details={"limit": f"must be a number from 1 to {most}"})
    return min(int(limit), most)
