"""What a test peer shows at the door."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MEDIA = {"audio": True, "video": True}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the seat is asked for with."""

    name: str
    invite: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    host_key: str | None = field(default=None, repr=False)

    def fields(self) -> dict[str, Any]:
        """The fields of `join-room`, absent ones left out. The snapshot is read from the acknowledgement."""
        given = {
            "name": self.name,
            "invite": self.invite,
            "password": self.password,
            "hostKey": self.host_key,
        }
        return {name: value for name, value in given.items() if value is not None} | {"media": MEDIA, "snapshot": "ack"}
