"""A room of the probe's own: made over REST, ended afterwards. Lets a probe run with a server's address alone."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from mayfly_client.channel import Refused, Unreachable
from mayfly_client.link import Link, parse_link
from mayfly_client.rest import call

ROOM_LIFE_S = 600
SEATS = 2


@contextlib.asynccontextmanager
async def own_room(link: Link) -> AsyncIterator[Link]:
    """The link of a new room for two on the server at `link`. Raises `Unreachable` or `Refused`."""
    rooms = f"{link.server_url}/api/rooms"
    made = await call("POST", rooms, body={"capacity": SEATS, "expiresInS": ROOM_LIFE_S})
    room_id, host_key = made["roomId"], made["hostKey"]
    try:
        # Not the `url` of the answer: with a wrong PUBLIC_URL that would lead to another server.
        yield parse_link(f"{link.server_url}/r/{room_id}#hostKey={host_key}")
    finally:
        with contextlib.suppress(Refused, Unreachable):
            await call("DELETE", f"{rooms}/{room_id}", key=host_key)
