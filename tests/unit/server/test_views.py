"""Domain values to JSON."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.model import Media, Participant, RoomView
from server.protocol import events, views


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_795_000_000.25, "2026-11-18T11:06:40.250Z"),
        # The fraction rounds up to a whole second where it is rounded to microseconds.
        (1_795_000_000.9999998, "2026-11-18T11:06:40.999Z"),
        (253_402_300_799.0, "9999-12-31T23:59:59.000Z"),
    ],
)
def test_times_are_iso_8601_in_utc_with_milliseconds(at: float, text: str) -> None:
    assert views.iso(at) == text


@given(st.floats(min_value=0, max_value=4e9))
def test_a_time_is_never_more_than_a_millisecond_off(at: float) -> None:
    told = datetime.strptime(views.iso(at), "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC).timestamp()
    assert -1e-6 < at - told < 0.00101  # seconds in binary are no whole number of milliseconds


def test_a_participant_fits_its_model() -> None:
    value = Participant("p", "Ada", "host", True, 1.5, Media(audio=True, hand_raised=True))
    events.Participant.model_validate(views.participant(value))


def test_a_room_fits_its_model() -> None:
    for status, host in (("open", None), ("locked", "p"), ("ended", None)):
        for encrypted, check in ((False, None), (True, None), (True, "abc")):
            value = RoomView("r", status, 8, 0, host, True, False, True, 1.0, 2.0, encrypted, check)
            events.Room.model_validate(views.room(value))


@given(st.lists(st.text()), st.integers(min_value=0, max_value=200))
def test_as_many_as_fit_are_encoded_from_the_first_on(texts: list[str], most: int) -> None:
    found = orjson.loads(orjson.dumps(views.fitting(texts, most)))
    assert found == texts[: len(found)]
    size = len(orjson.dumps(found))
    assert size <= most or len(found) <= 1
    if len(found) < len(texts):
        assert found, "one at least"
        assert len(orjson.dumps(texts[: len(found) + 1])) > most
