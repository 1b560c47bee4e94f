"""Somebody who issues join tokens: keys of every kind, tokens signed with them, and a key set served on 127.0.0.1."""

from __future__ import annotations

import asyncio
import json
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

SECRET = "a shared secret of 32 bytes and more, for tests"

MAKERS = {
    "RS256": lambda: rsa.generate_private_key(public_exponent=65_537, key_size=2_048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


def claims(room: str = "*", *, in_s: float = 300.0, **more: Any) -> dict[str, Any]:
    """Claims of a good token; a claim that is given as None is left out."""
    now = time.time()
    said = {"sub": "user-1", "room": room, "iat": int(now), "exp": int(now + in_s), **more}
    return {name: value for name, value in said.items() if value is not None}


def token(room: str = "*", *, secret: str = SECRET, **more: Any) -> str:
    """A token signed with the shared secret."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", jwt.InsecureKeyLengthWarning)
        return jwt.encode(claims(room, **more), secret, algorithm="HS256")


class Key:
    """A private key, and its entry in a key set."""

    def __init__(self, algorithm: str, key_id: str | None, private: Any = None) -> None:
        self.algorithm = algorithm
        self.id = key_id
        self.private = private if private is not None else MAKERS[algorithm]()

    @property
    def public(self) -> dict[str, Any]:
        made = jwt.get_algorithm_by_name(self.algorithm).to_jwk(self.private.public_key(), as_dict=True)
        entry = {name: value for name, value in made.items() if name != "key_ops"}
        return entry | ({"kid": self.id} if self.id is not None else {})

    def token(self, room: str = "*", **more: Any) -> str:
        headers = {"kid": self.id} if self.id is not None else None
        return jwt.encode(claims(room, **more), self.private, algorithm=self.algorithm, headers=headers)


class Site:
    """A server of a key set. `keys` may be replaced; while `body` is set it is what is served."""

    def __init__(self, *keys: Key) -> None:
        self.keys = list(keys)
        self.status = 200
        self.body: bytes | None = None
        self.asked = 0
        self.delay_s = 0.0
        self.url = ""

    def document(self) -> bytes:
        return self.body if self.body is not None else json.dumps({"keys": [key.public for key in self.keys]}).encode()

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.sleep(self.delay_s)
        return web.Response(status=self.status, body=self.document(), content_type="application/json")


@asynccontextmanager
async def serving(*keys: Key) -> AsyncIterator[Site]:
    """A key set under `site.url`."""
    site = Site(*keys)
    app = web.Application()
    app.router.add_get("/jwks.json", site.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}/jwks.json"
    try:
        yield site
    finally:
        await runner.cleanup()
