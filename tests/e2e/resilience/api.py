"""The REST calls that the tests make as the owner of rooms."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.support.js_client import JsClient, JsSocket


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and what came with it."""

    status: int
    body: Any

    @property
    def code(self) -> str:
        """The error code."""
        return str(self.body["error"]["code"])


@dataclass(frozen=True, slots=True)
class OwnRoom:
    """A room and the key to it."""

    api: Api
    id: str
    host_key: str

    async def invite(self, **fields: Any) -> str:
        """The token of a new invite, for one unless said otherwise."""
        return str((await self.call("POST", "/invites", fields)).body["invite"])

    async def call(self, method: str, path: str = "", body: Any = None) -> Answer:
        """A call as the owner."""
        return await self.api.call(method, f"/api/rooms/{self.id}{path}", body, key=self.host_key)

    async def users(self) -> list[dict[str, Any]]:
        """All participants, away or not."""
        found: list[dict[str, Any]] = (await self.call("GET", "/users")).body["participants"]
        return found

    async def join(self, socket: JsSocket, **fields: Any) -> Any:
        """The snapshot of a join that must succeed."""
        return await socket.ok("join-room", {"roomId": self.id, **fields})

    async def enter(self, js: JsClient, url: str | None = None, name: str = "Ada", **fields: Any) -> Member:
        """A new socket that has joined. Other fields that are no fields of `join-room` are socket.io-client's."""
        options = {each: fields.pop(each) for each in list(fields) if each in SOCKET_OPTIONS}
        socket = await js.connect(url or self.api.url, **options)
        await socket.wait_for("connect")  # so that the next one is a reconnect
        member = Member(self, socket, await self.join(socket, name=name, **fields))
        # It follows the acknowledgement, on the stock engine in a write of its own: a cut between the two would leave
        # a client that rightly is not recovered.
        await socket.wait_for("room-joined")
        return member


SOCKET_OPTIONS = frozenset(
    {"reconnection", "reconnectionDelay", "reconnectionDelayMax", "randomizationFactor", "transports", "auth"}
)


@dataclass(slots=True)
class Member:
    """Somebody in a room, over a real socket."""

    room: OwnRoom
    socket: JsSocket
    snapshot: dict[str, Any]

    @property
    def id(self) -> str:
        """The participant id."""
        return str(self.snapshot["self"]["id"])

    @property
    def token(self) -> str:
        return str(self.snapshot["resumeToken"])

    def resume_fields(self, **changed: Any) -> dict[str, Any]:
        """The fields of a `join-room` that takes this seat back."""
        own = {"participantId": self.id, "resumeToken": self.token, "epoch": self.snapshot["epoch"]}
        return {"roomId": self.room.id, "resume": {**own, "lastSeq": self.snapshot["seq"], **changed}}

    async def say(self, text: str, **fields: Any) -> dict[str, Any]:
        """Send a message; the acknowledgement's data."""
        data: dict[str, Any] = await self.ok("send-message", text=text, **fields)
        return data

    async def ok(self, event: str, **fields: Any) -> Any:
        return await self.socket.ok(event, {"roomId": self.room.id, **fields})

    async def refused(self, event: str, **fields: Any) -> str:
        return await self.socket.refused(event, {"roomId": self.room.id, **fields})

    def texts(self) -> list[str]:
        """The texts of all messages received so far."""
        return [message["text"] for message in self.socket.received("message-received")]


@dataclass(frozen=True, slots=True)
class Api:
    """A server's REST surface."""

    url: str
    session: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, idempotency_key: str | None = None
    ) -> Answer:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        async with self.session.request(method, self.url + path, json=body, headers=headers) as response:
            return Answer(response.status, await response.json())

    async def room(self, **fields: Any) -> OwnRoom:
        """A new room."""
        made = await self.call("POST", "/api/rooms", fields)
        assert made.status == 201, made
        return OwnRoom(self, made.body["roomId"], made.body["hostKey"])


@asynccontextmanager
async def api_of(url: str) -> AsyncIterator[Api]:
    """The REST surface of the server at `url`."""
    async with aiohttp.ClientSession() as session:
        yield Api(url, session)
