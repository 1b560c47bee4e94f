"""What a site's own server uses, in JavaScript and in Python, against a real server and the reference library."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import json
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from standardwebhooks import Webhook

from tests.support.issuers import SECRET
from tests.support.parts import requires
from tests.support.processes import ROOT
from tests.support.receiver import SECRET as HOOK_SECRET
from tests.support.server import Server, running

KEY = "the-secret-of-the-site"
OTHER_SECRET = "whsec_" + base64.b64encode(b"another secret of 32 bytes, here").decode()


def python_library() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mayfly_server", ROOT / "client" / "python" / "mayfly_server.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    __import__("sys").modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


PYTHON = python_library()


class Refused(Exception):
    """What a library threw: its kind and code."""


class InJavaScript:
    async def _call(self, call: str, *args: Any) -> Any:
        requires("node")
        driver = ROOT / "tests" / "support" / "site_library.mjs"
        request = json.dumps({"call": call, "args": args})
        process = await asyncio.create_subprocess_exec("node", driver, request, stdout=asyncio.subprocess.PIPE)
        answer = json.loads((await process.communicate())[0])
        if "error" in answer:
            raise Refused(answer["error"]["name"], answer["error"].get("code"))
        return answer["result"]

    async def mint(self, who: dict[str, Any], **options: Any) -> str:
        return str(await self._call("mintToken", who, {"secret": SECRET, **options}))

    async def make(self, server: Server, key: str = KEY, **wish: Any) -> Any:
        return await self._call("createRoom", wish, {"server": server.url, "apiKey": key, "idempotencyKey": "x" * 22})

    async def listed(self, server: Server) -> list[str]:
        return [room["id"] for room in await self._call("listRooms", {"server": server.url, "apiKey": KEY})]

    async def end(self, server: Server, room: str) -> None:
        await self._call("endRoom", room, {"server": server.url, "apiKey": KEY})

    async def verify(self, body: str, headers: dict[str, str], secret: str) -> Any:
        return await self._call("verifyWebhook", body, headers, secret)


class InPython:
    async def mint(self, who: dict[str, Any], **options: Any) -> str:
        names = {"shareSub": "share_sub", "canSpeak": "can_speak", "expiresInS": "expires_in_s"}
        given = {names.get(key, key): value for key, value in (who | options).items()}
        return str(PYTHON.mint_token(secret=SECRET, **given))

    async def make(self, server: Server, key: str = KEY, **wish: Any) -> Any:
        site = PYTHON.Site(server.url, key)
        try:
            return await asyncio.to_thread(site.create_room, idempotency_key="x" * 22, **wish)
        except PYTHON.MayflyError as error:
            raise Refused("MayflyError", error.code) from None

    async def listed(self, server: Server) -> list[str]:
        rooms = await asyncio.to_thread(PYTHON.Site(server.url, KEY).list_rooms)
        return [room["id"] for room in rooms]

    async def end(self, server: Server, room: str) -> None:
        await asyncio.to_thread(PYTHON.Site(server.url, KEY).end_room, room)

    async def verify(self, body: str, headers: dict[str, str], secret: str) -> Any:
        try:
            return PYTHON.verify_webhook(body.encode(), headers, secret)
        except PYTHON.WebhookError:
            raise Refused("WebhookError", None) from None


@pytest.fixture(params=[InJavaScript, InPython])
def library(request: pytest.FixtureRequest) -> InJavaScript | InPython:
    made: InJavaScript | InPython = request.param()
    return made


async def test_tokens_are_believed(library: InJavaScript | InPython) -> None:
    async with running(join_jwt_secret=SECRET, join_jwt_issuer="site", join_jwt_audience="mayfly") as server:
        room = (await server.room())["roomId"]
        meant = {"issuer": "site", "audience": "mayfly"}
        who = {"sub": "user-1", "room": room, "name": "Ada 🦋", "shareSub": True, "canSpeak": False, "once": True}
        token = await library.mint({**who, "attributes": {"team": "red"}}, **meant)
        client, picture = await server.seated(room, token=token)
        self = picture["self"]
        assert (self["name"], self["userId"], self["attributes"]) == ("Ada 🦋", "user-1", {"team": "red"})
        assert await client.refused("send-message", roomId=room, text="x") == "FORBIDDEN"
        late = await library.mint({"sub": "user-1", "room": "*"}, expiresInS=-1, **meant)
        for given, code in ((token, "TOKEN_INVALID"), (late, "TOKEN_EXPIRED")):
            assert await (await server.connect()).refused("join-room", roomId=room, token=given) == code
        host = await library.mint({"sub": "user-2", "room": "*", "role": "host"}, **meant)
        assert (await server.seated(room, token=host))[1]["self"]["role"] == "host"


async def test_rooms_are_made_listed_and_ended(library: InJavaScript | InPython) -> None:
    async with running(api_keys=f"site:{KEY}", room_creation="key") as server:
        made = await library.make(server, capacity=3)
        assert made["room"]["capacity"] == 3
        again = await library.make(server, capacity=3)
        assert (again["roomId"], again["hostKey"]) == (made["roomId"], made["hostKey"])
        assert await library.listed(server) == [made["roomId"]]
        await library.end(server, made["roomId"])
        assert await library.listed(server) == []
        with pytest.raises(Refused, match="FORBIDDEN"):
            await library.make(server, key="another")


async def test_webhooks_are_verified(library: InJavaScript | InPython) -> None:
    body = '{"type":"room.created","timestamp":"t","data":{"roomId":"é"}}'
    now = datetime.now(tz=UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": "v1a,x v1,!!! " + Webhook(HOOK_SECRET).sign("msg_1", now, body),
    }
    assert (await library.verify(body, headers, HOOK_SECRET))["data"] == {"roomId": "é"}
    assert (await library.verify(body, headers, f"{OTHER_SECRET} {HOOK_SECRET}"))["type"] == "room.created"
    old = headers | {"webhook-timestamp": str(int(now.timestamp()) - 301)}
    for wrong_body, wrong_headers, secret in (
        (body + " ", headers, HOOK_SECRET),
        (body, headers, OTHER_SECRET),
        (body, headers | {"webhook-id": "msg_2"}, HOOK_SECRET),
        (body, old, HOOK_SECRET),
        (body, headers | {"webhook-signature": ""}, HOOK_SECRET),
        (body, {}, HOOK_SECRET),
    ):
        with pytest.raises(Refused, match="WebhookError"):
            await library.verify(wrong_body, wrong_headers, secret)
