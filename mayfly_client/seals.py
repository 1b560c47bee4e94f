"""Messages and names of an encrypted room, sealed and opened as docs/encryption.md says ("For other clients")."""

from __future__ import annotations

import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from mayfly_client.keys import NAME_MARK, base16384, derive, from_base16384, sealed_name

IV_BYTES = 12


class Unreadable(ValueError):
    """It was not sealed with the key of this room, as this, by this sender."""


class Keyring:
    """The keys of one room. Raises `ValueError` for a secret of another shape."""

    def __init__(self, secret: str, room_id: str) -> None:
        self._secret = secret
        self._room_id = room_id
        self._messages = AESGCM(derive(secret, room_id, "mayfly/1 messages"))
        self._names = AESGCM(derive(secret, room_id, "mayfly/1 names"))

    def seal_message(self, sender: str, content: dict[str, Any]) -> str:
        """`content` is `{id, name, text, to?, replyTo?, kind?, data?, revision?}`; `sender` is bound to it."""
        iv = secrets.token_bytes(IV_BYTES)
        plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return base16384(iv + self._messages.encrypt(iv, plain, self._context("message", sender)))

    def open_message(self, sender: str, text: str, to: str | None = None) -> dict[str, Any]:
        """What was sealed by this sender, for this one or for all. Raises `Unreadable`."""
        content = json.loads(self._open(self._messages, text, self._context("message", sender)))
        if not isinstance(content, dict) or not isinstance(content.get("text"), str) or content.get("to") != to:
            raise Unreadable("no message, or one for somebody else")
        return content

    def seal_name(self, name: str) -> str:
        """A name as the server may see it."""
        return sealed_name(self._secret, self._room_id, name)

    def open_name(self, wire: str) -> str | None:
        """The name that was sealed; None where it is none that opens with this key."""
        if not wire.startswith(NAME_MARK):
            return None
        try:
            plain = self._open(self._names, wire.removeprefix(NAME_MARK), self._context("name", ""))
        except Unreadable:
            return None
        return plain.split(b"\0", 1)[0].decode(errors="replace")

    def _open(self, key: AESGCM, text: str, context: bytes) -> bytes:
        try:
            sealed = from_base16384(text)
            return key.decrypt(sealed[:IV_BYTES], sealed[IV_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise Unreadable("it does not open with this key") from error

    def _context(self, purpose: str, sender: str) -> bytes:
        words = ["mayfly/1", purpose, self._room_id, sender]
        return json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()
