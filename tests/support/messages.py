"""Messages for tests of the rules, made as the rules make them."""

from __future__ import annotations

from rooms.message import Message, new


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
    made = new(Message)
    made.room_id, made.epoch = "r", epoch
    made.seq, made.position, made.at, made.timestamp = seq, seq * 10, at, at
    made.sender, made.sender_name, made.text, made.to = sender, "", text, to
    made.client_message_id, made.encrypted, made.more = None, False, None
    return made
