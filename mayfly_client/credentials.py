"""What a client shows at the door."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

JOIN_ID_BYTES = 24


def _new_join_id() -> str:
    return secrets.token_urlsafe(JOIN_ID_BYTES)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the seat is asked for with. `media` is what others see of one's devices: `{"audio": True}`.

    `join_id` marks the repetitions of one join, so that a lost reply costs neither a second seat nor a one-time link.
    """

    name: str
    invite: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    host_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    media: dict[str, bool] | None = None
    join_id: str = field(default_factory=_new_join_id, repr=False)

    def fields(self) -> dict[str, Any]:
        """The fields of `join-room`, absent ones left out. The snapshot is read from the acknowledgement."""
        given = {
            "name": self.name,
            "invite": self.invite,
            "password": self.password,
            "hostKey": self.host_key,
            "token": self.token,
            "media": self.media,
            "clientJoinId": self.join_id,
        }
        return {name: value for name, value in given.items() if value is not None} | {"snapshot": "ack"}
