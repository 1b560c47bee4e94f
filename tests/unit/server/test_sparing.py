"""What anybody can cause to be logged is logged seldom, and says nothing of what they sent."""

from __future__ import annotations

import pytest

from server.observability.sparing import MAX_LINES, WINDOW_S, RefusedOrigins, Sparing


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_thing_is_said_once_in_a_window() -> None:
    clock = Clock()
    sparing = Sparing(clock)
    assert [sparing.admits(thing) for thing in ("a", "a", "b", "a")] == [True, False, True, False]
    clock.now = WINDOW_S
    assert sparing.admits("a")


def test_only_so_many_things_are_said_in_a_window_and_remembered() -> None:
    clock = Clock()
    sparing = Sparing(clock)
    assert sum(sparing.admits(str(n)) for n in range(10_000)) == MAX_LINES
    assert len(sparing._said) == MAX_LINES
    clock.now = WINDOW_S - 1
    assert not sparing.admits("new")


@pytest.mark.parametrize("origin", ["null", "https://site.example", "http://[::1]:8080", "capacitor://localhost"])
def test_an_origin_is_shown(origin: str, caplog: pytest.LogCaptureFixture) -> None:
    RefusedOrigins(Clock()).note(origin)
    assert f" {origin} " in caplog.text


@pytest.mark.parametrize("sent", ["https://a\nb", "", "xyzzy", "https://xyzzy.example/path", "https://" + "xyzzy" * 30])
def test_what_is_no_origin_is_not_shown(sent: str, caplog: pytest.LogCaptureFixture) -> None:
    RefusedOrigins(Clock()).note(sent)
    assert "something that is none" in caplog.text
    assert "xyzzy" not in caplog.text
    assert len(caplog.text.splitlines()) == 1
