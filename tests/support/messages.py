"""Messages and updates for tests of the rules, made as the rules make them."""

from __future__ import annotations

from rooms.events import MemberUpdated
from rooms.message import Message
from rooms.model import NO_MEDIA, Change, Participant


def message(
    seq: int,
    text: str = "",
    *,
    at: float = 0.0,
    sender: str = "ada",
    to: str | None = None,
    epoch: str = "epoch",
) -> Message:
    """The message of this `seq`."""
    made = Message.__new__(Message)
    made.room_id, made.epoch = "r", epoch
    made.seq, made.position, made.at, made.timestamp = seq, seq * 10, at, at
    made.sender, made.sender_name, made.text, made.to = sender, "", text, to
    made.client_message_id, made.encrypted, made.more = None, False, None
    return made


def update(seq: int, who: str, change: Change = "media") -> MemberUpdated:
    """The update of a participant with this `seq`."""
    participant = Participant(id=who, name="", role="member", connected=True, joined_at=0.0, media=NO_MEDIA)
    return MemberUpdated(room_id="r", seq=seq, position=seq * 10, at=0.0, participant=participant, change=change)
