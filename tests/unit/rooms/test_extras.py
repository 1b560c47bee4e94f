"""What a message carries besides its text, and what that weighs."""

from __future__ import annotations

from rooms.extras import NO_EXTRAS, Attachment, Extras
from rooms.limits import CHAR_BYTES, EVENT_OVERHEAD_BYTES


def test_what_carries_nothing_weighs_nothing() -> None:
    assert NO_EXTRAS.weight == 0


def test_data_weighs_by_its_characters_and_each_attachment_as_much_as_an_event() -> None:
    carried = Extras(data="x" * 10, attachments=(Attachment("f-1", 3), Attachment("f-2", 4)))
    assert carried.weight == 10 * CHAR_BYTES + 2 * EVENT_OVERHEAD_BYTES
