"""What a voucher may withhold from its bearer: to speak, to call, to let others in."""

from __future__ import annotations

from rooms.errors import Code, Refused
from rooms.model import Seat

MUTE = "The join token does not let its bearer speak."
NO_CALLS = "The join token does not let its bearer call."
NO_INVITES = "The join token does not let its bearer invite."


def require_voice(seat: Seat) -> None:
    """Refuse with FORBIDDEN whoever may not speak."""
    if not seat.rights.can_speak:
        raise Refused(Code.FORBIDDEN, MUTE)


def require_call(seat: Seat) -> None:
    """Refuse with FORBIDDEN whoever may not call."""
    if not seat.rights.can_call:
        raise Refused(Code.FORBIDDEN, NO_CALLS)


def require_invite(seat: Seat) -> None:
    """Refuse with FORBIDDEN whoever may not let others in."""
    if not seat.rights.can_invite:
        raise Refused(Code.FORBIDDEN, NO_INVITES)
