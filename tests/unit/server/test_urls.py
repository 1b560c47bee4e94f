"""What was asked for in a URL is not kept, whichever way aiohttp and yarl make one."""

from __future__ import annotations

import gc
from collections.abc import Callable

import pytest
from yarl import URL

from server.transport.http.urls import keep_no_urls

WORD = "wombatglyph"
MADE: dict[str, Callable[[str], object]] = {
    "as a request": lambda q: URL.build(path="/api/rooms/r/messages", query_string=q, encoded=True).query,
    "as a request to a proxy": lambda q: URL(f"http://localhost/messages?{q}", encoded=True).query,
    "written by hand": lambda q: URL(f"http://localhost/messages?{q}").query,
    "beside another": lambda q: URL("http://localhost/").join(URL.build(path="/m", query_string=q, encoded=True)).query,
}


@pytest.mark.parametrize("how", MADE)
def test_nothing_of_a_url_is_kept_once_it_is_read(how: str) -> None:
    keep_no_urls()
    word = "".join(reversed(WORD))  # made anew, so that no constant holds it
    assert MADE[how](f"q={word}")
    assert [type(thing) for thing in gc.get_objects() if holds(thing, word)] == []


def holds(thing: object, word: str) -> bool:
    """Whether a URL, or a tuple that one was made of, says the word."""
    parts = thing if type(thing) is tuple else gc.get_referents(thing) if type(thing) is URL else ()
    return any(type(part) is str and word in part for part in parts)
